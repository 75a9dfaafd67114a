import pytest

from harmodels.config.schema import read_yaml


def keys(schema):
    """Every property name in a schema, however deep."""
    for name, value in schema.get("properties", {}).items():
        yield name
        yield from keys(value)
    for definition in schema.get("$defs", {}).values():
        yield from keys(definition)


@pytest.mark.parametrize("schema", ["config", "report", "datasets", "reporting", "truncated_bptt"])
def test_every_key_is_described_in_the_readme_of_config(repository, schema):
    text = (repository / "config" / "README.md").read_text(encoding="utf-8")
    content = read_yaml(repository / "workflow" / "schemas" / f"{schema}.schema.yaml")
    assert [key for key in keys(content) if f"`{key}`" not in text] == []
