import pickle

import numpy as np
import pytest
import torch

from harmodels import GRUClassifier
from harmodels.nn.params import map_params, state_dict
from harmodels.training.learners import index_tensor, make_learner


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda here, there: there.sum().item(), "wait"),
        (lambda here, there: bool(there.sum() > 0), "wait"),
        (lambda here, there: there.nonzero(), "wait"),
        (lambda here, there: there + here, "of the host and of the GPU"),
        (lambda here, there: there[torch.tensor([0, 1])], "of the host and of the GPU"),
        (
            lambda here, there: there.where(there > 0, torch.tensor(0.0)),
            "of the host and of the GPU",
        ),
        (lambda here, there: there[[0, 1]], "empty_strided"),
        (lambda here, there: torch.tensor([1, 2], device=there.device), "empty_strided"),
    ],
)
def test_what_would_wait_for_a_gpu_or_mix_devices_is_refused(gpu, what, message):
    here = torch.ones(3, 4)
    with pytest.raises((RuntimeError, NotImplementedError), match=message):
        what(here, here.to(gpu.device))


# What a training launches on a GPU. Before another operation joins them: does torch have it on
# CUDA, deterministic (`torch.use_deterministic_algorithms` says which are not, a float `cumsum`
# for example), without waiting, and may it be recorded in a graph?
OPERATIONS = """
    _log_softmax _softmax _unsafe_view abs add addcmul_ alias all baddbmm baddbmm_ bitwise_and
    bitwise_not bmm cat clamp clamp_max clamp_min clone div empty_like eq exp expand gather gt index
    index_copy index_select lerp lt masked_fill minimum mul mul_ ne neg new_empty new_full new_zeros
    ones_like pow reciprocal remainder rsub scatter_add_ scatter_reduce select sigmoid sigmoid_
    slice softplus split split_with_sizes sqrt squeeze stack sub sum tanh tanh_ transpose unbind
    unsqueeze view where zeros_like
"""


# in two epochs: batches of 5, 5 and 2
RECORDED = {"truncated_bptt": 0, "minibatch": 2, "perceptron": 2}


def test_a_training_on_a_gpu_gives_the_numbers_of_the_host(case, gpu, tensors_of):
    there = case.fit(gpu.device, test_every=2)
    assert gpu.recorded == (RECORDED[case.training] if case.equal else 0)
    assert gpu.operations <= set(OPERATIONS.split())
    here = case.fit("cpu", test_every=2)
    assert there.history().equals(here.history())
    torch.testing.assert_close(tensors_of(there), tensors_of(here), rtol=0, atol=0)


def test_the_host_waits_no_more_often_for_more_batches(case, gpu):
    recordings = case.recordings.to(gpu.device)
    learner = make_learner(case.training, case.options, "reference", 1)
    state = learner.initialise([np.random.default_rng(0)], recordings)
    state = map_params(lambda tensor: tensor.to(gpu.device), state)
    counted = []
    for sequences in (5, 12):
        before = gpu.downloads
        order = index_tensor([np.arange(sequences)], gpu.device)
        learner.train_epoch(state, recordings, order, [np.random.default_rng(1)])
        counted.append(gpu.downloads - before)
    assert counted[0] == counted[1] <= 2


@pytest.mark.parametrize(
    "case", ["minibatch, Adam", "perceptron, dropout, momentum", "gru"], indirect=True
)
def test_an_interrupted_training_goes_on_to_the_same_bytes(case, gpu, tensors_of, tmp_path):
    whole, resumed = case.fit(gpu.device), case.fit_interrupted(gpu.device, tmp_path)
    assert resumed.history().equals(whole.history())
    torch.testing.assert_close(tensors_of(resumed), tensors_of(whole), rtol=0, atol=0)


def test_an_estimator_keeps_its_weights_on_the_host_and_needs_no_gpu_to_be_used(gpu):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 6, 3)), np.arange(20) % 2
    model = GRUClassifier(4, scale=None, epochs=2, device=str(gpu.device), random_state=0).fit(X, y)
    assert {weight.device.type for weight in state_dict(model.params_).values()} == {"cpu"}
    there = model.predict_proba(X)
    again = model.set_params(warm_start=True, epochs=1).fit(X, y).predict_proba(X)
    assert gpu.operations
    gpu.__exit__(None, None, None)
    try:
        here = pickle.loads(pickle.dumps(model)).set_params(device="cpu", engine="reference")
        np.testing.assert_array_equal(here.predict_proba(X), again)
        assert not np.array_equal(there, again)
    finally:
        gpu.__enter__()
