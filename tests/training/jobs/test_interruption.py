"""A job that is killed and started again ends with the same bytes as one left in peace."""

import multiprocessing
import os
import shutil
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from harmodels.config.options import Minibatch, Perceptron, Recurrent, TruncatedBptt
from harmodels.data.splits import Draw
from harmodels.files import read_json, write_table
from harmodels.runtime.checkpoints import FILE, Checkpoints
from harmodels.runtime.machine import describe_machine
from harmodels.runtime.signals import StopRequest
from harmodels.training.fit import Fit, Outcome
from harmodels.training.jobs import run as jobs
from harmodels.training.jobs.run import CheckpointPolicy
from harmodels.training.jobs.snapshots import pack, unpack
from harmodels.training.learners import State
from tests.toys import JOB, run_toy, sequences_of, write_inputs

EPOCHS = 40
MINIBATCH = Minibatch(
    learning_rate=0.05, hidden=8, batch_size=4, epochs=EPOCHS, monitor="negative_log_likelihood",
    test_every=7,
)  # fmt: skip
TBPTT = TruncatedBptt(
    learning_rate=0.05, hidden=8, window=5, epochs=EPOCHS, initial_range=0.1,
    measure_gradients=True,
)  # fmt: skip
PERCEPTRON = Perceptron(
    batch_size=4, hidden1=12, hidden2=8, learning_rate=0.01, momentum=0.5, dropout=0.3,
    dropout_form="inverted", epochs=EPOCHS, initial_range=0.1, stopping="all_epochs",
)  # fmt: skip
STOPPED = Perceptron(
    batch_size=4, hidden1=12, hidden2=8, learning_rate=0.1, dropout=0.3,
    dropout_form="as_programmed", epochs=EPOCHS, initial_range=0.1, gap=1e-9, gap_after=7,
    tested_weights="before_stop",
)  # fmt: skip
LSTM = Recurrent(
    bidirectional=True, pooling="mean_max",
    cell="lstm", hidden=6, dropout=0.2, batch_size=4, learning_rate=0.01, epochs=EPOCHS,
    patience=30,
)  # fmt: skip
ADAM = MINIBATCH.replaced(optimiser="adam", clip_norm=1.0, epochs=8)
OPTIONS = {
    "rnn_tbptt": ("truncated_bptt", TBPTT),
    "rnn_minibatch": ("minibatch", MINIBATCH),
    "rnn_minibatch with Adam": ("minibatch", ADAM),
    "mlp_features": ("perceptron", PERCEPTRON),
    "mlp_features before its stop": ("perceptron", STOPPED),
    "hand_actions": ("recurrent", LSTM),
}
RECORDS = ("history.parquet", "predictions.parquet", "weights.safetensors")
EACH = [(report, engine) for report in OPTIONS for engine in ("compiled", "reference")]
FEW = [EACH[place] for place in (0, 5, 7, 10)]  # each learner once, each engine twice

# children of a server that has imported everything start in no time
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["harmodels.training.jobs.run", "harmodels.training.jobs.warm_up"])


def job_of(report, engine="compiled"):
    training, options = OPTIONS[report]
    options = options.model_dump()
    return replace(
        JOB, report=report, options=options, training=training, replicates=3, engine=engine
    )


def run(job, place, folder, every_s=0.0, code="a"):
    run_toy(place, folder, job, policy=CheckpointPolicy(place / "checkpoints", every_s, code))


@pytest.fixture
def place(tmp_path):
    """A folder with sequences and their splits."""
    noise = np.random.default_rng(0).normal(size=(60, 20, 3))
    sequences = sequences_of(noise * 0.5 + (np.arange(60) % 3)[:, None, None] / 3, test=15)
    draw = Draw(train_per_class=14, test_per_class=4, validation_per_class=3)
    write_inputs(tmp_path, sequences, draw, replicates=3)
    return tmp_path


def records(folder):
    return {name: (folder / name).read_bytes() for name in RECORDS}


def run_and_be_killed(job, place, step, delay):
    """Run a job in a process that is killed so many seconds after a step; 0 is its beginning."""

    def kill():
        os.kill(os.getpid(), signal.SIGKILL)

    class Killed(Checkpoints):
        steps = 0

        def after_step(self, take):
            self.steps += 1
            if self.steps == step:
                kill()
            super().after_step(take)

    if not step:
        timer = threading.Timer(delay, kill)
        timer.daemon = True  # a job that ends before is not waited for
        timer.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harmodels.training.jobs.run.Checkpoints", Killed)
        run(job, place, "killed")


def ended(job, place, step, delay):
    """Return whether a job ended by itself; otherwise it was killed."""
    process = SERVER.Process(target=run_and_be_killed, args=(job, place, step, delay))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode == 0


@pytest.mark.attack("SIGKILL of a training job at a random moment")
@pytest.mark.parametrize(("report", "engine"), EACH if os.environ.get("HARMODELS_ATTACKS") else FEW)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(
    report, engine, place, tries, drawn, outcome
):
    job = job_of(report, engine)
    run(job, place, "in peace")  # compiles what is not compiled yet
    started = time.monotonic()
    run(job, place, "in peace")
    duration = time.monotonic() - started
    expected = records(place / "in peace")
    # the first kill meets the job in any case, the last attempt is left in peace
    assert not ended(job, place, step=3, delay=0.0)
    outcome("resumed with the same bytes")
    for _ in range(max(3, tries(300) // 100) - 1):
        if ended(job, place, step=0, delay=drawn.uniform(0.0, duration)):
            assert records(place / "killed") == expected
            outcome("too late, the same bytes")
            shutil.rmtree(place / "killed")
        else:
            outcome("resumed with the same bytes")
    assert ended(job, place, step=1000, delay=0.0)
    assert records(place / "killed") == expected
    assert not (place / "checkpoints").exists()
    assert not [path.name for path in (place / "killed").iterdir() if path.name.startswith(".")]


def interrupted_after(epochs, place, job, folder, **options):
    """Run a job that is asked to end after so many epochs."""

    class Asked(Checkpoints):
        def after_step(self, take):
            self.stop.asked = take().facts["epoch"] == epochs
            super().after_step(take)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harmodels.training.jobs.run.Checkpoints", Asked)
        with pytest.raises(KeyboardInterrupt):
            run(job, place, folder, every_s=1e9, **options)


@pytest.mark.parametrize("report", OPTIONS)
def test_asked_to_stop_it_keeps_the_epoch_and_is_resumed_from_it(report, place, caplog):
    caplog.set_level("INFO", "harmodels")
    job = job_of(report)
    run(job, place, "in peace")
    interrupted_after(3, place, job, "interrupted")
    assert (place / "checkpoints" / FILE).exists()
    interrupted_after(5, place, job, "interrupted")
    caplog.clear()
    run(job, place, "interrupted")
    assert "resuming after epoch 5" in caplog.text
    assert records(place / "interrupted") == records(place / "in peace")
    assert read_json(place / "interrupted" / "run.json")["resumes"] == 2
    assert read_json(place / "in peace" / "run.json")["resumes"] == 0


def test_the_weights_before_the_stop_are_those_of_a_training_one_epoch_shorter(place):
    job = job_of("mlp_features before its stop")
    run(job, place, "stopped")
    record = read_json(place / "stopped" / "run.json")
    assert [entry["epochs"] for entry in record["replicates"]] == [7] * 3
    shorter = replace(job, options={**job.options, "epochs": 6})
    run(shorter, place, "shorter")
    mine, theirs = (load_file(place / f / "weights.safetensors") for f in ("stopped", "shorter"))
    names = [name for name in mine if name.startswith("last.")]
    assert len(names) == 6
    assert all(torch.equal(mine[name], theirs[name]) for name in names)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({}, "b", "code was 'a' and is 'b'"),
        ({"seed": 4}, "a", "job.seed was 3 and is 4"),
        ({}, "a", "data.splits was"),
        ({}, "a", "gpu was [None, None] and is ['H100', '9.0']"),
    ],
)
def test_a_checkpoint_of_another_job_or_of_other_data_is_refused(
    changes, code, said, place, caplog, monkeypatch
):
    job = job_of("rnn_tbptt")
    interrupted_after(3, place, job, "changed")
    if said.startswith("data"):
        splits = place / "splits.parquet"
        write_table(splits, pd.read_parquet(splits).iloc[::-1])
    if said.startswith("gpu"):
        other = describe_machine("cpu") | {"gpu": "H100", "gpu_capability": "9.0"}
        monkeypatch.setattr(jobs, "describe_machine", lambda device: other)
    changed = replace(job, **changes)
    run(changed, place, "changed", code=code)
    assert "is refused, the job starts from the beginning" in caplog.text
    assert said in caplog.text
    run(changed, place, "in peace", code=code)
    assert records(place / "changed") == records(place / "in peace")
    assert read_json(place / "changed" / "run.json")["resumes"] == 0


@pytest.mark.parametrize("keep", [slice(0, -100), slice(0, 0)], ids=["cut", "empty"])
def test_a_damaged_checkpoint_is_refused_and_nothing_is_lost_but_time(keep, place, caplog):
    job = job_of("rnn_minibatch")
    run(job, place, "in peace")
    interrupted_after(3, place, job, "damaged")
    path = place / "checkpoints" / FILE
    path.write_bytes(path.read_bytes()[keep])
    run(job, place, "damaged")
    assert "is refused, the job starts from the beginning" in caplog.text
    assert records(place / "damaged") == records(place / "in peace")


def test_no_checkpoint_is_written_before_it_is_time(place):
    job = job_of("rnn_tbptt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "_write", lambda *_: pytest.fail("too early"))
        run(job, place, "run", every_s=1e9)


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_training(place, caplog):
    (place / "checkpoints").write_text("a file where the folder should be")
    run(job_of("rnn_tbptt"), place, "run")
    assert "no checkpoint, the job continues" in caplog.text
    assert (place / "run" / "run.json").exists()


def test_a_checkpoint_holds_replicates_that_all_diverged(tmp_path):
    state = State(())
    diverged = Fit(state, state, [Outcome(0, diverged_epoch=1, stop_reason="loss")], epoch=1)
    checkpoints = Checkpoints(tmp_path, {}, 0.0, StopRequest())
    checkpoints.after_step(lambda: pack(diverged))
    beginning = Fit(state, state, [Outcome(0)])
    resumed = Checkpoints(tmp_path, {}, 0.0, StopRequest()).resume(
        lambda snapshot: unpack(snapshot, beginning, "loss")
    )
    assert resumed == diverged


def test_the_first_signal_is_noted_and_the_second_ends_the_process():
    before = signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.asked
        assert signal.getsignal(signal.SIGTERM) is before
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is before
