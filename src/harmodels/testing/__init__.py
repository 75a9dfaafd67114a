"""Checks for gradients that were derived by hand, with a verdict that names the mistake."""

from harmodels.testing.gradients import check_gradients
from harmodels.testing.report import GradientReport, Mistake, Verdict

__all__ = ["GradientReport", "Mistake", "Verdict", "check_gradients"]
