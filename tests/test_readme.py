"""What the README tells people to type, typed."""

import re
import shlex
from pathlib import Path

import pytest

from harness import data
from harness.errors import DataError
from tests.command import harness_alone
from tests.conftest import require

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
CHEAPEST = "budget.training_flops=1e9,1.78e9,3.16e9"  # the demo's first budgets: seconds instead of minutes


def commands() -> list[list[str]]:
    """The command lines of all shell blocks, comments left out."""
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def test_the_readme_s_two_commands_are_targets_that_do_all_set_up() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert [command for command in commands() if command[0] == "make"] == [["make", "demo"], ["make", "test"]]
    assert re.search(r"^demo: \.venv/installed\n\t\$\(BIN\)/harness demo$", makefile, flags=re.MULTILINE)
    assert re.search(r"^test: \.venv/installed-dev$", makefile, flags=re.MULTILINE)


@pytest.mark.slow(60)
def test_the_readme_s_commands_work_one_after_another_on_real_images(tmp_path: Path) -> None:
    try:
        data.get("fashion_mnist")
    except DataError as error:
        require(False, f"Fashion-MNIST can't be had: {error}")
    typed = [command[1:] for command in commands() if command[0] == "harness"]
    assert {words[0] for words in typed} == {"plan", "launch", "report", "fit"}
    for words in [["demo"], *typed]:
        cheap = [*words, CHEAPEST, "study.name=demo"] if words[0] in ("demo", "plan", "launch", "report") else words
        done = harness_alone(*cheap, cwd=tmp_path, timeout=600)
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
    assert (tmp_path / "outputs/studies/demo/report.html").exists()


def test_every_verb_is_in_the_readme_and_every_one_there_exists() -> None:
    said = harness_alone("--help").stdout
    verbs = set(re.findall(r"^│ (\w+)  ", said, flags=re.MULTILINE))
    table = README.split("| verb | what it does |")[1].split("\n\n")[0]
    in_table = {
        word for cell in re.findall(r"^\| (.*?) \|", table, flags=re.MULTILINE) for word in re.findall(r"`(\w+)", cell)
    }
    assert verbs == in_table
