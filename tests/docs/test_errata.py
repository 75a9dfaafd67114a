"""What docs/errata.md says in numbers follows from the published tables, matrices and curves."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harmodels.evaluation.confusion import errors_between, recall_lead
from harmodels.evaluation.curves import residual_roughness

ROOT = Path(__file__).parents[2]
TBPTT = ["learning_rate", "hidden", "window"]
MLP = ["batch_size", "hidden2", "learning_rate", "momentum", "dropout"]
TRAIN, VALIDATION = (f"{split}_binary_cross_entropy_per_class" for split in ("train", "validation"))


def read(name):
    return pd.read_csv(ROOT / "config" / "published" / name)


def matrices(name, keys):
    """Return the configurations of a file of confusion matrices, and their counts (N, C, C)."""
    frame = read(name)
    classes = frame["true_class"].drop_duplicates().tolist()
    groups = list(frame.groupby(keys, sort=False))
    for _, rows in groups:
        assert rows["true_class"].tolist() == classes
    counts = np.stack([rows[classes].to_numpy() for _, rows in groups])
    return pd.DataFrame([key for key, _ in groups], columns=keys), counts


def hits(counts):
    return np.trace(counts, axis1=1, axis2=2)


@pytest.fixture(scope="module")
def says():
    """Assert that the page holds a text, whatever its line breaks."""
    page = " ".join((ROOT / "docs" / "errata.md").read_text(encoding="utf-8").split())

    def check(text):
        assert " ".join(text.split()) in page, text

    return check


def multiples(trials, digits):
    """Return all shares of a number of trials as printed, rounded and cut off."""
    scaled = np.arange(trials + 1) * 10**digits
    rounded = (2 * scaled + trials) // (2 * trials)  # half up, without floats
    return {k / 10**digits for k in rounded}, {k / 10**digits for k in scaled // trials}


def test_accuracies_that_600_sequences_cannot_give(says):
    rounded, cut = multiples(600, 3)
    printed = [
        value
        for name in ("rnn_tbptt_table1.csv", "rnn_tbptt_table2.csv")
        for column, values in read(name).items()
        if "top" in str(column) and "stop" not in str(column)
        for value in values
    ]
    wrong = {value for value in printed if value not in rounded}
    assert wrong == {0.529, 0.896, 0.956, 0.626, 0.706}
    assert wrong - cut == {0.529}
    says("0.529, 0.896, 0.956, 0.626 and 0.706. All but the first are multiples cut off")
    six = read("rnn_minibatch.csv")[["top1", "top2", "top3"]].to_numpy().ravel()
    assert len(six) == 6
    assert set(six) <= rounded
    says("Its six accuracies can be: each is a multiple of 1/600.")


def test_accuracies_that_225_recordings_cannot_give(says):
    rounded, cut = multiples(225, 4)
    printed = read("hand_actions.csv")["top1"].tolist()
    wrong = [value for value in printed if value not in rounded | cut]
    counts = [f"{225 * value:.2f}" for value in wrong]
    says("{}, {} and {} are {}, {} and {} of 225".format(*wrong, *counts))
    right = [value for value in printed if value not in wrong]
    says(f"{right[0]:.4f} and {right[1]} are {225 * right[0]:.0f} and {225 * right[1]:.0f}.")
    table = read("hand_actions.csv").query("batch_size == 50").set_index("cell")["top1"]
    lead = table["gru"] - table["lstm"]
    says(f"GRU above LSTM by {lead:.4f}: {225 * lead:.1f} of 225")


def test_the_diagonals_of_figures_5_and_7_agree_with_the_tables_but_for_two(says):
    different = []
    for figure, table, column in (
        ("rnn_tbptt_figure5.csv", "rnn_tbptt_table1.csv", "top1"),
        ("rnn_tbptt_figure7.csv", "rnn_tbptt_table2.csv", "best_top1"),
    ):
        keys, counts = matrices(figure, TBPTT)
        assert (counts.sum(axis=(1, 2)) == 600).all()
        printed = keys.merge(read(table), on=TBPTT, how="left", validate="1:1")[column]
        for right, value in zip(hits(counts), printed, strict=True):
            if f"{right / 600:.3f}" != f"{value:.3f}":
                different.append((f"{value:.3f}", right, f"{right / 600:.3f}"))
    (one, first, three), (four, second, six) = different
    says(f"{one} is {three}, and {four} is {six}.")
    says(f"have {first} and {second} of 600 on the diagonal")
    says("The other 14 agree")


def test_the_stopping_epochs_in_the_order_of_the_validation_loss(says):
    curves, stops = read("rnn_tbptt_figure6.csv"), read("rnn_tbptt_table2.csv")
    stops = stops.query("early_stop_epoch < 50").merge(curves[TBPTT].drop_duplicates(), on=TBPTT)
    epochs, ranks, lowest, gaps = [], [], [], []
    for stop in stops.itertuples():
        keys = {key: getattr(stop, key) for key in TBPTT}
        panel = curves[np.logical_and.reduce([curves[k] == v for k, v in keys.items()])]
        panel = panel.set_index("epoch")
        assert len(panel) == 50
        epochs.append(stop.early_stop_epoch)
        ranks.append(int(panel[VALIDATION].rank(method="min")[stop.early_stop_epoch]))
        lowest.append(int(panel[VALIDATION].idxmin()))
        gap = panel[VALIDATION] - panel[TRAIN]
        gaps.append(int(gap.rank(ascending=False, method="min")[stop.early_stop_epoch]))
    order = np.argsort(ranks)
    assert [epochs[i] for i in order] == [38, 12, 35, 46]
    says("Epochs {}, {}, {} and {} rank".format(*(epochs[i] for i in order)))
    assert [ranks[i] for i in order] == [33, 41, 46, 48]
    says("rank 33rd, 41st, 46th and 48th of 50")
    says("the lowest are epochs {}, {}, {} and {}.".format(*(lowest[i] for i in order)))
    assert sum(gap <= 2 for gap in gaps) == 3
    says("At three of the four the gap between validation and training loss is the largest")
    worse = stops.query("best_top1 < last_top1").iloc[0]
    says(f"({worse['best_top1']:.3f}, {worse['last_top1']:.3f})")


def test_what_figure_2_says_of_the_learning_rate_and_the_window(says):
    curves = read("rnn_tbptt_figure2.csv")
    found = curves.sort_values("epoch").groupby(TBPTT, sort=False)[TRAIN]
    table = found.agg(["min", "first", "last", residual_roughness]).reset_index()
    fast, slow = (table[table["learning_rate"] == rate] for rate in (0.1, 0.05))
    says(f"{fast['min'].mean():.3f} at 0.1, {slow['min'].mean():.3f} at 0.05. Of the best models")
    says(f"it is true: {fast['min'].min():.3f} and {slow['min'].min():.3f}.")
    rough = table.set_index(["learning_rate", "window"])["residual_roughness"]
    means = {rate: rough.xs(rate, level="learning_rate").mean() for rate in (0.1, 0.05)}
    says(f"{means[0.1]:.3f} at 0.1, {means[0.05]:.3f} at 0.05, the other way round")
    windows = {window: rough.xs(window, level="window").mean() for window in (10, 30)}
    says(f"True on average ({windows[30]:.3f}, with 10 steps {windows[10]:.3f})")
    fast_rough = rough.xs(0.1, level="learning_rate")
    at = {window: fast_rough[window].mean() for window in (10, 30)}
    assert at[30] > at[10]
    says(f"at 0.1 it is reversed ({at[30]:.3f}, {at[10]:.3f})")
    says(f"curves that start at {table['first'].min():.2f} to {table['first'].max():.2f}")
    large = table[table["hidden"] == 100].groupby("learning_rate")["last"].mean()
    printed = read("rnn_tbptt_table1.csv").query("hidden == 100")
    top = printed.groupby("learning_rate")["top1"].mean() + 1e-9  # half up
    says(f"final loss of 100 units ({large[0.05]:.3f}, at 0.1 {large[0.1]:.3f})")
    says(f"not of their top-1 ({top[0.05]:.3f}, at 0.1 {top[0.1]:.3f})")


def test_what_the_matrices_say_of_sitting_and_walking(says):
    _, five = matrices("rnn_tbptt_figure5.csv", TBPTT)
    _, seven = matrices("rnn_tbptt_figure7.csv", TBPTT)
    classes = read("rnn_tbptt_figure5.csv").columns[4:].tolist()
    sitting, walking = map(classes.index, ("sitting", "walking"))
    recall = five[:, sitting, sitting] / five[:, sitting].sum(axis=-1)
    says(f"Recall of {recall.min():.2f} to {recall.max():.2f} in Figure 5")
    assert (recall_lead(five, sitting) > 0).all()
    lowest = (seven[:, sitting, sitting] / seven[:, sitting].sum(axis=-1)).min()
    lost = (recall_lead(seven, sitting) < 0).sum()
    says(f"in Figure 7 it falls to {lowest:.2f} and is not the highest in {lost} of 8")
    wrong = np.delete(five[:, walking].sum(axis=0), walking)
    others = [name for name in classes if name != "walking"]
    counts = dict(zip(others, wrong, strict=True))
    rarest = sorted(others, key=counts.__getitem__)
    says(f"Of {wrong.sum()} wrong answers to walking in Figure 5 {counts['sitting']} are sitting")
    says(f"in {(five[:, walking, sitting] > 0).sum()} of 8 matrices")
    assert rarest[0] == "sitting"
    says(f"the next rarest, {rarest[1]}, has {counts[rarest[1]]}")
    says(f"of part (b) {hits(five).sum()} of {five.sum()}, of part (c) {hits(seven).sum()}")


def test_what_tables_1_to_3_say_of_early_stopping(says):
    table = read("rnn_tbptt_table1.csv").merge(read("rnn_tbptt_table2.csv"), on=TBPTT)
    change = (table["best_top1"] - table["last_top1"]).round(6)
    says(f"{(change > 0).sum()} better, {(change < 0).sum()} worse, {(change == 0).sum()} equal")
    whole = table["early_stop_epoch"] == 50
    assert (whole & (change == 0)).sum() == 4
    assert (~whole & (change == 0)).sum() == 1
    better = table["best_top1"] > table["top1"]
    without = better & (table["last_top1"] > table["top1"])
    says(f"{better.sum()} of 8 better. In {without.sum()} of these {better.sum()} the last weights")
    means = table["top1"].mean() + 1e-9, table["last_top1"].mean() + 1e-9  # half up
    says(f"{means[0]:.3f} with 3000 sequences, {means[1]:.3f} with 2700")


def test_top_1_of_the_perceptrons_is_cut_off(says):
    parts = [matrices(f"mlp_features_figure{n}.csv", MLP) for n in (4, 6)]
    keys = pd.concat([keys for keys, _ in parts]).reset_index(drop=True)
    counts = np.concatenate([counts for _, counts in parts])
    assert len(keys) == len(keys.drop_duplicates()) == 16
    assert (counts.sum(axis=(1, 2)) == 2947).all()
    printed = keys.merge(read("mlp_features_table1.csv"), on=MLP, how="left", validate="1:1")
    right = hits(counts)
    top_1 = [f"{value:.3f}" for value in printed["top1"]]
    assert top_1 == [f"{1000 * each // 2947 / 1000:.3f}" for each in right]
    rounded = [f"{each / 2947:.3f}" for each in right]
    differ = {cut: other for cut, other in zip(top_1, rounded, strict=True) if cut != other}
    page = " ".join((ROOT / "docs/errata.md").read_text("utf-8").split())
    text = re.search(r"five would be printed otherwise: (.*?) \((.*?)\)\.", page)
    stated = [re.findall(r"0\.\d{3}", part) for part in text.groups()]
    assert dict(zip(*stated, strict=True)) == differ
    says("2829 of 2947 are 0.95996, printed 0.959.")
    assert 2829 in right
    assert f"{2829 / 2947:.5f}" == "0.95996"


def test_figure_4_lacks_one_model():
    keys, _ = matrices("mlp_features_figure4.csv", MLP)
    table = read("mlp_features_table1.csv").query("dropout == 0")
    both = table[MLP].merge(keys, on=MLP, how="left", indicator=True)
    lacking = both.loc[both["_merge"] == "left_only", MLP].to_dict("records")
    assert len(keys) == 15
    assert lacking == [dict(zip(MLP, (1, 100, 0.01, 0.09, 0.0), strict=True))]


def test_errors_of_the_perceptrons_and_dropout(says):
    _, four = matrices("mlp_features_figure4.csv", MLP)
    classes = read("mlp_features_figure4.csv").columns[6:].tolist()
    place = {name: i for i, name in enumerate(classes)}
    shares = [
        errors_between(four, place[a], place[b]).mean()
        for a, b in (("sitting", "standing"), ("walking", "walking_upstairs"))
    ]
    says(f"of all errors {shares[0]:.2f} and {shares[1]:.2f}, mean over the 15 matrices")
    keys, _ = matrices("mlp_features_figure4.csv", MLP)
    best = "batch_size == 1 and hidden2 == 100 and learning_rate == 0.001 and momentum == 0.09"
    plain = np.diagonal(four[keys.eval(best).to_numpy()][0])
    dropped = np.diagonal(matrices("mlp_features_figure6.csv", MLP)[1][0])
    before_after = {name: f"{plain[i]} and {dropped[i]}" for name, i in place.items()}
    says(f"Walking {before_after['walking']}, laying {before_after['laying']}; upstairs")
    up, down = (before_after[f"walking_{way}"] for way in ("upstairs", "downstairs"))
    says(f"upstairs {up}, downstairs {down},")
    says(f"sitting {before_after['sitting']}, standing {before_after['standing']}.")
    table = read("mlp_features_table1.csv").query(best).set_index("dropout")
    says(f"Top-2 {table['top2'][0]} to {table['top2'][0.5]}, top-3 {table['top3'][0]} to 1;")
    assert (table[["top4", "top5"]] == 1).all(axis=None)


def test_momentum_in_table_1_of_the_perceptrons(says):
    table = read("mlp_features_table1.csv").query("dropout == 0")
    pairs = table.pivot(index=MLP[:3], columns="momentum", values="top1")
    small, large = (pairs.loc[(1, units, 0.01)] for units in (100, 200))
    says(f"{small[0]:.3f} to {small[0.09]:.3f} with 100 units, {large[0]:.3f} to {large[0.09]:.3f}")
    better = pairs[0.09] > pairs[0]
    fifty = better.xs(50, level="batch_size")
    says(f"Of batches of 50: {fifty.sum()} better, {(~fifty).sum()} worse")
    says(f"of all eight pairs: {better.sum()} better, {(~better).sum()} worse")
    says(f"= {1 / (1 - 0.09):.2f} times in all")


def test_what_a_row_or_a_rule_of_arithmetic_settles(says):
    stops = read("mlp_features_table1.csv").query("dropout == 0")["epochs"]
    says(f"{(stops == 50).sum()} of {len(stops)} rows of Table 1 stop at 50")
    training = 7352 - 6 * 120
    says(f"one epoch of {training} sequences is {training / 5000:.2f} long")
    variance = 2 / (50 + 50)
    says(f"weights are {variance**0.25 / variance**0.5:.1f} times as large for a layer of 50")
