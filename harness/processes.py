"""A run's processes on this machine, started and watched. What they then do together is in ``harness.distributed``.

The starter computes nothing: it has the store that the others find each other by, hands signals on, and says what went
wrong when one of them fails. Should it die itself, they save and end.
"""

import os
import signal
import sys
from collections.abc import Callable
from threading import Event
from typing import Literal, TypeVar, cast

import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, start_processes

from harness.distributed import World, failure_key, first_failure, store
from harness.errors import HarnessError

Word = TypeVar("Word", bound=str)

OUTCOME = "harness outcome"
LOOK_SECONDS = 0.25  # how often the starter looks for a signal
GRACE_SECONDS = 20.0  # for the others to end by themselves when one has failed


def on_processes(function: Callable[[], Word], processes: int, *, stop: Event) -> Word | Literal["interrupted"]:
    """``function`` in so many processes of this machine; what it returned in the leading one.

    Raises:
        HarnessError: one of them failed or died; the others have been ended.
    """
    kept = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})  # a Slurm job's; it would end one that is new
    try:
        context = start_processes(  # type: ignore[no-untyped-call]
            _start, args=(function, processes, kept.port), nprocs=processes, join=False, start_method="spawn"
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    asked = False
    try:
        while not context.join(timeout=LOOK_SECONDS, grace_period=GRACE_SECONDS):
            if stop.is_set() and not asked:
                asked = True
                for process in context.processes:
                    process.terminate()
    except ProcessRaisedException as error:
        raise _failure(kept.get(failure_key()).decode()) from error
    except ProcessExitedException as error:
        if asked and error.signal_name == "SIGTERM":  # before it could catch it, so before there was anything to save
            return "interrupted"
        how = f"killed by {error.signal_name}" if error.signal_name else f"ended with status {error.exit_code}"
        raise _failure(f"process {error.error_index} of {processes}: {how}") from error
    return cast(Word, kept.get(OUTCOME).decode())


def _failure(reason: str) -> HarnessError:
    return HarnessError(f"{reason}; what was saved stays, and the same command goes on from there")


def _start(rank: int, function: Callable[[], str], processes: int, port: int) -> None:
    """A process of ``on_processes``. SIGINT comes with Ctrl-C and when the starter dies: it means to save and end."""
    signal.signal(signal.SIGINT, lambda *_: signal.raise_signal(signal.SIGTERM))
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # until the run catches it; the starter tells all of them anyway
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the starter has the store
    }
    try:
        outcome = function()
    except Exception as error:
        first_failure(World(rank=rank, size=processes), error)
        raise
    if rank == 0:
        store().set(OUTCOME, outcome)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # all is written; at a regular end a thread of the process group now and then aborts the process
