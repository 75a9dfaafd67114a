from pathlib import Path

import pytest

from harmodels.config.schema import check
from harmodels.config.yaml_files import read_yaml
from harmodels.errors import ConfigurationError


@pytest.fixture
def schema(repository: Path) -> Path:
    return repository / "workflow" / "schemas"


@pytest.mark.parametrize("value", [5.0, float("nan"), float("inf"), True, "5", None])
def test_only_a_whole_number_counts_replicates(value: object, schema: Path) -> None:
    content = {"reports": {"rnn_tbptt": {"datasets": ["simulated"]}}, "replicates": value}
    with pytest.raises(ConfigurationError, match=r"replicates: .* should be of type integer"):
        check(content, schema / "config.schema.yaml", "mine.yaml")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), True])
def test_a_learning_rate_is_a_finite_number(value: object, schema: Path) -> None:
    content = {"learning_rate": value, "hidden": 4, "window": 5}
    with pytest.raises(ConfigurationError, match=r"learning_rate: .* should be of type number"):
        check(content, schema / "truncated_bptt.schema.yaml", "options")


@pytest.mark.parametrize(
    "text",
    [
        "a: 2024-13-45",
        "a: !!int five",
        "a: !!timestamp noon",
        "a: " + "9" * 5000,
        "a: !!python/object/apply:os.getcwd []",
        "a: [1",
        "- 1",
        "a: 1\na: 2",
        "",
    ],
)
def test_a_file_that_yaml_cannot_read_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"mine\.yaml"):
        read_yaml(tmp_path / "mine.yaml")
