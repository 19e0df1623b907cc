"""Published scaling curves, one file a paper under ``curves/``: laws, exponents and points with units and sources.

A new one is one file; nothing is registered. ``harness published list`` shows what is there and ``harness compare``
holds a study against it.
"""

from harness.published.catalogue import catalogue, choose, find
from harness.published.curve import Curve, Exponent, Paper
from harness.published.reading import read_paper
from harness.published.yardstick import ImpliedExponent, implied_exponents

__all__ = [
    "Curve",
    "Exponent",
    "ImpliedExponent",
    "Paper",
    "catalogue",
    "choose",
    "find",
    "implied_exponents",
    "read_paper",
]
