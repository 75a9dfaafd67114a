# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # GRU and LSTM
#
# Gates are a way around the recurrent weights. You will measure how far a gradient gets on it, see what a forget
# bias does, and meet the mistakes that gates invite.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from recordings import simulated, uci_har

from harmodels import ElmanClassifier, GRUClassifier, LSTMClassifier
from harmodels.nn import recurrent
from harmodels.nn.cells import CELLS
from harmodels.nn.initialisation_schemes import KERAS
from harmodels.nn.recurrent import RecurrentParams
from harmodels.testing import check_gradients

# %% [markdown]
# ## The two cells
#
# A GRU mixes its old state with a candidate $n$ by an update gate $z$:
#
# $$
# \begin{aligned}
# r &= \sigma(W_{ir} x + W_{hr} h'), & z &= \sigma(W_{iz} x + W_{hz} h'), \\
# n &= \tanh(W_{in} x + r \odot W_{hn} h'), & h &= (1 - z) \odot n + z \odot h' .
# \end{aligned}
# $$
#
# An LSTM keeps a second state $c$, to which it adds:
#
# $$ c = f \odot c' + i \odot g, \qquad h = o \odot \tanh c . $$
#
# In both there is a path from step to step that meets no matrix: $\partial h / \partial h'$ contains
# $\operatorname{diag}(z)$, and $\partial c / \partial c' = \operatorname{diag}(f)$. A gate near one lets a gradient pass.
#
# `harmodels.nn` has the loop over time once and the cells apart from it. The weights are torch.nn's, the gates
# in blocks of rows: r, z, n and i, f, g, o.


# %%
def layer(cell, H=32, D=3, seed=0):
    """Return one layer's weights with its axis of replicates, in float64."""
    drawn = KERAS.recurrent(np.random.default_rng(seed), CELLS[cell], D, H)
    return RecurrentParams(*(each[None] for each in drawn))


def gradient_by_step(cell, params, T=80, seed=0):
    """Return the size of the gradient that the last state sends to each step's input."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(1, T, 3, generator=random, dtype=torch.float64)  # one sequence
    outputs, cache = recurrent.forward(CELLS[cell], params, [1] * T, x)
    d_outputs = torch.zeros_like(outputs)
    d_outputs[:, -1] = torch.randn(1, outputs.shape[-1], generator=random, dtype=torch.float64)
    d_x, _ = recurrent.backward(CELLS[cell], params, cache, d_outputs)
    return d_x[0].norm(dim=-1)


figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
names = {"simple_rnn": "Elman", "gru": "GRU", "lstm": "LSTM"}
for cell, name in names.items():
    sizes = torch.stack([gradient_by_step(cell, layer(cell, seed=s), seed=s) for s in range(8)])
    axes[0].semilogy(range(80)[::-1], sizes.log().mean(0).exp(), label=name)
axes[0].set(xlabel="steps back", ylabel="size of the gradient", title="Three cells, untrained")
for bias in (-1, 0, 1, 3):
    params = layer("lstm")
    params.bias_ih[:, 32:64] = bias  # block f
    axes[1].semilogy(range(80)[::-1], gradient_by_step("lstm", params), label=f"forget bias {bias}")
axes[1].set(xlabel="steps back", title="An LSTM is told to remember")
for axis in axes:
    axis.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# The slope of each line is the memory: a straight fall by a constant factor a step. Untrained, gates are no gift:
# they start near one half, and a GRU forgets faster than an Elman layer whose weights start orthogonal. What a gate
# adds is that memory can be *learnt*, unit by unit, without touching the weights. On the right a bias does it: with a
# forget bias of 3, $\sigma(3) = 0.95$, the factor is close to one. That is why the bias starts at 1 and not at 0.
#
# ## The backward pass, checked
#
# The loop writes into buffers, which autograd cannot follow. `check_gradients` then falls back to central
# differences of every element.

# %%
sizes = [3, 2, 2, 1]  # sequences still running at each step: lengths 4, 3 and 1, packed
packed = torch.randn(1, sum(sizes), 3, generator=torch.Generator().manual_seed(1))


def layer_functions(cell):
    def forward(params, x):
        return recurrent.forward(CELLS[cell], params, sizes, x)

    def backward(params, cache, d_outputs):
        return recurrent.backward(CELLS[cell], params, cache, d_outputs)

    return forward, backward


for cell in ("gru", "lstm"):
    print(check_gradients(*layer_functions(cell), layer(cell, H=4), packed))

# %% [markdown]
# ## The classic mistake: the order of gates
#
# Frameworks order the blocks differently. Carry weights over without a look at the manual, and everything has the
# right shape. The check tries all orders:


# %%
def with_keras_order(params, cache, d_outputs):
    d_x, d_params = layer_functions("gru")[1](params, cache, d_outputs)
    r_z_n = [each.chunk(3, dim=1) for each in d_params]
    return d_x, RecurrentParams(*(torch.cat((z, r, n), dim=1) for r, z, n in r_z_n))  # z, r, n


report = check_gradients(layer_functions("gru")[0], with_keras_order, layer("gru", H=4), packed)
print(report.mistakes[0].text)

# %% [markdown]
# ## Does it matter? A task that needs memory
#
# The first two steps say the class; then comes noise. All networks see whole sequences, so nothing is truncated:
# what differs is how far the gradient gets.


# %%
def remember(steps, count=240, seed=0):
    source = np.random.default_rng(seed)
    X = source.normal(0, 0.5, size=(count, steps, 2))
    y = source.integers(0, 2, count)
    X[:, :2, 0] += np.where(y, 1.0, -1.0)[:, None]
    return X.astype(np.float32), y


shared = {"learning_rate": 0.01, "epochs": 12, "replicates": 3, "random_state": 1}
last = {"pooling": "last"}  # a mean over the steps would need no memory
models = {
    "Elman": lambda: ElmanClassifier(24, batch_size=32, initialisation="glorot_uniform", **shared),
    "GRU": lambda: GRUClassifier(24, **last, **shared),
    "LSTM": lambda: LSTMClassifier(24, **last, **shared),
}
lengths = [5, 10, 20, 40, 80]
figure, axis = plt.subplots(figsize=(6.4, 3.4))
for name, make in models.items():
    scores = []
    for steps in lengths:
        labels = (
            make().fit(*remember(steps)).predict_proba_all(remember(steps, seed=1)[0]).argmax(-1)
        )
        scores.append((labels == remember(steps, seed=1)[1]).mean(1))
    scores = np.array(scores)
    axis.plot(lengths, np.median(scores, 1), "o-", label=name)
    axis.fill_between(lengths, scores.min(1), scores.max(1), alpha=0.15)
axis.axhline(0.5, color="grey", lw=0.8, ls=":")
axis.set(xlabel="steps of a sequence", ylabel="accuracy", title="12 epochs, whole sequences")
axis.legend(frameon=False, loc="lower left")
figure.tight_layout()

# %% [markdown]
# The line is the median of three networks, the band their range.
#
# ## On recordings
#
# UCI HAR if `HARMODELS_MIRROR` names a folder with it, otherwise invented people. Somebody else is tested than was
# trained on.

# %%
data = uci_har() or simulated(["walking", "upstairs", "jogging", "sitting", "standing", "laying"])
people = np.unique(data.people)
test = np.isin(data.people, people[-len(people) // 3 :])
shorter = data.X[:, ::2]  # every second sample is enough for an example
rows = {}
for name, make in models.items():
    model = make().set_params(epochs=6).fit(shorter[~test], data.y[~test])
    labels = model.classes_[model.predict_proba_all(shorter[test]).argmax(-1)]
    rows[name] = (labels == data.y[test]).mean(1)
    print(
        f"{data.source}: {name:5} accuracy {rows[name].mean():.3f}, networks {rows[name].round(3)}"
    )

# %% [markdown]
# Three networks are few. Whether such a difference means anything is the subject of the
# [next notebook](4_table_to_verdict.md).
#
# ## Exercises
#
# 1. Set the GRU's update gate to remember: which block of which bias, and which sign? Draw its line.
# 2. In a GRU, $d_{b_{hn}}$ and $d_{b_{in}}$ differ. By which factor? Return $d_{b_{in}}$ for both and run the check.
# 3. What is wrong below?


# %% tags=["answer"]
def colleagues_backward(params, cache, d_outputs):
    d_x, d_params = layer_functions("lstm")[1](params, cache, d_outputs)
    return d_x, d_params._replace(bias_hh=torch.zeros_like(d_params.bias_hh))


print(check_gradients(layer_functions("lstm")[0], colleagues_backward, layer("lstm", H=4), packed))
