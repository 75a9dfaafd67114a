import numpy as np
import pandas as pd
import pytest

from harmodels.config.published import read_published_runs
from harmodels.errors import ConfigurationError
from harmodels.reporting.claims import (
    ClaimSpec,
    claims_markdown,
    claims_rows,
    read_claims_csv,
    write_claims,
)
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import load_published
from harmodels.reporting.tables.layout import MISSING
from tests.reporting.entries import evaluate_claims

OF_B = {"statement": "S", "experiment": "b", "checkpoint": "last"}
BETTER = {
    "statement": "Best weights beat last weights",
    "kind": "comparison",
    "left": {"experiment": "b", "checkpoint": "best"},
    "right": {"experiment": "b", "checkpoint": "last"},
    "metric": "top_1",
    "expected": "greater",
}


@pytest.fixture
def two(write_run, with_accuracy, tmp_path):
    """Make two configurations in which best is 0.1 and 0.3 better than last, every replicate."""
    folders = [
        write_run(
            tmp_path,
            "b",
            {"hidden": hidden},
            predictions=with_accuracy(
                {"last": {0: 0.4, 1: 0.5, 2: 0.6}, "best": {0: 0.4 + g, 1: 0.5 + g, 2: 0.6 + g}}
            ),
        )
        for hidden, g in ((50, 0.1), (100, 0.3))
    ]
    return load_runs(folders)


def test_a_comparison_pairs_configurations_and_replicates(two):
    row = evaluate_claims({"a": BETTER}, two).iloc[0]
    assert row["value"] == pytest.approx(0.2)
    assert row["verdict"] == "holds"
    assert row["n"] == 3


def test_where_chooses_the_configurations(two):
    left = {"experiment": "b", "checkpoint": "best", "where": {"hidden": 100}}
    right = {"experiment": "b", "checkpoint": "best", "where": {"hidden": 50.0}}
    row = evaluate_claims({"a": BETTER | {"left": left, "right": right}}, two).iloc[0]
    assert row["value"] == pytest.approx(0.2)


def test_the_best_configuration_is_judged_against_its_rival(two):
    claim = {
        "statement": "50 is best",
        "kind": "best",
        "experiment": "b",
        "checkpoint": "best",
        "best": {"hidden": 50},
        "metric": "top_1",
        "expected": "greater",
    }
    row = evaluate_claims({"a": claim}, two).iloc[0]
    assert row["value"] == pytest.approx(-0.2)
    assert row["verdict"] == "does not hold"


LINE = {
    "statement": "It rises with the units",
    "experiment": "b",
    "option": "hidden",
    "scale": "log",
    "checkpoint": "last",
    "metric": "top_1",
}


@pytest.fixture
def rising(write_run, with_accuracy, tmp_path):
    """Make four configurations whose accuracy rises by 0.1 with each doubling, not in order."""
    return load_runs(
        [
            write_run(
                tmp_path,
                "b",
                {"hidden": hidden},
                predictions=with_accuracy({"last": dict.fromkeys(range(3), 0.4 + up)}),
            )
            for hidden, up in ((128, 0.3), (16, 0.0), (64, 0.2), (32, 0.1))
        ]
    )


def test_a_trend_is_judged_along_the_axis_of_the_option(rising):
    claims = {
        "log": LINE | {"kind": "trend", "expected": "greater"},
        "bend": LINE | {"kind": "straight", "margin": 0.03},
        "linear": LINE | {"kind": "straight", "margin": 0.03, "scale": "linear"},
    }
    rows = evaluate_claims(claims, rising).set_index("id")
    assert rows.loc["log", "value"] == pytest.approx(0.3)
    assert rows.loc["log", "quantity"] == (
        "Top-1 along hidden units (log scale), difference from 16 to 128 on the straight line"
    )
    assert rows["verdict"].tolist() == ["holds", "holds", "does not hold"]
    assert rows.loc["bend", "value"] == pytest.approx(0, abs=1e-9)
    assert rows.loc["linear", "value"] > 0.03
    measured = [row[2] for row in claims_rows(rows.reset_index())]
    assert "+0.300" in measured[0]
    assert "margin ±0.03" in measured[1]


def test_the_recall_of_a_class_that_the_data_lack_is_undecided(two):
    claim = OF_B | {"kind": "recall", "class": "jogging", "at_least": 0.9}
    row = evaluate_claims({"a": claim}, two).iloc[0]
    assert row["verdict"] == "undecided"
    assert "no class 'jogging'" in row["note"]


def test_the_lowest_recall_counts(two):
    claim = OF_B | {"kind": "recall", "class": "Downstairs", "at_least": 0.5}
    # the first of ten sequences of classes 0 1 2 3 4 5 0 1 2 3 are right: class 0 at 0 and 6
    assert evaluate_claims({"a": claim}, two)["value"].iloc[0] == pytest.approx(0.5)


def test_a_loss_claim_reads_the_history(write_run, tmp_path):
    folders = []
    for rate, rise in ((0.1, 0.5), (0.05, 0.0)):
        values = {1: 2.0, 2: 1.0, 3: 1.0 + rise}
        history = pd.DataFrame(
            [
                (
                    np.int16(r),
                    e,
                    "train",
                    "negative_log_likelihood",
                    v + 0.01 * r * e * (rate > 0.07),
                )
                for r in range(3)
                for e, v in values.items()
            ],
            columns=["replicate", "epoch", "split", "metric", "value"],
        )
        folders.append(write_run(tmp_path, "b", {"learning_rate": rate}, history=history))
    claim = BETTER | {
        "left": {"experiment": "b", "where": {"learning_rate": 0.1}},
        "right": {"experiment": "b", "where": {"learning_rate": 0.05}},
        "metric": "loss_roughness",
        "loss": {"split": "train", "metric": "negative_log_likelihood"},
    }
    row = evaluate_claims({"a": claim}, load_runs(folders)).iloc[0]
    assert row["value"] == pytest.approx((0.5 + 0.01) / 2)
    assert row["verdict"] == "holds"


@pytest.mark.parametrize(("reach", "expected"), [(1.5, 2 - 3), (0.5, 3 - 4)])
def test_epochs_to_a_loss_count_one_more_where_it_is_not_reached(
    write_run, tmp_path, reach, expected
):
    folders = []
    for rate, losses in ((0.1, (2.0, 1.0, 0.5)), (0.05, (2.0, 1.9, 0.6 if reach < 1 else 1.5))):
        rows = [
            (np.int16(r), epoch, "train", "cross_entropy", loss)
            for r in range(3)
            for epoch, loss in enumerate(losses, start=1)
        ]
        history = pd.DataFrame(rows, columns=["replicate", "epoch", "split", "metric", "value"])
        folders.append(write_run(tmp_path, "b", {"learning_rate": rate}, history=history))
    claim = BETTER | {
        "left": {"experiment": "b", "where": {"learning_rate": 0.1}},
        "right": {"experiment": "b", "where": {"learning_rate": 0.05}},
        "metric": "epochs_to_loss",
        "loss": {"split": "train", "metric": "cross_entropy", "reach": reach},
        "expected": "less",
    }
    row = evaluate_claims({"a": claim}, load_runs(folders)).iloc[0]
    assert row["value"] == expected
    assert row["quantity"] == f"epochs to a train loss of {reach}, difference"


@pytest.mark.parametrize(
    ("metric", "loss", "message"),
    [
        ("epochs_to_loss", {}, "a: loss: epochs_to_loss needs the key 'reach'"),
        ("min_loss", {"reach": 0.5}, "a: loss: the key 'reach' does not belong to min_loss"),
    ],
)
def test_a_loss_to_reach_belongs_to_the_epochs_to_it(metric, loss, message):
    sides = {side: {"experiment": "b"} for side in ("left", "right")}
    curve = {"split": "train", "metric": "cross_entropy"} | loss
    with pytest.raises(ConfigurationError, match=message):
        ClaimSpec.read(BETTER | sides | {"metric": metric, "loss": curve}, "a")


@pytest.mark.parametrize(("metric", "key"), [("min_loss", "loss"), ("recall", "class")])
def test_a_metric_without_its_key_is_refused(metric, key):
    sides = {side: {"experiment": "b", "checkpoint": "last"} for side in ("left", "right")}
    with pytest.raises(ConfigurationError, match=f"a: {metric} needs the key '{key}'"):
        ClaimSpec.read(BETTER | sides | {"metric": metric}, "a")


def test_configurations_that_hardly_differ_are_equivalent(write_run, with_accuracy, tmp_path):
    same = {0: 0.4, 1: 0.5, 2: 0.6}
    folders = [
        write_run(tmp_path, "b", {"batch_size": b}, predictions=with_accuracy({"last": same}))
        for b in (10, 30)
    ]
    claim = {
        "statement": "No matter",
        "kind": "equivalence",
        "left": {"experiment": "b", "checkpoint": "last", "where": {"batch_size": 10}},
        "right": {"experiment": "b", "checkpoint": "last", "where": {"batch_size": 30}},
        "metric": "top_1",
        "margin": 0.05,
    }
    ledger = evaluate_claims({"a": claim}, load_runs(folders))
    assert ledger["verdict"].iloc[0] == "holds"
    assert "+0.000 ± 0.000 (margin ±0.05, 3 replicates)" in claims_markdown(ledger)


@pytest.mark.parametrize(("kind", "value"), [("threshold", 0.6), ("share", 0.5)])
def test_a_threshold_is_for_the_mean_or_for_each_configuration(two, kind, value):
    claim = {
        "statement": "Above one half",
        "kind": kind,
        "experiment": "b",
        "checkpoint": "best",
        "where": {"hidden": 50},
        "metric": "top_1",
        "threshold": 0.55,
        "expected": "greater",
    }
    # replicates reach 0.5, 0.6, 0.7 with 50 units and 0.7, 0.8, 0.9 with 100
    row = evaluate_claims({"a": claim}, two).iloc[0]
    assert row["value"] == pytest.approx(0.6 if kind == "threshold" else 2 / 3)
    del claim["where"]
    row = evaluate_claims({"a": claim}, two).iloc[0]
    assert row["value"] == pytest.approx(0.7 if kind == "threshold" else 5 / 6)


def test_the_errors_between_two_classes_are_counted_either_way(two):
    claim = OF_B | {
        "kind": "confused_pair",
        "where": {"hidden": 50},
        "classes": ["laying", "upstairs"],
        "at_least": 0.5,
    }
    # a wrong answer is the next class: 4 is taken for 5 where fewer than five of ten are right
    other = claim | {"classes": ["Walking", "upstairs"]}
    ledger = evaluate_claims({"a": claim, "b": other}, two)
    assert ledger["value"].tolist() == pytest.approx([0.0, (1 / 6 + 0 + 0) / 3])


def test_a_recall_can_be_compared(two):
    claim = BETTER | {"metric": "recall", "class": "laying"}
    row = evaluate_claims({"a": claim}, two).iloc[0]
    # class 1 stands at places 1 and 7, the second of which is right from 0.8 on
    assert row["value"] == pytest.approx((0 + (0 + 0.5 + 0.5) / 3) / 2)
    unknown = evaluate_claims({"a": claim | {"class": "jogging"}}, two).iloc[0]
    assert unknown["note"] == "the data set has no class 'jogging'"


@pytest.fixture
def grid(write_run, with_accuracy, tmp_path):
    """Make a grid of two by two: 100 units are 0.1 better at window 10 and 0.3 at window 30."""
    folders = [
        write_run(
            tmp_path,
            "b",
            {"hidden": hidden, "window": window},
            predictions=with_accuracy(
                {"last": {r: 0.2 + 0.1 * r + gain * (hidden == 100) for r in range(3)}}
            ),
        )
        for hidden in (50, 100)
        for window, gain in ((10, 0.1), (30, 0.3))
    ]
    return load_runs(folders)


INTERACTION = OF_B | {
    "kind": "interaction",
    "effect_of": {"hidden": 100},
    "against": {"hidden": 50},
    "at": {"window": 30},
    "elsewhere": {"window": 10},
    "metric": "top_1",
    "expected": "greater",
}


def test_an_interaction_is_a_difference_of_two_differences(grid):
    row = evaluate_claims({"a": INTERACTION}, grid).iloc[0]
    assert row["value"] == pytest.approx(0.2)
    assert row["verdict"] == "holds"
    assert row["quantity"] == "Top-1, difference of two differences"


def test_the_best_of_each_side_is_compared(grid):
    sides = {
        "left": {"experiment": "b", "checkpoint": "last", "where": {"window": 30}},
        "right": {"experiment": "b", "checkpoint": "last", "where": {"window": 10}},
    }
    row = evaluate_claims({"a": BETTER | sides | {"kind": "best_of_each"}}, grid).iloc[0]
    assert row["value"] == pytest.approx(0.2)


def test_ties_are_left_out_of_a_majority_without_ties(grid):
    sides = {
        "left": {"experiment": "b", "checkpoint": "last", "where": {"hidden": 100}},
        "right": {"experiment": "b", "checkpoint": "last"},
    }
    row = evaluate_claims({"a": BETTER | sides | {"kind": "majority_untied"}}, grid).iloc[0]
    assert row["value"] == 1.0
    tied = sides | {"right": sides["left"]}
    row = evaluate_claims({"a": BETTER | tied | {"kind": "majority_untied"}}, grid).iloc[0]
    assert (row["verdict"], row["n"]) == ("undecided", 0)


def test_networks_are_counted_and_the_count_is_printed(grid):
    claim = OF_B | {"kind": "count", "metric": "top_1", "threshold": 0.35, "expected": "greater"}
    ledger = evaluate_claims({"a": claim}, grid)
    assert ledger["quantity"].iloc[0] == "share of networks with Top-1 above 0.35 (7 of 12)"
    assert ledger["value"].iloc[0] == pytest.approx(7 / 12)
    assert ledger["n"].iloc[0] == 3
    assert "(7 of 12): 0.583 [0.277, 0.848] (threshold 0.5, 3 replicates)" in claims_markdown(
        ledger
    )


def test_the_class_of_the_highest_recall_leads_in_every_configuration(two):
    claim = OF_B | {"kind": "highest_recall", "class": "downstairs"}
    # of ten sequences of classes 0 1 2 3 4 5 0 1 2 3 the first 4, 5, 6 are right
    row = evaluate_claims({"a": claim, "b": claim | {"class": "laying"}}, two)
    assert row["value"].tolist() == pytest.approx([(0.5 - 0.5 + 0.5 - 1 + 0.5 - 1) / 3] * 2)
    assert "no class 'jog'" in evaluate_claims({"a": claim | {"class": "jog"}}, two)["note"].iloc[0]


def test_a_class_is_mistaken_for_the_most_frequent_or_the_rarest_wrong_answer(two):
    claim = OF_B | {
        "kind": "mistaken_for",
        "classes": ["laying"],
        "answer": "sitting",
        "expected": "greater",
    }
    rare = claim | {"answer": "standing", "expected": "less"}
    ledger = evaluate_claims({"a": claim, "b": rare, "c": claim | {"answer": "jogging"}}, two)
    # every wrong answer is the next class
    assert ledger["value"].iloc[0] == 1.0
    assert ledger["value"].iloc[1] == 0.0
    assert ledger["verdict"].tolist() == ["holds", "does not hold", "undecided"]
    assert "no class 'jogging'" in ledger["note"].iloc[2]


def test_left_out_replicates_are_counted_in_the_note(write_grid, tmp_path):
    runs = load_runs(write_grid(tmp_path, "b", diverged={0: (1,), 3: (0, 2)}))
    row = evaluate_claims({"a": BETTER}, runs).iloc[0]
    assert row["note"] == "3 of 24 replicates diverged"


def test_a_verdict_without_the_diverged_replicates_says_so_in_its_cell(write_grid, tmp_path):
    ledger = evaluate_claims(
        {"a": BETTER}, load_runs(write_grid(tmp_path, "b", diverged={0: (1,)}))
    )
    verdict = ledger["verdict"].iloc[0]
    assert claims_rows(ledger)[0][1] == f"{verdict} (1 of 24 replicates diverged)"
    whole = evaluate_claims({"a": BETTER}, load_runs(write_grid(tmp_path / "whole", "b")))
    assert claims_rows(whole)[0][1] == whole["verdict"].iloc[0]


def test_without_any_sound_replicate_a_claim_is_undecided(write_run, tmp_path):
    runs = load_runs([write_run(tmp_path, "b", {"hidden": 1}, diverged=(0, 1, 2))])
    ledger = evaluate_claims({"a": BETTER}, runs)
    assert ledger["verdict"].iloc[0] == "undecided"
    cells = f"| undecided (3 of 3 replicates diverged) | undecided | {MISSING} | {MISSING} |"
    assert cells in claims_markdown(ledger)


def test_an_unknown_key_names_the_claim_and_the_known_keys(two):
    left = BETTER["left"] | {"where": {"hiden": 50}}
    with pytest.raises(ConfigurationError, match=r"claim 'a': .*'hiden'.* it varies hidden"):
        evaluate_claims({"a": BETTER | {"left": left}}, two)


def test_a_value_that_no_configuration_has_is_refused(two):
    left = BETTER["left"] | {"where": {"hidden": 51}}
    with pytest.raises(
        ConfigurationError, match="no configuration of experiment .* there are hidden=50"
    ):
        evaluate_claims({"a": BETTER | {"left": left}}, two)


def test_the_ledger_reads_back_from_csv_as_it_was(two, tmp_path):
    published = {"verdict": "holds", "value": 0.013, "source": "Table 2"}
    ledger = evaluate_claims({"a": BETTER | {"published": published}, "b": BETTER}, two)
    write_claims(ledger, tmp_path / "claims")
    again = read_claims_csv(tmp_path / "claims.csv")
    assert claims_markdown(again) == claims_markdown(ledger) == (tmp_path / "claims.md").read_text()
    assert "holds, +0.013 (Table 2)" in claims_markdown(again)


def test_simulated_recordings_are_named(write_run, tmp_path):
    runs = load_runs([write_run(tmp_path, "b", {"hidden": 1}, simulated=True)])
    assert "SIMULATED" in claims_markdown(evaluate_claims({"a": BETTER}, runs))


def test_every_claim_of_the_report_can_be_judged(write_grid, tmp_path, report):
    runs = load_runs([*write_grid(tmp_path, "part_b"), *write_grid(tmp_path, "part_c")])
    ledger = evaluate_claims(report["claims"], runs)
    assert ledger["id"].tolist() == list(report["claims"])
    assert ledger["value"].notna().all()


@pytest.fixture
def published_values(read_report, write_report, repository, tmp_path):
    """Judge claims of a report and return the published values of the ledger, by id."""

    def of(key, experiments, names):
        report = read_report(key)
        runs = load_runs(write_report(tmp_path, report, experiments, epochs=12))
        theirs = load_published(
            read_published_runs(report["published_runs"]), repository / "config" / "published"
        )
        ledger = evaluate_claims({name: report["claims"][name] for name in names}, runs, theirs)
        return dict(zip(ledger["id"], ledger["published_value"], strict=True))

    return of


def test_the_published_numbers_of_the_claims_follow_from_the_published_tables(
    published_values, published
):
    one, two = published["rnn_tbptt_table1.csv"], published["rnn_tbptt_table2.csv"]
    change = two["best_top1"] - two["last_top1"]
    fast, large = one["learning_rate"] == 0.1, one["hidden"] == 100
    others = one[fast & ~((one["hidden"] == 50) & (one["window"] == 30))]
    best = one[fast & (one["hidden"] == 50) & (one["window"] == 30)]["top1"].iloc[0]
    expected = {
        "early_stopping_mostly_better": (change > 0).sum() / (change != 0).sum(),
        "early_stopping_better_on_average": change.mean(),
        "early_stopping_more_diagonal": (two["best_top1"] - one["top1"]).mean(),
        "small_network_long_window_best": best - others["top1"].max(),
        "large_network_low_rate_accuracy": one[large & ~fast]["top1"].mean()
        - one[large & fast]["top1"].mean(),
    }
    found = published_values("rnn_tbptt", ["part_b", "part_c"], expected)
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_published_numbers_of_the_perceptrons_claims_follow_from_table_1(
    published_values, published
):
    table = published["mlp_features_table1.csv"]
    plain = table[table["dropout"] == 0].set_index(["batch_size", "hidden2", "learning_rate"])
    fast, slow = (plain.xs(rate, level="learning_rate") for rate in (0.01, 0.001))
    top = plain["top1"].sort_values(ascending=False)
    best = table[table["top1"] == top.iloc[0]].iloc[0]
    dropped = table[table["dropout"] > 0].iloc[0]
    with_momentum, without = (plain[plain["momentum"] == m]["top1"].sort_index() for m in (0.09, 0))
    expected = {
        "reports_best_model_best": top.iloc[0] - top.iloc[1],
        "large_rate_large_layer_worse_than_small_rate": fast.xs(200, level="hidden2")["top1"].mean()
        - slow.xs(200, level="hidden2")["top1"].mean(),
        "large_rate_large_layer_worse_than_small_layer": fast.xs(200, level="hidden2")[
            "top1"
        ].mean()
        - fast.xs(100, level="hidden2")["top1"].mean(),
        "momentum_more_accurate": (with_momentum > without).mean(),
        "dropout_lowers_top_1": dropped["top1"] - best["top1"],
        **{f"dropout_raises_top_{k}": dropped[f"top{k}"] - best[f"top{k}"] for k in (2, 3, 4, 5)},
    }
    found = published_values("mlp_features", ["part_b", "dropout_forms"], expected)
    assert found == pytest.approx(expected, abs=1e-9)


def test_an_interval_that_is_not_symmetric_is_given_by_its_bounds(two):
    claim = OF_B | {"kind": "recall", "class": "walking", "at_least": 0.9}  # fmt: skip
    ledger = evaluate_claims({"a": claim}, two)
    lopsided = ledger.assign(value=0.9, low=0.5, high=0.99)
    assert "0.900 [0.500, 0.990]" in claims_markdown(lopsided)
    assert "0.900 ± 0.050" in claims_markdown(lopsided.assign(low=0.85, high=0.95))


def test_an_effect_without_any_spread_is_said_in_words(two):
    ledger = evaluate_claims({"a": BETTER}, two).assign(effect_size=-np.inf)
    assert "all replicates agree" in claims_markdown(ledger)
    assert "inf" not in claims_markdown(ledger)
