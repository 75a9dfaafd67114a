"""Characters that mean something to matplotlib, LaTeX or Markdown are printed as they are."""

import pytest

from harmodels.reporting.figures import save_figure
from harmodels.reporting.figures.style import house_style, new_figure
from harmodels.reporting.tables.latex import escape
from harmodels.reporting.tables.markdown import escape as escape_markdown


@pytest.mark.parametrize("text", ["costs $5 and $", r"$\frac{$", "$10^{$", "a_b$c_d$"])
def test_a_dollar_sign_in_a_text_begins_no_formula(tmp_path, text):
    with house_style():
        figure = new_figure(3, 2, simulated=False)
        axes = figure.subplots()
        axes.set_title(text)
        axes.set_ylabel(text)
        axes.plot([1, 2], label=text)
        figure.legend()
    save_figure(figure, tmp_path / "figure")
    assert (tmp_path / "figure.svg").stat().st_size > 0


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("5 $ & 3 %", r"5 \$ \& 3 \%"),
        ("a_b ±\\", r"a\_b $\pm$\textbackslash{}"),
        ("m/s²", "m/s$^2$"),
        ("a < b | c", "a $<$ b $|$ c"),
        ("\N{GREEK SMALL LETTER MU}g, µg", r"$\mu$g, $\mu$g"),
        ("two\nlines", "two lines"),
        ("é ß", "é ß"),
        ("\N{LATIN SMALL LIGATURE FI}ve", "five"),
    ],
)
def test_what_latex_has_no_letter_for_is_replaced(text, latex):
    assert escape(text) == latex


def test_markdown_keeps_a_cell_on_one_line_and_begins_no_formula():
    assert escape_markdown("a|b\n$c$") == r"a\|b \$c\$"
