"""The comparison of docs/fitting_compared.md, in small: it holds, and failures are counted and not dropped."""

from tests.benchmarks.compare_fits import DESIGNS, Answer, harness_curve, scipy_plain, scipy_with_care, score
from tests.stats.simulated import FloatArray

DRAWS = 40


def test_ours_holds_the_exponent_and_a_careful_curve_fit_finds_the_same() -> None:
    ours, careful = (score(fitter, DESIGNS[3], draws=DRAWS) for fitter in (harness_curve, scipy_with_care))
    assert ours[0] == careful[0] == "0 %"
    assert float(ours[3]) >= 0.85
    assert ours[1:3] == careful[1:3]


def test_curve_fit_as_it_comes_fails_on_flops() -> None:
    assert score(scipy_plain, DESIGNS[3], draws=DRAWS)[0] == "100 %"


def test_a_fit_that_raises_is_counted_as_failed() -> None:
    calls = iter(range(DRAWS))

    def every_other(compute: FloatArray, error: FloatArray) -> Answer:
        if next(calls) % 2:
            raise RuntimeError("no")
        return Answer(0.25, (0.2, 0.3))

    assert score(every_other, DESIGNS[0], draws=DRAWS)[:4] == ("50 %", "+0 %", "0 %", "1.00")
