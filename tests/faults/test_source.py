"""No source file reads or writes text in the encoding of the locale; ruff bans the rest."""

import ast

import pytest

FOLDERS = ("src", "workflow/scripts", "benchmarks")


def guesses(text):
    """Yield the calls that open text without an encoding."""
    for call in (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)):
        name = ast.unparse(call.func)
        method = name.rsplit(".", 1)[-1]
        if method not in {"open", "read_text", "write_text"} or name in ("tarfile.open", "os.open"):
            continue
        texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
        binary = any(isinstance(text, str) and "b" in text and len(text) < 4 for text in texts)
        ours = name in ("write_text", "archive.open", "packed.open")  # `files.write_text`; of a zip
        if not binary and not ours and not any(k.arg == "encoding" for k in call.keywords):
            yield ast.unparse(call)


def test_no_source_file_guesses_an_encoding(repository):
    paths = [path for folder in FOLDERS for path in (repository / folder).rglob("*.py")]
    found = {path.name: [*guesses(path.read_text(encoding="utf-8"))] for path in paths}
    assert len(paths) > 100
    assert {name: calls for name, calls in found.items() if calls} == {}


@pytest.mark.parametrize("text", ["open(path)", "path.read_text()", "path.open('w')"])
def test_a_guess_is_found(text):
    assert [*guesses(text)] == [text]
