import pytest

from harmodels.errors import ConfigurationError
from harmodels.pipeline.digests import code_of
from harmodels.pipeline.inputs import Inputs
from harmodels.training.jobs.job import Job


@pytest.fixture
def inputs(pipeline):
    return Inputs(pipeline)


@pytest.fixture
def configuration(pipeline):
    return next(iter(pipeline.experiment("rnn_tbptt", "part_b").configurations))


def test_a_network_reads_the_table_that_its_experiment_names(inputs, wildcards):
    assert inputs.table_to_read(wildcards()) == "results/datasets/simulated/sequences.parquet"
    features = wildcards(report="mlp_features", dataset="uci-har", experiment="baselines")
    assert inputs.table_to_read(features).endswith("_features.parquet")


def test_a_job_is_the_arguments_of_a_training_job(inputs, wildcards, configuration):
    job = Job(**inputs.job(wildcards(configuration=configuration)))
    assert (job.report, job.dataset, job.experiment) == ("rnn_tbptt", "simulated", "part_b")
    assert job.name == configuration
    assert (job.seed, job.replicates) == (3, 2)


def test_each_block_of_replicates_is_a_job_with_splits_of_its_own(load, wildcards):
    inputs = Inputs(load(replicates=12))
    name = next(iter(inputs.pipeline.experiment("rnn_tbptt", "part_b").configurations))
    blocks = (("", 0, 5), ("+replicates=5-9", 5, 5), ("+replicates=10-11", 10, 2))
    for suffix, first, count in blocks:
        mine = wildcards(configuration=name + suffix)
        job = Job(**inputs.job(mine))
        assert (job.name, job.first, job.replicates) == (name, first, count)
        splits = inputs.splits(mine)
        assert splits == f"results/rnn_tbptt/simulated/splits/report{suffix}.parquet"
        drawn = inputs.draw(wildcards(draw=f"report{suffix}"))
        assert (drawn["first"], drawn["replicates"], drawn["folds"]) == (first, count, [])


@pytest.mark.parametrize("suffix", ["+replicates=5-8", "+replicates=12-16", "+fold=3"])
def test_a_part_that_is_not_trained_is_refused(load, wildcards, suffix):
    inputs = Inputs(load(replicates=12))
    name = next(iter(inputs.pipeline.experiment("rnn_tbptt", "part_b").configurations))
    with pytest.raises(ConfigurationError, match="has no part"):
        inputs.job(wildcards(configuration=name + suffix))
    with pytest.raises(ConfigurationError):
        inputs.draw(wildcards(draw=f"report{suffix}"))


def test_every_person_of_the_registry_is_a_fold(load, wildcards):
    protocols = {"protocols": {"datasets": ["uci-har"], "replicates": 1}}
    inputs = Inputs(load(reports=protocols))
    mine = wildcards(
        report="protocols",
        dataset="uci-har",
        experiment="gru_everyone",
        configuration="hidden=50+fold=30",
    )
    job = Job(**inputs.job(mine))
    assert (job.fold, job.name, job.draw) == ("30", "hidden=50", "everyone")
    assert inputs.splits(mine) == "results/protocols/uci-har/splits/everyone.parquet"
    folds = inputs.draw(wildcards(report="protocols", dataset="uci-har", draw="everyone"))["folds"]
    assert folds == [str(person) for person in range(1, 31)]
    assert len(inputs.pipeline.parts("protocols", "uci-har", "gru_everyone")) == 30


def test_folds_of_people_that_the_registry_does_not_know_are_refused(load):
    with pytest.raises(ConfigurationError, match=r"leave_one_subject_out .* key subjects"):
        load(reports={"protocols": {"datasets": ["wisdm"], "experiments": ["gru_everyone"]}})


@pytest.mark.parametrize(
    "change",
    [{"experiment": "readings"}, {"configuration": "clip=9"}, {"report": "rnn_minibatch"}],
)
def test_a_job_of_a_run_that_does_not_exist_names_what_does(
    inputs, wildcards, configuration, change
):
    with pytest.raises(ConfigurationError, match=f"has no .*{next(iter(change.values()))!r}"):
        inputs.job(wildcards(**{"configuration": configuration, **change}))


def test_a_training_is_digested_with_its_learner_and_a_baseline_without(inputs, wildcards):
    learner = "harmodels.training.learners.truncated_bptt"
    assert inputs.training_code(wildcards()) == code_of("train_network.py", learner)
    baseline = wildcards(report="mlp_features", experiment="baselines")
    assert inputs.training_code(baseline) == code_of("train_network.py")


def test_the_code_that_prepares_a_data_set_is_that_of_its_format_alone(inputs, wildcards):
    module = "harmodels.data.formats.uci_har"
    assert inputs.parser_code(wildcards()) == code_of("prepare_sequences.py", module)
    assert inputs.parser_code(wildcards()) != code_of("prepare_sequences.py")


def test_the_runs_behind_a_table_are_those_of_its_experiments(inputs, wildcards):
    table = wildcards(name="table1")
    folders = inputs.run_folders("tables")(table)
    assert folders
    assert all(f.startswith("results/rnn_tbptt/simulated/runs/part_b/") for f in folders)
    files = inputs.run_files("tables")(table)
    assert len(files) == 3 * len(folders)
    assert f"{folders[0]}/predictions.parquet" in files


def test_the_published_numbers_beside_a_table_come_with_their_digests(inputs, wildcards):
    published = inputs.published(wildcards(name="table1"))
    assert list(published) == ["rnn_tbptt_table1.csv"]
    assert all(len(digest) == 16 for digest in published.values())


def test_a_table_of_test_sequences_reads_who_was_recorded(inputs, wildcards):
    sequences = ["results/datasets/simulated/sequences.parquet"]
    assert inputs.sequences_of_subjects("tables")(wildcards(name="table1")) == sequences


def test_shipped_features_are_an_input_only_where_an_archive_holds_them(inputs, wildcards):
    assert inputs.shipped_features(wildcards(dataset="wisdm")) == []
    shipped = "results/datasets/uci-har/shipped_features.parquet"
    assert inputs.shipped_features(wildcards(dataset="uci-har")) == shipped


def test_an_archive_lies_in_the_folder_of_downloads(inputs, wildcards):
    path = inputs.archive(wildcards(dataset="wisdm"))
    assert path.startswith("results/downloads/wisdm/WISDM")


def test_the_claims_of_a_report_need_the_runs_of_their_experiments(inputs, wildcards):
    folders = inputs.claim_folders(wildcards())
    assert {folder.split("/")[4] for folder in folders} <= {"part_b", "part_c"}
    assert inputs.claims(wildcards())
    assert len(inputs.claim_files(wildcards())) == 3 * len(folders)


def test_an_entry_of_the_registry_is_text_that_changes_with_it(inputs, wildcards):
    assert inputs.registry_entry(wildcards(dataset="wisdm")).startswith("Dataset(name='wisdm'")
