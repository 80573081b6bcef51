"""A batch of sequences of any length computes what each sequence alone computes."""

import numpy as np
import pytest

from tests.inference.pytorch.conftest import decode, rows_of
from uno_site.inference.engine.backend import Row
from uno_site.inference.engine.pytorch.context import alike, split

LONG = [5 + i % 90 for i in range(40)]
SHORT = [7, 9, 30]


def test_sequences_of_different_lengths_in_one_batch(context, plain, tolerance):
    long, short = decode(context, rows_of(0, LONG), rows_of(1, SHORT))
    np.testing.assert_allclose(long, plain(LONG), atol=tolerance)
    np.testing.assert_allclose(short, plain(SHORT), atol=tolerance)


def test_a_late_joiner_reads_while_another_writes(context, plain, tolerance):
    decode(context, rows_of(0, LONG[:30]))
    written, read = decode(context, rows_of(0, LONG[30:31], 30), rows_of(1, LONG[:20]))
    np.testing.assert_allclose(written[0], plain(LONG[:31])[30], atol=tolerance)
    np.testing.assert_allclose(read, plain(LONG[:20]), atol=tolerance)


def test_a_prompt_in_pieces_is_the_prompt(context, plain, tolerance):
    pieces = [decode(context, rows_of(2, LONG[i : i + 16], i))[0] for i in range(0, 40, 16)]
    np.testing.assert_allclose(np.concatenate(pieces), plain(LONG), atol=tolerance)


def test_slots_that_are_no_neighbours(context, plain, tolerance):
    one, other = decode(context, rows_of(1, LONG[:8]), rows_of(4, LONG[10:18]))
    np.testing.assert_allclose(one, plain(LONG[:8]), atol=tolerance)
    np.testing.assert_allclose(other, plain(LONG[10:18]), atol=tolerance)


def test_a_slot_is_used_again_as_if_nobody_had_been_there(context, plain, tolerance):
    decode(context, rows_of(0, LONG))
    context.clear(0)
    assert not context._cache.store[:, :, 0].any(), "nothing of a user stays behind"
    (found,) = decode(context, rows_of(0, SHORT))
    np.testing.assert_allclose(found, plain(SHORT), atol=tolerance)


def test_a_saved_sequence_goes_on_in_another_slot(context, plain, tolerance):
    decode(context, rows_of(0, LONG[:30]))
    state = context.save(0)
    context.clear(0)
    assert context.restore(3, state, 20)
    (found,) = decode(context, rows_of(3, LONG[20:], 20))
    np.testing.assert_allclose(found, plain(LONG)[20:], atol=tolerance)


def test_only_wanted_rows_are_there(context):
    wanted = Row(9, 2, 0, wants_logits=True)
    context.decode([Row(7, 0, 0, wants_logits=False), Row(8, 1, 0, wants_logits=False), wanted])
    assert context.logits(2).shape == (context._model.n_vocab,)
    with pytest.raises(KeyError):
        context.logits(1)


def test_a_chunk_of_which_no_logits_are_wanted(context, plain, tolerance):
    context.decode([Row(token, i, 0, wants_logits=False) for i, token in enumerate(LONG[:39])])
    (found,) = decode(context, rows_of(0, LONG[39:], 39))
    np.testing.assert_allclose(found[0], plain(LONG)[39], atol=tolerance)


def test_rows_are_split_by_sequence_and_grouped_by_length():
    parts = split([*rows_of(0, [1] * 9), *rows_of(1, [1]), *rows_of(2, [1] * 5), *rows_of(3, [1])])
    assert [part.first for part in parts] == [0, 9, 10, 15]
    assert [[p.slot for p in group] for group in alike(parts)] == [[0, 2], [1, 3]]
