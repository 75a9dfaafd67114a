"""A table as Markdown: a caption and one pipe table."""

from harmodels.reporting.tables.cells import Table
from harmodels.reporting.tables.layout import Cell, lay_out


def markdown_table(table: Table) -> str:
    """Return the caption (title bold) and the table; ends in a line feed."""
    layout = lay_out(table)
    headings = list(layout.keys)
    for block in layout.blocks:
        headings += [f"{block.title}: {name}" if block.title else name for name in block.headings]
    title, *notes = layout.caption
    lines = [f"**{_escape(title)}** {_escape(' '.join(notes))}", ""]
    lines.append(_line([_escape(heading) for heading in headings]))
    lines.append(_line(["---:"] * len(headings)))
    for keys, cells in layout.rows:
        lines.append(_line([_escape(key) for key in keys] + [_cell(cell) for cell in cells]))
    return "\n".join(lines) + "\n"


def markdown_row(cells: list[str]) -> str:
    """Return one line of a pipe table, its cells escaped."""
    return _line([_escape(cell) for cell in cells])


def _cell(cell: Cell) -> str:
    text = {"bold": f"**{cell.text}**", "italic": f"*{cell.text}*"}.get(cell.mark, cell.text)
    text += "†" if cell.sure else ""
    return f"{text} ({cell.published})" if cell.published else text


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _escape(text: str) -> str:
    for character in "\\|*_<":
        text = text.replace(character, "\\" + character)
    return text
