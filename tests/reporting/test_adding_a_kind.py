"""A kind of table from outside the package, as CONTRIBUTING describes it: one file and its test."""

from typing import Literal

import pandas as pd
import pytest

from harmodels.config.base import Count, key
from harmodels.errors import ConfigurationError
from harmodels.reporting.reports import Products
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables import TableSpec, read_table_csv, write_table_files
from harmodels.reporting.tables.cells import Sample, summarise
from harmodels.reporting.tables.rows import Stacked, rows_of
from harmodels.reporting.tables.spec import Table
from tests.reporting.entries import LAST, entry

ENTRY = entry("divergences", LAST)


@pytest.fixture
def divergences(monkeypatch):
    """Define the kind for the length of a test."""
    monkeypatch.setattr(TableSpec, "kinds", dict(TableSpec.kinds))

    class Divergences(Stacked):
        """How many replicates of each configuration diverged."""

        note = "Configurations that lost fewer are left out."

        kind: Literal["divergences"] = "divergences"
        least: Count = key(0, "How many a configuration lost at least.", ge=0)

        def heading(self, measure):
            return "Lost"

        def build(self, given):
            rows = rows_of(self.selections, given.runs)
            found = [row for row in rows if len(row.run.diverged) >= self.least]
            samples = []
            for row in found:
                count = pd.DataFrame({"replicate": [0], "value": [float(len(row.run.diverged))]})
                samples.append(Sample.of(row.run, row.names, "", "epochs", count))
            keys = tuple(found[0].names)
            return Table(self, keys, summarise(samples, keys))

    return Divergences


def test_a_new_kind_is_read_built_and_written_like_any_other(divergences, runs_of, tmp_path):
    runs = {"b": []}
    for hidden, lost in ((5, ()), (6, (0,)), (7, (0, 2))):
        runs["b"] += runs_of(hidden, diverged=lost)["b"]
    spec = Products.read({"tables": {"t": ENTRY | {"least": 1}}}).tables["t"]
    assert isinstance(spec, divergences)
    assert spec.needs == ["b"]
    assert TableSpec.read(spec.given()) == spec
    write_table_files(spec.build(Sources(runs)), tmp_path / "t")
    assert "| 6 | 1 | 1 of 3 |\n| 7 | 2 | 2 of 3 |" in (tmp_path / "t.md").read_text()
    assert spec.note in (tmp_path / "t.md").read_text()
    assert "7 & 2 & 2 of 3" in (tmp_path / "t.tex").read_text()
    assert read_table_csv(tmp_path / "t.csv", spec).cells["value"].tolist() == [1.0, 2.0]


def test_the_keys_of_a_new_kind_are_checked_like_those_of_any_other(divergences):
    with pytest.raises(ConfigurationError, match=r"tables\.t: unknown key 'leest' \(did you mean"):
        Products.read({"tables": {"t": ENTRY | {"leest": 1}}})
    with pytest.raises(ConfigurationError, match=r"tables\.t\.least: -1 should be at least 0"):
        Products.read({"tables": {"t": ENTRY | {"least": -1}}})


def test_a_kind_that_nobody_defined_is_refused():
    with pytest.raises(ConfigurationError, match="there is no table of kind 'divergences'"):
        TableSpec.read(ENTRY)
