"""What a configuration cannot have, and the message that says so before anything runs."""

import pytest
import yaml

from harmodels.data.features.checks import UNIT
from harmodels.errors import ConfigurationError, ModelError
from harmodels.estimators.classifiers import GRUClassifier, LSTMClassifier
from harmodels.live.page import describe_channel
from harmodels.pipeline.checks import CELLS, PHONE_CHANNEL
from harmodels.pipeline.pipeline import load_pipeline
from tests.config.conftest import root, spoil

__all__ = ["root", "spoil"]


def plan(report, dataset, *experiments, **keys):
    return {report: {"datasets": [dataset], "experiments": list(experiments), **keys}}


def model(report, dataset, experiment, configuration="best", **keys):
    named = {"report": report, "dataset": dataset, "experiment": experiment}
    return {"models": {"m": {**named, "configuration": configuration, **keys}}}


def own(**draw):
    return plan("own", "simulated-motionsense", "gru", draw=draw)


def hands(**draw):
    return plan("hand_actions", "sfinge3d", "final", draw=draw)


LIVE, LATER = {"live": ["m"]}, {"afternoons": {"a": {"model": "m"}}}
OWN = ("own", "simulated-motionsense", "gru")
OTHER = ("own", "simulated", "gru")
PERCEPTRON = ("mlp_features", "simulated", "part_b")
HANDS = ("hand_actions", "simulated-hands", "final")
COURSE = ("rnn_minibatch", "course-h5", "early_stopping")
FEATURES = plan(*PERCEPTRON, reads="computed_features")
ALL = [str(number) for number in range(1, 18)]

# reports, other keys, message
CASES = [
    (own(protocol="per_class"), {}, "report own, draw report: protocol: per_class needs test_per_"),
    (own(protocol="official"), {}, "simulated-motionsense has no official split; use protocol: su"),
    (hands(protocol="subjects"), {}, "sfinge3d does not say who was recorded; use protocol: offic"),
    (hands(validation="subjects"), {}, "does not say who was recorded; use validation: sequences"),
    (own(protocol="random", test_subjects=["1"]), {}, "needs protocol: subjects, not random"),
    (own(test_subjects=["18"]), {}, "test_subjects: unknown person '18'.*of simulated-motionsense"),
    (own(test_subjects=ALL), {}, "nobody of simulated-motionsense is left to train on"),
    (
        own(protocol="leave_one_subject_out", test_subjects=["1"]),
        {},
        "test_subjects needs protocol: subjects, not leave_one_subject_out",
    ),
    (
        plan("mlp_features", "wisdm", "part_b", reads="shipped_features"),
        {},
        "wisdm ships no features; use reads: computed_features or sequences",
    ),
    (
        plan("mlp_features", "wisdm", "part_b", reads="computed_features"),
        {},
        "computed_features of wisdm cannot be computed: the sampling rate is 20 Hz.*reads: sequen",
    ),
    (
        plan("rnn_minibatch", "course-h5", "gated"),
        {},
        "draw people: course-h5 does not say who.*validation: sequences; or leave gated out",
    ),
    (plan("hand_actions", "wisdm", "final"), {}, "wisdm: unknown channel group 'hand'"),
    (
        plan(*OWN, options={"architecture": "hierarchical"}),
        {},
        "report own, experiment gru: .*architecture: hierarchical needs a data set of hands",
    ),
    (
        plan("rnn_minibatch", "simulated", "normal", options={"patience": 3}),
        {},
        "patience: 3 needs a validation loss; set validation: true in the experiment",
    ),
    (
        plan("mlp_features", "simulated-hands", "part_b", reads="sequences"),
        {},
        "holds sequences of different lengths, which training: perceptron cannot read",
    ),
    (
        plan("protocols", "simulated", "minirocket_random", reads="computed_features"),
        {},
        "MiniRocket reads sequences, not features; set reads: sequences",
    ),
    (
        plan("hand_actions", "simulated-hands", "cells"),
        model("hand_actions", "simulated-hands", "cells", "cell=simple_rnn"),
        "models.m.configuration: cell=simple_rnn is a stack of simple_rnn layers.*cells gru, lstm",
    ),
    (
        own(protocol="leave_one_subject_out"),
        model(*OWN),
        "models.m.experiment: gru trains a network for each person left out",
    ),
    (plan(*HANDS), model(*HANDS) | LIVE, "live: m: simulated-hands holds whole recordings.*out of"),
    (plan(*COURSE), model(*COURSE) | LIVE, "live: m: course-h5 holds whole recordings"),
    (FEATURES, model(*PERCEPTRON) | LIVE, "live: m: the page runs recurrent networks on sequences"),
    (
        plan(*OTHER),
        model(*OTHER) | LIVE,
        "network reads body_acc_x, which a phone does not me",
    ),
    (
        plan(*OTHER),
        model(*OTHER) | LATER,
        "it reads body_acc_x, .*which an afternoon does not h",
    ),
    (
        plan(*HANDS),
        model(*HANDS) | LATER,
        "simulated-hands are hands, and an afternoon is that",
    ),
    (plan(*OWN), model(*OWN) | {"live": ["n"]}, "live has no model 'n'.*it has m"),
]
FINE = [
    (own(), model(*OWN) | LIVE | LATER),
    (own(test_subjects=["17"]), {}),
    (FEATURES, model(*PERCEPTRON) | LATER),
    (hands(), {}),
    (plan(*COURSE), {}),
]


@pytest.mark.parametrize(("reports", "others", "says"), CASES)
def test_what_cannot_be_built_is_refused_while_planning(reports, others, says, load):
    with pytest.raises(ConfigurationError, match=says):
        load(reports=reports, **others)


@pytest.mark.parametrize(("reports", "others"), FINE)
def test_what_can_be_built_is_planned(reports, others, load):
    load(reports=reports, **others)


def test_validation_needs_sequences_that_are_held_out(root, spoil):
    spoil(lambda content: content["draw"].pop("validation_per_class"), "own")
    with pytest.raises(ConfigurationError, match="validation: true needs validation_per_class"):
        load_pipeline({"reports": own()}, root)


def test_a_stopping_rule_needs_validation(root, spoil):
    def change(content):
        del content["experiments"]["part_b"]["validation"]
        content.update(tables={}, figures={}, claims={})  # they would be refused first

    spoil(change, "mlp_features")
    with pytest.raises(ConfigurationError, match="stopping: loss_gap needs a validation loss"):
        load_pipeline({"reports": FEATURES}, root)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, None),
        ({"window": {"steps": 100, "step": 50, "largest_gap_s": 1}}, "windows have 100 samples"),
        ({"rate_hz": 100}, "sampling rate is 100 Hz"),
        ({"channels": {**UNIT, "total_acc_y": "m/s²"}}, "total_acc_y is in m/s², not g"),
        ({"channels": {"acc_x": "g"}}, "they need the channel total_acc_x"),
    ],
)
def test_features_of_own_recordings_are_refused_where_they_cannot_be_computed(
    change, says, load, tmp_path
):
    entry = {
        "title": "T", "licence": "L", "citation": "C", "format": "table", "recordings": "mine",
        "rate_hz": 50, "channels": dict(UNIT), "channel_groups": {}, "classes": ["a", "b"],
        "table": {"subject": "person", "label": "activity"},
        "window": {"steps": 128, "step": 64, "largest_gap_s": 1},
    }  # fmt: skip
    (tmp_path / "registry.yaml").write_text(yaml.safe_dump({"mine": entry | change}))
    given = {"reports": plan("mlp_features", "mine", "part_b", reads="computed_features")}
    given["registry"] = [str(tmp_path / "registry.yaml")]
    if says is None:
        load(**given)
        return
    with pytest.raises(ConfigurationError, match=f"of mine cannot be computed: .*{says}"):
        load(**given)


def test_a_best_configuration_that_may_have_no_estimator_is_refused(root, spoil):
    spoil(lambda content: content["experiments"]["cells"].update(validation=True), "hand_actions")
    of = ("hand_actions", "simulated-hands", "cells")
    with pytest.raises(ConfigurationError, match="best may be a stack of simple_rnn layers"):
        load_pipeline({"reports": plan(*of), **model(*of)}, root)


def test_the_stacks_that_planning_knows_are_those_of_the_estimators():
    assert {*CELLS} == {GRUClassifier._cell, LSTMClassifier._cell}


@pytest.mark.parametrize(
    "name", ["acc_x", "total_acc_y", "gyro_z", "body_gyro_x", "body_acc_x", "total_gyro_x", "acc_w"]
)
def test_the_channels_that_planning_knows_are_those_of_the_live_page(name):
    try:
        describe_channel(name, "rad/s" if "gyro" in name else "g")
        found = True
    except ModelError:
        found = False
    assert (PHONE_CHANNEL.fullmatch(name) is not None) is found
