"""Figures: drawn by pure functions of a specification and runs, saved as SVG and PNG.

Each kind, or a few that share their drawing, is one file: the keys of its specification, their
check and how it is drawn.
"""

from harmodels.reporting.figures.gradients import GradientNorms
from harmodels.reporting.figures.losses import LossByOption, LossesCompared, TrainAgainstValidation
from harmodels.reporting.figures.matrices import Confusion, ConfusionPairs
from harmodels.reporting.figures.protocols import ProtocolDots
from harmodels.reporting.figures.recalls import RecallBars
from harmodels.reporting.figures.spec import FigureSpec
from harmodels.reporting.figures.style import save_figure
from harmodels.reporting.figures.sweeps import Sweep, SweepTime
from harmodels.reporting.figures.training import TrainingCurves

__all__ = [
    "Confusion",
    "ConfusionPairs",
    "FigureSpec",
    "GradientNorms",
    "LossByOption",
    "LossesCompared",
    "ProtocolDots",
    "RecallBars",
    "Sweep",
    "SweepTime",
    "TrainAgainstValidation",
    "TrainingCurves",
    "save_figure",
]
