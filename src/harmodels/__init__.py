"""Human-activity-recognition reports regenerated, with gradients derived by hand."""

from importlib.metadata import version

__version__ = version("harmodels")
