"""The report: one HTML file that needs nothing but itself, with the answer first and the doubts in full.

A pure function of its inputs: no clock and no environment, so the same records give the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from harness.along import AXIS_NOUNS, main_axis
from harness.claims import Arms, Verdict
from harness.discussion import halving, what_would_change
from harness.envelope import axis_values
from harness.errors import FitError
from harness.evidence import FEW_MISTAKES, Evidence
from harness.fit_checks import CHECKS, burden, check_rows, growth_of_size, winners_curse
from harness.html import page_specification, page_template, page_text, vega_bundle, write_page, writing_into
from harness.plots import Figure, figures, save_drawn
from harness.plots.arms import arms_figure
from harness.plots.numerals import count, number, scientific
from harness.plots.style import fit_style
from harness.report_runs import MOST_NAMED, listed_runs, shown_dropped, shown_ids
from harness.report_tables import arm_rows, fit_rows, form_rows

SYMBOLS = {"supported": "✓", "contradicted": "✗", "undecided": "?"}
COUNTED = (
    f"a cell of the frontier made fewer than {FEW_MISTAKES} mistakes, so errors are fitted as counts of mistakes, by "
    "binomial likelihood and a scatter beyond it"
)
SCATTERED = "equal in ln error, estimated from the scatter of the cells around the curve"
_PHRASES = {"supported": "supports {}", "contradicted": "contradicts {}", "undecided": "leaves {} undecided"}


@dataclass(frozen=True)
class Context:
    """What the report says besides the evidence; all of it text that the caller found out.

    ``caution`` is what stands against every exponent, and ``trunks`` what cells that share a trunk do to the
    intervals; empty if nothing does.

    ``versions`` and ``machine`` are (name, text) pairs, printed in their order.
    """

    title: str
    question: str
    command: str
    objective: str
    flop_convention: str
    commit: str
    hardware: str
    test_set: str
    learning_rate: str = ""
    caution: str = ""
    trunks: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    machine: tuple[tuple[str, str], ...] = ()

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the page warns of, in short."""
        short = (("rate not certified", self.caution), ("cells share trunks", self.trunks))
        return tuple(name for name, told in short if told)


def write_report(
    evidence: Evidence, verdicts: Sequence[Verdict], context: Context, folder: Path, *, arms: Arms | None = None
) -> Path:
    """Write ``report.html`` and ``figures/`` into the folder and return the page's path.

    Raises:
        ConfigError: the folder can't be written.
    """
    drawn = _figures(evidence, arms)
    with writing_into(folder):
        save_drawn(drawn.values(), folder / "figures")
        return write_page(_page(evidence, verdicts, context, arms=arms, drawn=drawn), folder / "report.html")


def _figures(evidence: Evidence, arms: Arms | None) -> dict[str, Figure]:
    drawn = figures(evidence)
    return drawn if arms is None or not arms.evidence else {**drawn, "arms": arms_figure(arms.evidence)}


def render(evidence: Evidence, verdicts: Sequence[Verdict], context: Context, *, arms: Arms | None = None) -> str:
    """The page as text; with ``arms``, these side by side."""
    return _page(evidence, verdicts, context, arms=arms, drawn=_figures(evidence, arms))


def _page(
    evidence: Evidence,
    verdicts: Sequence[Verdict],
    context: Context,
    *,
    arms: Arms | None,
    drawn: Mapping[str, Figure],
) -> str:
    specifications = {name: page_specification(figure) for name, figure in drawn.items() if figure.chart is not None}
    return page_template("report.html.j2").render(
        context=context,
        evidence=evidence,
        verdicts=verdicts,
        answer=answer(evidence, verdicts),
        halving=halving(evidence),
        discussion=what_would_change(evidence),
        symbols=SYMBOLS,
        figures=drawn,
        specifications=specifications,
        vega=vega_bundle() if specifications else "",
        style=page_text("report.css"),
        script=page_text("report.js"),
        fits=fit_rows(evidence),
        checks=CHECKS,
        check_rows=check_rows(evidence),
        growth_of_size=growth_of_size(evidence),
        winners_curse=winners_curse(evidence),
        burden=burden(evidence),
        fit_label=lambda name: fit_style(name).title,
        forms=form_rows(evidence),
        arms=arm_rows(arms) if arms else (),
        refused_arms=arms.refused if arms else {},
        frontier=evidence.frontier.to_dicts(),
        runs=listed_runs(evidence),
        dropped=shown_dropped(evidence),
        missing=shown_ids(evidence.missing),
        shown_ids=shown_ids,
        most_named=MOST_NAMED,
        method=_method(evidence, context),
        place=(("Hardware", context.hardware), ("Commit", context.commit), *context.machine, *context.versions),
    )


def answer(evidence: Evidence, verdicts: Sequence[Verdict]) -> str:
    """The page's headline: one sentence with the range, what the error did over it, and the count of verdicts."""
    frontier = pl.concat([evidence.frontier, evidence.edge]) if len(evidence.frontier) < 2 else evidence.frontier
    if frontier.is_empty():
        return "No finished run of this study can be drawn or fitted, so no claim can be judged yet."
    first, last = frontier.row(0, named=True), frontier.row(-1, named=True)
    judged = _judged(verdicts)
    if len(evidence.frontier) < 2 and (said := _along_its_axis(evidence)):
        return f"{said}; {judged}."
    if len(frontier) == 1:
        reached = f"a test error of {number(last['test_error'])} at {scientific(last['training_flops'])} training FLOPs"
        return f"The frontier is a single cell, with {reached}; {judged}."
    sizes = (scientific(row["training_flops"]) for row in (first, last))
    return f"{_went(sizes, 'training FLOPs', (first['test_error'], last['test_error']))}; {judged}."


def _along_its_axis(evidence: Evidence) -> str:
    """What the error did along examples or parameters, for a study that varies these at one compute; else nothing."""
    axis = main_axis(evidence)
    try:
        sizes = evidence.cells.with_columns(size=axis_values(evidence, axis)).sort("size", "validation_error")
    except FitError:  # it varies nothing enough
        return ""
    if axis == "training_flops":
        return ""
    ends = sizes.unique("size", keep="first", maintain_order=True)
    first, last = ends.row(0, named=True), ends.row(-1, named=True)
    spelled = (f"{row['size']:,.0f}" for row in (first, last))
    return _went(spelled, AXIS_NOUNS[axis], (first["test_error"], last["test_error"]))


def _went(sizes: Iterable[str], noun: str, errors: tuple[float, float]) -> str:
    did = "fell" if errors[1] < errors[0] else "went"
    return f"From {' to '.join(sizes)} {noun} the best test error {did} from {number(errors[0])} to {number(errors[1])}"


def _judged(verdicts: Sequence[Verdict]) -> str:
    """``of 4 claims the study supports 2, contradicts 1 and leaves 1 undecided``."""
    if not verdicts:
        return "no claim was judged"
    counts = {kind: sum(verdict.answer == kind for verdict in verdicts) for kind in _PHRASES}
    parts = [phrase.format(counts[kind]) for kind, phrase in _PHRASES.items() if counts[kind]]
    listing = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"of {len(verdicts)} claim{'s' if len(verdicts) > 1 else ''} the study {listing}"


def _method(evidence: Evidence, context: Context) -> tuple[tuple[str, str], ...]:
    return (
        ("Point", "a cell: the mean over runs that differ only by seed; only finished runs count"),
        (
            "Frontier",
            "cells that no other beats at the same or lower training FLOPs; chosen on validation error, and the test "
            "error of the chosen cells is what is reported and fitted; without budgets, only where a cell of about the "
            "same compute has fewer parameters and more examples, and one the reverse: others bound the frontier alone",
        ),
        ("Objective", context.objective),
        ("Noise", COUNTED if evidence.counted else SCATTERED),
        ("Test set", context.test_set),
        *((("Learning rate", context.learning_rate),) if context.learning_rate else ()),
        ("FLOP convention", context.flop_convention),
        ("Error", f"1 − top-1 accuracy; guessing gives {number(evidence.chance_error)}"),
        (
            "Left out",
            f"{count(len(evidence.dropped)) if evidence.dropped else 'no'} runs, each listed with its reason above",
        ),
        ("Fits tried", f"{len(form_rows(evidence))}, of which {len(evidence.refused) or 'none'} refused"),
    )
