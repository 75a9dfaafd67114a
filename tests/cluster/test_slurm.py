"""The pipeline on a real Slurm: what jobs ask for, what becomes of killed and cancelled ones."""

import json
import signal
import time

RUNS = "results/rnn_tbptt/simulated/runs/part_c"
FILES = ("history.parquet", "predictions.parquet", "weights.safetensors")


def slow(epochs, **resources):
    """A configuration whose jobs take a while and keep their state after every epoch."""
    return {
        "reports": {
            "rnn_tbptt": {
                "datasets": ["simulated"],
                "experiments": ["part_c"],
                "options": {"epochs": epochs},
                "draw": {"train_per_class": 20, "test_per_class": 5, "validation_per_class": 5},
            }
        },
        "replicates": 2,
        "checkpoint_every_s": 0,
        "resources": {"gpus": 1, "partition": "short", "mem_mb": 1500, **resources},
    }


def records_of(folder, configurations):
    return [json.loads((folder / RUNS / name / "run.json").read_text()) for name in configurations]


def test_the_demo_is_built_to_the_last_page(demo):
    assert demo.status == 0, demo.workplace.printed()[-5000:]
    assert "SIMULATED" in (demo.workplace.folder / "results/demo.html").read_text()
    assert "Nothing to be done" in demo.workplace.local(demo.configuration, "--dry-run")


def test_only_trainings_went_to_the_cluster_and_all_ended_well(demo):
    trained = list((demo.workplace.folder / "results").rglob("run.json"))
    assert len(demo.finished) == len(trained) > 5
    assert all(job["Comment"].startswith("rule_train_network") for job in demo.finished.values())
    assert {job["JobState"] for job in demo.finished.values()} == {"COMPLETED"}
    assert demo.workplace.slurm.queue() == []


def test_a_running_job_has_what_the_configuration_says(demo):
    says = {
        "Partition": "short",
        "TimeLimit": "00:10:00",
        "MinMemoryNode": "1500M",
        "NumCPUs": "1",
    }
    # what it asked for, and what it got; baselines ask for no GPU
    gpu = {"TresPerJob": "gres:gpu:1", "JOB_GRES": "gpu:1"}
    networks = [job for job in demo.running.values() if "baselines" not in job["Comment"]]
    assert len(networks) > 3
    for job in demo.running.values():
        expected = says | (gpu if job in networks else {"TresPerJob": None})
        assert {key: job.get(key) for key in expected} == expected


def test_a_training_on_the_cluster_gives_the_bytes_of_a_local_one(demo, workplace):
    folder = "results/hand_actions/simulated-hands"
    workplace.local(demo.configuration, f"{folder}/tables/table1.csv")
    trained = list((workplace.folder / folder / "runs").rglob("*.safetensors"))
    assert len(trained) == 3
    for path in [workplace.folder / folder / "tables" / "table1.csv", *trained]:
        again = demo.workplace.folder / path.relative_to(workplace.folder)
        assert again.read_bytes() == path.read_bytes(), path


def test_a_job_killed_at_its_time_limit_is_submitted_again_and_goes_on(
    slurm, workplace, tmp_path_factory
):
    name = "learning_rate=0.1+hidden=50+window=10"
    configuration = workplace.configure(slow(epochs=30, runtime=1))
    before = {job["JobId"] for job in slurm.jobs()}
    run = workplace.submit(configuration, f"{RUNS}/{name}/run.json")

    def mine():
        return [job for job in slurm.jobs() if job["JobId"] not in before]

    checkpoints = workplace.folder / "results" / "checkpoints"
    workplace.wait_until(lambda: list(checkpoints.rglob("*.safetensors")), 300, "a checkpoint")
    first = mine()[0]["JobId"]
    # a node on which nothing moves: the job cannot be done when its minute is over
    for process in slurm.processes(first, "train_network.py"):
        process.suspend()
    alone = type(workplace)(slurm, workplace.repository, tmp_path_factory.mktemp("alone"))
    alone.local(configuration, f"{RUNS}/{name}/run.json")
    assert workplace.finish(run, 300) == 0, workplace.printed()[-5000:]
    states = {job["JobId"]: job["JobState"] for job in mine()}
    assert states.pop(first) == "TIMEOUT"
    assert list(states.values()) == ["COMPLETED"]
    assert records_of(workplace.folder, [name])[0]["resumes"] == 1
    assert records_of(alone.folder, [name])[0]["resumes"] == 0
    for file in FILES:
        interrupted, whole = (w.folder / RUNS / name / file for w in (workplace, alone))
        assert interrupted.read_bytes() == whole.read_bytes(), file


def test_the_second_attempt_asks_for_more_memory(slurm, workplace):
    name = "learning_rate=0.1+hidden=50+window=10"
    configuration = workplace.configure(slow(epochs=1, extra="--begin=now+1hour"))
    run = workplace.submit(configuration, f"{RUNS}/{name}/run.json")
    asked: dict[str, str] = {}
    for _ in range(2):
        waiting = workplace.wait_until(
            lambda: [
                job
                for job in slurm.jobs()
                # a job that was cancelled may be listed as waiting for a moment longer
                if job["JobState"] == "PENDING" and job["JobId"] not in asked
            ],
            120,
            "a job",
        )
        asked[waiting[0]["JobId"]] = waiting[0]["MinMemoryNode"]
        slurm.call("scancel", waiting[0]["JobId"])  # to Snakemake a failure like any other
    run.send_signal(signal.SIGINT)
    workplace.finish(run, 180)
    assert list(asked.values()) == ["1500M", "3000M"]


def test_a_cancelled_run_leaves_nothing_in_slurm_and_the_same_command_goes_on(slurm, workplace):
    names = [
        f"learning_rate=0.1+hidden={hidden}+window={window}"
        for hidden in (50, 100)
        for window in (10, 30)
    ]
    configuration = workplace.configure(slow(epochs=100))
    command = (configuration, *(f"{RUNS}/{name}/run.json" for name in names))
    run = workplace.submit(*command)
    checkpoints = workplace.folder / "results" / "checkpoints"
    workplace.wait_until(lambda: list(checkpoints.rglob("*.safetensors")), 300, "a checkpoint")
    assert len(slurm.queue()) >= 2
    run.send_signal(signal.SIGINT)
    assert workplace.finish(run, 180) != 0
    workplace.wait_until(lambda: not slurm.queue(), 120, "an empty queue")
    workplace.wait_until(lambda: not slurm.leftovers(), 120, "the end of every process")
    time.sleep(1)
    assert slurm.queue() == []  # nor did anything come after
    again = workplace.submit(*command)
    assert workplace.finish(again, 300) == 0, workplace.printed()[-5000:]
    assert sum(record["resumes"] for record in records_of(workplace.folder, names)) >= 1
    assert slurm.queue() == []
