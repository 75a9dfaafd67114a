"""The page's reader on the table of cases that Python's reader passes too."""

import base64
import re
from dataclasses import asdict

import numpy as np
import pytest

from harmodels.live.page import describe_channel
from tests.recording_cases import all_cases

CASES = {name: case for name, case in all_cases().items() if not case.no_page}
READ = """async ({files, channels, given}) => {
  const bytes = (text) => Uint8Array.from(atob(text), (mark) => mark.charCodeAt(0));
  try {
    const read = await openRecording(
      Object.entries(files).map(([name, text]) => new File([bytes(text)], name)), channels, given);
    await read.read(async () => true);
    return {
      sessions: read.sessions.map(({times, columns}) => (
        {times: Array.from(times), columns: columns.map((column) => Array.from(column))})),
      notes: read.notes, origin: originText(read.origin),
    };
  } catch (error) { return {error: error.message, stack: error.stack}; }
}"""


@pytest.mark.parametrize("name", CASES)
def test_page_reads_what_the_command_reads(name, in_node):
    case = CASES[name]
    channels = [describe_channel(*pair) for pair in zip(case.channels, case.units, strict=True)]
    files = {file: base64.b64encode(content).decode() for file, content in case.files.items()}
    given = {"files": files, "channels": channels, "given": asdict(case.given)}
    read = in_node(READ, given)
    if case.error is not None:
        assert re.search(case.error, read["error"])
        return
    assert "error" not in read, read["stack"]
    parts = read["sessions"]
    times = np.concatenate([part["times"] for part in parts])
    values = np.concatenate([np.transpose(part["columns"]) for part in parts])
    assert len(parts) == case.sessions
    np.testing.assert_allclose(times - times[0], case.times - case.times[0], atol=case.tolerance)
    np.testing.assert_allclose(values, case.values, atol=case.tolerance)
    assert case.origin is None or read["origin"] == case.origin
    for pattern in case.says:
        assert any(re.search(pattern, note) for note in read["notes"]), read["notes"]
