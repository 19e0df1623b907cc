"""What is shown on a terminal is what was said: nothing of it is taken for the markup of colours."""

from dataclasses import replace

import numpy as np
import pytest

from harness.cli.fit_tables import curves_as_numbers, curves_table
from harness.cli.tables import show, text_table, verdict_table
from harness.fits.curve import fit_curve
from tests.test_report import VERDICTS

NAN, INF = float("nan"), float("inf")
BRACKETS = "[bold]not bold[/bold] [/] [red] :x: [nan, nan]"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")


@pytest.mark.parametrize("interval", [(INF, INF), (NAN, NAN), (-INF, INF), (0.1, INF)])
def test_a_verdict_s_interval_is_shown_whatever_its_ends(
    interval: tuple[float, float], capsys: pytest.CaptureFixture[str]
) -> None:
    show(verdict_table([replace(VERDICTS[0], value=1.0, interval=interval)]))
    assert f"a number 1 [{interval[0]:.3g}, {interval[1]:.3g}]" in capsys.readouterr().out


def test_words_in_brackets_are_words(capsys: pytest.CaptureFixture[str]) -> None:
    show(verdict_table([replace(VERDICTS[0], statement=f"S {BRACKETS}", reason=f"R {BRACKETS}")]))
    show(text_table(f"T {BRACKETS}", ("answer", f"C {BRACKETS}"), [("supported", f"W {BRACKETS}")]), f"L {BRACKETS}")
    said = capsys.readouterr().out
    assert [letter for letter in "SRTCWL" if f"{letter} {BRACKETS}" not in said] == []
    assert said.count("✓ supported") == 2


def test_an_end_that_nothing_bounds_and_why_a_form_was_refused_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    compute = np.geomspace(1e9, 1e12, 6)
    fit = fit_curve(compute, compute**-0.2, form="power")
    plain = curves_as_numbers({"power": fit}, at=(), level=0.95)
    plain["power"]["intervals"] |= {"exponent": [None, 0.3], "compute_exponent": [None, None]}
    plain["power"] |= {"identified": False, "gate": f"G {BRACKETS}"}
    show(curves_table(plain, {"m4": f"M {BRACKETS}"}, title="fits", level=0.95))
    said = capsys.readouterr().out
    for words in ("[unbounded, 0.3]", "[unbounded, unbounded]", f"not identified: G {BRACKETS}", f"M {BRACKETS}"):
        assert words in said
