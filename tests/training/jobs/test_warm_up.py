from harmodels.config.options import OPTIONS
from harmodels.training.jobs.warm_up import warm_up
from harmodels.training.learners import LEARNERS, make_learner


def test_every_learner_has_a_compiled_loop_that_is_warmed_up():
    warm_up()
    assert set(LEARNERS) == set(OPTIONS) - {"baseline"}
    for name, kind in LEARNERS.items():
        assert isinstance(kind.example, OPTIONS[name])
        assert make_learner(name, kind.example, "compiled", 1).engine == "compiled"
