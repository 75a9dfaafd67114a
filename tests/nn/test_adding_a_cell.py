"""The page "Adding a recurrent cell" of CONTRIBUTING.md, followed from outside the package."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import harmodels
from harmodels import HierarchicalClassifier
from harmodels.config.options import Recurrent
from harmodels.errors import ConfigurationError, ModelError
from harmodels.live.network import describe_network
from harmodels.nn import packing, recurrent
from harmodels.nn.cells import CELLS
from harmodels.nn.recurrent import Cell, RecurrentParams
from harmodels.plugins import CELLS as REGISTRY
from harmodels.reporting.labels import name_text
from harmodels.training.fit import Schedule, SplitIndices, fit
from harmodels.training.learners import SequenceTensors, make_learner


class MinimalGatedUnit(nn.Module):
    """The layer as torch would have it: f = σ(a_f), n = tanh(a_n), h = h' + f (n - h')."""

    def __init__(self, inputs, hidden, num_layers=1, batch_first=True):
        super().__init__()
        assert num_layers == 1
        self.weight_ih_l0 = nn.Parameter(torch.randn(2 * hidden, inputs))
        self.weight_hh_l0 = nn.Parameter(torch.randn(2 * hidden, hidden))
        self.bias_ih_l0 = nn.Parameter(torch.randn(2 * hidden))
        self.bias_hh_l0 = nn.Parameter(torch.randn(2 * hidden))

    def forward(self, sequences):
        """Return all states (n, T, H) and the last."""
        hidden = sequences.new_zeros(len(sequences), self.weight_hh_l0.shape[1])
        states = []
        for x in sequences.unbind(1):
            gates = nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0)
            gates = gates + nn.functional.linear(hidden, self.weight_hh_l0, self.bias_hh_l0)
            f, n = gates.chunk(2, dim=-1)
            hidden = hidden + f.sigmoid() * (n.tanh() - hidden)
            states.append(hidden)
        return torch.stack(states, dim=1), hidden


def prepare(params, inputs):
    bias = params.bias_ih + params.bias_hh  # (R, 2H)
    return (torch.baddbmm(bias[:, None], inputs, params.weight_ih.mT),)  # (R, S, 2H)


def step(buffers, previous, states):
    f, n = buffers[0].chunk(2, dim=-1)
    f.sigmoid_()
    n.tanh_()
    torch.lerp(previous[0], n, f, out=states[0])


def slopes(buffers, previous, states):
    f, n = buffers[0].chunk(2, dim=-1)
    d_f = (n - previous[0]) * f * (1 - f)
    d_n = f * (1 - n.square())
    return torch.cat([d_f, d_n], dim=-1), 1 - f


def step_back(slopes, d_states):
    torch.unflatten(slopes[0], -1, (2, -1)).mul_(d_states[0].unsqueeze(-2))


def carry_gradient(slopes, d_states, d_previous):
    d_previous[0].addcmul_(d_states[0], slopes[1])


MGU = Cell(
    label="MGU",
    gate_order="fn",
    states=1,
    prepare=prepare,
    step=step,
    slopes=slopes,
    step_back=step_back,
    carry_gradient=carry_gradient,
    d_projected=lambda buffers, slopes, d_states: slopes[0],
    forget_gate="f",
    torch_layer=MinimalGatedUnit,
)


@pytest.fixture
def mgu(monkeypatch):
    monkeypatch.setitem(REGISTRY.registered, "mgu", MGU)


@pytest.fixture
def sequences():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(length, 3)).astype(np.float32) for length in range(4, 24)]
    return X, ["up" if x[:, 0].mean() > 0 else "down" for x in X]


def test_its_gradients_are_those_of_autograd_through_the_layer(check_gradients):
    D, H, lengths = 3, 4, [4, 7, 1]
    random = torch.Generator().manual_seed(0)
    shapes = (1, 3, 7, D), (1, 2 * H, D), (1, 2 * H, H), (1, 2 * H), (1, 2 * H)
    arguments = [torch.randn(s, generator=random, dtype=torch.float64) for s in shapes]
    batch = packing.layout(torch.tensor([lengths]))

    def theirs(inputs, *tensors):
        layer = MinimalGatedUnit(D, H).double()
        named = {f"{n}_l0": t[0] for n, t in zip(RecurrentParams._fields, tensors, strict=True)}
        states = torch.func.functional_call(layer, named, (inputs[0],))[0]
        running = torch.arange(7) < torch.tensor(lengths)[:, None]
        return (states * running[..., None])[None]

    def ours(d_states, inputs, *tensors):
        params, packed = RecurrentParams(*tensors), packing.pack(batch, inputs)
        outputs, cache = recurrent.forward(MGU, params, batch.size_at_t, packed)
        expected = theirs(inputs, *tensors)
        torch.testing.assert_close(packing.unpack(batch, outputs), expected, rtol=1e-12, atol=1e-12)
        d_outputs = packing.unpack_backward(batch, d_states)
        d_packed, d_params = recurrent.backward(MGU, params, cache, d_outputs)
        return [packing.unpack(batch, d_packed), *d_params]

    check_gradients(theirs, ours, arguments)


@pytest.mark.usefixtures("mgu")
@pytest.mark.parametrize("layers", [1, 2])
def test_a_report_can_name_it_and_a_learner_trains_it(layers):
    options = Recurrent(
        cell="mgu", hidden=8, layers=layers, dropout=0.0, batch_size=4, learning_rate=0.01
    )
    random = torch.Generator().manual_seed(0)
    inputs = torch.randn(24, 9, 3, generator=random)
    data = SequenceTensors.of_equal_length(inputs, (inputs[:, -1, 0] > 0).long(), 2)
    indices = SplitIndices([np.arange(24)], None, np.arange(0))
    learner = make_learner("recurrent", options, "reference", 1)
    rows = fit(learner, data, indices, Schedule(30, 0, (0,), options.monitor)).history()
    losses = rows.query("metric == 'cross_entropy'")["value"].to_numpy()
    assert losses[-1] < 0.5 * losses[0]
    assert name_text("mgu") == "MGU"


@pytest.mark.usefixtures("mgu")
def test_a_model_of_it_is_saved_loaded_and_given_to_torch(sequences, tmp_path):
    X, y = sequences
    model = HierarchicalClassifier(
        6, branches=[[0, 1], [0, 2]], branch_hidden=3, cell="mgu", epochs=3
    ).fit(X, y)
    model.save(tmp_path)
    again = harmodels.load(tmp_path)
    assert again.cell == "mgu"
    assert np.array_equal(again.predict_proba(X), model.predict_proba(X))
    logits = [model.to_torch()(torch.from_numpy(x[None])).argmax().item() for x in X]
    assert model.classes_[logits].tolist() == model.predict(X).tolist()


@pytest.mark.usefixtures("mgu")
def test_what_nobody_wrote_for_it_is_refused_by_name(sequences, tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    options = {"branches": [[0], [1]], "branch_hidden": 3, "cell": "mgu", "epochs": 1}
    with pytest.raises(ValueError, match="'mgu'.*engine=reference"):
        HierarchicalClassifier(6, **options, engine="compiled").fit(*sequences)
    model = HierarchicalClassifier(6, **options, engine="reference").fit(*sequences)
    with pytest.raises(ValueError, match="ONNX has no operator of the cell MGU"):
        model.to_onnx(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="no step of the cell MGU"):
        describe_network(model)
    monkeypatch.setitem(REGISTRY.registered, "mgu", replace(MGU, torch_layer=None))
    with pytest.raises(ValueError, match="torch.nn has no layer of the cell MGU"):
        model.to_torch()


@pytest.mark.parametrize("name", CELLS)
def test_a_label_is_that_of_the_record_although_the_record_is_not_imported(name):
    assert REGISTRY.label(name) == CELLS[name].label


def test_a_cell_that_nobody_registered_is_refused_with_the_names_of_the_others():
    with pytest.raises(ConfigurationError, match="'mgu' should be one of 'gru', 'lstm'"):
        Recurrent(cell="mgu")
    with pytest.raises(ValueError, match="already"):
        REGISTRY.register("gru", MGU)
