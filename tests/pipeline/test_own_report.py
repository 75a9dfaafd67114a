"""A report of a user's own, named by its path: the one in docs/howto.md, and mistakes in it."""

import re

import pytest

from harmodels.errors import ConfigurationError
from harmodels.pipeline.inputs import Inputs

FILE = re.compile(r"^```\w+\n# (\S+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TABLE = re.compile(r"`(\S+)`:\n\n```csv\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PLAN = {"file": "reports/units.yaml", "datasets": ["simulated"]}


def write_own_report(repository, folder):
    """Write the files of the page."""
    page = (repository / "docs" / "howto.md").read_text(encoding="utf-8")
    page = page.partition("**Write a report of your own.**")[2].partition("**Bring")[0]
    files = [*FILE.findall(page), *TABLE.findall(page)]
    names = ["reports/units.yaml", "mine.yaml", "Snakefile", "reports/units.csv"]
    assert [name for name, _ in files] == names
    (folder / "reports").mkdir()
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def work(repository, tmp_path, monkeypatch):
    """The working directory, with these files."""
    write_own_report(repository, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spoil(work, old, new):
    path = work / "reports" / "units.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def planned(load, wildcards):
    inputs = Inputs(load(reports={"units": PLAN}))
    job = wildcards(report="units", name="accuracy")
    return inputs.published(job), inputs.published_runs("tables")(job)


def test_its_published_numbers_lie_beside_it_and_a_changed_one_is_noticed(work, load, wildcards):
    before, runs = planned(load, wildcards)
    assert list(before) == ["units.csv"]
    assert runs["folder"] == "reports"
    (work / "reports" / "units.csv").write_text("hidden,top1\n4,0.5\n16,0.6\n", encoding="utf-8")
    assert planned(load, wildcards)[0] != before


def test_published_runs_lie_beside_it_too(work, load, wildcards):
    spoil(work, "tables:", "published_runs:\n  units: {table: units.csv}\ntables:")
    assert list(planned(load, wildcards)[1]["files"]) == ["units.csv"]


def test_a_report_of_the_package_names_no_folder_of_the_checkout(pipeline, wildcards):
    given = Inputs(pipeline).published_runs("tables")(wildcards(name="table1"))
    assert "folder" not in given
    assert given["files"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "units.csv",
            "unit.csv",
            r"no published file 'unit\.csv' \(did you mean 'units\.csv'\?\); "
            r"the folder of reports/units\.yaml has units\.csv",
        ),
        (
            "units.csv",
            "../units.csv",
            r"the name of a CSV file of the folder of reports/units\.yaml",
        ),
        ("hidden: [4, 16]", "hiden: [4, 16]", r"^reports/units\.yaml: .*'hiden'"),
        ("kind: top_k", "kind: top", r"^reports/units\.yaml: .*accuracy.*'top_k'"),
        ("draw: {", "draw_by_dataset: {simulatd: {}}\ndraw: {", r"^reports/units\.yaml: .*'simul"),
    ],
)
def test_a_mistake_in_it_is_named_with_the_users_file(work, load, old, new, says):
    spoil(work, old, new)
    with pytest.raises(ConfigurationError, match=says):
        load(reports={"units": PLAN})


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (PLAN | {"options": {"hidden": 8}}, r"change its grid in reports/units\.yaml"),
        (
            PLAN | {"file": "units.yaml"},
            r"^reports\.units\.file: there is no file 'units\.yaml' in",
        ),
        (PLAN | {"file": "u" * 5000}, r"^reports\.units\.file: there is no file 'uuu"),
        ({"datasets": ["simulated"]}, r"name the file in reports\.units\.file"),
    ],
)
def test_a_mistake_in_the_plan_says_where_to_mend_it(work, load, plan, says):
    with pytest.raises(ConfigurationError, match=says):
        load(reports={"units": plan})
