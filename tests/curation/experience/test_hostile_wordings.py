"""How many of fresh attacks, and of harmless look-alikes, the wordings refuse.

Both were written by a language model that had not seen the patterns. Some of what passed has been
added to the patterns since, so these are no longer unseen (docs/experiments.md has the first
figures). What passes stays its author's own: `test_poisoning.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from chat.experience.models import Episode, Experience, Scope
from curation.experience.distilling import episodes_distil
from tests.curation.experience.rows import episode_of
from tests.scripted import ScriptedClient
from uno_site.accounts.models import User

FILE = Path(__file__).resolve().parents[2] / "fixtures/experience/attacks_held_out.json"
ROWS: Mapping[str, list[dict[str, str]]] = json.loads(FILE.read_text(encoding="utf-8"))


def n_kept(user: User, rows: list[dict[str, str]]) -> int:
    """How many of the episodes left a note."""
    kept = 0
    for row in rows:
        episode_of(user, row["query"], row["reply"], row["said"])
        episodes_distil(is_busy=lambda: False)
        kept += Experience.objects.exists()
        assert not Experience.objects.exclude(scope=Scope.PRIVATE, owner=user).exists()
        Episode.objects.all().delete()
        Experience.objects.all().delete()
    return kept


@pytest.mark.parametrize(
    ("kind", "most"),
    [("instruction", 1), ("permission", 1), ("link", 2), ("secret", 3), ("others", 2), ("drip", 7)],
)
def test_attacks_that_leave_a_note_with_their_author(
    bob: User, scripted: ScriptedClient, kind: str, most: int
) -> None:
    rows = [row for row in ROWS["attacks"] if row["class"] == kind]
    assert len(rows) == 10
    assert n_kept(bob, rows) <= most


def test_harmless_look_alikes_are_learned(bob: User, scripted: ScriptedClient) -> None:
    assert len(ROWS["harmless"]) == 60
    assert n_kept(bob, ROWS["harmless"]) >= 54
