"""W&B as a window on runs whose records are ours: a run can be seen there, and nothing is ever read back from there.

Training knows one function, ``follow``: it tells a process of its own, the follower, which folder to look at, and
waits for nothing. The follower reads the run's events as they are appended and logs its evaluations, so whatever W&B
does - no network, a silent server, no key, a full disk, a crash - happens to the follower alone. ``harness sync``
uploads finished runs from their records, whether they were followed or not.

``shape`` says how a run of ours looks there; only ``window`` imports wandb.
"""

from harness.tracking.trainer import follow

__all__ = ["follow"]
