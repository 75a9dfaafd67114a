"""Key tables of every configuration file and JSON Schemas for editors, from the records.

`python -m harmodels.pipeline.describe` renews the tables of config/README.md and writes the schemas
to workflow/schemas, where git ignores them (`make keys`); with `--check` it says whether the page
is out of date (`make lint`).
"""

import argparse
import inspect
import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from harmodels.config.options import OPTIONS, Options
from harmodels.config.project import ProjectFile
from harmodels.config.report_file import ReportFile
from harmodels.config.selection import Choosing, OfCheckpoint, OfSplit, Titled
from harmodels.data.registry import Entry
from harmodels.errors import ConfigurationError
from harmodels.reporting.claims import ClaimSpec
from harmodels.reporting.figures import FigureSpec
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.protocol import Protocol
from harmodels.reporting.tables import TableSpec

HEADING = "## What one call builds"
HEAD = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_WORDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_KINDS = {"object": "mapping", "array": "list", "string": "text"}


class _Selection(Titled, OfSplit, OfCheckpoint, Choosing):
    """All keys by which products select runs."""


def records() -> dict[str, type[BaseModel]]:
    """Return the record of every configuration file, by the name of its schema."""
    return {
        "config": ProjectFile,
        "report": ReportFile,
        **OPTIONS,
        "datasets": Entry,
        "protocol": Protocol,
    }


def describe_all() -> str:
    """Return a section of Markdown for each configuration file, with a table of its keys."""
    parts = []
    for name, record in records().items():
        meaning = " ".join((inspect.getdoc(record) or "").split("\n\n")[0].split())
        title = f"Options of `training: {name}`" if name in OPTIONS else meaning.rstrip(".")
        if name == "datasets":
            parts.append(describe_products())
        parts.append(f"## {title}\n\n{table_of(record)}")
    return "\n".join(parts)


def describe_products() -> str:
    """Return a section of Markdown with the keys of every kind of table, figure and claim."""
    parts = [
        "## Tables, figures and claims of a report\n\n"
        "Each selects runs of experiments by keys of a *selection*; a key that a kind does not "
        f"take is an error.\n\n### Selection\n\n{table_of(_Selection)}"
    ]
    known = {(key, meaning) for key, _, _, meaning in rows_of(_Selection)}
    bases: tuple[type[ProductSpec], ...] = (TableSpec, FigureSpec, ClaimSpec)
    for base in bases:
        named: dict[type[ProductSpec], list[str]] = {}
        for kind, record in base.kinds.items():
            named.setdefault(record, []).append(f"`{kind}`")
        for record, kinds in named.items():
            meaning = " ".join((inspect.getdoc(record) or "").split())
            title = f"{base.noun.capitalize()}: {' and '.join(kinds)}"
            parts.append(f"### {title}\n\n{meaning}\n\n{table_of(record, known)}")
    return "\n".join(parts)


def table_of(record: type[BaseModel], known: Collection[tuple[str, str]] = ()) -> str:
    """Return the keys of a record as a table in Markdown, those of records inside it included.

    Neighbours that are in `known`, by key and meaning, share a row.
    """
    lines = [HEAD]
    for common, rows in groupby(
        (row for row in rows_of(record) if row[0] != "kind"),
        lambda row: (row[0].rpartition(".")[2], row[3]) in known,
    ):
        if common:
            lines.append(
                f"| {', '.join(f'`{row[0]}`' for row in rows)} | as in a selection | | |\n"
            )
        else:
            lines += [
                f"| `{key}` | {kind} | {usual} | {text} |\n" for key, kind, usual, text in rows
            ]
    return "".join(lines)


def rows_of(record: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    """Return key, value, default and meaning of each key of a record."""
    schema = schema_of(record)
    return list(_rows(schema, schema.get("$defs", {}), {}))


def schema_of(record: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a record; options have to state what reports are compared by."""
    schema: dict[str, Any] = _standard(record.model_json_schema())
    if issubclass(record, Options):
        schema["required"] = list(record.stated)
        for key in record.stated:
            del schema["properties"][key]["default"]
    return schema


def _standard(schema: Any) -> Any:
    """Return a schema with the standard words for bounds, which pydantic leaves on numbers kept."""
    if isinstance(schema, dict):
        return {_WORDS.get(key, key): _standard(value) for key, value in schema.items()}
    return [_standard(part) for part in schema] if isinstance(schema, list) else schema


def _rows(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], seen: dict[int, str], at: str = ""
) -> Iterator[tuple[str, str, str, str]]:
    """Yield dotted key, value, default and meaning; the keys of a record once."""
    for key, given in schema.get("properties", {}).items():
        default = given.get("default")
        shown = "" if default in (None, [], {}) else f"`{_text(default)}`"
        meaning = re.sub(r"[|<]", r"\\\g<0>", given.get("description", "")).strip()
        inner, step = _record_in(given, definitions)
        if inner is None:
            yield at + key, _value(given, definitions), shown, meaning
            continue
        first = seen.setdefault(id(inner), f"{at}{key}{step}")
        new = first == f"{at}{key}{step}"
        kind = "list of mappings" if ".<item>" in step else "mapping"
        yield at + key, kind if new else f"{kind}, keys as in `{first}`", "", meaning
        if new:
            yield from _rows(inner, definitions, seen, f"{at}{key}{step}.")


def _record_in(
    given: Mapping[str, Any], definitions: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, str]:
    """Return the record that a value is or holds, and how its keys are reached from there.

    Of several records that a value may be, it has the keys of all.
    """
    if "$ref" in given:
        found = definitions[given["$ref"].rpartition("/")[2]]
        return (found if "properties" in found else None), ""
    parts = [(part, "") for part in (*given.get("anyOf", ()), *given.get("oneOf", ()))]
    inner = given.get("additionalProperties") or [*given.get("patternProperties", {}).values()]
    parts += [(part, ".<key>") for part in (inner if isinstance(inner, list) else [inner])]
    parts += [(given.get("items"), ".<item>")]
    records = [
        (found, way + step)
        for part, way in parts
        if isinstance(part, dict)
        for found, step in [_record_in(part, definitions)]
        if found is not None
    ]
    if len(records) > 1:
        properties = {k: v for found, _ in records for k, v in found["properties"].items()}
        return {"properties": properties}, records[0][1]
    return records[0] if records else (None, "")


def _value(given: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in given:
        return _value(definitions[given["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in given:
        return " or ".join(_value(part, definitions) for part in given["anyOf"])
    if "const" in given or "enum" in given:
        values = given.get("enum", [given.get("const")])
        return ", ".join(f"`{_text(value)}`" for value in values)
    bounds = [f"{sign} {given[word]:g}" for word, sign in _SIGNS.items() if word in given]
    kind = given.get("type", "any")
    if kind == "array" and given.get("items"):
        return f"list of {_value(given['items'], definitions)}"
    return ", ".join([_KINDS.get(kind, kind), *bounds])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return json.dumps(value) if isinstance(value, bool | None) else str(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Renew the page and the schemas, or with `--check` only say whether the page is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail if one differs")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout")
    given = parser.parse_args(arguments)
    page = given.root / "config" / "README.md"
    text = page.read_text(encoding="utf-8")
    prose, found, _ = text.partition(HEADING)
    if not found:
        raise ConfigurationError(f"{page} has no heading {HEADING!r}, which begins the tables")
    renewed = prose + describe_all()
    if given.check:
        if text != renewed:
            print(f"{page} is out of date; run `make keys` and commit it")
        return int(text != renewed)
    page.write_text(renewed, encoding="utf-8")
    schemas = given.root / "workflow" / "schemas"
    schemas.mkdir(exist_ok=True)
    for name, record in records().items():
        of_file = schema_of(record)
        if name == "datasets":  # entries by name
            of_file = {"additionalProperties": of_file, "$defs": of_file.pop("$defs")}
        schema = json.dumps(of_file, indent=1, ensure_ascii=False)
        (schemas / f"{name}.schema.json").write_text(schema + "\n", encoding="utf-8")
    print(f"{page} and {schemas} renewed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
