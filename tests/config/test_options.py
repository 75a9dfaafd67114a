"""The records of options, in Python and against the schemas that are generated from them."""

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from harmodels.config.fields import Options, specs_of
from harmodels.config.options import OPTIONS, Baseline, Perceptron, TruncatedBptt
from harmodels.config.schema import check
from harmodels.errors import ConfigurationError

NAN, INFINITY = float("nan"), float("inf")
VALUES = [
    *(None, True, False, "", "1e-3", [], {}, NAN, INFINITY, -1, 0, 0.0, 0.5, 1, 1.0, 4, 5),
    *(4096, 4097, 2**31 - 1, 2**31, 1e38, 1.1e38),
]


@pytest.mark.parametrize("record", OPTIONS.values())
def test_every_option_has_a_default_that_it_may_hold_and_a_meaning(record: type[Options]) -> None:
    assert set(asdict(record())) == {spec.name for spec in specs_of(record)}
    assert all(spec.meaning.endswith(".") for spec in specs_of(record))


def test_a_value_out_of_range_is_refused_where_it_is_given() -> None:
    with pytest.raises(ConfigurationError, match="momentum: 1 should be below 1"):
        Perceptron(momentum=1)
    with pytest.raises(ConfigurationError, match="clip: 0 should be above 0"):
        replace(TruncatedBptt(), clip=0)
    with pytest.raises(ConfigurationError, match="stopping: 'none' is none of 'loss_gap'"):
        Perceptron(stopping="none")  # type: ignore[arg-type]


def test_a_file_has_to_state_what_python_has_a_default_for() -> None:
    assert Baseline().model == "majority"
    with pytest.raises(ConfigurationError, match="'model' is missing"):
        Baseline.parse({})


@pytest.mark.parametrize("training", OPTIONS)
def test_a_record_takes_what_its_schema_takes(repository: Path, training: str) -> None:
    record = OPTIONS[training]
    schema = repository / "workflow" / "schemas" / f"{training}.schema.yaml"
    for spec in specs_of(record):
        for value in (*VALUES, *spec.choices):
            given = asdict(record()) | {spec.name: value}
            same = accepts(record.parse, given) == accepts(check, given, schema, "options")
            assert same, (spec.name, value)


def accepts(function: Any, *arguments: Any) -> bool:
    try:
        function(*arguments)
    except ConfigurationError:
        return False
    return True


def test_options_are_imported_without_the_libraries_of_other_rooms() -> None:
    code = (
        "import sys, harmodels.config.options;"
        "print({'pandas', 'torch', 'jsonschema', 'yaml', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
