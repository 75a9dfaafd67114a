import pytest

from harmodels.data.registry import load_registry
from harmodels.errors import DataError, ResultsError
from harmodels.pipeline import folders
from harmodels.pipeline.folders import check_folders, check_recordings

REASON = "it is not writable. Choose another folder."


@pytest.mark.parametrize("linked", [False, True])
def test_a_folder_that_can_be_written_needs_no_word(tmp_path, linked):
    if linked:
        (tmp_path / "scratch").mkdir()
        (tmp_path / "results").symlink_to(tmp_path / "scratch")
    assert check_folders(tmp_path, ["results", "results/downloads"]) is None


@pytest.mark.parametrize("name", ["results", "results/downloads", "elsewhere/downloads"])
def test_a_link_to_nothing_is_named_with_where_it_leads(tmp_path, name):
    link = tmp_path / name.split("/", maxsplit=1)[0]
    link.symlink_to(tmp_path / "gone")
    with pytest.raises(ResultsError, match=f"{link} is a link to {tmp_path / 'gone'}, which does"):
        check_folders(tmp_path, [name])


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(ResultsError, match="results is a file, not a folder. Move it away"):
        check_folders(tmp_path, ["results/downloads"])


@pytest.mark.parametrize("notes", [True, False])
def test_a_folder_without_room_for_snakemakes_own_notes_is_refused(tmp_path, monkeypatch, notes):
    if notes:
        (tmp_path / ".snakemake").mkdir()
    monkeypatch.setattr(folders.os, "access", lambda *_: False)
    with pytest.raises(ResultsError, match=r"writes into .*/\.snakemake, even in a dry run"):
        check_folders(tmp_path, ["results"])


def test_results_that_cannot_be_written_may_be_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "why_unwritable", lambda folder: REASON)
    assert check_folders(tmp_path, ["results"]) == REASON


@pytest.fixture
def mine(tmp_path):
    """Return a function to the data set of recordings beside its registry."""
    entry = """\
mine:
  {{title: My walks, licence: mine, citation: none, format: table, recordings: {name}, rate_hz: 50,
   channels: {{acc_x: g}}, channel_groups: {{acceleration: [acc_x]}}, classes: [sitting, walking],
   window: {{steps: 100, step: 50, largest_gap_s: 0.2}}, table: {{subject: who, label: what}}}}
"""

    def make(name):
        (tmp_path / "mine.yaml").write_text(entry.format(name=name), encoding="utf-8")
        return load_registry(tmp_path / "mine.yaml")["mine"]

    return make


def test_recordings_that_are_missing_are_named_unless_they_were_read(tmp_path, mine):
    with pytest.raises(DataError, match=r"walks\.csv does not exist"):
        check_recordings(tmp_path, [mine("walks.csv")])
    made = tmp_path / "results" / "datasets" / "mine" / "sequences.parquet"
    made.parent.mkdir(parents=True)
    made.touch()
    check_recordings(tmp_path, [mine("walks.csv")])


def test_recordings_are_not_among_the_results(tmp_path, mine):
    with pytest.raises(DataError, match="holds the results too; put the recordings into a folder"):
        check_recordings(tmp_path, [mine(".")])
