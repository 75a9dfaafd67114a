"""Tables of the keys of every configuration file, in Markdown, from their schemas."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harmodels.config.fields import LARGEST_COUNT, LARGEST_NUMBER
from harmodels.config.specs.describe import describe_specs
from harmodels.config.yaml_files import read_yaml

FILES = {
    "config": "What one call builds: `config/config.yaml`, `config/demo.yaml`, your own",
    "report": "A report: `config/reports/<key>.yaml`",
    "truncated_bptt": "Options of `training: truncated_bptt`",
    "minibatch": "Options of `training: minibatch`",
    "perceptron": "Options of `training: perceptron`",
    "recurrent": "Options of `training: recurrent`",
    "baseline": "Options of `training: baseline`",
    "datasets": "The registry of data sets: `config/datasets.yaml`",
}
SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def describe_all(schemas: Path) -> str:
    """Return a section of Markdown for each configuration file, with a table of its keys."""
    parts = []
    for name, title in FILES.items():
        if name == "datasets":
            parts.append(describe_specs())
        schema = read_yaml(schemas / f"{name}.schema.yaml")
        rows = [
            f"| `{key}` | {kind} | {default} | {text} |"
            for key, kind, default, text in _keys(schema)
        ]
        heading = f"## {title}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
        parts.append(heading + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Yield dotted key, value, default and meaning, definitions after what refers to them."""
    blocks = [
        ("", schema),
        *((f"{name}: ", part) for name, part in schema.get("$defs", {}).items()),
    ]
    for prefix, block in blocks:
        yield from _properties(prefix, block, schema.get("$defs", {}))


def _properties(
    prefix: str, block: Mapping[str, Any], definitions: Mapping[str, Any]
) -> Iterator[tuple[str, str, str, str]]:
    for key, given in block.get("properties", {}).items():
        if not isinstance(given, dict) or "const" in given:
            continue
        name = given.get("$ref", "").rpartition("/")[2]
        shared = definitions.get(name, {})
        # what has keys of its own is described after what refers to it
        spec = given if "properties" in shared else {**shared, **given}
        if "description" in given:  # of this place; so would be its default
            spec = {key: value for key, value in spec.items() if key != "default" or key in given}
        default = f"`{_text(spec['default'])}`" if "default" in spec else ""
        meaning = spec.get("description", "").replace("|", "\\|").strip()
        yield prefix + key, _value(spec), default, meaning
        yield from _properties(f"{prefix}{key}.", spec, definitions)


def _value(spec: Mapping[str, Any]) -> str:
    if "enum" in spec:
        return ", ".join(f"`{_text(value)}`" for value in spec["enum"])
    if "$ref" in spec:
        return str(spec["$ref"]).rsplit("/", maxsplit=1)[-1]
    if "oneOf" in spec:
        return " or ".join(_value(part) for part in spec["oneOf"])
    kinds = spec.get("type", "")
    text = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    # the bounds of what the compiled loops can hold tell a reader nothing
    bounds = [
        f"{sign} {spec[keyword]:g}"
        for keyword, sign in SIGNS.items()
        if keyword in spec and spec[keyword] not in (LARGEST_COUNT, LARGEST_NUMBER)
    ]
    return ", ".join([text, *bounds])


def _text(value: Any) -> str:
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
