"""Markdown of people and models to safe HTML.

Three nets: the parser knows no raw HTML, Pygments writes classes only, and nh3 lets through
an explicit list of elements and attributes.
"""

from __future__ import annotations

import html

import nh3
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "span", "blockquote", "a"),
    *("ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "span": {"class"},
    "ol": {"start"},
}
URL_SCHEMES = {"http", "https", "mailto"}
#: A longer code block is shown without colours: highlighting is quadratic in places.
MAX_HIGHLIGHTED_CHARS = 20_000

_FORMATTER = HtmlFormatter(nowrap=True)


def _highlight(code: str, language: str, attributes: str) -> str:
    if not language or len(code) > MAX_HIGHLIGHTED_CHARS:
        return html.escape(code)
    try:
        return highlight(code, get_lexer_by_name(language, stripnl=False), _FORMATTER)
    except ClassNotFound:
        return html.escape(code)


def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": True, "breaks": True, "highlight": _highlight}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])
    # A link typed as "example.com" stays text: guessing makes links of file names.
    parser.linkify.set({"fuzzy_link": False})  # type: ignore[union-attr]
    return parser.disable("image")


_PARSER = _parser()


def render_markdown(text: str) -> str:
    """Safe HTML of ``text``; it may stand in a page as it is."""
    return nh3.clean(
        _PARSER.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=URL_SCHEMES,
        link_rel="noopener noreferrer nofollow ugc",
    )
