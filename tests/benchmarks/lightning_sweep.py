"""The demo's runs with Lightning, Hydra's multirun and a DataLoader whose transforms go image by image.

As the tutorials have it, with what slows it down for nothing switched off: no logger, no progress bar, no checkpoint,
no sanity check, and no loader processes: they would want cores of their own, and processor time is what is compared.
``python -m tests.benchmarks.lightning_sweep --multirun +run=0,1,2 +runs=RUNS +data=FOLDER +file=FILE``: ``runs`` is a
JSON list of (width, seed, steps); each run adds a line to ``file``.
"""

import gzip
import json
import logging
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import hydra
import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from harness.data.idx import parse
from tests.benchmarks.plain_sweep import BATCH, EVALUATIONS, Sample, network, rate

PREPARE = transforms.Compose([transforms.ToPILImage(), transforms.ToTensor(), transforms.Normalize((0.286,), (0.353,))])


def read(path: Path) -> NDArray[np.uint8]:
    """The array in one of the four files."""
    return parse(gzip.decompress(path.read_bytes()), where=str(path))


class Images(Dataset[tuple[Tensor, int]]):
    """Images as they are on disk, made ready one at a time, as torchvision's own data sets do it."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return PREPARE(self.images[row]), int(self.labels[row])


class Perceptron(lightning.LightningModule):
    """The network, its rates, and its errors."""

    def __init__(self, width: int, steps: int) -> None:
        super().__init__()
        self.model, self.width, self.steps = network(width), width, steps

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        return functional.cross_entropy(self.model(batch[0]), batch[1])

    def validation_step(self, batch: tuple[Tensor, Tensor], _: int) -> None:
        self.log(
            "validation_error", (self.model(batch[0]).argmax(1) != batch[1]).float().mean(), batch_size=len(batch[1])
        )

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self.log("test_error", (self.model(batch[0]).argmax(1) != batch[1]).float().mean(), batch_size=len(batch[1]))

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = torch.optim.AdamW(self.parameters(), lr=1.0, betas=(0.9, 0.99), weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate(self.width, step=step, steps=self.steps)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Clock(lightning.Callback):
    """Processor seconds of the training steps and of the evaluations."""

    def __init__(self) -> None:
        self.stepping = self.evaluating = self.resumed = self.paused = 0.0

    def on_train_start(self, *_: Any) -> None:
        self.resumed = time.process_time()

    def on_validation_start(self, *_: Any) -> None:
        self.paused = time.process_time()
        self.stepping += self.paused - self.resumed

    def on_validation_end(self, *_: Any) -> None:
        self.resumed = time.process_time()
        self.evaluating += self.resumed - self.paused


@hydra.main(version_base="1.3", config_path=None)
def main(config: DictConfig) -> None:
    """The run at place ``run`` of ``runs``."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    torch.set_num_threads(1)
    began = time.process_time()
    width, seed, steps = json.loads(Path(config.runs).read_text())[config.run]
    lightning.seed_everything(seed, verbose=False)
    folder = Path(config.data)
    images, labels = (read(folder / f"train-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
    seen, scored = Images(images[:55000], labels[:55000]), Images(images[55000:], labels[55000:])
    model, clock = Perceptron(width, steps), Clock()
    trainer = lightning.Trainer(
        accelerator="cpu", max_steps=steps, logger=False, enable_checkpointing=False, callbacks=[clock],
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0, check_val_every_n_epoch=None,
        val_check_interval=steps // EVALUATIONS,
    )  # fmt: skip
    trainer.fit(model, DataLoader(seen, BATCH, shuffle=True, drop_last=True), DataLoader(scored, 2000))
    test = Images(*(read(folder / f"t10k-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1")))
    (scores,) = trainer.test(model, DataLoader(test, 2000), verbose=False)
    rest = time.process_time() - began - clock.stepping - clock.evaluating
    sample = Sample(
        width=width,
        seed=seed,
        steps=steps,
        step_seconds=clock.stepping / (steps // EVALUATIONS * EVALUATIONS),
        evaluation_seconds=clock.evaluating / EVALUATIONS,
        once_seconds=rest,
        test_error=scores["test_error"],
    )
    with Path(config.file).open("a") as file:
        file.write(json.dumps(asdict(sample)) + "\n")


if __name__ == "__main__":
    main()
