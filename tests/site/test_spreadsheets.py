"""What a person wrote is never computed by whoever opens the file, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uno_site.spreadsheets import FORMULA_STARTS, from_cell, to_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-item", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_is_written_as_text(text: str) -> None:
    assert to_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "plain", "1 + 1", "'quoted'", "a=b"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert to_cell(text) == text


@given(st.text(alphabet="'=-+@a\t", max_size=6) | st.text())
def test_every_text_comes_back(text: str) -> None:
    assert from_cell(to_cell(text)) == text
    assert not to_cell(text).startswith(FORMULA_STARTS)
