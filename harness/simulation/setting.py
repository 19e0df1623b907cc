"""The linear world and the plan of a simulation; every value stands in ``conf/simulation``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from harness.errors import ConfigError
from harness.schema import check_folder_name, from_dict

Method = Literal["oracle", "expert", "flexible", "regularised"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class Setting:
    """y = x @ beta + noise, with independent standard normal features of which the first ``relevant`` have beta = 1.

    The expert leaves out the last ``left_out`` of the relevant ones. ``noise`` is a standard deviation.
    """

    features: int
    relevant: int
    left_out: int
    noise: float

    @property
    def signal(self) -> float:
        """Variance of x @ beta: what a model that has learnt nothing gets wrong."""
        return float(self.relevant)


@dataclass(frozen=True)
class LassoConfig:
    """Cross-validation in ``folds``, over ``penalties`` log-spaced down to ``smallest`` times the one that kills all.

    A path ends early where the validation error has risen ``patience`` times above its minimum.
    """

    folds: int
    penalties: int
    smallest: float
    patience: float


@dataclass(frozen=True)
class GrowthConfig:
    """A second, smaller sweep for the exponents: ``sizes`` are sample sizes, ``features_per_example`` the world's.

    ``features`` fixes the number of features where it is given instead.
    """

    sizes: tuple[int, ...]
    draws: int
    method: Method
    features: int | None
    features_per_example: float | None


@dataclass(frozen=True)
class SimulationConfig:
    """A whole simulation: ``draws`` says how often each method is fitted at each of the ``sizes``."""

    name: str
    question: str
    setting: Setting
    sizes: tuple[int, ...]
    draws: Mapping[str, int]
    lasso: LassoConfig
    growth: Mapping[str, GrowthConfig]
    seed: int


def read_simulation(tree: Any) -> SimulationConfig:
    """The plain container as a checked configuration.

    Raises:
        ConfigError: unknown keys, wrong types, or numbers that make no linear world.
    """
    config = from_dict(SimulationConfig, tree, where="simulation")
    check_folder_name(config.name, where="simulation.name")
    world = config.setting
    if set(config.draws) != set(METHODS):
        raise ConfigError(f"simulation.draws: has {', '.join(config.draws)}; exactly {', '.join(METHODS)} would do")
    if not 0 < world.left_out < world.relevant < world.features:
        raise ConfigError(
            f"simulation.setting: left_out {world.left_out}, relevant {world.relevant}, features {world.features}; "
            "0 < left_out < relevant < features would do"
        )
    if world.noise <= 0:
        raise ConfigError(f"simulation.setting.noise: {world.noise}; a standard deviation above zero would do")
    for name, number in config.draws.items():
        if number < 2:
            raise ConfigError(f"simulation.draws.{name}: {number}; 2 or more would give a standard error")
    if min(config.sizes) < config.lasso.folds:
        raise ConfigError(f"simulation.sizes: {min(config.sizes)} examples; {config.lasso.folds} folds need as many")
    for name, growth in config.growth.items():
        if (growth.features is None) == (growth.features_per_example is None):
            raise ConfigError(f"simulation.growth.{name}: give exactly one of features and features_per_example")
    return config
