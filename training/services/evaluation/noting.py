"""The experience store in an evaluation: what it keeps of the conversations, and who asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from chat.experience.models import Experience, Scope, Status
from chat.experience.recall import recall_for
from chat.experience.services.capturing import episodes_capture
from curation.experience.distilling import episodes_distil
from curation.experience.promotion import PromotionRefused, note_promote
from curation.experience.refining import refine_apply, refine_run_create
from training.evaluation.sets.protocol import Dialogue, Item
from uno_site.accounts.models import Role, User

from .answering import RecallOf
from .living import Say

CURATOR = "evaluation-curator"


def learn_notes(say: Say) -> dict[str, Any]:
    """Distil every conversation, refine what was learned as a night would, and share each note
    that the rules of sharing let through.

    Returns
    -------
    dict
        ``n_notes`` there are, ``n_shared`` of them, ``refined``: how many changes of which sort,
        and ``refused``: how many may not be shared, by the reason.
    """
    while episodes_capture().n_added:
        pass
    episodes_distil(
        is_busy=lambda: False, on_progress=lambda done, all_: say(f"distilled {done} of {all_}")
    )
    run = refine_apply(run=refine_run_create(), by=None)
    refused = _share_all()
    notes = Experience.objects.serving()
    n_shared = notes.filter(scope=Scope.GLOBAL).count()
    return {
        "n_notes": notes.count(),
        "n_shared": n_shared,
        "refined": run.figures["applied"],
        "refused": dict(refused),
    }


def _share_all() -> Counter[str]:
    """Share as a curator would who approves whatever may be shared; the refusals by reason."""
    by, _ = User.objects.get_or_create(username=CURATOR, defaults={"role": Role.CURATOR})
    refused: Counter[str] = Counter()
    for note in Experience.objects.filter(scope=Scope.PRIVATE, status=Status.ACTIVE):
        note.refresh_from_db()
        if note.status != Status.ACTIVE:
            continue  # it was joined to one that was shared before
        try:
            note_promote(note=note, by=by)
        except PromotionRefused as refusal:
            refused.update(refusal.faults)
    return refused


def askers_by_topic(dialogues: Sequence[Dialogue]) -> dict[str, str]:
    """For each topic the name of whoever asked about it most: they ask about it again."""
    asked: dict[str, Counter[str]] = {}
    for dialogue in dialogues:
        asked.setdefault(dialogue.truth, Counter())[dialogue.user] += 1
    return {topic: names.most_common(1)[0][0] for topic, names in asked.items()}


def recalls(askers: Mapping[str, str]) -> RecallOf:
    """Find the notes of an item's topic's asker: their own, and those that everybody is shown."""
    users = User.objects.in_bulk(sorted(set(askers.values())), field_name="username")

    def recall_of(item: Item) -> Any:
        user = users.get(askers.get(item.topic, ""))
        return recall_for(user) if user is not None else None

    return recall_of
