"""The sweep: a task a method and a sample size, a point a task. Tasks know nothing of each other, so they may run
anywhere in any order: each draws from a stream of its own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.simulation.closed_forms import closed_form
from harness.simulation.estimators import excess_risk
from harness.simulation.setting import METHODS, GrowthConfig, LassoConfig, Method, Setting, SimulationConfig

MAIN = "main"  # the sweep of the figure; the others are the growth sweeps, by name


@dataclass(frozen=True)
class Task:
    """One method at one sample size, ``draws`` times; ``sweep`` says which sweep the point belongs to."""

    sweep: str
    method: Method
    setting: Setting
    examples: int
    draws: int
    lasso: LassoConfig
    seed: int


@dataclass(frozen=True)
class Drawn:
    """Mean, standard error and median over draws of the excess risk; mean FLOPs of a fit."""

    sweep: str
    method: Method
    features: int
    examples: int
    draws: int
    risk: float
    stderr: float
    median: float
    flops: float


@dataclass(frozen=True)
class Point(Drawn):
    """What was drawn, and the closed form's mean."""

    closed_form: float

    @property
    def known(self) -> bool:
        """Whether there is a finite closed form to hold the mean against."""
        return bool(np.isfinite(self.closed_form))


def tasks(config: SimulationConfig) -> tuple[Task, ...]:
    """Everything to be drawn, the most expensive first.

    A method is left out at sample sizes where its mean does not exist and nothing can be solved: fewer examples than
    the features that it was told of.
    """
    main = [
        Task(MAIN, method, config.setting, examples, config.draws[method], config.lasso, config.seed)
        for method in METHODS
        for examples in config.sizes
    ]
    grown = [
        Task(name, growth.method, _grown(config.setting, growth, examples), examples, growth.draws, config.lasso,
             config.seed)
        for name, growth in config.growth.items()
        for examples in growth.sizes
    ]  # fmt: skip
    return tuple(sorted(main + grown, key=_expense, reverse=True))


def _grown(setting: Setting, growth: GrowthConfig, examples: int) -> Setting:
    features = growth.features or round((growth.features_per_example or 0.0) * examples)
    return replace(setting, features=features)


def _expense(task: Task) -> float:
    features = task.setting.features if task.method in ("flexible", "regularised") else task.setting.relevant
    return float(task.draws * task.examples * features * min(task.examples, features, 300))


def draw_point(task: Task) -> Point:
    """Draw and fit ``task.draws`` times."""
    streams = np.random.SeedSequence([task.seed, *_words(task)]).spawn(task.draws)
    drawn = [
        excess_risk(
            task.method,
            task.setting,
            examples=task.examples,
            lasso=task.lasso,
            generator=np.random.default_rng(stream),
        )
        for stream in streams
    ]
    risks = np.array([risk for risk, _ in drawn])
    return Point(
        sweep=task.sweep,
        method=task.method,
        features=task.setting.features,
        examples=task.examples,
        draws=task.draws,
        risk=float(risks.mean()),
        stderr=float(risks.std(ddof=1) / np.sqrt(task.draws)),
        median=float(np.median(risks)),
        flops=float(np.mean([flops for _, flops in drawn])),
        closed_form=closed_form(task.method, task.setting, examples=task.examples),
    )


def _words(task: Task) -> list[int]:
    """The task's place in the sweep as numbers: its stream depends on nothing else."""
    name = hashlib.sha256(f"{task.sweep} {task.method} {task.examples}".encode()).digest()
    return [int.from_bytes(name[start : start + 4], "little") for start in range(0, 16, 4)]


def in_order(points: Sequence[Point]) -> list[Point]:
    """The points as tables and figures show them, whatever order they were finished in."""
    return sorted(points, key=lambda point: (point.sweep != MAIN, point.sweep, METHODS.index(point.method),
                                             point.examples))  # fmt: skip
