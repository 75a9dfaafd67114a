import numpy as np
import pytest
import torch

from harmodels.nn.params import map_params
from harmodels.training.learners import index_tensor, make_learner


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda here, there: there.sum().item(), "wait"),
        (lambda here, there: bool(there.sum() > 0), "wait"),
        (lambda here, there: there.nonzero(), "wait"),
        (lambda here, there: there + here, "of the host and of the GPU"),
        (lambda here, there: there[torch.tensor([0, 1])], "of the host and of the GPU"),
        (lambda here, there: there[[0, 1]], "empty_strided"),
        (lambda here, there: torch.tensor([1, 2], device=there.device), "empty_strided"),
    ],
)
def test_what_would_wait_for_a_gpu_or_mix_devices_is_refused(gpu, what, message):
    here = torch.ones(3, 4)
    with pytest.raises((RuntimeError, NotImplementedError), match=message):
        what(here, here.to(gpu.device))


# in two epochs: batches of 5, 5 and 2
RECORDED = {"truncated_bptt": 0, "minibatch": 2, "perceptron": 2}


def test_a_training_on_a_gpu_gives_the_numbers_of_the_host(case, gpu, tensors_of):
    there = case.fit(gpu.device, test_every=2)
    assert gpu.recorded == (RECORDED[case.training] if case.equal else 0)
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
