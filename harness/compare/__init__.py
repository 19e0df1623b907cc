"""A study held against published curves: the same axes after conversion, exponents with the difference's interval.

Exponents need no conversion, only the same quantity; levels need units, and where a unit has none the curve is compared
and not drawn.
"""

from harness.compare.comparison import Comparison
from harness.compare.held import compare_with

__all__ = ["Comparison", "compare_with"]
