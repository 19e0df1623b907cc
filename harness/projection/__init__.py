"""The inverse question: compute, device-hours, energy, money and carbon to reach a target error, as a set.

::

    found = project(compute, error, target=0.05, rates=rates(hardware, price), forms=FORMS)
    found.union["usd"]              # Range(low, value, high); .kind is interval, half-line or not reachable
    found.unreachable, found.back_test, found.warnings
"""

from harness.projection.back_test import BackTest, back_test
from harness.projection.constants import Constant, Hardware, Price, Rates, rates
from harness.projection.costs import COSTS, costs, costs_of_hours
from harness.projection.project import FormCosts, Projection, project
from harness.projection.reach import Range, Reach, reach

__all__ = [
    "COSTS",
    "BackTest",
    "Constant",
    "FormCosts",
    "Hardware",
    "Price",
    "Projection",
    "Range",
    "Rates",
    "Reach",
    "back_test",
    "costs",
    "costs_of_hours",
    "project",
    "rates",
    "reach",
]
