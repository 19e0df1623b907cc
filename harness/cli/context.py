"""What a report says besides the evidence, taken from the study and the records: not from this machine or this day."""

import shlex

import polars as pl

from harness.certificate import Certificate, read_certificate
from harness.cli.tuning import certificate_file, describe
from harness.errors import FitError
from harness.evidence import Evidence
from harness.fit_checks import shared_trunks
from harness.fits.clustered import ClusteredFit
from harness.fits.shared_test_set import population_interval, read_bitmaps
from harness.forms import FORMS
from harness.plots.numerals import count, interval, number
from harness.records import read_record
from harness.report import Context
from harness.study import Study

MOST_VALUES = 12  # of an axis: more are no heading
_FORM = "power_floor"
OBJECTIVE = (
    "least squares on ln error of cell means (on 1/error or error for the exponential forms), the global minimum by "
    "variable projection over a bounded grid, polished by Levenberg-Marquardt; intervals by profiling (F distribution)"
)
FLOP_CONVENTION = (
    "a multiply-add is 2 FLOPs; training FLOPs count every operator of every step, forward and backward, and no "
    "evaluation, optimizer or element-wise work"
)


def make_context(study: Study, evidence: Evidence) -> Context:
    """The report's words on where its numbers come from."""
    runs, words = evidence.runs, shlex.join(study.overrides)
    certificate = read_certificate(certificate_file(study), runs_folder=study.runs_folder)
    return Context(
        title=" ".join(("Study", study.name, *(("with", *map(in_short, study.changes)) if study.changes else ()))),
        question=study.question,
        command=f"harness launch {words} && harness report {words}",
        objective=OBJECTIVE,
        flop_convention=FLOP_CONVENTION,
        commit=_kinds(runs, "commit") or "not run from a git checkout",
        hardware=(
            f"{_kinds(runs, 'device_name')} ({_kinds(runs, 'device')}, {_kinds(runs, 'math_mode')}; "
            f"threads a run: {_kinds(runs, 'threads')})"
        ),
        test_set=_test_set(study, evidence),
        learning_rate=learning_rate_of(certificate),
        caution=caution_of(certificate),
        trunks=shared_trunks(evidence),
        versions=(("torch", _kinds(runs, "torch_version")),),
        machine=(("Hosts", _kinds(runs, "host")), ("Data digest", _kinds(runs, "data_digest"))),
    )


def in_short(word: str) -> str:
    """An override as a heading has it: of a long list of values the first, the last and their number."""
    key, _, listed = word.partition("=")
    values = listed.split(",")
    return word if len(values) <= MOST_VALUES else f"{key}={values[0]},...,{values[-1]} ({len(values)} values)"


def learning_rate_of(certificate: Certificate | None) -> str:
    """What is known of the rate at the ends of the study."""
    if certificate is None:
        return "not certified: whether half or twice the rate does better at either end is not known"
    return describe(certificate)


def caution_of(certificate: Certificate | None) -> str:
    """What stands against every exponent: a certificate that does not hold; empty otherwise."""
    if certificate is None or certificate.holds:
        return ""
    return (
        "The learning rate is not the best at both ends of the study, which bends the curve and leaves nothing in its "
        "residuals: no exponent here can be taken at its word"
    )


def _test_set(study: Study, evidence: Evidence) -> str:
    """What the choice of the test examples, which all runs share, adds to the exponent's interval."""
    if _FORM not in evidence.curves:
        return f"shared by all runs; what that adds is not known, since no {FORMS[_FORM].title} was fitted"
    ids = evidence.frontier.explode("run_ids")["run_ids"]
    records = [read_record(study.runs_folder / run_id)[0] for run_id in ids]
    try:
        correct = read_bitmaps([record.correct or "" for record in records], records[0].test_examples)
        found = population_interval(
            [record.training_flops for record in records], correct, form=_FORM, groups=[one.cell for one in records]
        )
    except FitError as refusal:
        return f"shared by all runs; what that adds is not known: {refusal}"
    apart = "; both take cells for independent" if isinstance(evidence.curves[_FORM], ClusteredFit) else ""
    return (
        f"shared by all runs. Intervals are for this test set; for the population that its "
        f"{count(records[0].test_examples)} examples are a sample of, the exponent of the {FORMS[_FORM].title} has "
        f"{interval(found.interval)} in place of {interval(found.conditional)}, {number(found.widening)} times the "
        f"width (two-way bootstrap over cells and test examples{apart})"
    )


def _kinds(runs: pl.DataFrame, column: str) -> str:
    return ", ".join(str(value) for value in runs[column].unique().sort().to_list() if value not in (None, ""))
