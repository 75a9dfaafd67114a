import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import harmodels
from harmodels import (
    ElmanClassifier,
    GRUClassifier,
    HierarchicalClassifier,
    MLPClassifier,
    from_channels_first,
)
from harmodels.nn.params import state_dict, take_replicates
from tests.estimators.conftest import SEQUENTIAL


def weights(model):
    return {name: tensor.numpy().tobytes() for name, tensor in state_dict(model.params_).items()}


def test_replicate_r_is_the_same_network_alone_and_in_company_and_on_any_number_of_threads(
    model, sequences
):
    one = clone(model).set_params(replicates=1).fit(*sequences)
    three = clone(model).set_params(replicates=3, n_jobs=2).fit(*sequences)
    first = state_dict(take_replicates(three.params_, [0]))
    torch.testing.assert_close(state_dict(one.params_), first, rtol=0, atol=0)
    assert weights(clone(model).set_params(random_state=4).fit(*sequences)) != weights(one)


def test_the_probability_is_the_mean_over_the_replicates_also_of_a_copy_by_pickle(model, suited):
    model.set_params(replicates=3).fit(*suited)
    each = model.predict_proba_all(suited[0])
    assert each.shape == (3, 24, 3)
    np.testing.assert_allclose(each.mean(0), model.predict_proba(suited[0]), rtol=1e-12)
    assert (pickle.loads(pickle.dumps(model)).predict_proba_all(suited[0]) == each).all()


def test_both_engines_give_the_same_probabilities(model, suited):
    model.set_params(replicates=2)
    both = (clone(model).set_params(engine=e).fit(*suited) for e in ("compiled", "reference"))
    compiled, readable = (fitted.predict_proba_all(suited[0]) for fitted in both)
    np.testing.assert_allclose(compiled, readable, atol=1e-4)


def test_torch_gives_the_same_labels_to_padded_sequences(model, suited):
    inputs, labels = suited
    model.set_params(replicates=2).fit(inputs, labels)
    lengths = torch.tensor([len(x) for x in inputs])
    padded = torch.nn.utils.rnn.pad_sequence(
        [torch.from_numpy(x.astype(np.float32)) for x in inputs], batch_first=True, padding_value=7
    )
    given = (padded,) if isinstance(model, MLPClassifier) else (padded, lengths)
    for replicate, ours in enumerate(model.predict_proba_all(inputs)):
        logits = model.to_torch(replicate)(*given).detach().double().numpy()
        found = np.exp(model._log_probabilities(logits))
        np.testing.assert_allclose(found, ours, rtol=0, atol=1e-5)


@pytest.mark.parametrize("model", SEQUENTIAL, indirect=True)
def test_torch_needs_no_lengths_where_they_are_equal(model, sequences):
    logits = model.fit(*sequences).to_torch()(torch.from_numpy(np.float32(sequences[0])))
    assert (model.classes_[logits.argmax(1).numpy()] == model.predict(sequences[0])).all()


@pytest.mark.parametrize("model", SEQUENTIAL, indirect=True)
def test_a_sequence_has_the_same_probabilities_whatever_is_predicted_beside_it(model, ragged):
    inputs, labels = ragged
    model.set_params(validation_fraction=0.25).fit(inputs, labels)
    alone = np.concatenate([model.predict_proba([x]) for x in inputs])
    assert (alone == model.predict_proba(inputs)).all()


def test_a_grid_search_over_groups_and_a_pipeline_work(sequences):
    inputs, labels = sequences
    scaled = make_pipeline(FunctionTransformer(lambda x: x / 2), GRUClassifier(epochs=2))
    grid = {"gruclassifier__hidden": np.array([2, 4])}
    search = GridSearchCV(scaled, grid, cv=GroupKFold(4), error_score="raise")
    search.fit(inputs, labels, groups=np.tile(np.arange(4), 6))
    assert search.best_params_["gruclassifier__hidden"] in (2, 4)


def test_a_group_is_trained_on_or_held_out_as_a_whole(sequences, split_seen):
    inputs, labels = sequences
    people = np.tile(["ann", "bea", "cy", "dan"], 6)
    model = GRUClassifier(4, epochs=1, replicates=2, validation_fraction=0.25, random_state=0)
    model.fit(inputs, labels, groups=people)
    for train, validation in zip(split_seen[0].train, split_seen[0].validation, strict=True):
        assert not set(people[train]) & set(people[validation])
        assert len(train) + len(validation) == 24
        assert len(validation) == 6


def test_validation_data_marks_the_best_epoch_and_is_not_trained_on(sequences):
    inputs, labels = sequences
    model = GRUClassifier(6, epochs=4, random_state=0)
    alone = clone(model).fit(inputs, labels)
    validated = clone(model).fit(inputs, labels, validation_data=(inputs[::3], labels[::3]))
    assert set(validated.history_["split"]) == {"train", "validation"}
    train = alone.history_.query("split == 'train'")["value"].to_numpy()
    assert (validated.history_.query("split == 'train'")["value"].to_numpy() == train).all()


def test_patience_ends_a_replicate_early(sequences):
    inputs, labels = sequences
    noise = np.random.default_rng(5).permutation(labels)
    model = GRUClassifier(8, epochs=200, patience=3, validation_fraction=0.3, random_state=0)
    model.fit(inputs, noise)
    assert model.n_iter_ < 200
    assert "no lower validation loss" in model.replicates_["stopped"][0]


def test_a_table_is_sequences_of_one_channel_and_for_the_perceptron_features(sequences):
    inputs, labels = sequences
    table = inputs[:, :, 0]
    assert GRUClassifier(4, epochs=1).fit(table, labels).n_channels_in_ == 1
    assert MLPClassifier((4, 3), epochs=1).fit(table, labels).n_channels_in_ == 12
    frame = pd.DataFrame(table, columns=[f"t{i}" for i in range(12)])
    assert list(GRUClassifier(4, epochs=1).fit(frame, labels).feature_names_in_) == list(frame)


def test_channels_first_arrays_are_turned_and_those_without_channels_refused(sequences):
    inputs, _ = sequences
    assert (from_channels_first(inputs.swapaxes(1, 2)) == inputs).all()
    with pytest.raises(ValueError, match=r"shape \(8, 3\); channels first means"):
        from_channels_first(np.zeros((8, 3)))


@pytest.mark.parametrize(
    "branches", [np.array([[0, 1], [2, 3]]), [np.array([0, 1]), (2, np.int64(3))], ((0, 1), [2, 3])]
)
def test_branches_may_be_arrays(branches, sequences, tmp_path):
    model = HierarchicalClassifier(6, epochs=1, random_state=0)
    lists = clone(model).set_params(branches=[[0, 1], [2, 3]]).fit(*sequences)
    model.set_params(branches=branches).fit(*sequences).save(tmp_path)
    assert weights(model) == weights(lists)
    assert harmodels.load(tmp_path).branches == [[0, 1], [2, 3]]


def test_torch_is_left_as_it_was(sequences):
    torch.set_num_threads(2)
    GRUClassifier(4, epochs=1, engine="reference").fit(*sequences)
    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda x, y: (np.where(np.arange(4) == 2, np.nan, x), y),
            r"X\[0\] holds nan at step 0, channel 2; .* FillGaps interpolates",
        ),
        (lambda x, y: ([*x[:-1], x[-1][:0]], y), r"X\[23\] has shape \(0, 4\)"),
        (lambda x, y: ([*x[:-1], x[-1][None]], y), r"X\[23\] has shape \(1, 12, 4\) and type"),
        (lambda x, y: ([*x[:-1], x[-1][:, :3]], y), r"X\[23\] has 3 channels and X\[0\] has 4"),
        (lambda x, y: (x * 1e300, y), r"X\[0\] holds -9.6\d+e\+299 at step 0.*scale the"),
        (lambda x, y: (x[:, 0] * 1e300, y), r"X contains infinity .* dtype\('float32'\)"),
        (lambda x, y: (np.ma.masked_array(x, x > 1), y), r"X\[\d+\] has masked values"),
        (lambda x, y: (np.ma.masked_array(x[:, 0], x[:, 0] > 0), y), "X has masked values"),
        (lambda x, y: (x, np.full(24, "sitting")), "one class"),
        (lambda x, y: (x, y[:-1]), "24 sequences and y 23 labels"),
        (lambda x, y: ([], y), "no sequence"),
        (lambda x, y: ([["a", "b"]] * 24, y), "convert|type|numbers"),
    ],
)  # fmt: skip
def test_unusable_training_data_are_named(sequences, change, named):
    with pytest.raises(ValueError, match=named):
        GRUClassifier(4, epochs=1).fit(*change(*sequences))


def test_a_view_of_memory_is_read_like_its_array(sequences):
    inputs, labels = sequences
    model = GRUClassifier(4, epochs=1, random_state=0).fit(memoryview(inputs), labels)
    assert (model.predict(memoryview(inputs)) == model.predict(inputs)).all()


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (
            ElmanClassifier(4, training="truncated_bptt", window=50),
            r"window=50 is longer than X\[0\], which has 12 steps",
        ),
        (ElmanClassifier(4, training="truncated_bptt", window=0), "window: 0 should be at least 1"),
        (ElmanClassifier(4, training="bptt"), "training is 'bptt'"),
        (GRUClassifier(4, patience=0), "patience is 0; it is a whole number of 1 or"),
        (HierarchicalClassifier(4, branches=[]), "fingers have .. channels"),
        (HierarchicalClassifier(4, branches=[[0, 1], [2]]), "fingers have .2, 1. channels"),
        (HierarchicalClassifier(4, branches=np.array([[0, 4]])), "names channel 4"),
        (GRUClassifier(4, patience="long"), "patience is 'long'"),
        (GRUClassifier(4, patience=3), "'auto' holds out none of 24 sequences"),
        (GRUClassifier(4, patience=3, validation_fraction=0), "patience=3 watches a validation"),
        (GRUClassifier(4, validation_fraction="half"), "validation_fraction is 'half'"),
        (GRUClassifier(4, scale="minmax"), "scale is 'minmax'; it is 'auto' or 'standard' or None"),
        (ElmanClassifier(4, window=5), "window=5 is of training='truncated_bptt'"),
        (
            ElmanClassifier(4, training="truncated_bptt", clip_norm=2.0),
            "clip_norm=2.0 is of training='minibatch'",
        ),
        (GRUClassifier(4, validation_fraction=1.5), "validation_fraction is 1.5"),
        (GRUClassifier(0), "hidden"),
        (GRUClassifier(4, replicates=0), "replicates"),
        (MLPClassifier((7,)), "hidden"),
        (GRUClassifier(4, learning_rate=-1.0), "learning_rate"),
    ],
)  # fmt: skip
def test_unusable_options_are_named(sequences, model, named):
    with pytest.raises(ValueError, match=named):
        model.fit(*sequences)


def test_a_divergence_of_every_replicate_is_an_error_with_a_remedy(sequences):
    model = MLPClassifier((7, 5), learning_rate=1e20, epochs=5, random_state=0)
    with pytest.raises(ValueError, match="every replicate diverged.*lower learning_rate"):
        model.fit(*sequences)


def test_predicting_refuses_other_channels_and_scoring_unknown_labels(sequences):
    inputs, labels = sequences
    model = GRUClassifier(4, epochs=1, random_state=0).fit(inputs, labels)
    with pytest.raises(ValueError, match="X has 3 channels; the network was trained on 4"):
        model.predict(inputs[:, :, :3])
    with pytest.raises(ValueError, match="the label 'flying', which the network was not trained"):
        model.score(inputs, np.where(labels == "lying", "flying", labels))


def test_an_empty_recording_is_refused_with_its_place():
    with pytest.raises(ValueError, match=r"X\[1\] has shape \(0, 3\).*leave empty recordings out"):
        GRUClassifier(2, epochs=1).fit([np.ones((4, 3)), np.ones((0, 3))], [0, 1])
