"""What is published: the files of ``curves/``, and how a curve is named on the command line."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from harness.errors import ConfigError
from harness.published.curve import Curve, Paper
from harness.published.reading import read_paper
from harness.schema import unknown


@cache
def catalogue() -> dict[str, Paper]:
    """Every paper by name."""
    folder = files("harness") / "published" / "curves"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    papers = [read_paper(folder / name) for name in names]
    return {paper.name: paper for paper in papers}


def find(name: str) -> tuple[Curve, ...]:
    """The curves of ``paper``, the one of ``paper/curve``, or those of a file of one's own (``mine.yaml[/curve]``).

    Raises:
        ConfigError: there is none of that name; the message has the nearest.
    """
    paper_name, _, key = name.partition("/")
    if ".yaml" in name:
        path, _, key = name.partition(".yaml")
        paper, key = read_paper(Path(f"{path}.yaml")), key.removeprefix("/")
    elif paper_name in catalogue():
        paper = catalogue()[paper_name]
    else:
        raise ConfigError(f"published: {unknown('paper', paper_name, catalogue())}")
    if not key:
        return tuple(paper.curves.values())
    if key not in paper.curves:
        raise ConfigError(f"published {paper.name}: {unknown('curve', key, paper.curves)}")
    return (paper.curves[key],)


def choose(names: Sequence[str]) -> tuple[Curve, ...]:
    """The curves that a list of names means, each once, in order; a name may hold several with commas."""
    wanted = [part.strip() for name in names for part in name.split(",") if part.strip()]
    return tuple({curve.name: curve for name in wanted for curve in find(name)}.values())
