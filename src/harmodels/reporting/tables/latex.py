"""Tables as LaTeX with booktabs, ready to be included in a document."""

import unicodedata

from harmodels.reporting.tables.layout import Block, Cell, Layout, lay_out
from harmodels.reporting.tables.spec import Table

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "†": r"$^\dagger$",
    "\N{MINUS SIGN}": r"$-$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{EN DASH}": "--",
    "…": r"\ldots{}",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≠": r"$\neq$",
    "≈": r"$\approx$",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "°": r"$^\circ$",
    "²": "$^2$",
    "³": "$^3$",
    "·": r"$\cdot$",
    "µ": r"$\mu$",
    "\N{GREEK SMALL LETTER MU}": r"$\mu$",
    "Ω": r"$\Omega$",
    "√": r"$\surd$",
    "∞": r"$\infty$",
    "→": r"$\to$",
    "←": r"$\gets$",
    "—": "---",
    "\N{LEFT SINGLE QUOTATION MARK}": "`",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "“": "``",
    "”": "''",
}
_LATIN = range(0xA1, 0x180)  # letters that LaTeX's own reading of UTF-8 knows


def latex_table(table: Table) -> str:
    r"""Return a `table` environment that needs the packages booktabs and graphicx.

    The published numbers stand in a smaller line under ours. A table wider than the text is
    scaled down to it; a narrower one keeps its size.
    """
    layout = lay_out(table)
    width = len(layout.keys) + sum(len(block.headings) for block in layout.blocks)
    lines = [
        "% needs \\usepackage{booktabs} and \\usepackage{graphicx}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{escape(' '.join(layout.caption))}}}",
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
        f"\\begin{{tabular}}{{{'r' * width}}}",
        "\\toprule",
        *_headings(layout),
        "\\midrule",
    ]
    for keys, cells in layout.rows:
        lines.append(_line([*(escape(key) for key in keys), *(_cell(cell) for cell in cells)]))
        if any(cell.published for cell in cells):
            lines.append(_line([""] * len(keys) + [_published(cell) for cell in cells]))
    lines += ["\\bottomrule", "\\end{tabular}}", "\\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return `text` with LaTeX's special characters made printable."""
    return "".join(_printable(character) for character in " ".join(text.split("\n")))


def _printable(character: str) -> str:
    """Return LaTeX for a character; one that pdfTeX has no letter for is named by its number."""
    if character in _SPECIAL:
        return _SPECIAL[character]
    if 0x20 <= ord(character) < 0x7F or ord(character) in _LATIN:
        return character
    plain = unicodedata.normalize("NFKC", character)
    if plain != character:
        return escape(plain)
    return f"[U+{ord(character):04X}]"


def _headings(layout: Layout) -> list[str]:
    lines = []
    if any(block.title for block in layout.blocks):
        lines.append(_line([""] * len(layout.keys) + [_spanner(b) for b in layout.blocks]))
        start = len(layout.keys) + 1
        rules = []
        for block in layout.blocks:
            rules.append(f"\\cmidrule(lr){{{start}-{start + len(block.headings) - 1}}}")
            start += len(block.headings)
        lines.append(" ".join(rules))
    names = [*layout.keys, *(name for block in layout.blocks for name in block.headings)]
    lines.append(_line([escape(name) for name in names]))
    return lines


def _spanner(block: Block) -> str:
    return f"\\multicolumn{{{len(block.headings)}}}{{c}}{{{escape(block.title)}}}"


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    text = {"bold": f"\\textbf{{{text}}}", "italic": f"\\textit{{{text}}}"}.get(cell.mark, text)
    return text + ("$^\\dagger$" if cell.significant else "")


def _published(cell: Cell) -> str:
    return f"{{\\scriptsize ({escape(cell.published)})}}" if cell.published else ""


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
