"""Formulas are drawn as MathML; prices, code and what cannot be read stay as they are."""

import time

import pytest

from chat.markdown import MAX_FORMULA_SIGNS, render_markdown


@pytest.mark.parametrize("text", [r"so $x^2$ is", r"so \(x^2\) is"])
def test_a_formula_in_a_line(text: str) -> None:
    html = render_markdown(text)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html
    assert 'display="inline"' in html


@pytest.mark.parametrize("text", ["$$\nx^2\n$$", "\\[\nx^2\n\\]", "see $$x^2$$ here"])
def test_a_formula_of_its_own(text: str) -> None:
    html = render_markdown(text)
    assert "formula--block" in html
    assert 'display="block"' in html


def test_fractions_sums_and_matrices_are_drawn() -> None:
    html = render_markdown(r"$$\frac{a}{b} \le \sum_{i=1}^n \begin{pmatrix}1&2\\3&4\end{pmatrix}$$")
    assert html.count("<mtd>") == 4
    for part in ("<mfrac>", "<munderover>", "≤", "∑"):
        assert part in html


@pytest.mark.parametrize(
    "text", ["It costs $5 and $10.", "`$x$`", "```\n$x$\n```", r"\$x\$", "from $ 3 to 4 $"]
)
def test_what_is_no_formula_is_left_alone(text: str) -> None:
    assert "<math" not in render_markdown(text)


def test_a_formula_that_cannot_be_read_is_shown_as_written() -> None:
    html = render_markdown(r"$\frac{$")
    assert r"<code>\frac{</code>" in html


def test_comparisons_keep_their_signs() -> None:
    html = render_markdown("$a < b$ and $$a & b$$")
    assert "<mo>&lt;</mo>" in html


def test_a_flood_of_signs_is_no_work() -> None:
    started = time.process_time()
    html = render_markdown(r"\(" * (MAX_FORMULA_SIGNS * 100))
    assert "<math" not in html
    assert time.process_time() - started < 2


def test_deep_nesting_is_shown_as_written() -> None:
    text = r"\sqrt{" * 160 + "x" + "}" * 160
    assert "<p>" in render_markdown(f"${text}$")
