"""The records of options, in Python and against the schemas that are generated from them."""

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmodels.config.fields import Options, specs_of
from harmodels.config.options import OPTIONS, Baseline, Perceptron, TruncatedBptt
from harmodels.config.schema import check
from harmodels.errors import ConfigurationError

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.floats(),
    st.sampled_from([0, 1, 1.0, 4096, 4097, 2**31 - 1, 2**31, 1e38, 1.1e38, "1e-3", "", [], {}]),
    st.text(max_size=3),
)


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


@given(data=st.data())
def test_a_record_takes_what_its_schema_takes(repository: Path, data: st.DataObject) -> None:
    training = data.draw(st.sampled_from(list(OPTIONS)))
    record = OPTIONS[training]
    values: dict[str, Any] = asdict(record())
    name = data.draw(st.sampled_from(list(values)))
    values[name] = data.draw(st.one_of(VALUES, st.sampled_from(list(values.values()))))
    schema = repository / "workflow" / "schemas" / f"{training}.schema.yaml"
    assert accepts(record.parse, values) == accepts(check, values, schema, "options")


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
