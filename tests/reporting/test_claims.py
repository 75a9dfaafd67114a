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
from tests.reporting.entries import LAST, evaluate_claims, losses, side

OF_B = {"statement": "S"} | LAST
TOP_1 = {"metric": "top_1", "expected": "greater"}


def compare(left, right, kind="comparison", **keys):
    return {"statement": "S", "kind": kind, "left": left, "right": right} | TOP_1 | keys


BETTER = compare(side("best"), side("last"), statement="Best weights beat last weights")
WINDOWS = {"at": {"window": 30}, "elsewhere": {"window": 10}}
UNITS = {"effect_of": {"hidden": 100}, "against": {"hidden": 50}}
INTERACTION = OF_B | TOP_1 | {"kind": "interaction"} | UNITS | WINDOWS
BEST = OF_B | TOP_1 | {"kind": "best", "checkpoint": "best", "best": {"hidden": 50}}
ABOVE = OF_B | TOP_1 | {"checkpoint": "best", "threshold": 0.55}
PAIR = OF_B | {"kind": "confused_pair", "where": {"hidden": 50}, "at_least": 0.5}
MISTAKEN = OF_B | {"kind": "mistaken_for", "classes": ["laying"], "expected": "greater"}
HIGHEST = OF_B | {"kind": "highest_recall"}
LINE = OF_B | {"option": "hidden", "scale": "log", "metric": "top_1"}
TREND = LINE | {"kind": "trend", "expected": "greater"}
STRAIGHT = LINE | {"kind": "straight", "margin": 0.03}
COUNT = OF_B | TOP_1 | {"kind": "count", "threshold": 0.35}


def judged(claim, runs):
    return evaluate_claims({"a": claim}, runs).iloc[0]


# as many replicates that agree as decide a claim
ENOUGH = 6


def make_two(runs_with, n=3):
    """Make two configurations in which best is 0.1 and 0.3 better than last, every replicate."""
    base = {r: (0.4, 0.5, 0.6)[r % 3] for r in range(n)}
    return runs_with(
        {
            hidden: {"last": base, "best": {r: value + g for r, value in base.items()}}
            for hidden, g in ((50, 0.1), (100, 0.3))
        },
        replicates=n,
    )


def make_rising(runs_with, n=3):
    """Make four configurations whose accuracy rises by 0.1 with each doubling, not in order."""
    ups = {128: 0.3, 16: 0.0, 64: 0.2, 32: 0.1}
    accuracies = {h: {"last": dict.fromkeys(range(n), 0.4 + up)} for h, up in ups.items()}
    return runs_with(accuracies, replicates=n)


def make_grid(runs_with, n=3):
    """Make a grid of two by two: 100 units are 0.1 better at window 10 and 0.3 at window 30."""
    pairs = (
        (
            {"hidden": h, "window": w},
            {"last": {r: (2 + r % 3) / 10 + g * (h > 50) for r in range(n)}},
        )
        for h in (50, 100)
        for w, g in ((10, 0.1), (30, 0.3))
    )
    return runs_with(pairs, replicates=n)


@pytest.fixture
def two(runs_with):
    return make_two(runs_with)


@pytest.fixture
def rising(runs_with):
    return make_rising(runs_with)


@pytest.fixture
def grid(runs_with):
    return make_grid(runs_with)


@pytest.mark.parametrize(
    ("runs", "claim", "value"),
    [
        ("two", BETTER, 0.2),
        ("two", compare(side("best", hidden=100), side("best", hidden=50.0)), 0.2),
        ("two", BEST, -0.2),
        # replicates reach 0.5, 0.6, 0.7 with 50 units and 0.7, 0.8, 0.9 with 100
        ("two", ABOVE | {"kind": "threshold", "where": {"hidden": 50}}, 0.6),
        ("two", ABOVE | {"kind": "threshold"}, 0.7),
        ("two", ABOVE | {"kind": "share", "where": {"hidden": 50}}, 2 / 3),
        ("two", ABOVE | {"kind": "share"}, 5 / 6),
        # of ten sequences of classes 0 1 2 3 4 5 0 1 2 3 the first 4, 5, 6 are right
        ("two", OF_B | {"kind": "recall", "class": "Downstairs", "at_least": 0.5}, 0.5),
        ("two", BETTER | {"metric": "recall", "class": "laying"}, (0 + (0 + 0.5 + 0.5) / 3) / 2),
        ("two", HIGHEST | {"class": "downstairs"}, (0.5 - 0.5 + 0.5 - 1 + 0.5 - 1) / 3),
        ("two", HIGHEST | {"class": "laying"}, (0.5 - 0.5 + 0.5 - 1 + 0.5 - 1) / 3),
        # a wrong answer is the next class: 4 is taken for 5 where fewer than five of ten are right
        ("two", PAIR | {"classes": ["laying", "upstairs"]}, 0),
        ("two", PAIR | {"classes": ["Walking", "upstairs"]}, (1 / 6 + 0 + 0) / 3),
        ("two", MISTAKEN | {"answer": "sitting"}, 1),
        ("two", MISTAKEN | {"answer": "standing", "expected": "less"}, 0),
        ("grid", INTERACTION, 0.2),
        ("grid", compare(side("last", window=30), side("last", window=10), "best_of_each"), 0.2),
        # ties are left out
        ("grid", compare(side("last", hidden=100), side("last"), "majority_untied"), 1),
        ("grid", COUNT, 7 / 12),
        ("rising", TREND, 0.3),
        ("rising", STRAIGHT, 0),
    ],
)
def test_a_claim_measures_what_its_kind_says(request, runs, claim, value):
    row = judged(claim, request.getfixturevalue(runs))
    assert row["value"] == pytest.approx(value, abs=1e-9)
    assert row["n"] == 3


TIED = compare(side("last", hidden=100), side("last", hidden=100), "majority_untied")


@pytest.mark.parametrize(
    ("make", "claim", "verdict"),
    [
        (make_two, BETTER, "holds"),
        (make_two, BEST, "does not hold"),
        (make_two, MISTAKEN | {"answer": "sitting"}, "holds"),
        (make_two, MISTAKEN | {"answer": "standing", "expected": "less"}, "undecided"),
        (make_grid, INTERACTION, "holds"),
        (make_grid, TIED, "undecided"),
        (make_rising, TREND, "holds"),
        (make_rising, STRAIGHT | {"margin": 0.1}, "holds"),
        (make_rising, STRAIGHT | {"scale": "linear"}, "does not hold"),
    ],
)
def test_a_verdict_says_on_which_side_the_evidence_lies(runs_with, make, claim, verdict):
    runs = make(runs_with, ENOUGH)
    assert judged(claim, runs)["verdict"] == verdict
    assert judged(claim, make(runs_with))["verdict"] == "undecided"  # three that agree
    if claim is TIED:
        assert judged(claim, runs)["n"] == 0


def test_quantities_are_named_with_their_numbers(grid, rising):
    count = evaluate_claims({"a": COUNT}, grid)
    assert count["quantity"].iloc[0] == "share of networks with Top-1 above 0.35 (7 of 12)"
    text = "(7 of 12): 0.583 [0.277, 0.848] (threshold 0.5, 3 replicates)"
    assert text in claims_markdown(count)
    assert judged(INTERACTION, grid)["quantity"] == "Top-1, difference of two differences"
    ledger = evaluate_claims({"log": TREND, "bend": STRAIGHT}, rising)
    assert ledger["quantity"].iloc[0] == (
        "Top-1 along hidden units (log scale), difference from 16 to 128 on the straight line"
    )
    measured = [row[2] for row in claims_rows(ledger)]
    assert "+0.300" in measured[0]
    assert "margin ±0.03" in measured[1]


@pytest.mark.parametrize(
    "claim",
    [
        OF_B | {"kind": "recall", "class": "jogging", "at_least": 0.9},
        BETTER | {"metric": "recall", "class": "jogging"},
        HIGHEST | {"class": "jogging"},
        MISTAKEN | {"answer": "jogging"},
    ],
    ids=lambda claim: claim["kind"],
)
def test_a_class_that_the_data_lack_leaves_a_claim_undecided(two, claim):
    row = judged(claim, two)
    assert row["verdict"] == "undecided"
    assert "the data set has no class 'jogging'" in row["note"]


RISES = (lambda r: (2 + 0.01 * r, 1 + 0.02 * r, 1.5 + 0.03 * r), (2, 1, 1))


@pytest.mark.parametrize(
    ("metric", "curves", "loss", "value"),
    [
        ("loss_roughness", RISES, {}, (0.5 + 0.01) / 2),
        ("epochs_to_loss", ((2, 1, 0.5), (2, 1.9, 1.5)), {"reach": 1.5}, 2 - 3),
        # one more where it is not reached
        ("epochs_to_loss", ((2, 1, 0.5), (2, 1.9, 0.6)), {"reach": 0.5}, 3 - 4),
    ],
)
def test_a_claim_of_a_loss_reads_the_history(write_run, tmp_path, metric, curves, loss, value):
    histories = [losses("cross_entropy", 3, train=curve) for curve in curves]
    rates = [{"learning_rate": rate} for rate in (0.1, 0.05)]
    runs = load_runs(
        write_run(tmp_path, "b", rate, history=history)
        for rate, history in zip(rates, histories, strict=True)
    )
    sides = ({"experiment": "b", "where": rate} for rate in rates)
    loss = {"split": "train", "metric": "cross_entropy"} | loss
    row = judged(compare(*sides, metric=metric, loss=loss), runs)
    assert row["value"] == pytest.approx(value)
    if loss.get("reach"):
        assert row["quantity"] == f"epochs to a train loss of {loss['reach']}, difference"
    else:
        assert row["verdict"] == "holds"


TRAIN = {"split": "train", "metric": "cross_entropy"}
REACH = TRAIN | {"reach": 0.5}


@pytest.mark.parametrize(
    ("of", "keys", "message"),
    [
        ({}, {"metric": "epochs_to_loss", "loss": TRAIN}, "loss: epochs_to_loss needs the key 're"),
        ({}, {"metric": "min_loss", "loss": REACH}, "the key 'reach' does not belong to min_loss"),
        ({"checkpoint": "last"}, {"metric": "min_loss"}, "a: min_loss needs the key 'loss'"),
        ({"checkpoint": "last"}, {"metric": "recall"}, "a: recall needs the key 'class'"),
    ],
)
def test_a_metric_without_its_key_or_with_that_of_another_is_refused(of, keys, message):
    sides = ({"experiment": "b"} | of for _ in range(2))
    with pytest.raises(ConfigurationError, match=message):
        ClaimSpec.read(compare(*sides, **keys), "a")


def test_configurations_that_hardly_differ_are_equivalent(runs_with):
    same = {"last": {r: 0.4 + r / 10 for r in range(ENOUGH)}}
    claim = compare(side("last", hidden=10), side("last", hidden=30), "equivalence", margin=0.2)
    del claim["expected"]
    runs = runs_with({10: same, 30: same}, replicates=ENOUGH)
    ledger = evaluate_claims({"a": claim, "b": claim | {"margin": 0.001}}, runs)
    assert ledger["verdict"].tolist() == ["holds", "undecided"]  # the second is finer than the data
    assert "(margin ±0.2, 6 replicates)" in claims_markdown(ledger)


def test_a_verdict_without_the_diverged_replicates_says_so_in_its_cell(write_grid, tmp_path):
    runs = load_runs(write_grid(tmp_path, "b", diverged={0: (1,), 3: (0, 2)}))
    ledger = evaluate_claims({"a": BETTER}, runs)
    assert ledger["note"].iloc[0] == "3 of 24 replicates diverged"
    verdict = ledger["verdict"].iloc[0]
    assert claims_rows(ledger)[0][1] == f"{verdict} (3 of 24 replicates diverged)"
    whole = evaluate_claims({"a": BETTER}, load_runs(write_grid(tmp_path / "whole", "b")))
    assert claims_rows(whole)[0][1] == whole["verdict"].iloc[0]


def test_without_any_sound_replicate_a_claim_is_undecided(runs_of):
    ledger = evaluate_claims({"a": BETTER}, runs_of(1, diverged=(0, 1, 2)))
    assert ledger["verdict"].iloc[0] == "undecided"
    cells = f"| undecided (3 of 3 replicates diverged) | undecided | {MISSING} | {MISSING} |"
    assert cells in claims_markdown(ledger)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"hiden": 50}, r"claim 'a': .*'hiden'.* it varies hidden"),
        ({"hidden": 51}, "no configuration of experiment .* there are hidden=50"),
    ],
)
def test_an_unknown_key_or_value_names_those_there_are(two, where, message):
    with pytest.raises(ConfigurationError, match=message):
        judged(BETTER | {"left": side("best", **where)}, two)


def test_the_ledger_reads_back_from_csv_as_it_was(two, tmp_path):
    published = {"verdict": "holds", "value": 0.013, "source": "Table 2"}
    ledger = evaluate_claims({"a": BETTER | {"published": published}, "b": BETTER}, two)
    write_claims(ledger, tmp_path / "claims")
    again = read_claims_csv(tmp_path / "claims.csv")
    assert claims_markdown(again) == claims_markdown(ledger) == (tmp_path / "claims.md").read_text()
    assert "holds, +0.013 (Table 2)" in claims_markdown(again)


def test_simulated_recordings_are_named(runs_of):
    ledger = evaluate_claims({"a": BETTER}, runs_of(1, simulated=True))
    assert "SIMULATED" in claims_markdown(ledger)


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
    large, below = fast.xs(200, level="hidden2")["top1"].mean(), slow.xs(200, level="hidden2")
    expected = {
        "reports_best_model_best": top.iloc[0] - top.iloc[1],
        "large_rate_large_layer_worse_than_small_rate": large - below["top1"].mean(),
        "large_rate_large_layer_worse_than_small_layer": large
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
    narrow = lopsided.assign(value=-0.00164, low=-0.00234, high=-0.00094)  # two digits of ± 0.0007
    assert ": -0.00164 ± 0.00070" in claims_markdown(narrow)


def test_three_replicates_that_agree_decide_nothing_and_it_says_so(two):
    text = claims_markdown(evaluate_claims({"a": BETTER}, two))
    assert "p = 0.250, among all = 0.250; effect" in text
    assert "; all replicates agree" in text
    assert "| undecided | undecided |" in text
