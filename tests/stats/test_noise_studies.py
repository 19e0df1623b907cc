"""Studies in which error has nothing to do with compute (bar V36): the lowest of any cells fall, and that is no law."""

import numpy as np
import polars as pl
import pytest

from harness.claims import CLAIMS
from harness.judging import judge_study
from tests.made import made_rules
from tests.synthetic import evidence_of, synthetic_runs

pytestmark = [pytest.mark.stats, pytest.mark.slow(2)]

STUDIES = 120
GROWTH = ("fourth_power", "ninth_power", "above_bound", "target_factor", "power_law")


def noise_study(generator: np.random.Generator) -> pl.DataFrame:
    """Cells 5 % apart for no reason, which validation and test both see, and seeds 2 % apart."""
    runs = synthetic_runs()
    cells = runs["cell"].unique(maintain_order=True)
    effect = pl.DataFrame({"cell": cells, "effect": generator.normal(0.0, 0.05, len(cells))})
    log_error = runs.join(effect, on="cell", how="left", maintain_order="left")["effect"].to_numpy() + np.log(0.12)
    validation, test = (np.exp(log_error + generator.normal(0.0, 0.02, len(runs))) for _ in range(2))
    return runs.with_columns(validation_error=validation, test_error=test)


def test_pure_noise_supports_claims_about_growth_no_more_often_than_their_level_says() -> None:
    """Without the look at all cells 12.5 % of such studies had their claims supported."""
    assert set(GROWTH) <= set(CLAIMS)
    generator, rules = np.random.default_rng(36), made_rules()
    supported = 0
    for _ in range(STUDIES):
        verdicts = judge_study(evidence_of(noise_study(generator)), rules)
        supported += any(one.claim in GROWTH and one.answer == "supported" for one in verdicts)
    assert supported <= 0.05 * STUDIES  # the bounds are one-sided at 2.5 or 5 %
