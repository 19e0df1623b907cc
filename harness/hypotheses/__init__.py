"""Tests of hypotheses about a curve, one file a test; each returns a frozen ``Finding``.

::

    fitted = whichever(compare_forms(compute, error).fits)
    at_least(fitted, 9.0)                               # compute grows at least as the 9th power of 1/error
    within_factor(fitted, 9.0, factor=1.25)             # ... as the 9th, to a quarter
    equals(fitted, 9.0)
    power_or_exponential(fits), floor(fits)
    compare_recipes(recipe(c1, e1), recipe(c2, e2), margin=0.1)
    same_error(e1, e2, factor=1.02)                     # pairs of runs that share a seed
"""

from harness.hypotheses.equivalence import same_error
from harness.hypotheses.exponent import at_least, equals, within_factor
from harness.hypotheses.family import power_or_exponential, vuong
from harness.hypotheses.finding import Answer, Finding
from harness.hypotheses.fitted import Fitted, Whichever, p_value, whichever
from harness.hypotheses.floor import floor
from harness.hypotheses.recipes import Gain, Recipe, Recipes, compare_recipes, recipe

__all__ = [
    "Answer",
    "Finding",
    "Fitted",
    "Gain",
    "Recipe",
    "Recipes",
    "Whichever",
    "at_least",
    "compare_recipes",
    "equals",
    "floor",
    "p_value",
    "power_or_exponential",
    "recipe",
    "same_error",
    "vuong",
    "whichever",
    "within_factor",
]
