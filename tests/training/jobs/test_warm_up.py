from harmodels.training.jobs.warm_up import LOOPS, warm_up
from harmodels.training.learners import make_learner


def test_every_loop_that_is_warmed_up_is_a_compiled_one():
    warm_up()
    assert {make_learner(name, options, "compiled", 1).engine for name, options in LOOPS} == {
        "compiled"
    }
