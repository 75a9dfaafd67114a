import pytest
import torch

from harmodels.models.elman import ElmanClassifier
from harmodels.nn import params as trees
from harmodels.nn.elman import ElmanParams
from harmodels.nn.linear import LinearParams


def tree(R=3, fill=0.0):
    rnn = ElmanParams(*(torch.full(s, fill) for s in [(R, 4, 2), (R, 4, 4), (R, 4), (R, 4)]))
    return ElmanClassifier(rnn, LinearParams(torch.full((R, 6, 4), fill), torch.full((R, 6), fill)))


def test_state_dict_names_follow_the_fields():
    rnn = [f"rnn.{name}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    assert list(trees.state_dict(tree())) == [*rnn, "output.weight", "output.bias"]


def test_a_state_dict_loads_back():
    original = trees.map_params(lambda t: torch.rand(t.shape), tree())
    loaded = trees.load_state_dict(tree(), trees.state_dict(original))
    assert all(a is b for a, b in zip(loaded.rnn, original.rnn, strict=True))


def test_loading_a_wrong_shape_names_the_tensor():
    named = trees.state_dict(tree())
    named["rnn.bias_hh"] = torch.zeros(3, 5)
    with pytest.raises(ValueError, match="rnn.bias_hh"):
        trees.load_state_dict(tree(), named)


def test_put_replicates_changes_only_those_named_and_not_the_original():
    before = tree()
    after = trees.put_replicates(before, [2, 0], tree(R=2, fill=7.0))
    assert after.output.bias[:, 0].tolist() == [7.0, 0.0, 7.0]
    assert before.output.bias.abs().sum() == 0


def test_take_and_stack_are_inverse():
    original = trees.map_params(lambda t: torch.rand(t.shape), tree())
    parts = [trees.take_replicates(original, [r]) for r in range(3)]
    stacked = trees.map_params(lambda *tensors: torch.cat(tensors), *parts)
    assert torch.equal(stacked.rnn.weight_hh, original.rnn.weight_hh)
