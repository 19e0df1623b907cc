"""A pool of worker processes on this machine: a slot each, with its own thread count and its GPU.

A worker lives as long as there are items, so what the function's module imports (torch, say) is imported once a
worker, not once an item. It is a fresh interpreter ("spawn": a forked torch is not safe), and its environment is set
before that interpreter starts, because thread counts and visible GPUs are read at import. Each worker has a pipe of its
own; the launcher hands it one item at a time and waits on all pipes at once. A worker that dies (kill -9, out of
memory, a crash in C) closes its pipe by dying: its item has failed, another worker takes the slot, the rest go on.

When the launch ends early, by Ctrl-C or any other exception, the workers that are at an item get SIGTERM, so that a
function that can save its state does; after ``GRACE_SECONDS``, or at a second Ctrl-C, SIGKILL. What ends the launcher
itself without a word is dealt with at the other end: see ``launch.worker``.
"""

import multiprocessing
import os
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic

from launch.events import Event, Failed, Finished, Item, Started, Tick, Value
from launch.worker import GRACE_SECONDS, serve

TICK_SECONDS = 0.25  # often enough for a display to look alive


@dataclass(frozen=True)
class Worker:
    """A process in its slot, and our end of its pipe."""

    slot: int
    process: SpawnProcess
    pipe: Connection


@dataclass(frozen=True)
class Task(Generic[Item]):
    """An item in a worker's hands."""

    worker: Worker
    item: Item


def run(
    function: Callable[[Item], Value],
    items: Sequence[Item],
    *,
    workers: int,
    threads: int,
    gpus: tuple[str, ...],
    on_event: Callable[[Event[Item, Value]], None],
) -> None:
    """A ``Launcher`` with ``workers`` slots, or as many as there are items if that is less.

    ``function`` must be importable by name; items and values must pickle. Slot i sees the GPU ``gpus[i % len(gpus)]``;
    with no ``gpus`` the worker sees what this process sees. What a function returns after it was asked to stop is not
    reported.
    """
    assert min(workers, threads) >= 1, (workers, threads)
    queue = deque(items)
    pool: dict[int, Worker] = {}
    tasks: dict[Connection, Task[Item]] = {}

    def hand_next_item(slot: int) -> None:
        worker = pool.get(slot) or pool.setdefault(slot, _start(slot, threads=threads, gpus=gpus))
        task = tasks[worker.pipe] = Task(worker, queue.popleft())
        with suppress(BrokenPipeError):  # it died idle; its closed pipe will tell
            worker.pipe.send_bytes(pickle.dumps((function, task.item)))
        on_event(Started(task.item, slot))

    try:
        for slot in range(min(workers, len(queue))):
            hand_next_item(slot)
        last_tick = time.monotonic()
        while tasks:
            for pipe in wait(list(tasks), timeout=TICK_SECONDS):
                task = tasks.pop(pipe)  # type: ignore[call-overload]  # wait gives back what it was given
                outcome: Finished[Item, Value] | Failed[Item] = _outcome(task)
                if task.worker.process.exitcode is not None:
                    del pool[task.worker.slot]
                on_event(outcome)
                if queue:
                    hand_next_item(task.worker.slot)
                else:
                    task.worker.pipe.close()  # ends the worker, and gives back its memory while the last ones run
            if time.monotonic() - last_tick >= TICK_SECONDS:
                on_event(Tick())
                last_tick = time.monotonic()
    finally:
        for task in tasks.values():
            task.worker.process.terminate()
        _dismiss(tuple(pool.values()))


def _start(slot: int, *, threads: int, gpus: tuple[str, ...]) -> Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), name=f"worker-{slot}")
    environment = {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
        "PYTHONSAFEPATH": "1",  # a `models` folder where the user happens to stand must not shadow ours
    }
    if gpus:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    with _environment(environment), _held_back(signal.SIGUSR2):
        process.start()
    theirs.close()  # else the pipe would stay open when the worker dies
    return Worker(slot, process, ours)


def _outcome(task: Task[Item]) -> Finished[Item, Value] | Failed[Item]:
    """The reply in the task's pipe, or, where the pipe was closed, how the worker died."""
    try:
        reply: Finished[Item, Value] | Failed[Item] = pickle.loads(task.worker.pipe.recv_bytes())
    except (EOFError, OSError):
        task.worker.process.join()
        return Failed(task.item, _cause_of_death(task.worker.process), detail="")
    return replace(reply, item=task.item)  # the caller's own object, not a copy that went through a pipe twice


def _cause_of_death(process: SpawnProcess) -> str:
    code = process.exitcode
    assert code is not None
    return f"worker killed by signal {-code}" if code < 0 else f"worker exited with status {code}"


def _dismiss(workers: tuple[Worker, ...]) -> None:
    """Ends all workers: a closed pipe ends an idle one, and whoever isn't gone in time is killed."""
    for worker in workers:
        worker.pipe.close()
    deadline = time.monotonic() + GRACE_SECONDS
    try:
        for worker in workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()


@contextmanager
def _held_back(number: signal.Signals) -> Iterator[None]:
    """The signal blocked in this thread for a while, and in a child that starts meanwhile until it says otherwise.

    A Slurm job's signal reaches all its processes, and would end one that has no handler yet.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Environment variables of this process for a while, for a child to inherit."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
