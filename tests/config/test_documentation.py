"""The key tables of config/README.md and the schemas for editors, from the records."""

import json

import pytest

from harmodels.config.options import OPTIONS
from harmodels.config.report_file import ReportFile
from harmodels.pipeline.describe import describe_all, main, records, schema_of


@pytest.mark.parametrize("record", records().values(), ids=records())
def test_the_page_has_every_key_of_a_record(record, repository):
    text = (repository / "config" / "README.md").read_text(encoding="utf-8")
    schema = schema_of(record)
    for part in (schema, *schema.get("$defs", {}).values()):
        missing = [key for key in part.get("properties", {}) if f"{key}`" not in text]
        assert missing == []


def test_the_page_is_what_the_records_say(repository):
    assert describe_all() in (repository / "config" / "README.md").read_text(encoding="utf-8")


def test_a_stale_page_is_named_and_renewed_with_the_schemas(repository, tmp_path, capsys):
    (tmp_path / "config").mkdir()
    (tmp_path / "workflow").mkdir()
    page = tmp_path / "config" / "README.md"
    text = (repository / "config" / "README.md").read_text(encoding="utf-8")
    page.write_text(text.replace("`epochs`", "`epoch`"), encoding="utf-8")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert f"{page} is out of date" in capsys.readouterr().out
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0
    schema = json.loads(
        (tmp_path / "workflow" / "schemas" / "truncated_bptt.schema.json").read_text()
    )
    assert schema["properties"]["clip"]["anyOf"][0]["exclusiveMinimum"] == 0
    assert schema["required"] == ["learning_rate", "hidden", "window"]


def test_every_training_of_a_report_has_its_options():
    training = schema_of(ReportFile)["properties"]["training"]
    assert set(training["enum"]) == set(OPTIONS)
