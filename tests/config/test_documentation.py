import pytest

from harmodels.config.describe import FILES, describe_all
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


def test_the_readme_of_config_is_what_the_schemas_say(repository):
    readme = (repository / "config" / "README.md").read_text(encoding="utf-8")
    assert describe_all(repository / "workflow" / "schemas") in readme
