"""Launchers: they map a function over items, and know nothing of training.

A launcher is one file and a line in ``LAUNCHERS``; what all of them share, the events and the signature, is in
``launch.events``. Slurm is none of them: it gives the prompt back (``launch.slurm``).
"""

from launch import inline, local
from launch.events import Event, Failed, Finished, Launcher, Started, Tick

__all__ = ["LAUNCHERS", "Event", "Failed", "Finished", "Launcher", "Started", "Tick"]

LAUNCHERS: dict[str, Launcher] = {
    "inline": inline.run,
    "local": local.run,
}
