import os
import zipfile

import pytest
import yaml

from harmodels.data.own_files import (
    check_own_files,
    hashes,
    own_files,
    own_recordings,
    refuse_changed,
)
from harmodels.data.registry import load_registry
from harmodels.errors import ConfigurationError, DataError

ENTRY = {
    "title": "My walks",
    "licence": "mine",
    "citation": "me",
    "format": "table",
    "rate_hz": 50,
    "channels": {"acc_x": "g"},
    "channel_groups": {"acceleration": ["acc_x"]},
    "classes": ["Sitting", "Walking"],
    "window": {"steps": 100, "step": 50, "largest_gap_s": 0.2},
    "table": {"subject": "person", "label": "activity", "time": "t"},
}
ARCHIVE = {"user_file": True, "largest_bytes": 1000}


@pytest.fixture
def own(tmp_path):
    """Return a function to the data set of an entry in a registry of a user's own."""

    def make(**changes):
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({"mine": ENTRY | changes}), encoding="utf-8")
        return load_registry(path)["mine"]

    return make


def _fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _names(dataset):
    return [file.relative_to(dataset.folder).as_posix() for file in own_files(dataset)]


def test_all_files_of_a_folder_are_read_but_for_hidden_ones(own, tmp_path):
    hidden = ["._a.csv", ".b.csv", ".ipynb_checkpoints/a-checkpoint.csv", "__MACOSX/a.csv"]
    _fill(tmp_path / "walks", "b/c.csv", "a.csv", *hidden, ".git/d.csv")
    assert _names(own(recordings="walks")) == ["walks/a.csv", "walks/b/c.csv"]


def test_links_are_followed_once(own, tmp_path):
    _fill(tmp_path / "elsewhere" / "p2", "b.csv")
    _fill(tmp_path / "walks", "a.csv")
    (tmp_path / "walks" / "p2").symlink_to(tmp_path / "elsewhere" / "p2")
    (tmp_path / "walks" / "round").symlink_to(tmp_path / "walks")
    (tmp_path / "linked").symlink_to(tmp_path / "walks")
    (tmp_path / "walks" / "broken.csv").symlink_to(tmp_path / "gone.csv")
    assert _names(own(recordings="linked")) == ["linked/a.csv", "linked/p2/b.csv"]


def test_the_home_folder_has_its_sign(own, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    _fill(tmp_path / "home" / "walks", "a.csv")
    assert own_files(own(recordings="~/walks")) == [tmp_path / "home" / "walks" / "a.csv"]


def test_a_folder_inside_a_hidden_one_is_read(own, tmp_path):
    _fill(tmp_path / ".data" / "walks", "a.csv")
    assert _names(own(recordings=".data/walks")) == [".data/walks/a.csv"]


@pytest.mark.parametrize("absolute", [False, True])
def test_a_file_is_read_where_it_lies(absolute, own, tmp_path):
    _fill(tmp_path, "walks.csv")
    dataset = own(recordings=str(tmp_path / "walks.csv") if absolute else "walks.csv")
    assert _names(dataset) == ["walks.csv"]
    assert own_recordings(dataset) == tmp_path / "walks.csv"


def test_a_table_beside_the_registry_needs_no_copy(own, tmp_path):
    dataset = own(path="walks.csv", archive=ARCHIVE | {"file": "walks.csv"})
    assert (own_recordings(dataset), own_files(dataset)) == (None, [])
    _fill(tmp_path, "walks.csv")
    assert own_recordings(dataset) == tmp_path / "walks.csv"
    assert _names(dataset) == ["walks.csv"]


def test_a_zip_beside_the_registry_is_unpacked_and_a_folder_is_not(own, tmp_path):
    dataset = own(path="walks/all", archive=ARCHIVE | {"file": "walks.zip"})
    _fill(tmp_path / "walks", "all/a.csv")
    assert own_recordings(dataset) == tmp_path / "walks" / "all"
    assert _names(dataset) == ["walks/all/a.csv"]
    with zipfile.ZipFile(tmp_path / "walks.zip", "w") as opened:
        opened.writestr("walks/all/a.csv", "a")
    assert own_recordings(dataset) is None
    assert _names(dataset) == ["walks.zip"]


def test_a_file_of_labels_beside_one_recording_is_an_input_too(own, tmp_path):
    _fill(tmp_path, "walks.csv", "labels.csv")
    layout = ENTRY["table"] | {"intervals": "labels.csv"}
    assert _names(own(recordings="walks.csv", table=layout)) == ["walks.csv", "labels.csv"]


def test_missing_recordings_are_named(own, tmp_path):
    with pytest.raises(DataError, match=r"mine: .*walks\.csv does not exist; the registry names"):
        check_own_files(own(recordings="walks.csv"))
    (tmp_path / "walks").mkdir()
    with pytest.raises(DataError, match="walks holds no file"):
        check_own_files(own(recordings="walks"))


@pytest.mark.parametrize("change", ["edited", "added", "removed"])
def test_a_change_after_planning_is_refused_whatever_the_date(change, own, tmp_path):
    _fill(tmp_path / "walks", "a.csv", "b.csv")
    dataset, file = own(recordings="walks"), tmp_path / "walks" / "b.csv"
    planned, date = hashes(own_files(dataset)), file.stat()
    refuse_changed(dataset, planned)
    if change == "edited":
        file.write_text("B.csv")
        os.utime(file, ns=(date.st_atime_ns, date.st_mtime_ns))
    elif change == "added":
        file = file.with_name("c.csv")
        file.write_text("c")
    else:
        file.unlink()
    with pytest.raises(DataError, match=f"{file.name} was changed while it was read"):
        refuse_changed(dataset, planned)


SOURCES = {
    "two sources": {"recordings": "a", "path": "a", "archive": ARCHIVE | {"file": "a.csv"}},
    "none": {"path": "a"},
}


@pytest.mark.parametrize("case", SOURCES)
def test_an_entry_has_one_source(case, own):
    with pytest.raises(ConfigurationError, match="either archive or simulation or recordings"):
        own(**SOURCES[case])


def test_an_archive_needs_the_path_inside_it(own):
    with pytest.raises(ConfigurationError, match="the key 'path' is missing"):
        own(archive=ARCHIVE | {"file": "a.csv"})
