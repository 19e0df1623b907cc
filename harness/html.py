"""What every page is made of: one template, the figures' specifications, and the Vega bundle, all in one file."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import vl_convert

from harness.errors import ConfigError
from harness.plots import VEGA_LITE, Figure
from harness.plots.numerals import count, interval, number, scientific
from harness.run_files import replacing


def page_template(name: str) -> jinja2.Template:
    """The template of that name; what it prints is escaped, and a name that it was not given is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(page_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "scientific": scientific, "count": count, "interval": interval}
    return environment.get_template(name)


def page_text(name: str) -> str:
    """A template, a style or a script as it stands in the package."""
    return (files("harness") / "templates" / name).read_text(encoding="utf-8")


def page_specification(figure: Figure) -> dict[str, Any]:
    """The specification of a figure as wide as its place in the page."""
    specification = {name: part for name, part in figure.specification.items() if name != "$schema"}
    return specification | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}


@cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script that defines ``vegaEmbed``."""
    bundle = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE))
    assert "</script" not in bundle, "the bundle would end its own script block"
    return bundle


@contextmanager
def writing_into(folder: Path) -> Iterator[None]:
    """Make the folder, and turn what the disk refuses inside into a message.

    Raises:
        ConfigError: the folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ConfigError(f"{folder}: the report can't be written ({error.strerror}); choose another place") from error


def write_page(text: str, page: Path) -> Path:
    """Write the page and return its path; it is renamed into place last, so who finds one finds a whole one."""
    with replacing(page) as file:
        file.write(text.encode())
    return page
