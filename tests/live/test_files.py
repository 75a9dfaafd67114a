"""Files that are dropped on the page, in a headless Chromium: what the command writes of them."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from harmodels.data.reading.recording import open_recording
from harmodels.recordings.activities import write_activities
from harmodels.recordings.classify import Classifier, classify_recording
from tests.live.conftest import G, text, timeline, wait_for


@pytest.fixture
def drop(page, model, tmp_path):
    """Open text as a file of the page; return its timeline and what the command writes."""

    def drop_file(text, name="walk.csv"):
        (tmp_path / name).write_text(text)
        page.find_element("id", "file").send_keys(str(tmp_path / name))
        wait_for(page, "done")
        card = model.card_
        recording = open_recording(tmp_path / name, card.channels, card.units)
        activities = classify_recording(Classifier(model, "model"), recording)
        stream = io.StringIO()
        write_activities(stream, activities)
        return timeline(page), pd.read_csv(io.StringIO(stream.getvalue()))

    return drop_file


@pytest.mark.parametrize("foreign", [False, True], ids=["own", "other names, units, order, times"])
def test_file_at_another_rate_is_what_the_command_writes(foreign, page, card, recording, drop):
    times, values = recording
    frame, separator = pd.DataFrame(values, columns=card.channels), ","
    frame.insert(3, "time", times)
    if foreign:
        names = ["ax", "ay", "az", "gx", "gy", "gz"]
        frame = pd.DataFrame(values * [G, G, G, 1, 1, 1], columns=names)[names[::-1]]
        frame["timestamp"], separator = 1.7e12 + 1000 * times, ";"
    ours, theirs = drop(frame.to_csv(index=False, sep=separator))
    assert ours["label"].nunique() == 3
    pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=2e-4)
    assert f"--unit acc={'m/s2' if foreign else 'g'}" in text(page, "notes")
    assert page.execute_script("return !document.getElementById('download').disabled")


def test_file_at_the_rate_of_the_model_is_what_the_command_writes(page, card, drop):
    values = np.random.default_rng(2).normal(size=(400, 6)) * np.repeat([0.02, 0.6], 200)[:, None]
    values[:, 0] += 1.0
    values[150:200, 4] = 0.25  # stuck for two and a half seconds
    frame = pd.DataFrame(values, columns=card.channels)
    frame.insert(0, "time", 3 + np.arange(400) / 20 + (np.arange(400) > 290))  # a pause of 1 s
    ours, theirs = drop(frame.to_csv(index=False))
    assert len(theirs) == 37
    pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=2e-4)
    pieces = page.execute_script("return session.pieces")
    following = np.append(theirs["start"][1:], np.inf)
    lasting = np.minimum(theirs["end"], following) - theirs["start"]
    shown = sum(piece["end"] - piece["start"] for piece in pieces)
    assert shown == pytest.approx(lasting.sum(), abs=0.01)


def test_times_keep_their_zone_and_what_is_found_gets_no_label(page, card, drop):
    values = np.random.default_rng(3).normal(scale=0.3, size=(400, 6))
    values[:, 0] += 1.0
    values[200:, 2] = 0.125  # stuck
    frame = pd.DataFrame(values, columns=card.channels)
    stamps = pd.Timestamp("2024-05-01T12:00+02:00") + pd.to_timedelta(np.arange(400) / 20, "s")
    frame.insert(0, "time", [stamp.isoformat() for stamp in stamps])
    ours, theirs = drop(frame.to_csv(index=False))
    assert ours["start"].tolist() == theirs["start"].tolist()
    assert ours["start"][0] == "2024-05-01T12:00:00.000+02:00"
    assert ours["label"].isna().tolist() == theirs["label"].isna().tolist()
    assert 0 < ours["label"].isna().sum() < len(ours)
    assert "acc_z stays at 0.125 g while others move: no label" in text(page, "notes")


def test_a_recording_that_cannot_be_right_is_refused_and_its_remedy_helps(page, card, tmp_path):
    values = np.random.default_rng(4).normal(scale=0.3, size=(400, 6))
    values[:, 0] += 1.0
    frame = pd.DataFrame(values * [G, G, G, 1, 1, 1], columns=card.channels)
    frame.insert(0, "time", np.arange(400) / 20)
    columns = {name: f"{name} (g)" for name in card.channels[:3]}  # a header that is wrong
    frame.rename(columns=columns).to_csv(tmp_path / "walk.csv", index=False)
    page.find_element("id", "file").send_keys(str(tmp_path / "walk.csv"))
    wait_for(page, "failed")
    assert "say --unit acc=m/s2" in text(page, "state")
    options = page.find_element("id", "options")
    given = options.get_attribute("value").replace("--unit acc=g", "--unit acc=m/s2")
    options.clear()
    options.send_keys(given)
    page.find_element("css selector", "#reread button").click()
    wait_for(page, "done")


def test_labels_survive_the_table(page):
    names = ['sits, "still"', "walks\r\nfast", "lies"]
    page.execute_script("model.classes.splice(0, 3, ...arguments[0])", names)
    window = {"start": 0, "end": 1, "best": 1, "probabilities": [0.25, 0.5, 0.25]}
    page.execute_script("session.windows = [arguments[0]]", window)
    written = page.execute_script("return timelineCsv()")
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert rows == [
        ["start", "end", "label", *names],
        ["0.000", "1.000", names[1], "0.2500", "0.5000", "0.2500"],
    ]


def test_file_without_the_channels_is_refused_by_name(page, tmp_path):
    (tmp_path / "poem.csv").write_text("time,acc_x\n0,1\n")
    page.find_element("id", "file").send_keys(str(tmp_path / "poem.csv"))
    wait_for(page, "failed")
    assert "no column for acc_y" in text(page, "state")
