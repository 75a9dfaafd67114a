# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # From the linear layer to backpropagation through time
#
# You will derive the backward pass of a linear layer, of a loss and of a recurrent layer, write each in a few
# lines, and let `check_gradients` tell you whether it is right. No autograd, except as the examiner.

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from recordings import simulated

from harmodels.testing import check_gradients

torch.manual_seed(1)
random = torch.Generator().manual_seed(1)


def normal(*shape, scale=0.5):
    return scale * torch.randn(*shape, generator=random)


# %% [markdown]
# ## One layer
#
# A layer is two functions. `forward` computes $y = Wx + b$ and keeps what the backward pass will need.
# `backward` gets $d_y = \partial E / \partial y$ and returns $d_x$, $d_W$ and $d_b$. By the chain rule
#
# $$
# d_x = W^\top d_y, \qquad d_W = \sum_{\text{batch}} d_y\, x^\top, \qquad d_b = \sum_{\text{batch}} d_y .
# $$
#
# In the code samples are rows, so $Wx$ reads `x @ W.mT` and $W^\top d_y$ reads `d_y @ W`.


# %%
def linear_forward(params, x):
    y = x @ params["weight"].mT + params["bias"]  # (B, O)
    return y, x


def linear_backward(params, x, d_y):
    d_x = d_y @ params["weight"]  # (B, I)
    return d_x, {"weight": d_y.mT @ x, "bias": d_y.sum(0)}


linear = {"weight": normal(4, 3), "bias": normal(4)}
print(check_gradients(linear_forward, linear_backward, linear, normal(8, 3)))

# %% [markdown]
# ## Why a check needs two oracles and float64
#
# A slope can be measured: $E(w + h) - E(w - h)$ over $2h$. Large steps $h$ are wrong by about $h^2$, small ones
# drown in rounding. In float32 the valley between is so shallow that a real mistake hides in it.

# %%
steps = 10.0 ** np.arange(-12, 0.1, 0.25)
figure, axis = plt.subplots(figsize=(6.4, 3.2))
for dtype, colour in ((torch.float64, "C0"), (torch.float32, "C1")):
    w = torch.tensor(0.7, dtype=dtype)
    exact = 1 - torch.tanh(w.double()) ** 2
    errors = [
        float(abs((torch.tanh(w + h) - torch.tanh(w - h)).double() / (2 * h) - exact))
        for h in steps
    ]
    axis.loglog(steps, errors, colour, label=str(dtype).removeprefix("torch."))
axis.set(xlabel="step h", ylabel="error of the slope of tanh", title="Truncation against rounding")
axis.legend(frameon=False)
figure.tight_layout()

# %% [markdown]
# So `check_gradients` converts everything to float64, takes the exact gradient from autograd, and confirms it by
# central differences: two ways that cannot make the same mistake.
#
# ## A loss
#
# Softmax turns logits $o$ into probabilities $y$; the cross-entropy of the true class $k$ is $E = -\log y_k$. The
# Jacobian of the softmax and the derivative of the logarithm cancel:
#
# $$ \frac{\partial E}{\partial o_c} = y_c - d_c, \qquad d_c = 1 \text{ if } c = k, \text{ otherwise } 0. $$


# %%
def loss_forward(logits, labels):
    log_y = logits.log_softmax(-1)
    loss = -log_y.gather(-1, labels[:, None]).squeeze(-1)  # (B,)
    return loss, (log_y.exp(), labels)


def loss_backward(logits, cache, d_loss):
    y, labels = cache
    targets = torch.nn.functional.one_hot(labels, y.shape[-1])
    return (y - targets) * d_loss[:, None]


logits, labels = normal(8, 4), torch.arange(8) % 4
print(check_gradients(loss_forward, loss_backward, logits, labels))

# %% [markdown]
# A tempting mistake is to multiply $y - d$ by the Jacobian *once more*. See what the check says:


# %%
def loss_backward_twice(logits, cache, d_loss):
    y, _ = cache
    d_logits = loss_backward(logits, cache, d_loss)
    return y * (d_logits - (d_logits * y).sum(-1, keepdim=True))


print(check_gradients(loss_forward, loss_backward_twice, logits, labels))

# %% [markdown]
# ## A layer with memory
#
# Elman's layer feeds its state back:
#
# $$ z_t = W_{ih} x_t + b + W_{hh} h_{t-1}, \qquad h_t = \tanh z_t . $$
#
# Unrolled in time it is a deep network that uses the same weights in every layer. So its backward pass is the one
# you know, from the last step to the first: through $\tanh$, then through the product, which sends
# $W_{hh}^\top d_{z_t}$ back to the state before.
#
# $$
# d_{z_t} = (1 - h_t^2) \odot \bigl(d_{h_t} + W_{hh}^\top d_{z_{t+1}}\bigr), \qquad
# d_{W_{hh}} = \sum_t d_{z_t} h_{t-1}^\top, \qquad d_{W_{ih}} = \sum_t d_{z_t} x_t^\top .
# $$


# %%
def elman_forward(params, x, initial):
    states = [initial]  # (B, H) each
    for t in range(x.shape[1]):
        z = x[:, t] @ params["weight_ih"].mT + params["bias"] + states[-1] @ params["weight_hh"].mT
        states.append(torch.tanh(z))
    return torch.stack(states[1:], 1), (x, torch.stack(states, 1))


def elman_backward(params, cache, d_states):
    x, states = cache
    d = {name: torch.zeros_like(value) for name, value in params.items()}
    d_x = torch.zeros_like(x)
    d_state = torch.zeros_like(states[:, 0])  # what later steps send back
    for t in reversed(range(x.shape[1])):
        d_z = (d_states[:, t] + d_state) * (1 - states[:, t + 1] ** 2)
        d["weight_ih"] += d_z.mT @ x[:, t]
        d["weight_hh"] += d_z.mT @ states[:, t]
        d["bias"] += d_z.sum(0)
        d_x[:, t] = d_z @ params["weight_ih"]
        d_state = d_z @ params["weight_hh"]
    return d_x, d_state, d


B, T, D, H = 5, 7, 3, 6
elman = {"weight_ih": normal(H, D), "weight_hh": normal(H, H), "bias": normal(H)}
recording, start = normal(B, T, D), normal(B, H)
print(check_gradients(elman_forward, elman_backward, elman, (recording, start)))

# %% [markdown]
# ## A mistake with a history
#
# Leave out the transpose, as a published report did: `d_z @ weight_hh.mT`. The network still learns a little,
# so nobody notices. The check does, and it says from which steps the error comes.


# %%
def elman_backward_as_printed(params, cache, d_states):
    transposed = {**params, "weight_hh": params["weight_hh"].mT}
    return elman_backward(transposed, cache, d_states)


print(check_gradients(elman_forward, elman_backward_as_printed, elman, (recording, start)))

# %% [markdown]
# Step 0 is right: before it there is nothing to send a gradient to.
#
# ## How far a gradient travels
#
# Each step back multiplies by $W_{hh}^\top$ and by $1 - h_t^2 \le 1$. The largest eigenvalue $\rho$ of $W_{hh}$ decides
# whether the product dies or grows. Here is the gradient of the last state at each earlier input.

# %%
T_long, H_long = 60, 40
figure, axis = plt.subplots(figsize=(6.4, 3.4))
for radius in (0.5, 0.9, 1.1, 1.5):
    weight = normal(H_long, H_long, scale=1.0)
    weight *= radius / torch.linalg.eigvals(weight).abs().max()
    params = {
        "weight_ih": normal(H_long, D, scale=0.1),
        "weight_hh": weight,
        "bias": torch.zeros(H_long),
    }
    outputs, cache = elman_forward(params, normal(1, T_long, D), torch.zeros(1, H_long))
    d_outputs = torch.zeros_like(outputs)
    d_outputs[:, -1] = normal(1, H_long)
    d_x = elman_backward(params, cache, d_outputs)[0]
    axis.semilogy(range(T_long)[::-1], d_x.norm(dim=-1)[0], label=f"ρ = {radius}")
axis.set(xlabel="steps back", ylabel="size of the gradient", title="Vanishing and exploding")
axis.legend(frameon=False, ncols=2)
figure.tight_layout()

# %% [markdown]
# ## Learning
#
# All pieces together: the state after the last step goes to a linear layer, that to the loss. Gradient descent on
# simulated accelerations of twelve invented people, who walk, jog, stand and lie.

# %%
activities = ["walking", "jogging", "standing", "laying"]
data = simulated(activities, steps=40)
x = torch.from_numpy(data.X)
labels = torch.tensor([activities.index(name) for name in data.y])
training = torch.from_numpy(data.people < 9)  # three people are left for the test

H = 24
params = {
    "elman": {
        "weight_ih": normal(H, 3, scale=0.2),
        "weight_hh": 0.9 * torch.linalg.qr(normal(H, H))[0],
        "bias": torch.zeros(H),
    },
    "linear": {"weight": normal(4, H, scale=0.2), "bias": torch.zeros(4)},
}


def network_forward(params, x):
    states, cache = elman_forward(params["elman"], x, x.new_zeros(len(x), H))
    logits, last = linear_forward(params["linear"], states[:, -1])
    return logits, (cache, last, states.shape)


def network_backward(params, cache, d_logits):
    elman_cache, last, shape = cache
    d_last, d_linear = linear_backward(params["linear"], last, d_logits)
    d_states = d_logits.new_zeros(shape)
    d_states[:, -1] = d_last
    d_x, _, d_elman = elman_backward(params["elman"], elman_cache, d_states)
    return d_x, {"elman": d_elman, "linear": d_linear}


print(bool(check_gradients(network_forward, network_backward, params, x[:3, :6])))

# %%
losses, accuracies = [], []
for _update in range(150):
    logits, cache = network_forward(params, x[training])
    loss, loss_cache = loss_forward(logits, labels[training])
    d_logits = loss_backward(logits, loss_cache, torch.full_like(loss, 1 / len(loss)))
    _, d_params = network_backward(params, cache, d_logits)
    norm = sum(d.square().sum() for part in d_params.values() for d in part.values()).sqrt()
    step = 0.2 * min(1.0, 1.0 / float(norm))  # longer gradients are cut to length 1
    for part, gradients in d_params.items():
        for name, gradient in gradients.items():
            params[part][name] -= step * gradient
    losses.append(float(loss.mean()))
    test_logits = network_forward(params, x[~training])[0]
    accuracies.append(float((test_logits.argmax(-1) == labels[~training]).float().mean()))

states = elman_forward(params["elman"], x, x.new_zeros(len(x), H))[0]
figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), width_ratios=[1.3, 1, 1])
axes[0].plot(losses, label="training loss")
axes[0].plot(accuracies, label="accuracy, other people")
axes[0].set(xlabel="update", title=f"Learning ({data.source})", ylim=(0, None))
axes[0].legend(frameon=False)
for axis, activity in zip(axes[1:], ("walking", "laying"), strict=True):
    shown = states[int(np.flatnonzero(data.y == activity)[0])]
    axis.imshow(shown.mT, aspect="auto", cmap="RdBu", vmin=-1, vmax=1)
    axis.set(title=f"states while {activity}", xlabel="step", yticks=[])
figure.tight_layout()
print(f"accuracy on three other people: {accuracies[-1]:.2f}")

# %% [markdown]
# ## Exercises
#
# 1. Below, a colleague's backward pass. What is wrong? Say it before you run the cell.
# 2. Write the backward pass of $h_t = \operatorname{relu}(z_t)$ and check it.
# 3. Add a second bias, as torch.nn.RNN has it. What is its gradient, and how does the training change?


# %% tags=["answer"]
def colleagues_backward(params, cache, d_states):
    d_x, d_initial, d = elman_backward(params, cache, d_states)
    return d_x, d_initial, {**d, "bias": d["bias"] / len(d_states)}


print(check_gradients(elman_forward, colleagues_backward, elman, (recording, start)))
