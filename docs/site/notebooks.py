"""Notebooks as pages: each script of `docs/notebooks` is run and rendered as Markdown."""

import posixpath
import re
import textwrap
from pathlib import Path

import jupytext
import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

SCRIPT = re.compile(r"notebooks/\d_\w+\.py")
SETUP = "%config InlineBackend.figure_formats = ['svg']\n%config InlineBackend.rc = {}"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put a page and its figures in the place of each script."""
    scripts = [file for file in files if SCRIPT.fullmatch(file.src_uri)]
    for script in scripts:
        files.remove(script)
        for path, content in _render(Path(script.abs_src_path or "")).items():
            place = posixpath.join("notebooks", path)
            files.append(File.generated(config, place, content=content))
    return files


def _render(script: Path) -> dict[str, str | bytes]:
    """Return Markdown and figures by file name."""
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SETUP))
    quiet = ["--log-level=ERROR"]  # without a warning that it listens to this machine
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", extra_arguments=quiet)
    client.execute(cwd=str(script.parent))
    del notebook.cells[0]
    _fold_answers(notebook)
    resources = {"unique_key": f"{script.stem}_figures", "output_files_dir": ""}
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources=resources)
    pages: dict[str, str | bytes] = {f"{script.stem}.md": _with_note(text, script)}
    return pages | {posixpath.basename(name): data for name, data in resources["outputs"].items()}


def _fold_answers(notebook: nbformat.NotebookNode) -> None:
    """Put what a cell with the tag `answer` printed below a line that is clicked to show it."""
    for place, cell in reversed([*enumerate(notebook.cells)]):
        if "answer" in cell.metadata.get("tags", ()):
            printed = "".join(output["text"] for output in cell.outputs)
            text = textwrap.indent(f"```text\n{printed}```", "    ")
            folded = nbformat.v4.new_markdown_cell(f'??? success "Answer"\n\n{text}')
            cell.outputs = []
            notebook.cells.insert(place + 1, folded)


def _with_note(text: str, script: Path) -> str:
    """Say below the title what file the page is made from."""
    title, _, rest = text.lstrip().partition("\n")
    note = (
        f'!!! tip "Run it yourself"\n    This page is the script `docs/notebooks/{script.name}`: '
        "open it in Jupyter (with jupytext) or in an editor that knows `# %%` cells, or run it "
        "with Python."
    )
    return f"{title}\n\n{note}\n\n{rest}"
