"""Verification of a results folder: every file against its inputs and its recorded hash."""

from harmodels.provenance.verification.checks import Checks, Finding, report_lines
from harmodels.provenance.verification.folder import verify_folder

__all__ = ["Checks", "Finding", "report_lines", "verify_folder"]
