"""NaN and Infinity: the row is refused by its number, in lines and in arrays alike."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.interchange.conftest import turns
from uno_site.interchange import ImportedLog, RowError, read_logs
from uno_site.interchange.constants import REFUSAL, STAND_IN, ConstantStream

GOOD = {"messages": turns("Hi", 'NaN, or -Infinity: "NaN" \\', "NaN")}
VALUES = [float("nan"), float("inf"), float("-inf")]


def rows_with(value: float) -> list[dict]:
    return [GOOD, GOOD | {"score": value}, GOOD | {"scores": [1, {"mean": value}]}, GOOD]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_goes_on_after_the_row_that_is_named(tmp_path, value, indent):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(rows_with(value), indent=indent))
    first, *bad, last = read_logs(path)
    assert bad == [RowError(n, REFUSAL, "item") for n in (2, 3)]
    assert isinstance(first, ImportedLog)
    assert first == last


@pytest.mark.parametrize("value", VALUES)
def test_lines_do_the_same(write_rows, value):
    first, *bad, last = read_logs(write_rows(*map(json.dumps, rows_with(value))))
    assert bad == [RowError(n, REFUSAL) for n in (2, 3)]
    assert isinstance(first, ImportedLog)
    assert first == last


def through(text: bytes, size: int) -> bytes:
    stream = ConstantStream(io.BytesIO(text))
    return b"".join(iter(lambda: stream.read(size), b""))


parts = ['"', "\\", "N", "a", "-", "NaN", "Infinity", "é", " "]
texts = st.lists(st.sampled_from(parts)).map("".join)
json_values = st.recursive(
    st.none() | st.integers() | texts | st.sampled_from(VALUES),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(json_values, st.integers(1, 12))
def test_only_the_constants_are_replaced_wherever_the_chunks_end(value, size):
    text = json.dumps(value, ensure_ascii=False)
    expected = json.loads(text, parse_constant=lambda name: STAND_IN)
    assert json.loads(through(text.encode(), size)) == expected
