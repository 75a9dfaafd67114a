"""Whether what lies in a results folder follows from what lies beside it."""

from harmodels.reporting.verification.checks import Checks, Finding, report_lines
from harmodels.reporting.verification.folder import verify_folder

__all__ = ["Checks", "Finding", "report_lines", "verify_folder"]
