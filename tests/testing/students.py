"""An LSTM with peepholes, pooled by a mean, and its backward pass with mistakes to choose from."""

import torch

B, T, D, H = 3, 6, 4, 5


def normal(*shape, seed=0):
    random = torch.Generator().manual_seed(seed + hash(shape) % 1000)
    return torch.randn(*shape, generator=random, dtype=torch.float64)


PARAMS = {
    "W": normal(4 * H, D),
    "U": normal(4 * H, H),
    "b": normal(4 * H),
    "peep_i": normal(H),
    "peep_f": normal(H, seed=1),
    "peep_o": normal(H, seed=2),
}
INPUTS = normal(B, T, D), normal(B, H), normal(B, H, seed=3)


def step(params, x, h, c):
    """Return what the backward pass needs of a step; the last two are its states."""
    z = x @ params["W"].mT + h @ params["U"].mT + params["b"]
    zi, zf, zg, zo = z.chunk(4, -1)
    i = torch.sigmoid(zi + params["peep_i"] * c)
    f = torch.sigmoid(zf + params["peep_f"] * c)
    g = torch.tanh(zg)
    new_c = f * c + i * g
    o = torch.sigmoid(zo + params["peep_o"] * new_c)
    return x, h, c, i, f, g, o, new_c, o * torch.tanh(new_c)


def forward(params, x, h, c):
    cache = []
    for t in range(x.shape[1]):
        cache.append(step(params, x[:, t], h, c))
        *_, c, h = cache[-1]
    return torch.stack([each[-1] for each in cache], 1), cache


def forward_in_a_buffer(params, x, h, c):
    cache, states = [], x.new_zeros(*x.shape[:2], h.shape[-1])
    for t in range(x.shape[1]):
        cache.append(step(params, x[:, t], h, c))
        *_, c, states[:, t] = cache[-1]
        h = states[:, t].clone()
    return states, cache


def backward(*mistakes):
    """Return a backward pass that makes some mistakes."""

    def run(params, cache, d_states):
        d = {name: torch.zeros_like(value) for name, value in params.items()}
        d_h, d_c = torch.zeros(2, *d_states[:, 0].shape, dtype=torch.float64)
        d_x = []
        first = 1 if "first step lost" in mistakes else 0
        for t in reversed(range(first, len(cache))):
            x, h_before, c_before, i, f, g, o, c, h = cache[t]
            if "last output only" not in mistakes or t == len(cache) - 1:
                d_h = d_h + d_states[:, t]
            y = torch.tanh(c)
            slope = {"slope of tanh(c)": 1 - y, "no slope of tanh(c)": torch.ones_like(y)}
            chosen = [value for name, value in slope.items() if name in mistakes]
            d_zo = d_h * y * o * (1 - o)
            d_c = d_c + d_h * o * (chosen or [1 - y**2])[0]
            if "no path by peep_o" not in mistakes:
                d_c = d_c + d_zo * params["peep_o"]
            d_zi, d_zf = d_c * g * i * (1 - i), d_c * c_before * f * (1 - f)
            d_zg = d_c * i * (1 - g**2)
            gates = [d_zi, d_zf, d_zg, d_zo]
            if "swapped gates" in mistakes:
                gates = [d_zf, d_zi, d_zg, d_zo]
            d_z = torch.cat(gates, -1)
            d["W"] += d_z.mT @ x
            d["U"] += d_z.mT @ (h if "h_t" in mistakes else h_before)
            d["b"] += d_z.mean(0) if "mean" in mistakes else d_z.sum(0)
            d["peep_i"] += (d_zi * c_before).sum(0)
            d["peep_f"] += (d_zf * c_before).sum(0)
            d["peep_o"] += (d_zo * c).sum(0)
            d_x.insert(0, d_z @ params["W"])
            d_h = d_z @ params["U"]
            if "not transposed" in mistakes:
                pairs = zip(d_z.chunk(4, -1), params["U"].chunk(4), strict=True)
                d_h = sum(each @ block.mT for each, block in pairs)
            d_c = d_c * f
            if "no path by peep_f" not in mistakes:
                d_c = d_c + d_zf * params["peep_f"]
            d_c = d_c + d_zi * params["peep_i"]
            if "no cell" in mistakes:
                d_c = torch.zeros_like(d_c)
            if "detached" in mistakes and t:
                d_h, d_c = torch.zeros_like(d_h), torch.zeros_like(d_c)
        d_x = [torch.zeros_like(d_x[0])] * first + d_x
        if "exchanged" in mistakes:
            d["peep_i"], d["peep_f"] = d["peep_f"], d["peep_i"]
        return torch.stack(d_x, 1), d_h, d_c, d

    return run
