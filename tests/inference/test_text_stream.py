from hypothesis import given
from hypothesis import strategies as st

from uno_site.inference.engine.text_stream import TextStream


def feed(stream, pieces):
    return [stream.push(piece) for piece in pieces] + [stream.finish()]


def test_a_character_is_held_until_it_is_whole():
    party = "🎉".encode()
    assert feed(TextStream(), [party[:1], party[1:3], party[3:], b"!"]) == ["", "", "🎉", "!", ""]


def test_a_broken_character_ends_as_a_replacement():
    assert feed(TextStream(), [b"a", b"\xf0\x9f"]) == ["a", "", "�"]


def test_a_possible_stop_is_held_and_released_when_it_is_none():
    assert feed(TextStream(("STOP",)), [b"aST", b"AR", b"ST"]) == ["a", "STAR", "", "ST"]


def test_nothing_passes_a_stop():
    stream = TextStream(("STOP", "\n\n"))
    assert feed(stream, [b"one ST", b"OP two", b"three"]) == ["one ", "", "", ""]
    assert stream.is_stopped


def test_the_earliest_of_several_stops_wins():
    assert feed(TextStream(("later", "b")), [b"abc later"]) == ["a", ""]


@given(st.text(), st.lists(st.integers(1, 5)), st.text(min_size=1, max_size=3))
def test_pieces_of_any_size_give_the_text_up_to_the_stop(text, sizes, stop):
    data, pieces = text.encode(), []
    for size in [*sizes, len(data)]:
        pieces.append(data[:size])
        data = data[size:]
    assert "".join(feed(TextStream((stop,)), pieces)) == text.split(stop)[0]
