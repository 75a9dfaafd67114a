import shutil

import pytest
from jsonschema import Draft202012Validator

from harmodels.config.describe import FILES, describe_all
from harmodels.pipeline.describe import generated, main
from harmodels.config.options import OPTIONS
from harmodels.config.yaml_files import read_yaml


def keys(schema):
    """Every property name in a schema, however deep."""
    for name, value in schema.get("properties", {}).items():
        if "const" not in value:
            yield name
        yield from keys(value)
    for definition in schema.get("$defs", {}).values():
        yield from keys(definition)


@pytest.mark.parametrize("name", FILES)
def test_the_description_holds_every_key_of_the_schema(repository, name):
    schemas = repository / "workflow" / "schemas"
    text = describe_all(schemas)
    content = read_yaml(schemas / f"{name}.schema.yaml")
    missing = [key for key in keys(content) if f"{key}`" not in text]
    assert missing == []


def test_every_schema_is_described(repository):
    found = {p.name.split(".")[0] for p in (repository / "workflow" / "schemas").iterdir()}
    assert found == set(FILES)


def test_the_committed_files_are_what_the_options_say(repository):
    stale = [p for p, text in generated(repository) if p.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make keys`"


def test_the_check_names_a_file_that_is_out_of_date_and_changes_nothing(
    repository, tmp_path, capsys
):
    for folder in ("config", "workflow/schemas"):
        shutil.copytree(repository / folder, tmp_path / folder)
    path = tmp_path / "workflow" / "schemas" / "perceptron.schema.yaml"
    path.write_text("title: other\n")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    assert f"{path} is out of date" in capsys.readouterr().out
    assert path.read_text() == "title: other\n"
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


KEYWORDS = {*Draft202012Validator.VALIDATORS, "then", "else"} | {
    *("$schema", "$id", "$defs", "$comment", "title", "description", "default")
}


def words(schema):
    """Every keyword of a schema, however deep."""
    if not isinstance(schema, dict):
        return
    yield from schema
    for word, value in schema.items():
        if word in ("properties", "$defs"):
            parts = list(value.values())
        elif word in ("allOf", "anyOf", "oneOf"):
            parts = value
        elif word in ("enum", "const", "default", "required", "type", "description"):
            parts = []
        else:
            parts = [value]
        for part in parts:
            yield from words(part)


@pytest.mark.parametrize("name", FILES)
def test_a_schema_holds_only_words_of_json_schema(repository, name):
    content = read_yaml(repository / "workflow" / "schemas" / f"{name}.schema.yaml")
    assert set(words(content)) - KEYWORDS == set()


def test_every_training_of_a_report_has_its_options(repository):
    content = read_yaml(repository / "workflow" / "schemas" / "report.schema.yaml")
    assert content["properties"]["training"]["enum"] == list(OPTIONS)
    experiment = content["$defs"]["experiment"]["properties"]
    assert experiment["training"]["enum"] == list(OPTIONS)


def test_the_readme_of_config_is_what_the_schemas_say(repository):
    readme = (repository / "config" / "README.md").read_text(encoding="utf-8")
    assert describe_all(repository / "workflow" / "schemas") in readme
