"""Training pairs as the curation room hands them over."""

from __future__ import annotations

import uuid

from curation.selectors import TrainingPair


def make_pair(n: int = 0, **changes: object) -> TrainingPair:
    """The n-th pair: question n, a worse and a better answer."""
    values = {
        "entry_id": uuid.UUID(int=n + 1),
        "pair_id": uuid.uuid4(),
        "messages": [{"role": "user", "content": f"Question {n}?"}],
        "chosen": f"Better {n}.",
        "rejected": f"Worse {n}, and much too long.",
        "rules": ["Be brief.", "Be polite."],
        "correction": f"Better {n}.",
        "source": "user_edit",
    }
    return TrainingPair(**{**values, **changes})


def make_pairs(n: int) -> list[TrainingPair]:
    """``n`` pairs of different prompts."""
    return [make_pair(index) for index in range(n)]
