import pytest
import torch

from harmodels.runtime.checkpoints import (
    FILE,
    Checkpoints,
    Snapshot,
    read_checkpoint,
    write_checkpoint,
)
from harmodels.runtime.signals import StopRequest

SNAPSHOT = Snapshot({"a": torch.arange(3.0), "b": torch.ones(2, 2)}, {"step": 3})


def checkpoints(folder, identity="job"):
    return Checkpoints(folder, {"job": identity}, 0.0, StopRequest())


@pytest.fixture
def kept(tmp_path):
    """A folder with a checkpoint of SNAPSHOT."""
    checkpoints(tmp_path).after_step(lambda: SNAPSHOT)
    return tmp_path


def test_a_checkpoint_gives_back_tensors_and_facts(kept):
    tensors, facts = checkpoints(kept).resume(lambda snapshot: snapshot)
    assert facts == SNAPSHOT.facts
    assert all(torch.equal(tensors[name], tensor) for name, tensor in SNAPSHOT.tensors.items())


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, facts: facts.update(state={"step": 4}),
        lambda tensors, facts: facts.update(seconds=0.0),
        lambda tensors, facts: facts.update(resumes=7),
        lambda tensors, facts: tensors.update(a=torch.arange(3.0) + 1),
        lambda tensors, facts: tensors.update(a=tensors["a"].view(torch.int32)),
        lambda tensors, facts: tensors.update(b=tensors["b"].flatten()),
        lambda tensors, facts: tensors.update(c=tensors.pop("b")),
        lambda tensors, facts: tensors.update(c=torch.ones(1)),
    ],
)
def test_the_digest_covers_facts_names_types_shapes_and_numbers(change, kept, monkeypatch):
    tensors, facts = read_checkpoint(kept / FILE)
    with monkeypatch.context() as patch:
        patch.setattr("harmodels.runtime.checkpoints._digest", lambda *_: stored_digest(kept))
        change(tensors, facts)
        write_checkpoint(kept / FILE, Snapshot(tensors, facts))
    assert checkpoints(kept).resume(lambda snapshot: snapshot) is None


def stored_digest(folder):
    content = (folder / FILE).read_bytes()
    return content.split(b'"checkpoint":"')[1][:64].decode()


@pytest.mark.parametrize(
    "error",
    [KeyError("x"), ZeroDivisionError(), RecursionError(), AttributeError(), OSError(5, "")],
)
def test_a_checkpoint_of_which_no_state_can_be_made_is_refused_whatever_the_error(
    error, kept, caplog
):
    def restore(snapshot):
        raise error

    keeper = checkpoints(kept)
    assert keeper.resume(restore) is None
    assert keeper.resumes == 0
    assert "is refused, the job starts from the beginning" in caplog.text


def test_want_of_memory_is_no_fault_of_the_checkpoint(kept):
    def restore(snapshot):
        raise MemoryError

    with pytest.raises(MemoryError):
        checkpoints(kept).resume(restore)


def test_a_checkpoint_of_another_identity_is_refused_with_the_difference(kept, caplog):
    assert checkpoints(kept, "other").resume(lambda snapshot: snapshot) is None
    assert "job was 'job' and is 'other'" in caplog.text


def test_half_written_checkpoints_are_removed_and_other_files_stay(kept):
    half, other = kept / ".checkpoint.abcdefgh.safetensors", kept / ".other.abcdefgh.safetensors"
    half.write_bytes(b"")
    other.write_bytes(b"")
    checkpoints(kept).resume(lambda snapshot: snapshot)
    assert sorted(path.name for path in kept.iterdir()) == [other.name, FILE]
