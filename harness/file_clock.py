"""The clock by which a file system stamps what is written: on a cluster it is no node's own. No torch."""

import os
import tempfile
import time
from pathlib import Path

SETTLED_SECONDS = 2.0  # the coarsest clock of a file system in use, FAT's
UNSURE_SECONDS = 86_400.0  # a machine whose clock is a day off has other troubles


def file_clock(folder: Path) -> float:
    """The time by which what is written into the folder now is stamped, in seconds.

    Raises:
        OSError: nothing can be written there.
    """
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


def settled_before(folder: Path) -> int:
    """Files of the folder whose last change (``st_ctime_ns``) was before this are settled: a next one would show.

    A second change within one tick of the file system's clock leaves no trace, so what changed just now is not settled.
    Take this before the files are looked at. Where nothing can be written, as in an archive, our own clock has to do,
    and what changed within a day by it is not settled.
    """
    try:
        settled = file_clock(folder) - SETTLED_SECONDS
    except OSError:
        settled = time.time() - UNSURE_SECONDS
    return int(settled * 1e9)
