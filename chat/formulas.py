"""Formulas in LaTeX to MathML, which every browser draws by itself: no script, no font.

What the converter makes is rebuilt element by element from an explicit list, since it takes
over text and some attributes as they were written.
"""

from __future__ import annotations

import html
from functools import lru_cache
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import convert_to_element

#: A longer formula is shown as it was written.
MAX_FORMULA_CHARS = 1_000
ELEMENTS = {
    *("math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mstyle", "mpadded", "mphantom"),
    *("msup", "msub", "msubsup", "munder", "mover", "munderover", "mmultiscripts"),
    *("mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd", "menclose", "mprescripts", "none"),
}
ATTRIBUTES = {
    *("display", "displaystyle", "scriptlevel", "mathvariant", "stretchy", "fence", "form"),
    *("separator", "accent", "accentunder", "linethickness", "movablelimits", "largeop"),
    *("symmetric", "minsize", "maxsize", "lspace", "rspace", "width", "height", "depth"),
    *("columnalign", "rowspacing", "columnspacing", "notation"),
}


@lru_cache(maxsize=2_048)
def formula_html(latex: str, *, is_block: bool) -> str:
    """``latex`` as MathML, or as code where it cannot be read; safe to stand in a page."""
    try:
        drawn = _mathml(latex, is_block) if len(latex) <= MAX_FORMULA_CHARS else ""
    except Exception:
        drawn = ""
    inner = drawn or f"<code>{html.escape(latex)}</code>"
    kind = "formula formula--block" if is_block else "formula"
    return f'<span class="{kind}">{inner}</span>'


def _mathml(latex: str, is_block: bool) -> str:
    made = convert_to_element(latex, display="block" if is_block else "inline")
    return tostring(_rebuilt(made), encoding="unicode")


def _rebuilt(element: Element) -> Element:
    """The element with known children and attributes only; an unknown element is a row."""
    tag = element.tag if element.tag in ELEMENTS else "mrow"
    kept = {name: value for name, value in element.attrib.items() if name in ATTRIBUTES}
    copy = Element(tag, kept)
    # The converter writes signs as character references.
    copy.text = html.unescape(element.text) if element.text else None
    copy.extend(_rebuilt(child) for child in element)
    return copy
