"""One item after another in the calling process: for one run, a debugger, a profile."""

from collections.abc import Callable, Sequence

from launch.events import Event, Item, Started, Value, attempt


def run(
    function: Callable[[Item], Value],
    items: Sequence[Item],
    *,
    workers: int,
    threads: int,
    gpus: tuple[str, ...],
    on_event: Callable[[Event[Item, Value]], None],
) -> None:
    """A ``Launcher`` with one slot, this process. It never ticks.

    A signal reaches the function itself: one that catches it, saves and returns is to hand it on to who launched, or
    the next item is begun.

    ``workers``, ``threads`` and ``gpus`` have no effect: this process is already as its starter made it.
    """
    for item in items:
        on_event(Started(item, slot=0))
        on_event(attempt(function, item))
