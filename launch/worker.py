"""The process at the other end of the local launcher's pipe.

A request is a pickled (function, item), a reply a pickled ``Finished`` or ``Failed``. The function travels with each
request (by name, so it's a few bytes) and not with the start of the process, so that a module that can't be imported
fails its items with a traceback and not the launch. The worker ends when the pipe does.

Several things can want it to stop. Ctrl-C reaches the whole group of the terminal, but stopping is the launcher's to
decide, so a worker ignores SIGINT; so too SIGUSR2, which a Slurm job sends to all its processes, as long as the
function does not catch it. SIGTERM is left alone: the function may catch it, save its state and return; without
a handler it ends the process. And should the launcher vanish, even by kill -9, a thread that waits for just that sends
the worker SIGTERM, and SIGKILL if it's still there ``GRACE_SECONDS`` later: no launcher, no workers.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

from launch.events import attempt, failure

GRACE_SECONDS = 20.0  # to write a checkpoint; less than the 30 s that Slurm leaves between SIGTERM and SIGKILL


def serve(connection: Connection) -> None:
    """Answers requests one after another until the launcher closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})  # held back while this process started
    threading.Thread(target=_follow_launcher, daemon=True).start()
    with suppress(EOFError, OSError):  # the launcher closed its end, or is gone
        while True:
            connection.send_bytes(_answer(connection.recv_bytes()))


def _answer(request: bytes) -> bytes:
    try:
        function, item = pickle.loads(request)
        return pickle.dumps(attempt(function, item))
    except Exception as error:  # the function can't be imported, or its value can't be pickled
        return pickle.dumps(failure(None, error))


def _follow_launcher() -> None:
    launcher = multiprocessing.parent_process()
    assert launcher is not None
    launcher.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
