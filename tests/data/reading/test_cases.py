"""Every case of the table of cases, through the reader of recordings."""

import re

import numpy as np
import pytest

from harmodels.data.reading.recording import open_recording
from harmodels.errors import DataError
from tests.recording_cases import all_cases

CASES = all_cases()


def read(path, case):
    """Return a recording that was read, and its sessions, times and values."""
    recording = open_recording(path, case.channels, case.units, case.given)
    parts = list(recording.samples())
    sessions = np.concatenate([np.full(len(part.times), part.session) for part in parts])
    times = np.concatenate([part.times for part in parts])
    return recording, sessions, times, np.concatenate([part.values for part in parts])


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_read(name, tmp_path):
    case = CASES[name]
    for file, data in case.files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(data)
    path = tmp_path / next(iter(case.files)) if len(case.files) == 1 else tmp_path
    if case.error:
        with pytest.raises(DataError, match=case.error):
            read(path, case)
        return
    recording, sessions, times, values = read(path, case)
    assert np.isfinite(values).all()
    assert (np.diff(times)[np.diff(sessions) == 0] > 0).all()
    np.testing.assert_allclose(times, case.times, rtol=0, atol=case.tolerance)
    np.testing.assert_allclose(values, case.values, rtol=0, atol=case.tolerance)
    assert len(np.unique(sessions)) == case.sessions
    if case.origin is not None:
        assert str(recording.origin) == case.origin
    for pattern in case.says:
        assert any(re.search(pattern, note) for note in recording.notes), recording.notes
