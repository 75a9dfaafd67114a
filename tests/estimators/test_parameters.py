"""Parameters and inputs of another type, length or size: a ValueError that names them."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from harmodels import ElmanClassifier, GRUClassifier, HierarchicalClassifier, MLPClassifier
from harmodels.estimators.parameters import check_parameters
from harmodels.training.learners import SequenceTensors

RANDOM = np.random.default_rng(0)
Y = np.tile([0, 1, 2], 8)
X = RANDOM.normal(size=(24, 6, 3)) + Y[:, None, None]
FRAMES = [pd.DataFrame(x, columns=list("abc")) for x in X]


def small(**given):
    return GRUClassifier(3, **({"epochs": 1, "random_state": 0} | given))


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("replicates", 2.0, "a whole number of 1 or more"),
        ("replicates", True, "a whole number of 1 or more"),
        ("replicates", 0, "a whole number of 1 or more"),
        ("n_jobs", "2", "a whole number or None"),
        ("n_jobs", 1.5, "a whole number or None"),
        ("validation_fraction", "0.2", "a finite number or 'auto'"),
        ("validation_fraction", None, "a finite number or 'auto'"),
        ("epochs", 0, "a whole number of 1 or more or None"),
        ("epochs", "3", "a whole number of 1 or more or None"),
        ("patience", [1], "a whole number of 1 or more or 'auto' or None"),
        ("callback", 3, "a function or None"),
        ("class_weight", "equal", "a mapping of label to weight or 'balanced' or None"),
        ("class_weight", {0: "a"}, "a mapping of label to weight or 'balanced' or None"),
        ("class_weight", {0: np.nan}, "a mapping of label to weight or 'balanced' or None"),
        ("warm_start", "no", "True or False"),
        ("engine", "fast", "'auto' or 'compiled' or 'reference'"),
        ("engine", None, "'auto' or 'compiled' or 'reference'"),
        ("scale", np.array([1, 2]), "'auto' or 'standard' or None"),
        ("verbose", "yes", "a whole number"),
        ("device", 3, "text"),
        ("learning_rate", np.nan, "a finite number"),
        ("dropout", "0.1", "a finite number"),
        ("random_state", "a", "a whole number of 0 or more, a numpy.random.RandomState or None"),
        ("random_state", -1, "a whole number of 0 or more, a numpy.random.RandomState or None"),
    ],
)
def test_a_parameter_of_another_type_is_named_with_what_it_is(name, value, right):
    with pytest.raises(ValueError, match=rf"(?s)^{name} is .*; it is {right}$"):
        small(**{name: value}).fit(X, Y)


@pytest.mark.parametrize("use", ["predict", "predict_proba", "to_torch", "save"])
def test_a_parameter_is_checked_after_training_too(use, tmp_path):
    model = small().fit(X, Y).set_params(engine="fast")
    with pytest.raises(ValueError, match="engine is 'fast'"):
        getattr(model, use)({"to_torch": 0, "save": tmp_path / "a"}.get(use, X))


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (HierarchicalClassifier(3, branches=3), "branches is 3; give a list of lists"),
        (HierarchicalClassifier(3, branches=[0, 1]), r"branches is \[0, 1\]; give a list of lists"),
        (HierarchicalClassifier(3, branches=[[0.0]]), "branches is .*; give a list of lists"),
        (ElmanClassifier(3, training=["a"]), "training is"),
        (ElmanClassifier(3, training="truncated_bptt", window="5"), "window is '5'"),
        (small(device="gpu"), "device is 'gpu', which torch refuses"),
        pytest.param(
            small(device="cuda"),
            'device cuda: torch .* sees no GPU; .*device="cpu"',
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a GPU"),
        ),
        (small(class_weight={0: 1, 1: 1, 2: 1, 7: 2}), "names 7, which y does not hold; .*0, 1, 2"),
        (small(class_weight={"0": 1.0}), "names '0', which y does not hold; .*0, 1, 2"),
    ],
)
def test_other_values_that_cannot_be_are_named(model, named):
    with pytest.raises(ValueError, match=named):
        model.fit(X, Y)


@pytest.mark.parametrize("use", ["fit", "predict"])
def test_a_gpu_that_is_full_is_named_with_the_remedy(use, monkeypatch):
    def full(self, device):
        raise RuntimeError("CUDA error: out of memory")

    model = small().fit(X, Y).set_params(device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(SequenceTensors, "to", full)
    with pytest.raises(ValueError, match="^the GPU has too little memory left.*batch size"):
        getattr(model, use)(X, *[Y] * (use == "fit"))


NUMBERS = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=3))
ANYTHING = st.one_of(NUMBERS, st.lists(NUMBERS, max_size=2), st.dictionaries(NUMBERS, NUMBERS))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(small().get_params())), ANYTHING)
def test_whatever_a_parameter_is_it_is_refused_by_a_value_error_or_of_its_type(name, value):
    try:
        check_parameters(small().set_params(**{name: value}))
    except ValueError as error:
        named = str(error)
    else:
        named = name
    assert named.startswith(name)


@pytest.mark.parametrize("value", [np.int64(2), np.float32(0.5), np.str_("auto"), np.bool_(True)])
def test_numbers_of_numpy_are_of_the_type_of_python(value):
    names = {"int64": "epochs", "float32": "dropout", "str_": "scale", "bool": "warm_start"}
    check_parameters(small(**{names[type(value).__name__]: value}))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"groups": [None] * 24}, r"groups\[0\] is None: 24 of 24 groups are missing"),
        ({"groups": [*range(23), np.nan]}, r"groups\[23\] is nan: 1 of 24"),
        ({"groups": np.zeros((24, 2))}, r"groups have shape \(24, 2\)"),
        ({"groups": np.zeros(23)}, r"groups have shape \(23,\); give one group for each of 24"),
        ({"groups": [[1], [2, 3]] * 12}, "groups holds something other than names"),
        ({"sample_weight": {1: 2}}, "sample_weight holds something other than numbers"),
        ({"groups": {1: 2}}, r"groups have shape \(\)"),
        ({"validation_data": (X, Y[:5])}, "X of validation_data holds 24 sequences and y of val"),
        ({"validation_data": (X[:5], Y)}, "X of validation_data holds 5 sequences and y of .* 24"),
        ({"validation_data": X}, r"(?s)validation_data is .*; it is a pair .*\(X, y\)"),
        ({"validation_data": 3}, "validation_data is 3; it is a pair"),
        ({"validation_data": (X, [*Y[:-1], np.nan])}, r"y of validation_data\[23\] is nan"),
        ({"validation_data": (X, Y.astype(str))}, "holds text, such as '0', .* trained on numbers"),
        ({"validation_data": (None, Y)}, "X of validation_data is of type NoneType"),
    ],
)
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_what_comes_with_the_sequences_is_checked_alike_on_both_engines(engine, given, named):
    with pytest.raises(ValueError, match=named):
        small(engine=engine).fit(X, Y, **given)


@pytest.mark.parametrize("inputs", [{"a": 1}, None, 3, "abc", b"abc", {1}, iter(X)])
def test_what_holds_no_sequences_is_named_by_its_type(inputs):
    model = small().fit(X, Y)
    for use in (model.predict, lambda each: model.fit(each, Y)):
        with pytest.raises(ValueError, match=f"^X is of type {type(inputs).__name__}; give an arr"):
            use(inputs)
    with pytest.raises(ValueError, match="^X holds something other than numbers: .*; give arrays"):
        model.predict([{"a": 1}] * 24)


@pytest.mark.parametrize("y", [[1, "a"] * 12, [np.str_("a"), 2] * 12])
def test_text_beside_numbers_in_a_list_is_refused(y):
    with pytest.raises(ValueError, match="y mixes int and str; give labels of one type"):
        small().fit(X, y)


@pytest.mark.parametrize(("trained", "scored"), [(int, str), (str, int)])
def test_the_remedy_of_labels_of_another_type_leads_on(trained, scored):
    model = small().fit(X, Y.astype(trained))
    with pytest.raises(ValueError, match=r"by y\.astype\('(str|int64)'\)") as caught:
        model.score(X, Y.astype(scored))
    kind = str(caught.value).rpartition("astype('")[2].removesuffix("')")
    assert model.score(X, Y.astype(scored).astype(kind)) >= 0


def test_groups_of_several_types_are_told_apart(split_seen):
    small(validation_fraction=0.5).fit(X, Y, groups=np.array([1, "a"] * 12, dtype=object))
    assert len(split_seen[0].validation[0]) == 12


def test_labels_of_another_number_are_refused_by_score():
    with pytest.raises(ValueError, match="X holds 24 sequences and y 5 labels"):
        small().fit(X, Y).score(X, Y[:5])


def test_scores_that_are_not_finite_are_refused_and_the_remedy_leads_on():
    model = MLPClassifier((4, 3), epochs=1, random_state=0, scale=None)
    model.fit(X[:, 0], Y)
    for parameter in model.params_.hidden1:
        parameter.mul_(10.0)
    large = np.where(np.arange(24)[:, None] == 7, 3e38, X[:, 0])
    with pytest.raises(ValueError, match=r"X\[7\] has scores that are not finite: .* up to 3e\+38"):
        model.predict(large)
    assert len(model.predict(np.where(large > 1e30, 1.0, large))) == 24


def test_values_that_a_scale_makes_too_large_are_refused():
    model = small(scale="standard").fit(X * 1e-30, Y)
    with warnings.catch_warnings(), pytest.raises(ValueError, match="scores that are not finite"):
        warnings.simplefilter("error")
        model.predict(X * 1e30)


@pytest.mark.parametrize(
    ("weights", "class_weight"),
    [
        (np.r_[1e-300, np.ones(23)], None),
        (np.r_[1e300, np.ones(23)], None),
        (np.full(24, 1e308), None),
        (np.r_[1e-40, np.ones(23)], None),
        (np.where(Y == 0, 1e-39, 1.0), {0: 1e39, 1: 1.0, 2: 1.0}),
        (None, {0: 1e-300, 1: 1.0, 2: 1.0}),
        (None, {0: 1e300, 1: 1e-300, 2: 1.0}),
    ],
)
def test_weights_whose_ratios_float32_cannot_hold_are_refused(weights, class_weight):
    validation = (X[Y == 0], Y[Y == 0])
    with pytest.raises(ValueError, match=r"weight of X\[\d+\], .*; give weights of one size"):
        small(class_weight=class_weight).fit(
            X, Y, sample_weight=weights, validation_data=validation
        )


def test_the_remedy_of_a_weight_that_is_too_small_leads_on():
    small().fit(X, Y, sample_weight=np.r_[0.0, np.ones(23)])


@pytest.mark.parametrize(
    "change",
    [
        lambda frames: [frames[0][list("cba")], *frames[1:]],
        lambda frames: [*frames[:-1], frames[-1].to_numpy()],
        lambda frames: [frames[0].to_numpy(), *frames[1:]],
        lambda frames: pd.Series([*frames[:-1], frames[-1][list("bac")]]),
        lambda frames: [f.set_axis([1, 2, 3 + (i > 4)], axis=1) for i, f in enumerate(frames)],
    ],
    ids=["first", "no names", "names", "series", "numbers"],
)  # fmt: skip
def test_frames_that_differ_in_their_columns_are_refused_within_fit(change):
    with pytest.raises(ValueError, match="give every frame the same columns in one order"):
        small().fit(change(FRAMES), Y)


@pytest.mark.parametrize("names", ["cba", "uvw"])
@pytest.mark.parametrize("kind", [list, pd.Series])
def test_frames_of_other_columns_are_refused_and_the_remedy_leads_on(names, kind):
    model = small().fit(kind(FRAMES), Y)
    others = kind([f.set_axis(list(names), axis=1) for f in FRAMES])
    with pytest.raises(
        ValueError, match=r"trained on a, b, c: give them .* frame\[\['a', 'b', 'c'"
    ):
        model.predict(others)
    if names == "cba":
        assert len(model.predict(kind([frame[["a", "b", "c"]] for frame in others]))) == 24


def test_a_perceptron_of_sequences_reads_one_length_and_the_remedy_leads_on():
    model = MLPClassifier((4, 3), epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"X\[0\] has 7 steps; the perceptron reads 6"):
        model.predict(RANDOM.normal(size=(2, 7, 3)))
    with pytest.raises(ValueError, match=r"X of validation_data\[0\] has 5 steps"):
        clone(model).fit(X, Y, validation_data=(X[:, :5], Y))
    with pytest.raises(ValueError, match=r"X\[23\] has 5 steps"):
        clone(model).fit([*X[:-1], X[-1, :5]], Y)
    assert len(model.predict(RANDOM.normal(size=(2, 7, 3))[:, :6])) == 2


@pytest.mark.parametrize("replicate", [-1, 1, "a", 0.0, None])
def test_a_replicate_that_is_none_is_named(replicate):
    with pytest.raises(ValueError, match=r"replicate is .*; there are replicates 0 to 0"):
        small().fit(X, Y).to_torch(replicate)
