from types import SimpleNamespace

from uno_site.inference.engine.batch_layout import lay_out
from uno_site.inference.engine.generation import Plan


def part(slot, tokens, first=0):
    wants = [False] * (len(tokens) - 1) + [True]
    return SimpleNamespace(slot=slot), Plan(tokens, first, wants)


def sequences(layout):
    return [row.sequence for row in layout.rows]


def test_rows_follow_the_slots_and_each_part_knows_its_first_row():
    layout = lay_out([part(2, [7], 5), part(0, [1, 2]), part(1, [9])], [])
    assert sequences(layout) == [0, 0, 1, 2]
    assert [(g.slot, first) for g, _, first in layout.parts] == [(0, 0), (1, 2), (2, 3)]
    last = layout.rows[3]
    assert (last.token, last.position, last.wants_logits) == (7, 5, True)


def test_a_gap_of_one_free_slot_is_bridged_and_cleared_after():
    layout = lay_out([part(0, [1]), part(2, [3])], [1, 3])
    assert sequences(layout) == [0, 1, 2]
    assert layout.bridges == [1]
    assert not layout.rows[1].wants_logits
    assert layout.parts[1][2] == 2


def test_a_slot_in_use_or_a_wider_gap_is_not_bridged():
    assert sequences(lay_out([part(0, [1]), part(2, [3])], [3])) == [0, 2]
    assert sequences(lay_out([part(0, [1]), part(3, [3])], [1, 2])) == [0, 3]


def test_nothing_is_put_before_the_first_slot():
    assert sequences(lay_out([part(1, [1])], [0])) == [1]
