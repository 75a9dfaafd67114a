"""Formulas as SVG in the page itself: no script, no font and nothing from the network."""

import html
import re
from typing import Any

import ziamath

ziamath.config.svg2 = False  # plain paths: no ids that repeat within a page
SIZE = 20.0  # pixels of an em; the style sheet scales with the text

FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</(?:span|div)>', flags=re.DOTALL
)


def on_page_content(content: str, **_: Any) -> str:
    """Replace what arithmatex marked by drawn formulas."""
    return FORMULA.sub(_draw, content)


def _draw(match: re.Match[str]) -> str:
    block = match[1] == "div"
    source = html.unescape(match[2]).strip()
    formula = ziamath.Latex(source, size=SIZE, color="currentColor", inline=not block)
    width, height = formula.getsize()
    label = html.escape(" ".join(source.split()), quote=True)
    style = f"width:{width / SIZE:.3f}em;height:{height / SIZE:.3f}em"
    if not block:
        style += f";vertical-align:{formula.getyofst() / SIZE:.3f}em"
    drawn = re.sub(r'(<svg [^>]*?)width="[^"]*" height="[^"]*"', r"\1", formula.svg(), count=1)
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" style="{style}" ', 1)
    kind = "formula-block" if block else "formula"
    return f'<{match[1]} class="{kind}">{drawn}</{match[1]}>'
