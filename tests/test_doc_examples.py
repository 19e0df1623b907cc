"""The examples in docstrings and on the page about fitting do what they say; nothing is imported before its time."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import harness

PAGE = Path(__file__).parent.parent / "docs" / "fitting.md"
MODULES = ("harness", "harness.hypotheses.equivalence", *(f"harness.fits.{name}" for name in (
    "bootstrap", "budgets", "choice", "comparison", "curve", "frontier", "isoflop", "surface",
)))  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_docstring_run(name: str) -> None:
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0


def test_the_page_about_fitting_runs() -> None:
    done = doctest.testfile(str(PAGE), module_relative=False)
    assert done.attempted > 20
    assert done.failed == 0


def test_every_public_name_is_there_and_documented() -> None:
    for name in harness._HOME:
        assert getattr(harness, name).__doc__
        assert name in dir(harness)
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'fit_curves'"):
        harness.fit_curves  # noqa: B018


def test_the_names_that_a_type_checker_sees_are_the_names_that_there_are() -> None:
    source = Path(harness.__file__).read_text()
    checked = {line.split(" as ")[1] for line in source.splitlines() if line.startswith("    from harness.")}
    assert checked == set(harness._HOME)


def test_importing_the_package_imports_nothing_and_fitting_imports_no_torch() -> None:
    code = (
        "import sys, harness\n"
        "print(sorted({'numpy', 'scipy', 'polars', 'torch'} & set(sys.modules)))\n"
        "harness.fit_curve([1e9, 1e10, 1e11, 1e12], [0.3, 0.2, 0.15, 0.12], form='power')\n"
        "print(sorted({'polars', 'torch', 'hydra'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
