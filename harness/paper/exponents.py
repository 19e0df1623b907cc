"""The exponents that stand on the page's one axis: the paper's, torchvision's, and a study's own."""

from harness.errors import FitError
from harness.evidence import Evidence
from harness.fits.comparison import plausible, union_interval
from harness.paper.data import BENCHMARKS
from harness.paper.figures.exponents import GROUPS, Exponent
from harness.paper.refit import refits
from harness.paper.regression import Line, exponent_interval
from harness.paper.rows.regressions_2022 import imputation
from harness.paper.rows.torchvision import FAMILIES, family, line_of, of_recipe, on_frontier, without_pretraining
from harness.paper.torchvision_weights import Weights
from harness.published import ImpliedExponent, catalogue, implied_exponents

FORWARD, OTHER, FLOORED, UNFLOORED, WEIGHTS, STUDY = GROUPS
_STAND_ABOVE = ("thompson", "model_zoos/torchvision")  # published curves that are on the axis already, as ours
_2020 = dict(zip(("E1", "E2", "E3", "E4", "E5", "E6"), BENCHMARKS, strict=True))
_IMAGENET = {"E10": "per pass", "E11": "ops", "E13": "burden"}
_2022 = {"E19": "squad-1.1", "E20": "conll-2003", "E21": "wmt14-en-fr", "E22": "wmt14-en-de"}
# Names that leave a phone room for the picture.
_NAMES = {
    "cherti2022/openai_clip_robustness": "Cherti CLIP robustness",
    "kaplan2020/compute_fixed_batch": "Kaplan fixed batch",
    "model_zoos/timm": "timm, all",
    "model_zoos/timm_frontier": "timm, frontier",
    "umass_poster/depth": "UMass depth",
    "umass_poster/width": "UMass width",
}
_SHORT = {
    "squad-1.1": "SQuAD",
    "conll-2003": "CoNLL",
    "wmt14-en-fr": "En to French",
    "wmt14-en-de": "En to German",
}


def paper_exponents() -> tuple[Exponent, ...]:
    """The regressions of both editions, and ImageNet's read in the other direction and with its imputation's noise."""
    lines = {id: refits(id)["power"].line for id in (*_2020, *_IMAGENET, *_2022)}
    coco = refits("E18")["hardware burden"].line
    imagenet = [_forward(f"ImageNet {name} 2022", lines[id]) for id, name in _IMAGENET.items()]
    first = [_forward(f"{_name(name)} 2020", lines[id]) for id, name in _2020.items()]
    second = [_forward("MS COCO 2022", coco)] + [
        _forward(f"{_name(name)} 2022", lines[id]) for id, name in _2022.items()
    ]
    reverse = [Exponent(f"{name}, reverse", OTHER, lines[id].reverse_exponent, None) for id, name in _IMAGENET.items()]
    many = imputation()
    imputed = Exponent("burden, imputed", OTHER, many.exponent, many.exponent_interval)
    return (*imagenet, *reverse, imputed, *first, *second)


def _name(benchmark: str) -> str:
    return _SHORT.get(benchmark, BENCHMARKS[benchmark])


def _forward(label: str, line: Line) -> Exponent:
    return Exponent(label, FORWARD, line.exponent, exponent_interval(line))


def torchvision_exponents(weights: Weights) -> tuple[Exponent, ...]:
    """All weights, those without other data, each generation, and the frontier."""
    plain = without_pretraining(weights.rows)
    chosen = {
        "torchvision, all": weights.rows,
        "torchvision, 1k only": plain,
        "torchvision, first": of_recipe(plain, "V1"),
        "torchvision, second": of_recipe(plain, "V2"),
        "torchvision, frontier": on_frontier(plain),
    }
    lines = {name: line_of(rows) for name, rows in chosen.items()}
    return tuple(Exponent(name, WEIGHTS, line.exponent, exponent_interval(line)) for name, line in lines.items())


def family_exponents(weights: Weights) -> tuple[Exponent, ...]:
    """Single families, steepest first."""
    lines = {name: line_of(family(without_pretraining(weights.rows), name)) for name in FAMILIES}
    ordered = sorted(lines, key=lambda name: lines[name].exponent)
    return tuple(Exponent(name, WEIGHTS, lines[name].exponent, exponent_interval(lines[name])) for name in ordered)


def published_exponents() -> tuple[Exponent, ...]:
    """What other papers' curves imply, those with a floor first, each fastest first; the paper's own stand above."""
    found = [
        implied
        for paper in catalogue().values()
        for curve in paper.curves.values()
        if not curve.name.startswith(_STAND_ABOVE)
        for implied in implied_exponents(curve)
    ]
    exponents = [_published(implied) for implied in found]
    return tuple(sorted(exponents, key=lambda one: (one.group != FLOORED, one.value, one.label)))


def _published(implied: ImpliedExponent) -> Exponent:
    low, high = implied.interval
    group = FLOORED if implied.floor == "fitted" else UNFLOORED
    paper, _, key = implied.curve.name.partition("/")
    label = f"{paper.rstrip('0123456789').capitalize()} {key.removesuffix('_compute')}".replace("_", " ")
    return Exponent(_NAMES.get(implied.curve.name, label), group, implied.value, (low, high) if low < high else None)


def study_exponent(evidence: Evidence) -> Exponent:
    """A study's exponent at its largest computation, with the interval of every form that its frontier leaves.

    Raises:
        FitError: no curve could be fitted to the study's frontier.
    """
    curves = evidence.curves
    if not curves:
        reason = next(iter(evidence.refused.values()), "it has no frontier")
        raise FitError(f"study {evidence.study}: no curve could be fitted ({reason}); train more of it first")
    best = curves[min(plausible(curves), key=lambda name: curves[name].aicc)]
    bounds = union_interval(curves, "compute_exponent")
    return Exponent(f"study {evidence.study}", STUDY, best.value("compute_exponent"), bounds)
