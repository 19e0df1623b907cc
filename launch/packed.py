"""Inside a Slurm job: a pack's items through a pool of workers, until they are done or the job is asked to stop.

Flag and return. Slurm's signals reach every process of the job's step. A worker's function that is told by SIGTERM or
SIGUSR2 saves and returns; the job's own process only notes the signal, lets the pool end (which tells whoever was not
told), and then:

* SIGUSR2 (time limit, preemption): hands it on to submitit's handler, in the plain flow of the program and not inside
  a signal handler. Submitit requeues the job and exits, or raises when a job has timed out too often. Its exceptions
  pass through here untouched.
* SIGTERM alone (scancel, or a preemption without the signal): raises ``Stopped``. Requeueing would bring a cancelled
  job back to life, and Slurm itself requeues what it preempts.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from launch import local
from launch.events import Event, Item, Value


class Stopped(Exception):
    """The job was asked to end; what its workers were at is saved."""


def run(
    function: Callable[[Item], Value],
    items: Sequence[Item],
    *,
    workers: int,
    threads: int,
    gpus: tuple[str, ...],
    on_event: Callable[[Event[Item, Value]], None],
) -> None:
    """A ``Launcher`` for the main process of a submitit job. See above for how it ends when the job is asked to."""
    with _noted_signals() as asked:

        def stop_when_asked(event: Event[Item, Value]) -> None:
            if asked:  # before it is told: a worker that a signal ended is no failure of its item
                raise Stopped(signal.Signals(asked[0]).name)
            on_event(event)

        try:
            local.run(function, items, workers=workers, threads=threads, gpus=gpus, on_event=stop_when_asked)
        except Stopped:
            if signal.SIGUSR2 not in asked:
                raise
    if signal.SIGUSR2 in asked:
        signal.raise_signal(signal.SIGUSR2)


@contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """The signals to stop that have come so far, in their order."""
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGUSR2)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
