"""What no database can keep is left out, wherever it stands."""

from __future__ import annotations

from uno_site.interchange.fields import storable


def test_nul_and_lone_surrogates_are_left_out_of_texts_keys_and_lists() -> None:
    value = {"a\x00": ["b\ud800", {"c": "\x00d"}], "e": ("f", 1, None, True), "g": 0.5}
    cleaned = {"a": ["b", {"c": "d"}], "e": ["f", 1, None, True], "g": 0.5}
    assert storable(value) == cleaned


def test_other_text_stays_as_it_is() -> None:
    assert storable("Grüße, 世界 🌍\n\t\x01") == "Grüße, 世界 🌍\n\t\x01"
