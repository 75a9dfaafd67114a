# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # From a table to a verdict
#
# A report prints 0.582 beside 0.410 and says that a longer window is better. Is it? You will train the networks
# again, a few times each, and follow the numbers to a verdict: over seeds, over people, corrected for the number
# of questions.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from recordings import simulated, uci_har

from harmodels import ElmanClassifier
from harmodels.assets import root
from harmodels.evaluation.claims import Verdict, judge_mean
from harmodels.evaluation.people import SubjectCounts, accuracy_intervals
from harmodels.evaluation.significance import adjust, detectable_effect, mean_p_value
from harmodels.evaluation.statistics import share_interval

# %% [markdown]
# ## The table
#
# Report `rnn_tbptt`, its Table 1, one network a row: top-1 accuracy at learning rate 0.1 and 50 hidden units.

# %%
published = pd.read_csv(root() / "config" / "published" / "rnn_tbptt_table1.csv")
print(published.head(4).to_string(index=False))

# %% [markdown]
# ## The same question, asked five times
#
# Two windows, five networks each. The *seed* draws the initial weights and the order of the sequences; both
# windows use the same seeds, so the comparison is paired.

# %%
activities = ["walking", "upstairs", "downstairs", "sitting", "standing", "laying"]
data = uci_har() or simulated(activities, people=15, per_person=4)
people = np.unique(data.people)
test_people = people[-len(people) // 3 :]
test = np.isin(data.people, test_people)
X = data.X[:, : 2 * 32 : 2]  # 32 steps
train = np.flatnonzero(~test)
train = np.random.default_rng(0).permutation(train)[:240]
R = 5

correct = {}
for window in (4, 32):
    model = ElmanClassifier(
        30,
        training="truncated_bptt",
        window=window,
        learning_rate=0.05,
        epochs=12,
        replicates=R,
        random_state=5,
    ).fit(X[train], data.y[train])
    labels = model.classes_[model.predict_proba_all(X[test]).argmax(-1)]
    correct[window] = labels == data.y[test]  # (R, n)
accuracy = {window: each.mean(1) for window, each in correct.items()}

figure, axis = plt.subplots(figsize=(6.4, 3.4))
for place, (window, values) in enumerate(accuracy.items()):
    interval = share_interval(values)
    axis.plot(np.full(R, place) - 0.08, values, "o", mfc="none", color="C0")
    axis.errorbar(
        place + 0.08, interval.mean, [[interval.mean - interval.low], [interval.high - interval.mean]],
        fmt="s", capsize=4, color="C1",
    )  # fmt: skip
    print(
        f"window {window}: {interval.mean:.3f}, 95 % interval {interval.low:.3f} to {interval.high:.3f}"
    )
for pair in zip(*accuracy.values(), strict=True):
    axis.plot([-0.08, 0.92], pair, color="C0", lw=0.6, alpha=0.5)
axis.set_xticks([0, 1], [f"window {window}" for window in accuracy])
axis.set(xlim=(-0.5, 1.5), ylabel="accuracy", title=f"Five seeds each ({data.source})")
figure.tight_layout()

# %% [markdown]
# Circles are networks, lines join the same seed, squares carry the 95 % interval of the mean. Look at the spread of
# one window before you look at the difference of two: one network a row, and the table could have said either.
#
# ## Over seeds: the paired difference
#
# The interval is about the mean of $d_r = a_r^{(32)} - a_r^{(4)}$. The claim holds if the tests put that mean above
# zero, fails if below, and otherwise is undecided, which is an answer.

# %%
differences = accuracy[32] - accuracy[4]
judgement = judge_mean(differences, 0.0, "greater")
interval, verdict = judgement.interval, judgement.verdict
print(f"difference {interval.mean:+.3f}, from {interval.low:+.3f} to {interval.high:+.3f}")
print(f"p = {judgement.p_value:.3f}; the claim {verdict}")

# %% [markdown]
# ## What could have been decided?
#
# Noise of the mean falls as $1/\sqrt{R}$. From the spread of $d_r$ follows how large a difference is decided four
# times out of five. Ask for it before you train: from the difference that you happened to see it would only repeat
# the p-value.

# %%
deviation = differences.std(ddof=1)
numbers = np.arange(3, 41)
seen = [detectable_effect(deviation / np.sqrt(n), n - 1) for n in numbers]
figure, axis = plt.subplots(figsize=(6.4, 3.0))
axis.plot(numbers, seen)
axis.axhline(abs(interval.mean), color="C1", lw=0.8)
axis.axvline(R, color="grey", lw=0.8, ls=":")
axis.set(xlabel="networks of each window", ylabel="difference that is decided", ylim=(0, None))
axis.set(title="A small difference is expensive")
figure.tight_layout()
print(f"five networks decide a difference of {seen[R - numbers[0]]:.3f}")

# %% [markdown]
# ## Over people
#
# Seeds are one source of chance. The other is who was tested. For somebody new, the interval has to be over people.

# %%
tested = data.people[test]


def counts(each):
    of = [tested == person for person in test_people]
    return SubjectCounts(
        replicates=tuple(range(R)),
        subjects=tuple(map(str, test_people)),
        correct=np.stack([each[:, mine].sum(1) for mine in of], axis=1),
        sequences=np.stack([np.full(R, mine.sum()) for mine in of], axis=1),
    )


figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=[1.2, 1])
shares = counts(correct[32])
axes[0].boxplot(shares.correct / shares.sequences, tick_labels=shares.subjects)
axes[0].set(xlabel="person", ylabel="accuracy", title="Five networks on each person, window 32")
for place, (name, each) in enumerate(accuracy_intervals(shares)._asdict().items()):
    axes[1].plot([each.low, each.high], [place, place], lw=3)
    axes[1].text(each.high, place, f"  {name.replace('_', ' ')}", va="center")
axes[1].set(
    yticks=[], xlabel="accuracy", title="The same accuracy, three questions", ylim=(-0.6, 2.6)
)
axes[1].set_xlim(None, 1.35)
figure.tight_layout()

# %% [markdown]
# *Seeds*: another training, these people. *People*: these networks, other people. *Both*: what a reader expects to
# find when they try it.
#
# ## Many questions
#
# Ask twenty, and at 95 % one is answered wrongly by luck. Bonferroni's bound raises each p-value by the number of
# questions; half of it, since a claim is decided in one direction. Here all questions are void: both sides are the same network trained with other seeds.

# %%
random = np.random.default_rng(7)
null = random.normal(0, 0.03, size=(20, R))  # twenty claims without any effect
raw = np.array([mean_p_value(row) for row in null])
corrected = adjust(raw, tests=20)
figure, axis = plt.subplots(figsize=(6.4, 3.0))
axis.plot(np.sort(raw), "o", label="each alone")
axis.plot(np.sort(corrected), "s", mfc="none", label="Bonferroni, of 20")
axis.axhline(0.05, color="grey", lw=0.8, ls=":")
axis.set(xlabel="claim, sorted", ylabel="p", title="Twenty claims with nothing behind them")
axis.legend(frameon=False)
figure.tight_layout()
print(f"decided alone: {(raw <= 0.05).sum()}, after correction: {(corrected <= 0.05).sum()}")

# %% [markdown]
# `make report` does all of this for every claim of four reports; the ledger is in
# `results/<report>/<data set>/claims.md`, and [findings](../findings.md) sums it up.
#
# ## Exercises
#
# 1. Change `R` to 3 and to 10. What happens to the verdict, and what to the effect?
# 2. Drop the pairing: compare the two windows by the intervals of their means. When is pairing worth it?
# 3. Below, the verdict if only the best of the five networks were reported. What went wrong?

# %% tags=["answer"]
best = {window: values.max() for window, values in accuracy.items()}
alone = "holds" if best[32] > best[4] else "does not hold"
print(
    f"best networks: {best[4]:.3f} and {best[32]:.3f}, the claim {alone}; with all five: {verdict}"
)
assert verdict in set(Verdict)
