"""`harmodels train`: from tables with labels to the folder of a model."""

import numpy as np
import pandas as pd
import pytest

import harmodels
from harmodels.cli import main
from harmodels.data.simulation.afternoon import simulate_afternoon
from harmodels.estimators.exports.card import FOLDS
from harmodels.files import read_json
from harmodels.recordings import networks

CLASSES = ("walking", "sitting", "laying")
WHO = ["--label", "activity", "--person", "person"]


@pytest.fixture(scope="session")
def tables():
    """Return a table of three bouts of 20 s for each of ten simulated people."""
    found = {}
    for seed in range(10):
        bouts = [
            simulate_afternoon([name], minutes=0.1, rate_hz=50.0, seed=seed)
            .samples[["t", "ax", "ay", "az"]]
            .head(1000)
            .assign(t=lambda bout, n=n: bout["t"] + 30 * n, activity=name)
            for n, name in enumerate(CLASSES)
        ]
        found[f"p{seed}"] = pd.concat(bouts).assign(person=f"p{seed}")
    return found


@pytest.fixture
def folder(tables, tmp_path, monkeypatch):
    """Return a function that writes tables, by the names of people, into the folder `walks`."""
    monkeypatch.chdir(tmp_path)

    def write(people=10, change=lambda table: table):
        (tmp_path / "walks").mkdir()
        for name, table in list(tables.items())[:people]:
            change(table).to_csv(tmp_path / "walks" / f"{name}.csv", index=False)
        return tmp_path

    return write


def train(*options, out="model"):
    return main(["train", "walks", *WHO, "--out", out, *options])


@pytest.fixture(scope="session")
def trained(tables, tmp_path_factory):
    """Return a folder of recordings, and the model that was trained on them."""
    place = tmp_path_factory.mktemp("trained")
    (place / "walks").mkdir()
    for name, table in tables.items():
        table.to_csv(place / "walks" / f"{name}.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert train("--epochs", "50", "--worn", "a phone at the waist") == 0
    return place


def test_the_card_says_what_the_model_reads_and_how_well_it_does(trained):
    card = harmodels.load(trained / "model").card_
    assert (card.channels, card.units) == (("acc_x", "acc_y", "acc_z"), ("g",) * 3)
    assert (card.rate_hz, card.window_steps, card.window_step) == (50.0, 128, 64)
    assert (card.data.name, card.data.licence) == ("walks", "my own recordings")
    assert card.data.worn == "a phone at the waist"
    assert (card.accuracy.people, card.accuracy.trained_on) == (3, 0)
    assert card.accuracy.protocol == "subjects"
    low, high = card.accuracy.over_people
    assert low <= card.accuracy.value <= high
    assert card.accuracy.value > 0.6
    assert card.gravity is not None


def test_a_person_is_trained_on_or_validated_on_or_tested_on(trained):
    origin = harmodels.load(trained / "model").card_.origin
    assert len(origin["tested_on"]) == 3
    assert len(origin["validated_on"]) == 1
    assert not set(origin["tested_on"]) & set(origin["validated_on"])


def test_the_accuracy_is_that_of_the_model_on_the_people_that_the_card_names(trained, tables):
    model = harmodels.load(trained / "model")
    windows, labels = [], []
    for name in model.card_.origin["tested_on"]:
        for activity, bout in tables[name].groupby("activity"):
            values = bout[["ax", "ay", "az"]].to_numpy() / 9.80665
            starts = range(0, len(values) - 127, 64)
            windows += [values[start : start + 128] for start in starts]
            labels += [activity] * len(starts)
    accuracy = model.card_.accuracy
    assert accuracy.sequences == len(labels)
    assert model.score(np.array(windows), labels) == pytest.approx(accuracy.value, abs=1e-12)


def test_what_was_understood_is_shown(folder, capsys):
    folder()
    assert train("--epochs", "1") == 0
    printed = capsys.readouterr().out
    assert "acc_x=ax" in printed
    assert "acc=m/s2" in printed
    assert "10 people" in printed
    assert "accuracy on 3 people it was not trained on" in printed


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_people(folder):
    here = folder()
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert train("--epochs", "2", "--seed", str(seed), out=out) == 0
    a, b, c = (
        {file.name: file.read_bytes() for file in (here / out).iterdir()} for out in ("a", "b", "c")
    )
    assert a == b
    assert a != c


@pytest.mark.parametrize("people", [2, 4])
def test_of_few_people_each_is_tested_by_a_network_of_the_others(people, folder, capsys):
    here = folder(people)
    assert train("--epochs", "2") == 0
    printed = capsys.readouterr().out
    assert "trained without them" in printed
    assert f"accuracy of networks like it on {people} people they were not trained on" in printed
    card = harmodels.load(here / "model").card_
    assert (card.accuracy.people, card.accuracy.trained_on) == (people, 0)
    assert card.accuracy.protocol == FOLDS
    assert card.origin["validated_on"] == []


def test_of_one_person_nobody_is_held_out_and_no_accuracy_is_claimed(folder, capsys):
    here = folder(1)
    assert train("--epochs", "2") == 0
    assert "Nobody was held out" in capsys.readouterr().out
    assert harmodels.load(here / "model").card_.accuracy is None


def test_people_who_did_not_do_all_activities_are_held_out_in_folds(folder, capsys):
    folder(6, lambda table: table[table["activity"] != CLASSES[int(table["person"].iat[0][1]) % 3]])
    assert train("--epochs", "1") == 0
    assert "on 6 people" in capsys.readouterr().out


def test_labels_that_have_nothing_to_do_with_the_motion_are_warned_of(folder, capsys):
    random = np.random.default_rng(0)

    def shuffled(table):
        names = random.choice(CLASSES, len(table) // 200 + 1)
        return table.assign(activity=np.repeat(names, 200)[: len(table)])

    folder(10, shuffled)
    assert train("--epochs", "3") == 0
    assert "WARNING: it has not learned" in capsys.readouterr().out


def test_a_model_that_learned_is_not_warned_of(folder, capsys):
    folder()
    assert train("--epochs", "25") == 0
    assert "WARNING" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.assign(activity="walking"), "two activities or more"),
        (lambda table: table.groupby("activity").head(140), "has .* windows? of 2.56 s"),
        (lambda table: table.rename(columns={"person": "who"}), "person"),
        (lambda table: table.rename(columns={"activity": "what"}), "activity"),
        (lambda table: table.drop(columns="az"), "acc_z"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_by_name(change, says, folder, capsys):
    here = folder(2, change)
    assert train("--epochs", "1") == 1
    error = capsys.readouterr().err
    assert pd.Series([error]).str.contains(says).item(), error
    assert not (here / "model").exists()


def test_labels_have_other_names_and_others_are_left_out(folder):
    here = folder(2)
    options = ["--labels", "laying=lying", "--classes", "Lying,walking"]
    assert train("--epochs", "1", *options) == 0
    assert harmodels.load(here / "model").classes_.tolist() == ["lying", "walking"]


def test_an_output_that_holds_something_else_is_left_alone(folder, capsys):
    here = folder(2)
    (here / "notes").mkdir()
    (here / "notes" / "a.txt").write_text("mine")
    (here / "file").write_text("mine")
    before = {file: file.read_bytes() for file in (here / "walks").iterdir()}
    for out in ("notes", "file", "walks/p0.csv"):
        assert train("--epochs", "1", out=out) == 1
        assert "--out" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in (here / "walks").iterdir()} == before
    assert sorted(file.name for file in (here / "notes").iterdir()) == ["a.txt"]


def test_a_model_may_lie_among_its_recordings_and_is_not_read_as_one(folder):
    here = folder(2)
    for _ in range(2):
        assert train("--epochs", "1", out="walks") == 0
    assert len(list((here / "walks").glob("*.csv"))) == 2
    assert harmodels.load(here / "walks").card_.accuracy.people == 2


def test_ctrl_c_leaves_nothing(folder, monkeypatch, capsys):
    here = folder(2)

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(networks.NetworkClassifier, "save", stop)
    assert train("--epochs", "1") == 130
    assert "no model was written" in capsys.readouterr().err
    assert [file.name for file in here.iterdir()] == ["walks"]


@pytest.mark.parametrize("kind", ["lstm", "elman"])
def test_other_networks_are_trained_alike(kind, folder):
    here = folder(2)
    assert train("--epochs", "1", "--model", kind) == 0
    assert type(harmodels.load(here / "model")).__name__.lower().startswith(kind)


def test_a_rate_and_a_window_of_one_s_own(folder):
    here = folder(2)
    assert train("--epochs", "1", "--hz", "25", "--window", "1.28") == 0
    card = harmodels.load(here / "model").card_
    assert (card.rate_hz, card.window_steps, card.window_step) == (25.0, 32, 16)


def test_a_configuration_does_the_same(folder, capsys, repository):
    here = folder()
    assert train("--epochs", "2", "--configuration", "own") == 0
    assert main(["check", "own/config.yaml", "--root", str(repository)]) == 0
    assert "own on model: 1 training job, 1 replicate" in capsys.readouterr().out
    assert sorted(file.name for file in (here / "own").iterdir()) == [
        "config.yaml",
        "registry.yaml",
    ]


def test_the_page_of_a_model_is_named_like_its_folder(trained, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    assert main(["live", "model"]) == 0
    assert (trained / "model.html").stat().st_size > 10_000
    assert main(["live", "model", "--out", "walks/p0.csv"]) == 1
    assert ".html" in capsys.readouterr().err
    assert read_json(trained / "model" / "model.json")["architecture"] == "GRUClassifier"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--epochs", "0"], "--epochs 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--hz", "nan"], "--hz nan"),
        (["--window", "0"], "--window 0"),
        (["--window", "0.01"], "--window 0.01"),
        (["--channels", "acceleration"], "--channels"),
        (["--labels", "laying"], "--labels"),
        (["--classes", "walking,lying"], "--classes"),
        (["--intervals", "labels.csv"], "labels.csv"),
        (["--unit", "acc=furlongs"], "furlongs"),
        (["--model", "perceptron"], "--model perceptron"),
    ],
)
def test_an_option_that_cannot_be_right_is_named(options, says, folder, capsys):
    here = folder(2)
    assert train("--epochs", "1", *options) == 1
    assert says in capsys.readouterr().err
    assert not (here / "model").exists()


def test_a_file_of_another_form_is_named_with_the_option(folder, capsys):
    here = folder(3)
    pd.read_csv(here / "walks" / "p2.csv").rename(columns={"ax": "q"}).to_csv(
        here / "walks" / "p2.csv", index=False
    )
    assert train("--epochs", "1") == 1
    error = capsys.readouterr().err
    assert "p2.csv" in error
    assert "--columns" in error
    assert "columns: {" not in error


def test_a_unit_that_one_person_has_alone_is_refused_with_a_remedy_that_helps(folder, capsys):
    here = folder(3)
    odd = pd.read_csv(here / "walks" / "p2.csv")
    odd[["ax", "ay", "az"]] /= 9.80665
    odd.to_csv(here / "walks" / "p2.csv", index=False)
    assert train("--epochs", "1", "--unit", "acc=m/s2") == 1
    assert "p2.csv" in capsys.readouterr().err
    assert train("--epochs", "1") == 0  # recognised in each file


def test_a_configuration_that_was_edited_is_left_alone(folder, capsys):
    here = folder()
    for _ in range(2):
        assert train("--epochs", "1", "--configuration", "own") == 0
    edited = (here / "own" / "config.yaml").read_text() + "# mine\n"
    (here / "own" / "config.yaml").write_text(edited)
    assert train("--epochs", "1", "--configuration", "own") == 1
    assert "own/config.yaml" in capsys.readouterr().err
    assert (here / "own" / "config.yaml").read_text() == edited


@pytest.mark.parametrize("options", [["--configuration", "own"], ["--model", "elman"]])
def test_one_table_of_all_people_is_trained_on(options, folder, tables):
    here = folder(2)
    pd.concat(tables.values()).to_csv(here / "all.csv", index=False)
    assert main(["train", "all.csv", *WHO, "--out", "model", "--epochs", "1", *options]) == 0
    assert harmodels.load(here / "model").card_.accuracy.people == 3


def test_a_perceptron_reads_features_as_classify_computes_them(tmp_path, monkeypatch, capsys):
    """Of a recording that was trained on, both see the same windows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walks").mkdir()
    for seed in range(2):
        bouts = [
            simulate_afternoon([name], minutes=0.1, rate_hz=50.0, seed=seed)
            .samples.head(1000)
            .assign(t=lambda bout, n=n: bout["t"] + 30 * n, activity=name, person=f"p{seed}")
            for n, name in enumerate(CLASSES)
        ]
        pd.concat(bouts).to_csv(tmp_path / "walks" / f"p{seed}.csv", index=False)
    assert train("--unit", "gyro=rad/s", "--model", "perceptron", "--epochs", "30") == 0
    truth = pd.DataFrame({"start": [0, 30, 60], "end": [20, 50, 80], "label": CLASSES})
    truth.to_csv(tmp_path / "truth.csv", index=False)
    capsys.readouterr()
    words = ["classify", "walks/p0.csv", "--model", "model", "--unit", "gyro=rad/s"]
    assert main([*words, "--truth", "truth.csv"]) == 0
    assert "agrees in 100.0%" in capsys.readouterr().out
