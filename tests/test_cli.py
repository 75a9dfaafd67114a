import re
import shlex

import pytest

from harmodels.cli import _COMMANDS, main
from harmodels.commands import parser

COMMANDS = parser()._subparsers._group_actions[0].choices


def test_info_names_engine_and_versions(capsys):
    assert main(["info"]) == 0
    printed = capsys.readouterr().out
    assert "engine" in printed
    assert "torch" in printed


def test_data_names_licence_and_citation(repository, capsys):
    assert main(["data", "--registry", str(repository / "config" / "datasets.yaml")]) == 0
    printed = capsys.readouterr().out
    assert "CC BY 4.0" in printed
    assert "Anguita" in printed
    assert "gyro_z at 20 Hz, recorded at 50 Hz" in printed
    assert "an iPhone in the front trouser pocket" in printed
    assert "https://github.com/mmalekzadeh/motion-sense\n" in printed


def test_check_says_what_a_configuration_builds_and_runs_nothing(
    repository, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    demo = repository / "config" / "demo.yaml"
    assert main(["check", str(demo), "--root", str(repository)]) == 0
    printed = capsys.readouterr().out
    assert "rnn_tbptt on simulated-motionsense: 16 training jobs, 3 replicates" in printed
    assert "rnn_tbptt: tables.readings is left out; it needs readings" in printed
    assert "archives in results/downloads" in printed
    assert list(tmp_path.iterdir()) == []


def test_check_names_the_mirror_that_is_asked(repository, tmp_path, capsys, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text("replicates: 1\nreports: {rnn_tbptt: {datasets: [simulated]}}\n")
    for mirror, says in (("/folder/of/archives", "mirror /folder/of/archives"), ("", "no mirror")):
        monkeypatch.setenv("HARMODELS_MIRROR", mirror)
        assert main(["check", str(path)]) == 0
        printed = capsys.readouterr().out
        assert f"archives in results/downloads, {says}\n" in printed
    assert "training jobs, 1 replicate\n" in printed
    assert "None" not in printed


def test_check_does_not_run_the_code_of_a_configuration(repository, tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "__use_yte__: true\n"
        f'name: ?__import__("pathlib").Path("{tmp_path}/ran").touch() or "x"\n'
        "reports: {rnn_tbptt: {datasets: [simulated]}}\n"
    )
    assert main(["check", str(path), "--root", str(repository)]) == 1
    assert "__use_yte__" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


def test_runs_without_results_say_how_to_start(tmp_path, capsys):
    assert main(["runs", str(tmp_path)]) == 1
    assert "harmodels run demo" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_is_a_sentence_and_an_example_that_it_takes(name):
    command = COMMANDS[name]
    assert re.fullmatch(r"[A-Z].{30,}\.", command.description)
    example = re.fullmatch(r"Example: harmodels (.+)", command.epilog)
    assert example
    words = shlex.split(example[1])
    assert words[0] == name
    assert parser().parse_args(words if name != "run" else words[:1]).command == name
    for action in command._actions:
        assert action.help, action.dest


def test_every_command_has_a_function():
    assert _COMMANDS.keys() == COMMANDS.keys()


def test_an_unknown_command_is_refused():
    with pytest.raises(SystemExit):
        main(["trian"])


@pytest.mark.parametrize("command", [["data"], ["keys"]])
def test_data_sets_and_keys_are_told_in_any_folder(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 0
    assert capsys.readouterr().out


def test_a_configuration_is_checked_in_any_folder(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["check", str(repository / "config" / "demo.yaml")]) == 0


def test_a_registry_of_ones_own_is_listed_in_any_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    entry = """\
my-walks:
  {title: My walks, licence: mine, citation: none, format: table, recordings: walks, rate_hz: 50,
   channels: {acc_x: g}, channel_groups: {acceleration: [acc_x]}, classes: [sitting, walking],
   window: {steps: 100, step: 50, largest_gap_s: 0.2}, table: {subject: person, label: activity}}
"""
    (tmp_path / "mine.yaml").write_text(entry, encoding="utf-8")
    (tmp_path / "walks").mkdir()
    for name in ("a.csv", "b.csv", "._b.csv"):
        (tmp_path / "walks" / name).touch()
    assert main(["data", "--registry", "mine.yaml"]) == 0
    assert "my-walks: My walks\n  reads     2 files of walks\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "option", "status"),
    [
        (["live", "folder", "--out", "folder/model.json"], "--out", 1),
        (["live", "folder", "--out", "folder"], "--out", 1),
        (["diff", "folder", "published", "--csv", "folder/model.json"], "--csv", 2),
        (["diff", "other", "folder", "--csv", "folder/model.json"], "--csv", 2),
    ],
)
def test_a_command_does_not_overwrite_what_it_reads(
    words, option, status, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    for name in ("folder", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "folder" / "model.json").write_text("kept")
    assert main(words) == status
    assert capsys.readouterr().err.startswith(f"harmodels: error: {option} folder")
    assert (tmp_path / "folder" / "model.json").read_text() == "kept"
