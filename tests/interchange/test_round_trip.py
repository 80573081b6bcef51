"""What we write is read back: the same pairs and dialogues, whatever the text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uno_site.inference.protocol import ChatMessage
from uno_site.interchange import detect_format, read_dialogues, read_logs
from uno_site.interchange.writers import WRITERS, ExportPair, encode_row

# What a database can keep and a reader takes: no NUL, no lone surrogates, not blank.
texts = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(str.strip)


@st.composite
def pairs(draw: st.DrawFn) -> ExportPair:
    n_turns = draw(st.integers(0, 2)) * 2 + 1
    roles = ["user", "assistant"] * n_turns
    turns = [ChatMessage(role, draw(texts)) for role in roles[:n_turns]]
    system = [ChatMessage("system", draw(texts))] if draw(st.booleans()) else []
    chosen, rejected = draw(st.lists(texts, min_size=2, max_size=2, unique=True))
    return ExportPair(str(draw(st.uuids())), (*system, *turns), chosen, rejected)


several = st.lists(pairs(), min_size=1, max_size=4, unique_by=lambda pair: pair.id)
slow_is_fine = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


def write(path, name, given_pairs):
    rows = [row for pair in given_pairs for row in WRITERS[name].write(pair)]
    path.write_bytes(b"".join(map(encode_row, rows)))
    return path


@pytest.mark.parametrize("name", WRITERS)
@slow_is_fine
@given(several)
def test_our_files_are_known_as_what_they_are(tmp_path, name, given_pairs):
    assert detect_format(write(tmp_path / "out.jsonl", name, given_pairs)).name == name


@pytest.mark.parametrize("name", ["trl", "openai-preference"])
@slow_is_fine
@given(several)
def test_preferences_come_back_as_the_same_pairs(tmp_path, name, given_pairs):
    logs = list(read_logs(write(tmp_path / "out.jsonl", name, given_pairs)))
    assert [(log.messages, log.preferred, log.response) for log in logs] == [
        (pair.messages, pair.chosen, pair.rejected) for pair in given_pairs
    ]
    if name == "trl":
        assert [log.external_id for log in logs] == [pair.id for pair in given_pairs]


@slow_is_fine
@given(several)
def test_kto_rows_come_back_with_their_thumbs(tmp_path, given_pairs):
    logs = list(read_logs(write(tmp_path / "out.jsonl", "kto", given_pairs)))
    assert [(log.messages, log.response, log.feedback[0].text) for log in logs] == [
        (pair.messages, text, thumb)
        for pair in given_pairs
        for text, thumb in ((pair.chosen, "up"), (pair.rejected, "down"))
    ]


@pytest.mark.parametrize("name", ["openai", "sharegpt"])
@slow_is_fine
@given(several)
def test_conversations_come_back_turn_by_turn(tmp_path, name, given_pairs):
    dialogues = list(read_dialogues(write(tmp_path / "out.jsonl", name, given_pairs)))
    assert [[(t.role, t.content) for t in d.turns] for d in dialogues] == [
        [*((m.role, m.content) for m in pair.messages), ("assistant", pair.chosen)]
        for pair in given_pairs
    ]


def test_a_preference_file_holds_no_dialogues(tmp_path):
    pair = ExportPair("1", (ChatMessage("user", "Hi"),), "A", "B")
    path = write(tmp_path / "out.jsonl", "trl", [pair])
    with pytest.raises(Exception, match="holds no conversations"):
        read_dialogues(path)
