import copy

import pytest
import yaml
from jsonschema import Draft202012Validator


@pytest.fixture
def validate(repository):
    path = repository / "workflow" / "schemas" / "reporting.schema.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)

    def errors(kind, entry):
        part = {"$defs": schema["$defs"], "$ref": f"#/$defs/{kind}"}
        return [error.message for error in Draft202012Validator(part).iter_errors(entry)]

    return errors


def test_every_table_figure_and_claim_of_the_report_is_valid(validate, report):
    for kind in ("table", "figure", "claim"):
        for name, entry in report[f"{kind}s"].items():
            assert validate(kind, entry) == [], name


def test_a_misspelt_key_is_an_error_in_every_entry(validate, report):
    for kind in ("table", "figure", "claim"):
        for entry in report[f"{kind}s"].values():
            assert validate(kind, entry | {"experimnet": "part_b"})


def test_a_missing_key_is_an_error_in_every_entry(validate, report):
    for kind, key in (("table", "title"), ("figure", "title"), ("claim", "statement")):
        for entry in report[f"{kind}s"].values():
            assert validate(kind, {k: v for k, v in entry.items() if k != key})


def test_a_kind_that_does_not_exist_is_an_error(validate, report):
    assert validate("table", report["tables"]["table1"] | {"kind": "top"})
    assert validate("figure", report["figures"]["figure2"] | {"kind": "pie"})
    assert validate("claim", report["claims"]["sitting_always_right"] | {"kind": "guess"})


def test_a_loss_claim_needs_its_curve_and_a_top_k_claim_its_checkpoints(validate, report):
    loss = copy.deepcopy(report["claims"]["higher_rate_lower_loss"])
    del loss["loss"]
    top = copy.deepcopy(report["claims"]["early_stopping_better_on_average"])
    del top["left"]["checkpoint"]
    assert validate("claim", loss)
    assert validate("claim", top)
