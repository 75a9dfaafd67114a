"""Whether what lies in a results folder follows from what lies beside it."""

from harmodels.provenance.verification.checks import Checks, Finding, report_lines
from harmodels.provenance.verification.folder import verify_folder

__all__ = ["Checks", "Finding", "report_lines", "verify_folder"]
