"""A signed file is read as it was written, or refused with the line at fault."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from curation.ml.experience.signing import (
    FileRefused,
    deployment_id,
    header_of,
    new_key,
    public_key,
    sign_lines,
    verify_lines,
)
from uno_site.errors import InvalidInput

KEY, OTHER = new_key(), new_key()
ITEMS = [{"kind": "row", "content": f"Note {n}."} for n in range(3)]


def lines(key: bytes = KEY) -> list[str]:
    return list(sign_lines({"name": "north"}, ITEMS, key))


def test_what_was_signed_comes_back() -> None:
    read = verify_lines(lines(), public_key(KEY))
    assert read.items == ITEMS
    assert read.header["name"] == "north"
    assert header_of(lines()[0])["deployment"] == str(deployment_id(public_key(KEY)))


def altered(text: list[str]) -> list[str]:
    return [*text[:2], text[2].replace("Note 1", "Note 9"), *text[3:]]


def swapped(text: list[str]) -> list[str]:
    return [text[0], text[2], text[1], *text[3:]]


def shortened(text: list[str]) -> list[str]:
    return text[:-1]


def cut_in_between(text: list[str]) -> list[str]:
    return [*text[:3], text[4]]


def extended(text: list[str]) -> list[str]:
    return [*text, text[1]]


def from_another_file(text: list[str]) -> list[str]:
    return [*text[:2], lines()[2], *text[3:]]


def unsigned(text: list[str]) -> list[str]:
    return [*text[:1], json.dumps({"data": json.loads(text[1])["data"]}) + "\n", *text[2:]]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (altered, 3),
        (swapped, 2),
        (shortened, 5),
        (cut_in_between, 4),
        (extended, 6),
        (from_another_file, 3),
        (unsigned, 2),
    ],
)
def test_a_changed_file_is_refused_with_the_line(
    change: Callable[[list[str]], list[str]], line: int
) -> None:
    with pytest.raises(FileRefused) as refused:
        verify_lines(change(lines()), public_key(KEY))
    assert refused.value.line == line
    assert f"Line {line}:" in str(refused.value)


def test_nobody_signs_under_anothers_id() -> None:
    with pytest.raises(FileRefused, match="Line 1"):
        verify_lines(lines(OTHER), public_key(KEY))
    forged = [
        line.replace(str(deployment_id(public_key(OTHER))), str(deployment_id(public_key(KEY))))
        for line in lines(OTHER)
    ]
    with pytest.raises(FileRefused, match="Line 1"):
        verify_lines(forged, public_key(KEY))


@pytest.mark.parametrize(
    "text", ["", "{}", "no json", '{"data": {"kind": "row"}, "signature": ""}']
)
def test_what_is_no_such_file_says_so(text: str) -> None:
    with pytest.raises(FileRefused, match="Line 1"):
        verify_lines([text], public_key(KEY))


def test_what_is_no_key_says_so() -> None:
    with pytest.raises(InvalidInput, match="public key"):
        verify_lines(lines(), "abc")
