"""Rendered Markdown carries no script, whatever a person or a model writes."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat import formulas
from chat.markdown import TAGS, render_markdown

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](x onerror=alert(1))",
    "![x](https://evil.example/pixel.png)",
    '[x](<https://a.example/" onmouseover="alert(1)>)',
    "<https://a.example/?x=<script>>",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "<iframe src='https://evil.example'></iframe>",
    "<style>body{display:none}</style>",
    "| <script>alert(1)</script> |\n|---|\n| <b onclick=alert(1)>x</b> |",
    r"$\text{<script>alert(1)</script>}$",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$$\href{javascript:alert(1)}{x}$$",
    r"\(\style{background:url(https://evil.example)}{x}\)",
    r'\[\class{x" onclick="alert(1)}{y}\]',
    r"$\text{</mtext></math><style><img src=x onerror=alert(1)></style>}$",
    r"$\frac{<svg onload=alert(1)>$",
]


ALLOWED = {
    "a": {"href", "title", "rel"},
    "code": {"class"},
    "span": {"class"},
    "ol": {"start", "dir"},
    **{element: {"dir"} for element in ("ul", "blockquote", "table")},
    **{element: formulas.ATTRIBUTES | {"xmlns"} for element in formulas.ELEMENTS},
}


class Inspector(HTMLParser):
    """Fails at the first element, attribute or address that must not be there."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ALLOWED.get(tag, set()), f"{tag} {name}"
            if name == "href":
                scheme = (value or "").split(":")[0].lower() if ":" in (value or "") else ""
                assert scheme in {"", "http", "https", "mailto"}, value


def assert_harmless(html: str) -> None:
    Inspector().feed(html)


@pytest.mark.parametrize("text", ATTACKS)
def test_an_attack_comes_out_harmless(text: str) -> None:
    assert_harmless(render_markdown(text))


@given(st.text(alphabet="<>\\\\${}_^xtext&#;/ sinl=\"'", max_size=80))
def test_arbitrary_formulas_come_out_harmless(text: str) -> None:
    assert_harmless(render_markdown(f"${text}$"))


@given(st.text(alphabet="<>[]()!`\"'= \n:/abcjsonerimgtp|-*&;#", max_size=80))
def test_arbitrary_markup_comes_out_harmless(text: str) -> None:
    assert_harmless(render_markdown(text))


def test_links_open_nothing_of_ours() -> None:
    html = render_markdown("[docs](https://example.org/a)")
    assert 'href="https://example.org/a"' in html
    assert "noopener" in html
    assert "nofollow" in html


def test_tables_lists_and_code_are_rendered() -> None:
    html = render_markdown(
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n- x\n- y\n\n```python\nx = 'a<b'\n```"
    )
    assert '<table dir="auto">' in html
    assert html.count("<li>") == 2
    assert '<span class="s1">' in html
    assert "a&lt;b" in html


def test_a_bare_address_becomes_a_link_and_a_file_name_does_not() -> None:
    assert render_markdown("see https://example.org").count("<a ") == 1
    assert "<a " not in render_markdown("edit settings.py and run it")
