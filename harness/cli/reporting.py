"""The report of a launch as a job of its own, which Slurm starts when the others have ended."""

import os
from pathlib import Path

from harness.launches import read_launches


def report_launch(folder: str, cwd: str) -> None:
    """Write the report of the launch kept in ``folder``, as ``harness report`` would from ``cwd``."""
    from harness.cli.reading import report_study
    from harness.study import load_study

    place = Path(folder)
    (launch,) = (launch for launch in read_launches(place.parent.parent) if launch.name == place.name)
    os.chdir(cwd)
    _, page = report_study(load_study(launch.overrides))
    print(page)
