"""``harness fit`` on tables that are not ours: curves, counts, surfaces, and what is left out where it isn't known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from tests.command import typed

RANDOM = np.random.default_rng(0)
COMPUTE = np.geomspace(1e9, 1e12, 16)
ERROR = (0.03 + 0.07 * (COMPUTE / 1e12) ** -0.25) * np.exp(0.01 * RANDOM.standard_normal(16))


def write(path: Path, **columns: Any) -> Path:
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(f"{value:.12g}" for value in row) for row in rows)]))
    return path


@pytest.fixture
def points(tmp_path: Path) -> Path:
    return write(tmp_path / "points.csv", C=COMPUTE, err=ERROR, se=0.01 * ERROR, n=[10_000] * 16)


@pytest.fixture
def sizes(tmp_path: Path) -> Path:
    compute = np.repeat(np.geomspace(1e9, 1e12, 6), 7)
    params = np.tile(np.geomspace(1 / 6, 6, 7), 6) * np.sqrt(compute / 4)
    examples = compute / 4 / params
    odds = (0.03 + 10 * params**-0.45 + 20 * examples**-0.5) * np.exp(0.01 * RANDOM.standard_normal(42))
    unique = np.minimum(examples, 2e4)
    return write(
        tmp_path / "sizes.csv", flops=compute, N=params, D=examples, err=0.9 * odds / (1 + odds), unique=unique
    )


def fitted(*arguments: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``harness fit ... --json`` prints."""
    monkeypatch.setattr("sys.argv", ["harness", "fit", *map(str, arguments), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_form_is_fitted_or_refused_and_the_plausible_ones_are_united(
    points: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = fitted(points, "--x", "C", "--y", "err", "--chance", 0.9, capsys=capsys, monkeypatch=monkeypatch)
    assert found["broken_power"]["refused"].startswith("broken_power: 16 points over 3 decades")
    low, high = found["power_floor"]["intervals"]["exponent"]
    assert low < 0.25 < high
    union = found["whichever"]["intervals"]["exponent"]
    assert union[0] <= low
    assert union[1] >= high
    assert "power_floor" in found["whichever"]["forms"]
    assert found["power_floor"]["diagnostics"]["agreeing_starts"] == 1
    assert len(found["power_floor"]["diagnostics"]["influence"]) == 16


@pytest.mark.parametrize("noise", [("--test-examples", 10_000), ("--test-examples", "n"), ("--stderr", "se")])
def test_what_is_known_of_the_noise_may_be_a_number_or_a_column(
    noise: tuple[str, object], points: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ("--form", "power_floor")
    found = fitted(points, "--x", "C", "--y", "err", *noise, *form, capsys=capsys, monkeypatch=monkeypatch)
    plain = fitted(points, "--x", "C", "--y", "err", *form, capsys=capsys, monkeypatch=monkeypatch)
    low, high = found["power_floor"]["intervals"]["exponent"]
    assert low < 0.25 < high
    assert found["power_floor"]["params"] != plain["power_floor"]["params"]


def test_predictions_come_with_intervals_at_the_level_that_was_asked_for(
    points: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--form", "auto", "--calibrate", "--at", 1e13, "--at", 1e14, "--level", 0.8)
    found = fitted(points, "--x", "C", "--y", "err", *options, capsys=capsys, monkeypatch=monkeypatch)["auto"]
    assert found["form"] == "power_floor"
    assert found["level"] == found["predictions"]["level"] == 0.8
    assert found["predictions"]["compute"] == [1e13, 1e14]
    assert found["predictions"]["low"][0] < found["predictions"]["error"][0] < found["predictions"]["high"][0]
    assert found["calibration"]["hidden"] == 8


def test_a_robust_objective_is_named_with_its_threshold(
    points: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--objective", "huber", "--delta", 1e-3, "--form", "power_floor")
    found = fitted(points, "--x", "C", "--y", "err", *options, capsys=capsys, monkeypatch=monkeypatch)["power_floor"]
    assert (found["objective"], found["delta"], found["aicc"]) == ("huber", 1e-3, None)


def test_a_number_that_the_points_do_not_identify_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = 0.1 * np.exp(0.2 * np.random.default_rng(1).standard_normal(12))
    path = write(tmp_path / "noise.csv", C=np.geomspace(1e9, 1e12, 12), err=noise)
    found = fitted(path, "--x", "C", "--y", "err", capsys=capsys, monkeypatch=monkeypatch)
    for form in ("power", "power_floor"):
        assert found[form]["identified"] is False
        assert found[form]["params"]["exponent"] is None
        assert found[form]["compute_exponent"] is None
        assert found[form]["gate"]


def test_sizes_make_a_surface_with_its_allocation_and_check(
    sizes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("--x", "flops", "--y", "err", "--n", "N", "--d", "D")
    found = fitted(sizes, *columns, "--chance", 0.9, "--at", 1e13, capsys=capsys, monkeypatch=monkeypatch)
    assert set(found) == {"additive", "additive_ceiling"}
    one = found["additive_ceiling"]
    low, high = one["intervals"]["optimal_params_exponent"]
    assert low < 0.5 / 0.95 < high
    assert one["flops_per_param_example"] == pytest.approx(4)
    assert one["isoflop_check"]["n"] >= 3
    at = one["predictions"]
    assert at["params"][0] * at["examples"][0] * 4 == pytest.approx(1e13)
    assert at["params_low"][0] < at["params"][0] < at["params_high"][0]


def test_a_surface_takes_the_examples_that_were_repeated(
    sizes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = ("--x", "flops", "--y", "err", "--n", "N", "--d", "D", "--unique", "unique")
    found = fitted(sizes, *columns, capsys=capsys, monkeypatch=monkeypatch)
    assert "repetition_constant" in found["additive"]["params"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--n", "N"), "error: --d: missing; a surface needs both --n and --d"),
        (("--n", "N", "--d", "D", "--stderr", "err"), "error: --stderr: a surface takes the noise from its residuals"),
        (("--n", "N", "--d", "D", "--x", "flosp"), "unknown column 'flosp'; did you mean 'flops'?"),
        (("--x", "flops", "--objective", "median"), "error: objective: unknown 'median'; one of least_squares, huber"),
        (("--x", "flops", "--objective", "huber", "--delta", "-1"), "error: delta: is -1; a finite number of ln error"),
        (("--x", "flops", "--delta", "0.1"), "error: delta: is Huber's threshold and the objective is least_squares"),
        (("--n", "N", "--d", "D", "--objective", "lad", "--delta", "0.1"), "error: delta: is Huber's threshold"),
        (("--x", "flops", "--form", "cubic"), "no form could be fitted; form: unknown 'cubic'"),
        (("--x", "flops", "--form", "power", "--level", "95"), "error: level: is 95.0; a number between 0 and 1"),
        (("--x", "flops", "--test-examples", "m"), "unknown column 'm'; "),
    ],
)
def test_what_can_t_be_asked_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...],
    message: str,
    sizes: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, said = typed("fit", str(sizes), "--y", "err", *arguments, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("bad", ["nan", "inf"])
def test_a_row_that_is_no_number_is_named_by_its_column_and_row(
    bad: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "odd.csv"
    table.write_text("\ufeffC;err\r\n1e9;0.3\r\n1e10;0.2\r\n" + f"1e11;{bad}\r\n")
    code, said = typed("fit", str(table), "--x", "C", "--y", "err", capsys=capsys, monkeypatch=monkeypatch)
    assert code == 2
    assert f"column 'err', row 3: {bad} is not a finite number; mend or drop it" in said


def test_people_get_a_table(
    points: Path, sizes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "170")
    for arguments, words in (
        ((points, "--x", "C", "--y", "err"), ("power_floor", "dAICc", "whichever of power_floor", "95 % interval")),
        ((sizes, "--x", "flops", "--y", "err", "--n", "N", "--d", "D"), ("optimal_params_exponent", "IsoFLOP minima")),
    ):
        monkeypatch.setattr("sys.argv", ["harness", "fit", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        said = capsys.readouterr().out
        assert all(word in said for word in words)
