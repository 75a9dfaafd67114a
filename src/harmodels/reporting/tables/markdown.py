"""Tables as Markdown: a caption and a pipe table."""

from collections.abc import Iterable, Sequence

from harmodels.reporting.tables.layout import Cell, lay_out
from harmodels.reporting.tables.spec import Table


def markdown_table(table: Table) -> str:
    """Return the caption (title bold) and the table; ends in a line feed."""
    layout = lay_out(table)
    headings = list(layout.keys)
    for block in layout.blocks:
        headings += [f"{block.title}: {name}" if block.title else name for name in block.headings]
    title, *notes = layout.caption
    return pipe_table(
        f"**{escape(title)}** {escape(' '.join(notes))}",
        [escape(heading) for heading in headings],
        ["---:"] * len(headings),
        [
            [escape(key) for key in keys] + [_cell(cell) for cell in cells]
            for keys, cells in layout.rows
        ],
    )


def pipe_table(
    caption: str, headings: Sequence[str], align: Sequence[str], rows: Iterable[Sequence[str]]
) -> str:
    """Return a caption and a table of Markdown; the cells are escaped already."""
    lines = [_line(cells) for cells in (headings, align, *rows)]
    return "\n".join([caption, "", *lines]) + "\n"


def markdown_row(cells: Sequence[str]) -> str:
    """Return one line of a pipe table, its cells escaped."""
    return _line([escape(cell) for cell in cells])


def escape(text: str) -> str:
    """Return `text` on one line, with Markdown's special characters made printable."""
    for character in "\\|*_<$`":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split("\n"))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(cell: Cell) -> str:
    text = {"bold": f"**{cell.text}**", "italic": f"*{cell.text}*"}.get(cell.mark, cell.text)
    text += "†" if cell.significant else ""
    return f"{text} ({cell.published})" if cell.published else text
