import pytest

from harmodels.errors import ConfigurationError
from harmodels.pipeline.digests import code_of
from harmodels.pipeline.inputs import Inputs
from harmodels.pipeline.labels import Labels
from harmodels.pipeline.models import ModelInputs
from harmodels.training.jobs.job import Job

LEARNERS = "harmodels.training.learners"


@pytest.fixture
def inputs(pipeline):
    return Inputs(pipeline)


@pytest.fixture
def configuration(pipeline):
    return next(iter(pipeline.experiment("rnn_tbptt", "part_b").configurations))


def job_of(inputs, wildcards):
    return Job(**inputs.job(wildcards), device=inputs.device(wildcards))


SEQUENCES = "results/datasets/simulated/sequences.parquet"
BASELINES = {"report": "mlp_features", "dataset": "uci-har", "experiment": "baselines"}


@pytest.mark.parametrize(
    ("ask", "given", "found"),
    [
        (Inputs.table_to_read, {}, SEQUENCES),
        (Inputs.table_to_read, BASELINES, "results/datasets/uci-har/shipped_features.parquet"),
        (Inputs.shipped_features, {"dataset": "wisdm"}, []),
        (
            Inputs.shipped_features,
            {"dataset": "uci-har"},
            "results/datasets/uci-har/shipped_features.parquet",
        ),
        (Inputs.archive, {"dataset": "wisdm"}, "results/downloads/wisdm/WISDM_ar_latest.tar.gz"),
        (lambda i, w: i.sequences_of_subjects("tables")(w), {"name": "table1"}, [SEQUENCES]),
        (lambda i, w: list(i.published(w)), {"name": "table1"}, ["rnn_tbptt_table1.csv"]),
        (lambda i, w: {len(d) for d in i.published(w).values()}, {"name": "table1"}, {16}),
        (lambda i, w: i.registry_entry(w)[:20], {"dataset": "wisdm"}, "Dataset(name='wisdm'"),
        (Inputs.training_code, {}, code_of("train_network.py", f"{LEARNERS}.truncated_bptt")),
        (Inputs.training_code, BASELINES, code_of("train_network.py")),
        (
            lambda i, w: Labels(i.pipeline).category(w),
            {},
            "Elman network, truncated BPTT (Simulated recordings, waist, 50 Hz)",
        ),
        (
            lambda i, w: Labels(i.pipeline).data("Preview")(w),
            {"dataset": "uci-har"},
            {"data set": "UCI HAR", "title": "Preview"},
        ),
    ],
)
def test_a_rule_is_given(inputs, wildcards, ask, given, found):
    assert ask(inputs, wildcards(**given)) == found


def test_a_job_is_the_arguments_of_a_training_job(inputs, wildcards, configuration):
    job = job_of(inputs, wildcards(configuration=configuration))
    assert (job.report, job.dataset, job.experiment) == ("rnn_tbptt", "simulated", "part_b")
    assert job.name == configuration
    assert (job.seed, job.replicates) == (3, 2)


GPU = ("gpus", "gpu_model", "gres")
ON_ONE, ON_NONE = [1, "a100", None], [0, None, None]
SAYS = {"gpu_model": "a100"}
# a perceptron's batches of 1 and of 50, and a baseline
SINGLE, BATCHES, BASELINE = (
    {"report": "mlp_features", "dataset": "uci-har", **job}
    for job in (
        {
            "experiment": "part_b",
            "configuration": "batch_size=1+hidden2=100+learning_rate=0.001+momentum=0",
        },
        {
            "experiment": "part_b",
            "configuration": "batch_size=50+hidden2=100+learning_rate=0.001+momentum=0",
        },
        {"experiment": "baselines", "configuration": "model=majority"},
    )
)


@pytest.fixture
def planned_on(load, monkeypatch):
    """Load the configuration as the process does that plans a run on a device."""

    def plan(device, **changes):
        monkeypatch.setenv("HARMODELS_DEVICE", device)
        reports = {
            "mlp_features": {"datasets": ["uci-har"], "experiments": ["part_b", "baselines"]}
        }
        return Inputs(load(reports=reports, device="auto", replicates=5, **changes))

    return plan


@pytest.mark.parametrize(
    ("planned", "job", "device", "asks"),
    [
        ("auto", SINGLE, "cpu", ON_NONE),
        ("auto", BATCHES, "cuda", ON_ONE),
        ("auto", BASELINE, "cpu", ON_NONE),
        ("cuda", SINGLE, "cuda", ON_ONE),
        ("cuda", BASELINE, "cpu", ON_NONE),
    ],
)
def test_the_jobs_on_a_gpu_ask_for_one_and_no_others(
    planned_on, wildcards, planned, job, device, asks
):
    inputs, mine = planned_on(planned, resources=SAYS), wildcards(**job)
    assert inputs.device(mine) == device
    assert [inputs.of_gpu(name)(mine) for name in GPU] == asks


def test_on_a_processor_a_network_asks_for_the_gpus_that_are_written_down(planned_on, wildcards):
    inputs = planned_on("cpu", resources={"gpus": 2, "gpu_model": "a100"})
    assert [inputs.of_gpu(name)(wildcards(**BATCHES)) for name in GPU] == [2, "a100", None]
    assert [inputs.of_gpu(name)(wildcards(**BASELINE)) for name in GPU] == ON_NONE
    inputs = planned_on("cpu")
    assert [inputs.of_gpu(name)(wildcards(**BATCHES)) for name in GPU] == ON_NONE


def test_another_device_changes_no_parameter_of_a_job_and_so_retrains_nothing(
    planned_on, wildcards
):
    for job in (SINGLE, BATCHES, BASELINE):
        given = [planned_on(device).job(wildcards(**job)) for device in ("cpu", "auto", "cuda")]
        assert given == [given[0]] * 3


def test_all_blocks_of_a_configuration_are_on_one_device(planned_on, wildcards):
    inputs = planned_on("auto", replicates_in_a_job=4)
    last = BATCHES | {"configuration": BATCHES["configuration"] + "+replicates=4-4"}
    assert job_of(inputs, wildcards(**last)).replicates == 1
    assert inputs.device(wildcards(**last)) == inputs.device(wildcards(**BATCHES)) == "cuda"


def test_a_run_says_what_it_trains_on_cuda(planned_on):
    (line,) = planned_on("auto").pipeline.on_cuda()
    assert line.startswith("mlp_features: 8 of 19 configurations are trained on CUDA")
    assert planned_on("cpu").pipeline.on_cuda() == []


def test_each_block_of_replicates_is_a_job_with_splits_of_its_own(load, wildcards):
    inputs = Inputs(load(replicates=12))
    name = next(iter(inputs.pipeline.experiment("rnn_tbptt", "part_b").configurations))
    blocks = (("", 0, 5), ("+replicates=5-9", 5, 5), ("+replicates=10-11", 10, 2))
    for suffix, first, count in blocks:
        mine = wildcards(configuration=name + suffix)
        job = job_of(inputs, mine)
        assert (job.name, job.first, job.replicates) == (name, first, count)
        splits = inputs.splits(mine)
        assert splits == f"results/rnn_tbptt/simulated/splits/report{suffix}.parquet"
        drawn = inputs.draw(wildcards(draw=f"report{suffix}"))
        assert (drawn["first"], drawn["replicates"], drawn["folds"]) == (first, count, [])


@pytest.mark.parametrize(
    ("suffix", "named"),
    [("+replicates=5-8", "5-8"), ("+replicates=12-16", "12-16"), ("+fold=3", "[+]fold=3")],
)
def test_a_part_that_is_not_trained_is_refused(load, wildcards, suffix, named):
    inputs = Inputs(load(replicates=12))
    name = next(iter(inputs.pipeline.experiment("rnn_tbptt", "part_b").configurations))
    with pytest.raises(ConfigurationError, match="has no part"):
        inputs.job(wildcards(configuration=name + suffix))
    says = f"report rnn_tbptt trains replicates 0 to 11; there is no block {named}$"
    with pytest.raises(ConfigurationError, match=says):
        inputs.draw(wildcards(draw=f"report{suffix}"))


def test_every_person_of_the_registry_is_a_fold(load, wildcards):
    protocols = {"protocols": {"datasets": ["uci-har"], "replicates": 1}}
    inputs = Inputs(load(reports=protocols))
    plan = {"report": "protocols", "dataset": "uci-har"}
    mine = wildcards(**plan, experiment="gru_everyone", configuration="hidden=50+fold=30")
    job = job_of(inputs, mine)
    assert (job.fold, job.name, job.draw) == ("30", "hidden=50", "everyone")
    assert inputs.splits(mine) == "results/protocols/uci-har/splits/everyone.parquet"
    folds = inputs.draw(wildcards(**plan, draw="everyone"))["folds"]
    assert folds == [str(person) for person in range(1, 31)]
    assert len(inputs.pipeline.parts("protocols", "uci-har", "gru_everyone")) == 30


def test_folds_of_people_that_the_registry_does_not_know_are_refused(load):
    with pytest.raises(ConfigurationError, match=r"leave_one_subject_out .* key subjects"):
        load(reports={"protocols": {"datasets": ["wisdm"], "experiments": ["gru_everyone"]}})


@pytest.mark.parametrize(
    "change", [{"experiment": "readings"}, {"configuration": "clip=9"}, {"report": "rnn_minibatch"}]
)
def test_a_job_of_a_run_that_does_not_exist_names_what_does(
    inputs, wildcards, configuration, change
):
    with pytest.raises(ConfigurationError, match=f"has no .*{next(iter(change.values()))!r}"):
        inputs.job(wildcards(**{"configuration": configuration, **change}))


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


def test_the_claims_of_a_report_need_the_runs_of_their_experiments(inputs, wildcards):
    folders = inputs.run_folders("claims")(wildcards())
    assert {folder.split("/")[4] for folder in folders} <= {"part_b", "part_c"}
    assert inputs.claims(wildcards())
    assert len(inputs.run_files("claims")(wildcards())) == 3 * len(folders)


def test_a_table_has_its_number_and_title(pipeline, wildcards):
    labels = Labels(pipeline)
    label = labels.entry("tables")(wildcards(name="table2"))
    assert label["table"] == "Table 2"
    assert label["title"].startswith("Top-k accuracy")
    with pytest.raises(ConfigurationError, match="figure99"):
        labels.entry("figures")(wildcards(name="figure99"))


def test_each_model_of_the_key_live_gets_a_page(load, wildcards):
    model = {"report": "rnn_tbptt", "dataset": "simulated", "experiment": "part_c"}
    inputs = ModelInputs(load(models={"mine": model}, live=["mine"]))
    assert inputs.live_pages() == ["results/live/mine.html"]
    learner = f"{LEARNERS}.truncated_bptt"
    code = inputs.code("write_live_page.py")(wildcards(model="mine"))
    assert code == code_of("write_live_page.py", learner)
    with pytest.raises(ConfigurationError, match="has no model 'other'"):
        load(models={"mine": model}, live=["other"])
