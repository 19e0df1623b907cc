"""The command line. Verbs import what they need when they are called, so that ``--help`` answers at once."""

import os
import sys

import typer

from harness.cli import (
    again,
    calibrating,
    claims,
    compare,
    doctoring,
    fitting,
    flops,
    keeping,
    paper,
    projecting,
    reading,
    running,
    simulate,
    standing,
    syncing,
    tuning,
    verifying,
    watching,
)
from harness.errors import HarnessError
from harness.secrets import redact

EXIT_CODES = (
    "Exit codes: 0 done; 1 some run failed or is not finished; 2 what was asked can't be; 3 the plan is over budget; "
    "130 interrupted."
)

LONGEST_ERROR = 2000  # characters

app = typer.Typer(
    name="harness",
    help="How does error fall with compute? Train a sweep, fit it, judge the claims, read one page.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
running.add_to(app)
again.add_to(app)
standing.add_to(app)
watching.add_to(app)
reading.add_to(app)
calibrating.add_to(app)
doctoring.add_to(app)
fitting.add_to(app)
projecting.add_to(app)
paper.add_to(app)
simulate.add_to(app)
compare.add_to(app)
flops.add_to(app)
claims.add_to(app)
keeping.add_to(app)
tuning.add_to(app)
syncing.add_to(app)
verifying.add_to(app)


def error_line(message: str) -> str:
    """``error: <message>``: one line, of bearable length, without secrets or what could steer a terminal."""
    words = " ".join(redact(message).split())
    plain = "".join(character if character.isprintable() else "\ufffd" for character in words)
    if len(plain) > LONGEST_ERROR:
        plain = f"{plain[: LONGEST_ERROR // 2]} ... {plain[-LONGEST_ERROR // 2 :]}"
    return f"error: {plain}"


def main() -> None:
    """Run the command line; what the user can put right is one ``error:`` line and exit code 2."""
    try:
        app()
    except HarnessError as error:
        print(error_line(str(error)), file=sys.stderr)
        sys.exit(2)
    except RecursionError:
        print("error: input: is nested too deeply; a flat file or a shorter expression would do", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has enough: `| head`
        sys.exit(0)
    except OSError as error:
        print(f"error: {error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)
