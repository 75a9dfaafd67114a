import pytest

from tests.selection import ROOT, SLOW, kind_of, reached_by

TESTS = ROOT / "tests"


@pytest.mark.parametrize("place", SLOW)
def test_what_is_listed_as_slow_exists(place):
    assert (TESTS / place).exists()


def test_a_file_has_the_kind_of_its_folder_or_its_own():
    assert kind_of(TESTS / "fuzz" / "test_archives.py") == "fuzz"
    assert kind_of(TESTS / "docs" / "test_site.py") == "docs"
    assert kind_of(TESTS / "docs" / "test_errata.py") is None


@pytest.mark.parametrize(
    ("changed", "reached", "spared"),
    [
        # through other modules, and through a conftest
        ("src/harmodels/nn/cells/gru.py", "models/test_recurrent_models.py", "data/test_units.py"),
        ("src/harmodels/training/jobs/run.py", "provenance/test_verify.py", "test_optim.py"),
        # by name: learners, the estimators of `from harmodels import …`, every module
        (
            "src/harmodels/kernels/perceptron/passes.py",
            "training/jobs/test_job.py",
            "test_seeds.py",
        ),
        ("src/harmodels/estimators/base.py", "estimators/test_contract.py", "nn/test_linear.py"),
        ("src/harmodels/seeds.py", "test_examples.py", "nn/test_activations.py"),
        # a fixture of tests/conftest.py, a data file of a package, a helper of tests
        ("src/harmodels/testing/__init__.py", "nn/test_linear.py", "nn/test_packing.py"),
        ("src/harmodels/reporting/page/style.css.j2", "browser/test_page.py", "test_files.py"),
        ("tests/run_files.py", "reporting/test_tables.py", "test_seeds.py"),
        ("docs/errata.md", "docs/test_errata.py", "nn/test_linear.py"),
    ],
)
def test_a_change_selects_what_it_can_reach_and_spares_the_rest(changed, reached, spared):
    assert (ROOT / changed).is_file()
    change = frozenset({ROOT / changed})
    assert reached_by(TESTS / reached, change)
    assert not reached_by(TESTS / spared, change)


def test_a_rule_or_an_unknown_file_selects_everything():
    assert reached_by(TESTS / "test_seeds.py", frozenset({ROOT / "rules" / "train.smk"}))
