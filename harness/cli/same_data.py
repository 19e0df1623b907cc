"""Before a launch: are the data what the study's finished runs were trained on?"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness import data
from harness.errors import DataError, RecordError
from harness.records import is_finished, read_record

if TYPE_CHECKING:
    from harness.config import DataConfig
    from harness.data.source import Examples, Listing
    from harness.plan import PlannedRun
    from harness.records import Record
    from harness.study import Study

Set = tuple[str, tuple[tuple[str, object], ...]]


def refuse_other_data(study: "Study", missing: Sequence["PlannedRun"]) -> None:
    """Hold the data that ``missing`` are to train on against one finished run of each choice of them.

    A set is loaded where it has finished runs to hold it against, and where it lies on disk, since only loading
    tells whether the options describe it.

    Raises:
        DataError: they are others, or not what the options describe: no number could rest on both.
    """
    root = Path(study.runtime.data_root) if study.runtime.data_root else None
    to_train = dict.fromkeys(_set_of(run.config.data) for run in missing)
    finished: dict[Set, list[Record]] = {}
    for record in _finished_of_each_choice(study):
        finished.setdefault(_set_of(record.config.data), []).append(record)
    for name, options in to_train:
        records = finished.get((name, options), [])
        if not records and data.describe(name, dict(options)).in_memory:
            continue
        examples = data.load(name, options=dict(options), root=root)
        for record in records:
            _compare(study, record, examples)


def _set_of(config: "DataConfig") -> Set:
    return config.name, tuple(sorted(config.options.items()))


def _finished_of_each_choice(study: "Study") -> "Iterator[Record]":
    """A record for each choice of set, sizes and split; a damaged one does not count, the readers say it."""
    seen = set()
    for run_id, run in study.runs.items():
        choice = (_set_of(run.data), run.data.train_examples, run.data.validation_examples, run.data.split_seed)
        folder = study.runs_folder / run_id
        if choice not in seen and is_finished(folder):
            with suppress(RecordError):
                yield read_record(folder)[0]
                seen.add(choice)


def _compare(study: "Study", record: "Record", examples: "Examples | Listing") -> None:
    config = record.config.data
    now = data.digest_of(
        examples,
        train_examples=config.train_examples,
        validation_examples=config.validation_examples,
        split_seed=config.split_seed,
    )
    if now != record.data_digest:
        raise DataError(
            f"study {study.name}: data {config.name}: not what its finished runs were trained on: digest {now} here "
            f"and now, {record.data_digest} in {study.runs_folder / record.run_id}; bring the old data back, or train "
            "all of it anew into another folder (runtime.output=FOLDER). Nothing was started, and no record is lost"
        )
