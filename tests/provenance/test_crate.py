import json
import shutil
import subprocess
from importlib.metadata import version
from urllib.parse import unquote

import pytest

from harmodels.cli import main
from harmodels.files import sha256

pytest.importorskip("rocrate")

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
RUN = "toy_report/toy/runs/plain/learning_rate=0.1"
VALIDATOR = shutil.which("rocrate-validator")


def entities(results):
    """Write the crate of a folder; return its entities by identifier."""
    assert main(["crate", str(results), "--licence", LICENCE]) == 0
    graph = json.loads((results / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    assert len({entity["@id"] for entity in graph}) == len(graph)
    return {unquote(entity["@id"]): entity for entity in graph}


def ids(references):
    listed = references if isinstance(references, list) else [references]
    return {unquote(reference["@id"]) for reference in listed}


def test_a_crate_holds_every_file_of_the_record_with_its_hash(results):
    found = entities(results)
    files = {name: entity for name, entity in found.items() if entity["@type"] == "File"}
    covered = {
        path.relative_to(results).as_posix()
        for path in results.rglob("*")
        if path.is_file() and path.parts[-3] != "downloads"
    } - {"ro-crate-metadata.json"}
    assert set(files) == covered
    for name, entity in files.items():
        assert entity["sha256"] == sha256(results / name)
        assert entity["contentSize"] == str((results / name).stat().st_size)
    assert found["./"]["license"] == {"@id": LICENCE}


def test_a_training_is_an_action_with_its_program_inputs_and_files(results):
    found = entities(results)
    training = found[f"#{RUN}"]
    assert training["@type"] == "CreateAction"
    assert ids(training["object"]) == {
        "datasets/toy/sequences.parquet",
        "toy_report/toy/splits/report.parquet",
    }
    names = ("run.json", "history.parquet", "predictions.parquet", "weights.safetensors")
    assert ids(training["result"]) == {f"{RUN}/{name}" for name in names}
    program = found[training["instrument"]["@id"]]
    assert program["@type"] == "SoftwareApplication"
    assert f"torch {version('torch')}" in program["description"]
    assert f"#{RUN}" in ids(found["./"]["mentions"])


def test_a_table_is_an_action_on_the_runs_it_is_built_from(results):
    found = entities(results)
    table = found["#toy_report/toy/table/table1"]
    assert f"{RUN}/predictions.parquet" in ids(table["object"])
    endings = ("csv", "md", "tex")
    assert ids(table["result"]) == {f"toy_report/toy/tables/table1.{e}" for e in endings}
    assert found[table["instrument"]["@id"]]["softwareVersion"] == "1.2"


def test_a_data_set_keeps_its_licence_and_citation(results):
    data = entities(results)["datasets/toy/"]
    assert "CC BY 4.0" in data["description"]
    assert data["creditText"] == "A. Author: Toys"


def test_every_reference_of_a_crate_leads_somewhere(results):
    found = entities(results)

    def references(value):
        if isinstance(value, list):
            for part in value:
                yield from references(part)
        elif isinstance(value, dict):
            yield unquote(value["@id"])

    used = {
        reference
        for entity in found.values()
        for key, value in entity.items()
        if key not in ("@id", "@type")
        for reference in references(value)
    }
    assert {reference for reference in used - set(found) if "://" not in reference} == set()


def test_recordings_that_may_not_be_passed_on_are_left_out(results):
    (results / "datasets" / "toy" / "sequences.parquet").unlink()
    found = entities(results)
    assert "datasets/toy/sequences.parquet" not in found
    assert ids(found[f"#{RUN}"]["object"]) == {"toy_report/toy/splits/report.parquet"}


def test_a_file_that_differs_from_its_record_is_not_described(results, capsys):
    (results / "toy_report" / "toy" / "tables" / "table1.csv").write_text("other\n")
    assert main(["crate", str(results)]) == 1
    printed = capsys.readouterr().err
    assert "table1.csv differs from its record: `harmodels verify" in printed
    assert not (results / "ro-crate-metadata.json").exists()


def test_a_crate_without_a_licence_says_so_and_leaves_its_folder_consistent(results):
    assert main(["crate", str(results)]) == 0
    text = (results / "ro-crate-metadata.json").read_text(encoding="utf-8")
    (root,) = [entity for entity in json.loads(text)["@graph"] if entity["@id"] == "./"]
    assert root["license"].startswith("None was named")
    assert main(["verify", str(results)]) == 0


@pytest.mark.parametrize(
    "licence",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "CC BY 4.0",
        "",
        "./",
        "ro-crate-metadata.json",
        "https://",
        "https:///licence",
        "https://example.org/a b",
        'https://example.org/"><script>',
        "https://example.org/\n",
        "https://user:secret@example.org/",
        "https://[::1",
        "https://w3id.org/ro/wfrun/process/0.5",
    ],
)
def test_what_is_no_address_of_a_licence_is_refused_with_an_example(results, capsys, licence):
    assert main(["crate", str(results), f"--licence={licence}"]) == 1
    message = capsys.readouterr().err
    assert "is no address of a licence" in message
    example = message.split("such as ")[1].strip()
    assert not (results / "ro-crate-metadata.json").exists()
    assert main(["crate", str(results), "--licence", example]) == 0


@pytest.mark.parametrize("licence", ["http://example.org", "https://example.org/l?a=%20#b"])
def test_an_address_is_the_licence(results, licence):
    assert main(["crate", str(results), "--licence", licence]) == 0
    text = (results / "ro-crate-metadata.json").read_text(encoding="utf-8")
    (root,) = [entity for entity in json.loads(text)["@graph"] if entity["@id"] == "./"]
    assert root["license"] == {"@id": licence}


def test_a_crate_holds_models_and_recordings(results, change_record):
    (results / "models" / "gru").mkdir(parents=True)
    (results / "models" / "gru" / "model.json").write_text("{}", encoding="utf-8")
    file = "models/gru/model.json"
    change_record(results, others={file: sha256(results / file)})
    assert entities(results)[file]["sha256"] == sha256(results / file)


def test_a_folder_without_a_record_is_refused(tmp_path, capsys):
    assert main(["crate", str(tmp_path)]) == 1
    assert "holds no record" in capsys.readouterr().err


@pytest.mark.skipif(VALIDATOR is None, reason="needs `pip install roc-validator`")
def test_a_crate_is_valid_by_its_profile(results):
    entities(results)
    command = [str(VALIDATOR), "--no-interactive", "validate", "--no-paging"]
    command += ["--profile-identifier", "process-run-crate-0.5", str(results)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    if "URLError" in printed:
        pytest.skip("the validator fetches the context of RO-Crate, and there is no network")
    assert done.returncode == 0, printed
