# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Truncated BPTT and what it forgets
#
# A long recording is cut into windows, and the weights are changed after each. Cheap, and the way report
# `rnn_tbptt` trains. You will see exactly what is dropped, and two things that a network then cannot learn.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from recordings import simulated

from harmodels import ElmanClassifier
from harmodels.nn import elman
from harmodels.testing import check_gradients

random = torch.Generator().manual_seed(2)


def normal(*shape, scale=0.5):
    return scale * torch.randn(*shape, generator=random)


def elman_params(H, D, radius=1.0):
    weight_hh = normal(1, H, H)
    weight_hh *= radius / torch.linalg.eigvals(weight_hh).abs().max()
    return elman.ElmanParams(normal(1, H, D), weight_hh, torch.zeros(1, H), torch.zeros(1, H))


# %% [markdown]
# ## A window
#
# The state runs on from window to window; the gradient does not. In window $k$ the state that is carried in,
# $h_{\text{in}}$, counts as a constant:
#
# $$
# \frac{\partial E_k}{\partial W_{hh}} \approx
# \left.\frac{\partial E_k}{\partial W_{hh}}\right|_{h_{\text{in}}\ \text{fixed}} .
# $$
#
# So the backward pass is the layer's own, window by window, and the gradient at the carried state is dropped.


# %%
def windowed_backward(window):
    def backward(params, cache, d_outputs):
        inputs, hidden = cache  # hidden[0] is the initial state
        total, d_inputs, d_initials = None, [], []
        for begin in range(0, inputs.shape[2], window):
            end = min(begin + window, inputs.shape[2])
            part = elman.ElmanCache(inputs[:, :, begin:end], hidden[:, :, begin : end + 1])
            d_x, d_carried, d = elman.backward(params, part, d_outputs[:, :, begin:end])
            d_initials.append(d_carried)
            total = d if total is None else elman.ElmanParams(*map(torch.add, total, d))
            d_inputs.append(d_x)
        return torch.cat(d_inputs, 2), d_initials[0], total  # the other d_initials are dropped

    return backward


params, recording, start = elman_params(6, 3), normal(1, 4, 12, 3), normal(1, 4, 6)
print(check_gradients(elman.forward, windowed_backward(4), params, (recording, start), window=4))

# %% [markdown]
# Forget to cut, and it is named. (Here `elman.backward` runs through all twelve steps.)

# %%
report = check_gradients(elman.forward, elman.backward, params, (recording, start), window=4)
print(report.mistakes[0].text)

# %% [markdown]
# And the other way round, a state that is cut *inside* the window:

# %%
report = check_gradients(elman.forward, windowed_backward(1), params, (recording, start), window=4)
print(report.mistakes[0].text)

# %% [markdown]
# ## How wrong is the direction?
#
# Compare the truncated gradient of $W_{hh}$ with the full one by the angle between them. Where the recurrence
# forgets fast ($\rho$ small), a short window is enough. Where it remembers, it is not.

# %%
windows = [1, 2, 3, 5, 8, 12, 20, 30, 60]
figure, axis = plt.subplots(figsize=(6.4, 3.4))
for radius in (0.5, 0.9, 1.2):
    cosines = []
    for _trial in range(8):
        params = elman_params(20, 3, radius)
        inputs, start = normal(1, 1, 60, 3), torch.zeros(1, 1, 20)
        outputs, cache = elman.forward(params, inputs, start)
        d_outputs = torch.zeros_like(outputs)
        d_outputs[:, :, -1] = normal(1, 1, 20)
        full = elman.backward(params, cache, d_outputs)[2].weight_hh.flatten()
        parts = [windowed_backward(w)(params, cache, d_outputs)[2].weight_hh for w in windows]
        cosines.append([float(torch.cosine_similarity(full, p.flatten(), dim=0)) for p in parts])
    axis.semilogx(windows, np.mean(cosines, 0), "o-", label=f"ρ = {radius}")
axis.set(xlabel="window (of 60 steps)", ylabel="cosine to the full gradient", ylim=(None, 1.02))
axis.set(title="A short window points elsewhere")
axis.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# ## What it forgets, first: the beginning
#
# A task that cannot be solved without memory: the first two steps say the class, the rest is noise. The error is
# known at the end of a sequence only in the last window, whose gradient does not reach the beginning.


# %%
def remember(steps, count=300, seed=0):
    source = np.random.default_rng(seed)
    X = source.normal(0, 0.3, size=(count, steps, 2))
    y = source.integers(0, 2, count)
    X[:, :2, 0] += np.where(y, 1.0, -1.0)[:, None]
    return X.astype(np.float32), y


lengths = [4, 8, 12, 16, 24, 32]
figure, axis = plt.subplots(figsize=(6.4, 3.4))
for window in (4, 8, 32):
    scores = []
    for steps in lengths:
        model = ElmanClassifier(
            20,
            training="truncated_bptt",
            window=min(window, steps),
            learning_rate=0.05,
            epochs=30,
            replicates=3,
            random_state=3,
        )
        X, y = remember(steps)
        unseen, truth = remember(steps, seed=1)
        labels = model.fit(X, y).predict_proba_all(unseen).argmax(-1)
        scores.append((labels == truth).mean(1))
    scores = np.array(scores)
    axis.plot(lengths, np.median(scores, 1), "o-", label=f"window {window}")
    axis.fill_between(lengths, scores.min(1), scores.max(1), alpha=0.15)
axis.axhline(0.5, color="grey", lw=0.8, ls=":")
axis.set(
    xlabel="steps of a sequence", ylabel="accuracy", title="The class is said in the first 2 steps"
)
axis.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# The line is the median of three networks, the band their range. A state can still carry the class by luck of
# the initial weights, since windows in the middle learn too; but what it should carry is never learnt from the end.
#
# ## What it forgets, second: everything but the last sequence
#
# Trained one sequence at a time, a network adapts to the one at hand. The weights after the last update know its
# label best. Report `rnn_tbptt` does this; see how often its network answers with the label that it saw last.

# %%
activities = ["walking", "jogging", "standing", "laying"]
data = simulated(activities, people=10, per_person=6, steps=60)
train = data.people < 7
test = ~train


def share_of(label, model):
    predictions = model.predict_proba_all(data.X[test]).argmax(-1)
    return float((model.classes_[predictions] == label).mean())


rows = []
for last in activities:
    order = np.flatnonzero(train)
    mine = np.flatnonzero(train & (data.y == last))
    order = np.concatenate([np.setdiff1d(order, mine), mine])  # in one block at the end
    model = ElmanClassifier(
        20,
        training="truncated_bptt",
        window=10,
        learning_rate=0.1,
        epochs=1,
        random_state=4,
        replicates=3,
    )
    model.fit(data.X[order], data.y[order])
    whole = ElmanClassifier(
        20, learning_rate=0.01, epochs=20, random_state=4, replicates=3
    ).fit(data.X[order], data.y[order])  # fmt: skip
    truth = float((data.y[test] == last).mean())
    rows.append((share_of(last, model), share_of(last, whole), truth))

figure, axis = plt.subplots(figsize=(6.4, 3.2))
place = np.arange(len(activities))
names = ("one at a time, windows of 10", "mini-batches", "true share")
for shift, values, name in zip((-0.25, 0, 0.25), zip(*rows, strict=True), names, strict=True):
    axis.bar(place + shift, values, 0.23, label=name)
axis.set_xticks(place, activities)
axis.set(
    ylabel="share of the predictions", title=f"How often an activity is predicted ({data.source})"
)
axis.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# In each epoch the order is drawn again, so the *last label* is random; `harmodels recency` finds it from a run's
# files and counts. What the bars show is how far one epoch of single sequences is from a network that has seen
# batches of all activities at once.
#
# ## Exercises
#
# 1. Take `window=12` in the first check and `windowed_backward(12)`. Why does the check pass with `elman.backward`?
# 2. In the memory task, let the class be said in the *last* two steps. What changes?
# 3. Below: a backward pass that keeps `d_carried`. Which mistake is it, and why is it not full BPTT?


# %% tags=["answer"]
def keeps_the_carried_gradient(params, cache, d_outputs):
    d_inputs, _, total = windowed_backward(4)(params, cache, d_outputs)
    inputs, hidden = cache
    last = elman.ElmanCache(inputs[:, :, 8:], hidden[:, :, 8:])
    return d_inputs, elman.backward(params, last, d_outputs[:, :, 8:])[1], total


params, start = elman_params(6, 3), normal(1, 4, 6)
print(
    check_gradients(elman.forward, keeps_the_carried_gradient, params, (recording, start), window=4)
)
