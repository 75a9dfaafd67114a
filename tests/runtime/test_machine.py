import logging
import sys

from harmodels.runtime.machine import describe_machine, describe_versions


def test_versions_and_machine_are_described():
    assert describe_versions()["python"] == sys.version.split()[0]
    assert describe_machine("cpu")["cores"] >= 1
    assert isinstance(logging.getLogger("harmodels"), logging.Logger)
