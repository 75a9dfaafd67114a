from harmodels.config.options import OPTIONS
from harmodels.kernels.perceptron import plain, training
from harmodels.training.jobs.warm_up import warm_up
from harmodels.training.learners import LEARNERS, make_learner


def test_every_learner_has_a_compiled_loop_that_is_warmed_up():
    warm_up()
    assert set(LEARNERS) == set(OPTIONS) - {"baseline"}
    for name, kind in LEARNERS.items():
        for example in kind.examples:
            assert isinstance(example, OPTIONS[name])
            assert make_learner(name, example, "compiled", 1).engine == "compiled"
    # both paths of the perceptron
    kernels = (training._train, training._score, plain.train_plain, plain.score_plain)
    assert all(kernel.signatures for kernel in kernels)
