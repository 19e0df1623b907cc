"""A folder of photographs, here of a few pixels: listed, held against its options, decoded, and trained on."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2.functional import to_pil_image

from harness import data
from harness.batches import batches
from harness.data import image_folder
from harness.data.on_disk import MEAN, STD, OnDisk
from harness.data.source import Listing
from harness.errors import ConfigError, DataError
from harness.events import read_events
from harness.plan import plan_runs
from harness.records import read_record
from harness.study import load_study
from harness.train import run_one

CLASSES = ("ant", "bee", "cat")
POOL, TEST, SIDE = 36, 9, 8
STEPS = 600  # some seconds, with two processes that decode


def colour(number: int) -> Tensor:
    """An even image of a colour of its own, (3, SIDE, SIDE)."""
    return (
        torch.tensor([number * 5, 255 - number * 5, number], dtype=torch.uint8).reshape(3, 1, 1).expand(3, SIDE, SIDE)
    )


def make_folder(root: Path) -> Path:
    """train/<class>/<image> and val/<class>/<image>: PNGs, classes in turn, each image of a colour of its own."""
    for part, count, first in (("train", POOL, 0), ("val", TEST, POOL)):
        for i in range(count):
            path = root / part / CLASSES[i % 3] / f"{i:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            to_pil_image(colour(first + i)).save(path)
    (root / "train" / "ant" / "README.txt").write_text("not an image")
    return root


def draw_gradients(root: Path) -> Path:
    """The folder, its images redrawn so that no two parts of one look the same."""
    for path in sorted(root.rglob("*.png")):
        pixels = torch.arange(3 * 20 * 20).reshape(3, 20, 20) * (int(path.stem) + 1) % 251
        to_pil_image(pixels.to(torch.uint8)).save(path)
    return root


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, in which no digest of an image is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "photographs")


@pytest.fixture
def gradients(folder: Path) -> Path:
    return draw_gradients(folder)


def options(**changes: Any) -> dict[str, Any]:
    """Options with the folder's counts, its fingerprint not known."""
    known = {"num_classes": 3, "pool": POOL, "test_examples": TEST, "fingerprint": "unknown"}
    view = {"image_size": SIDE, "resize": SIDE, "train_crop": "centre", "smallest_area": 0.3}
    return {**known, **view, **changes}


def describing(root: Path, **changes: Any) -> dict[str, Any]:
    """The options that describe the folder as it is now."""
    listed = [image_folder._list_images(root, part, list(CLASSES)) for part in ("train", "val")]
    return options(fingerprint=image_folder.fingerprint(*listed), **changes)


def load(root: Path, *, train_examples: int = 30, **changes: Any) -> Any:
    data._prepare.cache_clear()
    return data.load_dataset(
        "image_folder", train_examples=train_examples, validation_examples=6, split_seed=0,
        options=describing(root, **changes), root=root,
    )  # fmt: skip


def normalised(pixels: Tensor) -> Tensor:
    return (pixels.float() / 255 - torch.tensor(MEAN).reshape(3, 1, 1)) / torch.tensor(STD).reshape(3, 1, 1)


def all_images(part: OnDisk, *, size: int = 4) -> Tensor:
    return torch.cat(list(part.in_order(size)))


def dealt(part: OnDisk, *, steps: int, seed: int = 0, first_step: int = 0) -> list[tuple[Tensor, Tensor]]:
    rows = batches(len(part.labels), batch_size=4, seed=seed, first_step=first_step)
    return list(part.dealt(islice(rows, steps), seed=seed, first_step=first_step))


def test_a_plan_reads_no_folder() -> None:
    shape = data.describe("image_folder", options())
    assert (shape.image_shape, shape.num_classes, shape.train_pool, shape.test_examples) == ((3, 8, 8), 3, 36, 9)


def test_every_image_is_listed_once_with_its_class(folder: Path) -> None:
    listing: Any = image_folder.load(describing(folder), folder)
    assert isinstance(listing, Listing)
    assert len(set(listing.pool_files)) == POOL
    assert len(set(listing.test_files)) == TEST
    for path, label in zip(listing.pool_files, listing.pool_labels, strict=True):
        assert path.decode().startswith(f"train/{CLASSES[label]}/")
        assert (folder / path.decode()).is_file()


def test_a_folder_that_the_options_do_not_describe_says_what_to_write(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        image_folder.load(options(pool=35), folder)
    assert str(caught.value).startswith(
        f"{folder}: the options do not describe this folder, they state pool=35 fingerprint=unknown; bring back "
    )
    to_say, _, fingerprint = str(caught.value).rpartition("fingerprint=")
    assert to_say.endswith(" say data.options.pool=36 data.options.")
    assert image_folder.load(options(fingerprint=fingerprint), folder).fingerprint == fingerprint


def test_what_the_error_says_to_write_can_be_typed(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        image_folder.load(options(pool=35), folder)
    typed = str(caught.value).partition(" say ")[2].split()
    sizes = ("data.train_examples=30", "data.validation_examples=6", "model.width=4")
    (run,) = load_study(["data=image_folder", *sizes, *typed]).runs.values()
    assert run.data.options["pool"] == POOL
    assert str(run.data.options["fingerprint"]).startswith("sha256:")


def test_another_name_or_other_bytes_of_a_file_are_another_fingerprint(folder: Path) -> None:
    before = describing(folder)["fingerprint"]
    moved = (folder / "val/bee/001.png").rename(folder / "val/bee/x.png")
    renamed = describing(folder)["fingerprint"]
    moved.write_bytes(moved.read_bytes()[::-1])
    assert len({before, renamed, describing(folder)["fingerprint"]}) == 3


def test_the_order_of_writing_and_the_times_of_files_are_not_in_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(folder, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    assert describing(copied) == describing(folder)


def test_no_folder_and_a_wrong_one_are_answered_with_the_layout(tmp_path: Path) -> None:
    layout = "needs data.root=FOLDER with train/<class>/<image> and val/<class>/<image>"
    with pytest.raises(DataError, match=f"image_folder: {layout}; none is given"):
        data.get("image_folder")
    with pytest.raises(DataError, match=f"image_folder: {layout}; {tmp_path} has not"):
        data.get("image_folder", tmp_path)


def test_a_class_that_only_one_part_has_is_named(folder: Path) -> None:
    (folder / "val" / "dog").mkdir()
    with pytest.raises(DataError, match="must have the same classes; only one of them has dog"):
        image_folder.load(options(), folder)


def test_a_folder_without_images_is_refused(folder: Path) -> None:
    for path in (folder / "val").rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match="val: no image in it"):
        image_folder.load(options(), folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pool": 0}, "pool: 0; 1 at least"),
        ({"num_classes": 1}, "num_classes: 1; 2 at least"),
        ({"resize": 7}, "resize: 7 is less than image_size=8"),
        ({"smallest_area": 0.0}, "smallest_area: 0.0 is not a share"),
        ({"train_crop": "center"}, "train_crop: unknown value 'center'; did you mean 'centre'"),
    ],
)
def test_options_that_can_not_be_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.options\.{message}"):
        data.describe("image_folder", options(**change))


def test_images_are_decoded_and_normalised_with_their_labels(folder: Path) -> None:
    loaded = load(folder)
    number = {}
    for part, first in (("train", 0), ("val", POOL)):
        number |= {
            f"{part}/{path.parent.name}/{path.name}": first + int(path.stem) for path in folder.glob(f"{part}/*/*.png")
        }
    for part in (loaded.train, loaded.validation, loaded.test):
        numbers = [number[path.decode()] for path in part.files]
        expected = torch.stack([normalised(colour(n)) for n in numbers])
        assert torch.allclose(all_images(part), expected, atol=1e-6)
        assert part.labels.tolist() == [n % 3 for n in numbers]
    assert torch.bincount(loaded.train.labels).tolist() == [10, 10, 10]


def test_training_deals_the_chosen_rows(folder: Path) -> None:
    part = load(folder).train
    everything = all_images(part)
    rows = list(islice(batches(30, batch_size=4, seed=0), 5))
    for chosen, (images, labels) in zip(rows, dealt(part, steps=5), strict=True):
        assert torch.equal(images, everything[chosen])
        assert torch.equal(labels, part.labels[chosen])


def test_smaller_training_sets_are_nested_and_the_digest_tells_them_apart(folder: Path) -> None:
    large, small = load(folder), load(folder, train_examples=9)
    assert small.train.files.tolist() == large.train.files[:9].tolist()
    assert small.validation.files.tolist() == large.validation.files.tolist()
    assert load(folder).digest == large.digest
    assert len({large.digest, small.digest, load(folder, resize=9).digest}) == 3


def test_grey_transparent_and_jpeg_images_become_colour_of_the_asked_size(folder: Path) -> None:
    shapes: dict[str, Tensor] = {
        "grey.png": torch.full((1, 30, 20), 100, dtype=torch.uint8),
        "transparent.png": torch.full((4, 9, 40), 100, dtype=torch.uint8),
        "photo.JPEG": torch.full((3, 50, 31), 100, dtype=torch.uint8),
    }
    for name, pixels in shapes.items():
        to_pil_image(pixels).save(folder / "val" / "bee" / name)
    loaded = load(folder, test_examples=TEST + 3, resize=10)
    even = [path.decode().endswith(tuple(shapes)) for path in loaded.test.files]
    images = all_images(loaded.test)[torch.tensor(even)]
    assert images.shape == (3, 3, SIDE, SIDE)
    assert torch.allclose(images, normalised(torch.full((3, 3, SIDE, SIDE), 100)), atol=0.02)


def test_the_middle_is_scored_at_the_asked_scale(folder: Path) -> None:
    """A frame around a middle: resizing to 2 x and cutting SIDE out leaves the middle alone."""
    for path in (folder / "val").rglob("*.png"):
        framed = torch.zeros(3, SIDE, SIDE, dtype=torch.uint8)
        framed[:, 2:6, 2:6] = 200
        to_pil_image(framed).save(path)
    images = all_images(load(folder, resize=2 * SIDE).test)
    assert torch.allclose(images[:, :, 2:6, 2:6], normalised(torch.full((TEST, 3, 4, 4), 200)), atol=1e-6)


def test_random_crops_are_the_same_for_any_number_of_workers_and_any_first_step(gradients: Path) -> None:
    part = load(gradients, train_crop="random_resized").train
    alone = dealt(part, steps=9)
    helped = dealt(part.on(torch.device("cpu"), workers=2, floats=torch.float32), steps=9)
    resumed = dealt(part, steps=4, first_step=5)
    for others in (helped, [*alone[:5], *resumed]):
        assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(alone, others, strict=True))


def test_steps_seeds_and_places_crop_differently_and_scoring_never_does(gradients: Path) -> None:
    part = load(gradients, train_crop="random_resized").train
    row = [torch.zeros(2, dtype=torch.int64)]

    def crops(**which: int) -> Tensor:
        return next(part.dealt(row, **which))[0]

    one, other_step, other_seed = crops(seed=0, first_step=0), crops(seed=0, first_step=1), crops(seed=1, first_step=0)
    assert not torch.equal(one[0], one[1])
    assert not torch.equal(one, other_step)
    assert not torch.equal(one, other_seed)
    assert torch.equal(all_images(part), all_images(load(gradients).train))


def test_the_random_state_of_the_run_is_left_alone(gradients: Path) -> None:
    part = load(gradients, train_crop="random_resized").train
    before = torch.get_rng_state()
    dealt(part, steps=3)
    all_images(part.on(torch.device("cpu"), workers=1, floats=torch.float32))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_is_no_image_is_named(folder: Path, workers: int) -> None:
    (folder / "val/cat/002.png").write_bytes(b"\x89PNG and no more")
    part = load(folder).test.on(torch.device("cpu"), workers=workers, floats=torch.float32)
    with pytest.raises(DataError, match=r"val/cat/002\.png: can't be decoded"):
        all_images(part)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR2])
def test_workers_outlive_the_signals_that_their_run_is_to_save_itself_at(folder: Path, number: signal.Signals) -> None:
    part = load(folder).train.on(torch.device("cpu"), workers=2, floats=torch.float32)
    undisturbed = dealt(part, steps=60)
    rows = islice(batches(30, batch_size=4, seed=0), 60)
    seen = []
    for images, labels in part.dealt(rows, seed=0, first_step=0):
        seen.append((images, labels))
        if len(seen) == 5:
            for worker in multiprocessing.active_children():
                assert worker.pid
                os.kill(worker.pid, number)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(seen, undisturbed, strict=True))
    assert not multiprocessing.active_children()


def overrides(root: Path, output: Path, *, steps: int) -> list[str]:
    described = [f"data.options.{key}={value}" for key, value in describing(root, train_crop="random_resized").items()]
    return [
        "data=image_folder", f"data.root={root}", "data.train_examples=30", "data.validation_examples=6", *described,
        "model.width=4", "model.depth=1", "optim.batch_size=4", "augment=standard", "budget.training_flops=null",
        f"budget.steps={steps}", f"runtime.output={output}", "runtime.checkpoint_seconds=0.2",
        "runtime.heartbeat_seconds=0.05", "runtime.evaluation_batch=10", "runtime.loader_workers=2",
    ]  # fmt: skip


def train(arguments: list[str]) -> Path:
    study = load_study(arguments)
    (planned,) = plan_runs(study.runs.values(), runtime=study.runtime)
    assert run_one(planned, runtime=study.runtime) == "finished"
    return study.runs_folder / planned.id


def test_a_folder_is_trained_on_from_configuration_to_record(gradients: Path, tmp_path: Path) -> None:
    record, _ = read_record(train(overrides(gradients, tmp_path / "out", steps=40)))
    assert record.test_examples == TEST
    assert record.params == 3 * SIDE * SIDE * 4 + 4 + 4 * 3 + 3
    assert record.train_loss is not None
    assert record.config.data.options["image_size"] == SIDE


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A folder, and the record of a run on it that nobody disturbed."""
    root = draw_gradients(make_folder(tmp_path_factory.mktemp("photographs")))
    output = tmp_path_factory.mktemp("undisturbed")
    return root, (train(overrides(root, output, steps=STEPS)) / "record.json").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "whole_group"), [(signal.SIGTERM, True), (signal.SIGKILL, False)])
def test_a_run_whose_job_is_signalled_goes_on_as_if_nothing_had_been(
    undisturbed: tuple[Path, bytes], tmp_path: Path, number: signal.Signals, whole_group: bool
) -> None:
    """A cluster signals all processes of a job, those that decode too."""
    root, record = undisturbed
    arguments = overrides(root, tmp_path, steps=STEPS)
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", "run", *arguments], stdout=subprocess.DEVNULL, start_new_session=True
    )
    wait_for(lambda: list(tmp_path.rglob("checkpoint.pt")), unless=lambda: process.poll() is not None)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    process.wait(timeout=60)
    (killed,) = tmp_path.glob("runs/*")
    assert not (killed / "record.json").exists()
    assert not [event for event in read_events(killed) if event["event"] == "failure"]
    wait_for(lambda: not list(living(process.pid)), unless=lambda: False)
    assert train(arguments) == killed
    assert (killed / "record.json").read_bytes() == record


def wait_for(condition: Any, *, unless: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert not unless()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def living(group: int) -> Iterator[int]:
    """The processes of the group that have not ended."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of_group) == group and state != "Z":
            yield int(stat.parent.name)
