"""What people hand in by mistake, and trainings that cannot have learned."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning

import harmodels
from harmodels import ElmanClassifier, GRUClassifier, MLPClassifier
from harmodels.estimators.inputs.hints import LARGEST_RATIO

Y = np.repeat(["sit", "stand"], 15)


@pytest.fixture(scope="module")
def arrays():
    """Return (30, 20, 3): gravity along z, then along x."""
    X = np.random.default_rng(0).normal(size=(30, 20, 3)) * 0.05
    X[:15, :, 2] += 1
    X[15:, :, 0] += 1
    return X


def frames(arrays, columns="xyz"):
    return [pd.DataFrame(array, columns=list(columns)) for array in arrays]


def small(**given):
    return GRUClassifier(4, **{"epochs": 1, "scale": None, "random_state": 0} | given)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_frames_in_another_order_of_columns_are_refused_also_after_loading(arrays, tmp_path):
    model = small().fit(frames(arrays), Y)
    model.save(tmp_path / "model")
    for each in (model, harmodels.load(tmp_path / "model")):
        each.predict(frames(arrays))
        each.predict(arrays)
        with pytest.raises(ValueError, match="columns z, y, x; the network was trained on x, y, z"):
            each.predict([frame[["z", "y", "x"]] for frame in frames(arrays)])
    assert not hasattr(model.fit(arrays, Y), "feature_names_in_")


def nested(arrays):
    return pd.DataFrame({k: [pd.Series(array[:, k]) for array in arrays] for k in range(3)})


def other_columns(arrays):
    return [*frames(arrays[1:]), frames(arrays[:1], "xyt")[0]]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (nested, r"np\.column_stack\(row\) for row in X\.to_numpy\(\)"),
        (lambda arrays: pd.concat(frames(arrays), keys=range(30)), r"X\.groupby\(level=0\)"),
        (other_columns, r"X\[29\] has the columns x, y, t and X\[0\] has the columns x, y, z"),
    ],
)
def test_what_is_no_list_of_sequences_is_refused_with_a_way_on(made, message, arrays):
    with pytest.raises(ValueError, match=message):
        small().fit(made(arrays), Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_ways_on_lead_on(arrays):
    rows = nested(arrays).to_numpy()
    expected = small().fit(arrays, Y).predict_proba(arrays)
    ways = (
        [np.column_stack(row) for row in rows],
        [part for _, part in pd.concat(frames(arrays), keys=range(30)).groupby(level=0)],
        [array.tolist() for array in arrays],
    )
    for way in ways:
        np.testing.assert_array_equal(small().fit(way, Y).predict_proba(way), expected)
    model = small().fit(arrays, Y)
    with pytest.raises(ValueError, match=r"X\[None\]"):
        model.predict(arrays[0])
    assert len(model.predict(arrays[0][None])) == 1
    lists = [list(range(5 + i % 3)) for i in range(30)]
    assert small().fit(lists, Y).n_channels_in_ == 1


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(np.arange(30) == 3, None, Y), r"y\[3\] is None: 1 of 30 labels are missing"),
        (np.where(np.arange(30) > 27, np.nan, 1.0), r"y\[28\] is nan: 2 of 30"),
        (np.array([1, "a"] * 15, dtype=object), "y mixes int and str"),
    ],
)
def test_labels_that_are_missing_or_mixed_are_named(labels, message, arrays):
    with pytest.raises(ValueError, match=message):
        small().fit(arrays, labels)


def test_a_training_that_learned_nothing_warns_and_one_that_learned_does_not(arrays):
    learned = small(epochs=40, learning_rate=0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert learned.fit(arrays, Y).score(arrays, Y) == 1
        MLPClassifier((16, 8), epochs=40, learning_rate=0.05, random_state=0).fit(arrays[:, 0], Y)
        ElmanClassifier(8, epochs=20, random_state=0).fit(arrays, Y)
    shuffled = np.random.default_rng(1).permutation(Y)
    for model in (small(), ElmanClassifier(4, epochs=1, learning_rate=1e-6, random_state=0)):
        with pytest.warns(ConvergenceWarning, match="the network did not learn"):
            model.fit(arrays, shuffled)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_channels_in_the_place_of_steps_are_hinted_at_with_the_function_that_turns_them(arrays):
    turned = arrays.swapaxes(1, 2)
    with pytest.warns(UserWarning, match=r"3 steps of 20 channels.*harmodels\.from_channels_first"):
        small().fit(turned, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        small().fit(harmodels.from_channels_first(turned), Y)
        small().fit([*arrays[:, :2]], Y)
        small().fit(arrays[:, :3], Y)
        MLPClassifier((4, 3), epochs=1).fit(arrays[:, :1], Y)


@pytest.mark.parametrize("scale", [None, "standard"])
def test_a_scale_is_advised_where_there_is_none(scale, arrays):
    shuffled = np.random.default_rng(1).permutation(Y)
    with pytest.warns(ConvergenceWarning) as caught:
        small(scale=scale).fit(arrays, shuffled)
    assert ("set scale='standard'" in str(caught[0].message)) is (scale is None)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_channels_of_very_different_size_are_named(arrays):
    timed = [frame.assign(t=1.7e9 + np.arange(20)) for frame in frames(arrays)]
    with pytest.warns(UserWarning, match=r"'t' reaches 1\.7e\+09"):
        small().fit(timed, Y)
    sizes = np.array([1.0, LARGEST_RATIO * 0.5, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        small().fit(np.sign(arrays) * sizes, Y)
