import pytest

from harmodels.errors import DataError
from harmodels.runtime.log import LOGGER
from harmodels.runtime.progress import Progress
from harmodels.runtime.script import script_job


@pytest.fixture(autouse=True)
def _restore_handlers():
    before = LOGGER.handlers
    yield
    LOGGER.handlers = before


def test_an_error_on_purpose_ends_with_its_message_and_no_traceback(script_in, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, script_job(script_in(tmp_path), "train"):
        raise DataError("file a.txt, line 3: no number")
    assert ended.value.code == 1
    printed = capsys.readouterr().err
    assert "[train] error: file a.txt, line 3: no number" in printed
    assert "Traceback" not in printed
    assert "line 3" in (tmp_path / "job.log").read_text()


def test_an_unexpected_error_keeps_its_traceback(script_in, tmp_path, capsys):
    with pytest.raises(SystemExit), script_job(script_in(tmp_path), "train"):
        raise ZeroDivisionError
    assert "Traceback" in (tmp_path / "job.log").read_text()


def test_ctrl_c_ends_with_status_130_and_says_how_to_go_on(script_in, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, script_job(script_in(tmp_path), "train"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert "the same command resumes" in capsys.readouterr().err


def test_every_epoch_goes_to_the_log_and_few_to_the_terminal(script_in, tmp_path, capsys):
    with script_job(script_in(tmp_path), "train"):
        progress = Progress(epochs=5, every_s=1000)
        for epoch in range(1, 6):
            progress(epoch, 100, {"loss": 1 / epoch})
    assert (tmp_path / "job.log").read_text().count("epoch") == 5
    printed = capsys.readouterr().err
    assert "epoch 1 of 5: loss 1.0000" in printed
    assert "epoch 3 of 5" not in printed
    assert "0:00 left" in printed


def test_a_script_of_another_checkout_is_refused(script_in, tmp_path, capsys):
    foreign = script_in(tmp_path)
    foreign.scriptdir = str(tmp_path / "second" / "workflow" / "scripts")
    with pytest.raises(SystemExit) as ended, script_job(foreign, "train"):
        pytest.fail("the job began with the code of another checkout")
    assert ended.value.code == 1
    printed = capsys.readouterr().err
    assert f"the workflow lies in {tmp_path / 'second'}, but this Python imports" in printed
    assert "Traceback" not in printed
