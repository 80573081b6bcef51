"""Markdown of people and models to safe HTML.

Three nets: the parser knows no raw HTML, Pygments writes classes only, and nh3 lets through
an explicit list of elements and attributes. Formulas (``$…$``, ``$$…$$``, ``\\(…\\)``,
``\\[…\\]``) become MathML.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.texmath import texmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from chat import formulas

TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "span", "blockquote", "a"),
    *("ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *formulas.ELEMENTS,
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "span": {"class"},
    "ol": {"start", "dir"},
    "ul": {"dir"},
    "blockquote": {"dir"},
    "table": {"dir"},
    **dict.fromkeys(formulas.ELEMENTS, formulas.ATTRIBUTES),
}
URL_SCHEMES = {"http", "https", "mailto"}
#: A longer code block is shown without colours: highlighting is quadratic in places.
MAX_HIGHLIGHTED_CHARS = 20_000
#: A longer text is shown as it was written: parsing is quadratic in places.
MAX_PARSED_CHARS = 40_000
#: With more cells no table is drawn: a short row is filled up to the width of the first.
MAX_TABLE_CELLS = 20_000
#: With more signs that may begin a formula, none is looked for: each is a search to the end.
MAX_FORMULA_SIGNS = 400

_FORMATTER = HtmlFormatter(nowrap=True)


def _highlight(code: str, language: str, attributes: str) -> str:
    if not language or len(code) > MAX_HIGHLIGHTED_CHARS:
        return html.escape(code)
    try:
        return highlight(code, get_lexer_by_name(language, stripnl=False), _FORMATTER)
    except ClassNotFound:
        return html.escape(code)


def _parser(*, has_formulas: bool) -> MarkdownIt:
    options = {"html": False, "linkify": True, "breaks": True, "highlight": _highlight}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])
    # A link typed as "example.com" stays text: guessing makes links of file names.
    parser.linkify.set({"fuzzy_link": False})  # type: ignore[union-attr]
    parser.core.ruler.push("direction", _direction)
    if has_formulas:
        _formulas_enable(parser)
    return parser.disable("image")


def _direction(state: StateCore) -> None:
    """Let each list, quotation and table run in the direction of its own script."""
    kinds = {"bullet_list_open", "ordered_list_open", "blockquote_open", "table_open"}
    for token in state.tokens:
        if token.type in kinds:
            token.attrSet("dir", "auto")


def _formulas_enable(parser: MarkdownIt) -> None:
    texmath_plugin(parser, delimiters="brackets")
    # Prices are no formulas: "$5 and $10" has a blank before the second sign.
    dollarmath_plugin(
        parser, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True
    )
    for kind in ("math_inline", "math_inline_double", "math_block", "math_block_eqno"):
        parser.add_render_rule(kind, _formula)


def _formula(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    token = tokens[index]
    drawn = formulas.formula_html(token.content.strip(), is_block=token.type != "math_inline")
    return f"<p>{drawn}</p>" if token.block else drawn


_PARSER = _parser(has_formulas=True)
_PLAIN_PARSER = _parser(has_formulas=False)
_PLAINEST_PARSER = _parser(has_formulas=False).disable("table")


def render_markdown(text: str) -> str:
    """Safe HTML of ``text``; it may stand in a page as it is."""
    return nh3.clean(
        _parsed(text) if len(text) <= MAX_PARSED_CHARS else _as_written(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=URL_SCHEMES,
        link_rel="noopener noreferrer nofollow ugc",
    )


def _parsed(text: str) -> str:
    n_signs = text.count("$") + text.count("\\(") + text.count("\\[")
    lines = text.split("\n")
    n_cells = len(lines) * max(line.count("|") for line in lines)
    if n_cells > MAX_TABLE_CELLS:
        parser = _PLAINEST_PARSER
    else:
        parser = _PARSER if n_signs <= MAX_FORMULA_SIGNS else _PLAIN_PARSER
    return str(parser.render(text))


def _as_written(text: str) -> str:
    lines = html.escape(text).split("\n")
    return f"<p>{'<br>'.join(lines)}</p>"
