"""The schedule that drops in steps."""

from harness.optim import schedule
from harness.study import load_study


def test_the_rate_drops_tenfold_at_half_and_at_three_quarters() -> None:
    (run,) = load_study(["optim.schedule=step", "optim.warmup_fraction=0"]).runs.values()
    factors = [schedule(run.optim, step=step, steps=64) for step in range(64)]
    assert factors[1:32] == [1.0] * 31
    assert factors[32:48] == [0.1] * 16
    assert all(abs(factor - 0.01) < 1e-15 for factor in factors[48:])
