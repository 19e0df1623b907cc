"""What a report says around its verdicts: what halving the error would take, and what would change the verdicts.

Every sentence is made from the evidence; where the evidence can't say, the sentence says so.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from harness.claims.target_factor import decades_to
from harness.evidence import Evidence
from harness.fits.comparison import plausible
from harness.fits.curve import CurveFit
from harness.forms import FORMS
from harness.plots.numerals import count, interval, number, percent
from harness.projection import back_test
from harness.projection.back_test import HIDDEN_DECADES

THEORY, POPULAR = 4, 9  # the powers of performance that the paper's theory asks for, and that is popularly quoted
_FORMS = ("power", "power_floor")  # a straight line, and one that may level off: what "4 or 9" is about
_NO_FRONTIER = (
    "These runs have none: no cell's compute could be spent on both more and fewer parameters, so what no cell beats "
    "is the edge of the grid, and no claim about how error falls with compute is judged. Budgets in FLOPs, "
    "with several sizes at each, or a grid of sizes and data would have one."
)
_GENERAL = "a general sentence would need three data sets and two families of networks"


def halving(evidence: Evidence) -> str:
    """One sentence: the compute that half of the last fitted error would take, beside what the paper says.

    By the best of the forms that the cells leave standing, and by those that stand too and differ on whether any would.
    """
    standing = [evidence.curves[name] for name in plausible(evidence.curves)]
    if not standing:
        return "The runs don't say how much compute half that error would take."
    best = min(standing, key=lambda fit: fit.aicc)
    others = [fit for fit in standing if _bought(fit) != _bought(best)]
    told = [f"the best form that stands ({FORMS[best.form].title}) asks for {_times(best)}"]
    told += [f"another that stands ({FORMS[fit.form].title}) for {_times(fit)}" for fit in others]
    return (
        f"To halve the error fitted at the largest compute, {', '.join(told)}; the paper's theory asks for "
        f"{count(2**THEORY)} times or more, the popular ninth power for {count(2**POPULAR)}."
    )


def _bought(fit: CurveFit) -> bool:
    """Whether some compute halves the error by the fit's own value."""
    return bool(np.isfinite(fit.value(decades_to(fit, 0.5))))


def _times(fit: CurveFit) -> str:
    """How many times the largest compute the fit asks for: its 95 % interval, with the value where there is one."""
    half = decades_to(fit, 0.5)
    low, high = (_power(end) for end in fit.interval(half))
    middle = fit.value(half)
    if not np.isfinite(low):
        return "what no compute can buy"
    if low == 0:
        return "a factor that these cells don't bound"
    if not fit.identified or not np.isfinite(middle):
        return (
            f"{number(low, 2)} times the compute or more"
            if high == np.inf
            else f"{interval((low, high), 2)} times the compute"
        )
    return f"{number(_power(middle), 2)} times the compute (95 %: {interval((low, high), 2)})"


def _power(decades: float) -> float:
    return float(10.0**decades) if decades < 300 else float("inf")


def what_would_change(evidence: Evidence) -> tuple[tuple[str, str], ...]:
    """(name, sentences) pairs: the range, the floor, the test set, the choice on validation, a test of foresight."""
    if evidence.frontier.is_empty() and not evidence.edge.is_empty():
        return (("Frontier", _NO_FRONTIER),)
    if len(evidence.frontier) < 2:
        return ()
    rows = (
        ("Range", _range(evidence)),
        ("Floor", _floor(evidence)),
        ("Test examples", _test_examples(evidence)),
        ("Choice on validation", _choice(evidence)),
        ("Foresight", _foresight(evidence)),
        ("Reach", _reach(evidence)),
    )
    return tuple((name, text) for name, text in rows if text)


def _range(evidence: Evidence) -> str:
    flops = evidence.frontier["training_flops"].to_numpy()
    decades = float(np.log10(flops.max() / flops.min()))
    shrink = (decades / (decades + 1)) ** 2
    edge = (
        f" At the edge of the grid, {len(evidence.edge)} other cells only bound the frontier from above: their compute "
        "could not be spent on more data, or on a larger network."
    )
    return (
        f"{len(flops)} cells of the frontier over {number(decades, 2)} decades. An exponent's uncertainty falls with "
        f"the square of the decades: one more would leave {percent(shrink)} of it.{edge if len(evidence.edge) else ''}"
    )


def _floor(evidence: Evidence) -> str:
    told = [_exponent(evidence.curves[name]) for name in _FORMS if name in evidence.curves]
    if len(told) < len(_FORMS):
        return ""
    bounds = evidence.curves["power_floor"].interval("irreducible_error")
    return (
        f"Compute grows as the p-th power of 1/error, p {told[0]} without a floor and {told[1]} with one; the floor "
        f"itself lies in {interval(bounds)}. {_floor_matters(bounds)}"
    )


def _exponent(fit: CurveFit) -> str:
    value = number(fit.value("compute_exponent")) if fit.identified else "not identified"
    return f"{value} ({interval(fit.interval('compute_exponent'))})"


def _floor_matters(bounds: tuple[float, float]) -> str:
    if bounds[0] > 0:
        return "A floor of zero is excluded, so the number without one is not the law."
    return "A floor of zero is not excluded, so neither number is."


def _test_examples(evidence: Evidence) -> str:
    last = evidence.frontier.row(-1, named=True)
    error, examples = last["test_error"], last["test_examples"]
    if not error > 0:
        return f"The last cell made no mistake in {count(examples)} test examples: its error is only bounded."
    noise = float(np.sqrt((1 - error) / (error * examples)))
    return (
        f"The lowest error is of {count(examples)} test examples, which alone make it uncertain by {percent(noise)}; "
        "all runs share them, so part of that is in every cell alike and not in the scatter."
    )


def _choice(evidence: Evidence) -> str:
    frontier = evidence.frontier.filter(pl.min_horizontal("test_error", "validation_error") > 0)
    gap = np.log(frontier["test_error"].to_numpy() / frontier["validation_error"].to_numpy())
    if len(gap) < 2:
        return ""
    spread = float(gap.std(ddof=1) / np.sqrt(len(gap)))
    return (
        f"The frontier is chosen on validation and reported on test, where its errors are {_signed(float(gap.mean()))} "
        f"(± {percent(spread)}) {'higher' if gap.mean() >= 0 else 'lower'}."
    )


def _signed(log_ratio: float) -> str:
    return percent(abs(float(np.expm1(log_ratio))))


def _foresight(evidence: Evidence) -> str:
    frontier = evidence.frontier
    tested = back_test(
        frontier["training_flops"].cast(float).to_numpy(),
        frontier["test_error"].to_numpy(),
        forms=list(FORMS),
        chance_error=evidence.chance_error,
    )
    if tested is None:
        return f"Too few cells lie below the last {number(HIDDEN_DECADES, 1)} decade to predict it from them."
    return (
        f"Fitted without the last decade, the standing forms ({_listed(tested.forms)}) held {percent(tested.held)} of "
        f"its {tested.hidden} cells in their 90 % intervals and missed the errors by {percent(tested.misprediction)}."
    )


def _listed(forms: Sequence[str]) -> str:
    return ", ".join(FORMS[name].title for name in forms)


def _reach(evidence: Evidence) -> str:
    dataset = evidence.runs["dataset"][0]
    families = evidence.runs["model"].unique().sort().to_list()
    of_them = f"one family, {families[0]}" if len(families) == 1 else f"{len(families)} families, {', '.join(families)}"
    return f"One data set, {dataset}, and {of_them}: {_GENERAL}."
