"""How long the answers are that verification compares."""

import pytest

from chat.services.messages import REPLY_SAMPLING
from training.services.answers import AnswerSampling

SAMPLING = AnswerSampling()


@pytest.mark.parametrize(
    ("n_chars", "limit"),
    [(0, 192), (384, 192), (400, 200), (1000, 500), (5000, 512)],
)
def test_twice_the_longest_chosen_answer_within_bounds(n_chars: int, limit: int) -> None:
    rows = [{"chosen": "x" * n_chars}, {"chosen": "short"}]
    assert SAMPLING.limit(rows) == limit


def test_the_first_draw_is_greedy_and_all_have_the_limit() -> None:
    greedy, *others = SAMPLING.draws(seed=5, max_tokens=200)
    assert (greedy.temperature, greedy.seed) == (0.0, 5)
    assert [(draw.temperature, draw.top_p, draw.seed) for draw in others] == [
        (REPLY_SAMPLING.temperature, REPLY_SAMPLING.top_p, 6),
        (REPLY_SAMPLING.temperature, REPLY_SAMPLING.top_p, 7),
    ]
    assert {draw.max_tokens for draw in (greedy, *others)} == {200}
