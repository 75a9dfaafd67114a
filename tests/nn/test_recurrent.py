import pytest
import torch

from harmodels.nn import elman, packing, recurrent
from harmodels.nn.cells import CELLS
from harmodels.nn.recurrent import RecurrentParams

LENGTHS = {
    "one step": [[1]],
    "one sequence": [[6]],
    "unequal": [[4, 7, 1, 4]],
    "equal": [[3, 3], [3, 3]],
    "replicates differ": [[3, 6, 1], [2, 2, 5]],
}
D, H = 3, 5

every_cell = pytest.mark.parametrize("name", CELLS)
every_batch = pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())


def make(name, lengths, seed=1):
    random = torch.Generator().manual_seed(seed)
    R, B, T = len(lengths), len(lengths[0]), max(map(max, lengths)) + 2
    rows = CELLS[name].gates * H

    def normal(*shape):
        return 0.5 * torch.randn(*shape, generator=random, dtype=torch.float64)

    inputs = normal(R, B, T, D)
    return [inputs, normal(R, rows, D), normal(R, rows, H), normal(R, rows), normal(R, rows)]


def reference_sequence(name, frames, weight_ih, weight_hh, bias_ih, bias_hh):
    """One sequence (T, D) through torch's own cell, which autograd can follow."""
    cell = {"simple_rnn": torch.rnn_tanh_cell, "gru": torch.gru_cell, "lstm": torch.lstm_cell}[name]
    hidden = cell_state = frames.new_zeros(1, H)
    states = []
    for frame in frames:
        before = (hidden, cell_state) if name == "lstm" else hidden
        after = cell(frame[None], before, weight_ih, weight_hh, bias_ih, bias_hh)
        hidden, cell_state = after if name == "lstm" else (after, cell_state)
        states.append(hidden)
    return torch.cat(states)


def reference(name, lengths, inputs, *params):
    """Padded outputs (R, B, T, H), zero after the end of a sequence."""
    R, B, T, _ = inputs.shape
    rows = [
        reference_sequence(name, inputs[r, b, : lengths[r][b]], *(p[r] for p in params))
        for r in range(R)
        for b in range(B)
    ]
    padded = [torch.nn.functional.pad(row, (0, 0, 0, T - len(row))) for row in rows]
    return torch.stack(padded).unflatten(0, (R, B))


def run(name, lengths, inputs, *params):
    """Padded outputs, and what a backward pass needs."""
    batch = packing.layout(torch.tensor(lengths))
    outputs, cache = recurrent.forward(
        CELLS[name], RecurrentParams(*params), batch.size_at_t, packing.pack(batch, inputs)
    )
    return packing.unpack(batch, outputs, inputs.shape[2]), batch, cache


def gradients(name, lengths, d_outputs, inputs, *params):
    _, batch, cache = run(name, lengths, inputs, *params)
    d_inputs, d_params = recurrent.backward(
        CELLS[name], RecurrentParams(*params), cache, packing.unpack_backward(batch, d_outputs)
    )
    return [packing.unpack(batch, d_inputs, inputs.shape[2]), *d_params]


@every_cell
@every_batch
def test_outputs_equal_those_of_torchs_cell_step_by_step(name, lengths):
    arguments = make(name, lengths)
    ours, theirs = run(name, lengths, *arguments)[0], reference(name, lengths, *arguments)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


@every_cell
@every_batch
def test_backward_is_the_gradient_of_forward(name, lengths, check_gradients):
    check_gradients(
        lambda *arguments: reference(name, lengths, *arguments),
        lambda d_outputs, *arguments: gradients(name, lengths, d_outputs, *arguments),
        make(name, lengths),
    )


@every_cell
@pytest.mark.parametrize("filling", [torch.nan, 0.0, torch.inf])
def test_what_stands_in_the_padding_changes_no_bit(name, filling):
    lengths = LENGTHS["replicates differ"]
    inputs, *params = make(name, lengths)
    padding = torch.arange(inputs.shape[2]) >= torch.tensor(lengths)[..., None]  # (R, B, T)
    d_outputs = torch.ones(*inputs.shape[:3], H, dtype=torch.float64)

    def everything(value):
        filled = inputs.masked_fill(padding[..., None], value)
        outputs = run(name, lengths, filled, *params)[0]
        return [outputs, *gradients(name, lengths, d_outputs, filled, *params)]

    for with_filling, with_report in zip(everything(filling), everything(-99.0), strict=True):
        assert torch.equal(with_filling, with_report)


@every_cell
def test_backward_changes_nothing_it_is_given_and_may_leave_out_the_inputs_gradient(name):
    lengths = LENGTHS["unequal"]
    inputs, *params = make(name, lengths)
    _, batch, cache = run(name, lengths, inputs, *params)
    d_outputs = packing.unpack_backward(batch, torch.ones(1, 4, 7, H, dtype=torch.float64))
    given = CELLS[name], RecurrentParams(*params), cache, d_outputs
    first, second = recurrent.backward(*given), recurrent.backward(*given)
    assert torch.equal(first[0], second[0])
    assert all(map(torch.equal, first[1], second[1]))
    assert all(map(torch.equal, recurrent.backward_to_params(*given), first[1]))


def test_simple_rnn_is_the_elman_layer():
    inputs, *params = make("simple_rnn", LENGTHS["equal"])
    ours = run("simple_rnn", [[5, 5], [5, 5]], inputs, *params)[0]
    initial = torch.zeros(2, 2, H, dtype=torch.float64)
    theirs, _ = elman.forward(elman.ElmanParams(*params), inputs, initial)
    torch.testing.assert_close(ours, theirs)
