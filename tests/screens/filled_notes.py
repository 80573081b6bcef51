"""Notes for the screens: a person's own, one that is shared, and a reply that used two."""

from __future__ import annotations

from chat.experience.models import (
    ErasureReceipt,
    Experience,
    Matching,
    Origin,
    Outcome,
    RefineRun,
    Revision,
    Scope,
    Source,
    Status,
    Use,
)
from chat.models import Message, MessageRole
from tests.factories import ExperienceFactory
from uno_site.accounts.models import User

NOTES = (
    ("the heating in my flat", "Ms Smith at the letting agency looks after the heating.", "fact"),
    ("e-mail", "Keep e-mails to three sentences.", "preference"),
    ("packing for the sea", "A list by day forgets the first-aid kit; list by bag.", "pitfall"),
)


def fill_notes(user: User) -> None:
    """Notes of ``user``, the first pinned and used; the last set aside."""
    own = [
        ExperienceFactory(
            owner=user,
            trigger=trigger,
            content=content,
            kind=kind,
            matching=Matching.WORDS if number == 1 else Matching.MEANING,
            hits=7 - 3 * number,
            helpful=4 - number,
            harmful=number,
            is_pinned=number == 0,
            status=Status.QUARANTINED if number == 2 else Status.ACTIVE,
        )
        for number, (trigger, content, kind) in enumerate(NOTES)
    ]
    shared = ExperienceFactory(
        owner=None,
        scope=Scope.GLOBAL,
        trigger="opening hours of the housing office",
        content="The housing office is open on Tuesdays and Thursdays, 9 to 12.",
        hits=41,
        helpful=12,
    )
    Revision.objects.create(experience=own[0], action="created", by=user)
    Revision.objects.create(
        experience=own[0],
        action="edited",
        by=user,
        before={"content": "The caretaker looks after the heating."},
        after={"content": own[0].content},
    )
    reply = Message.objects.filter(
        role=MessageRole.ASSISTANT, conversation__user=user, origin="model"
    ).earliest("created_at")
    shown = (own[0], shared)
    for rank, note in enumerate(shown, start=1):
        outcome = Outcome.HELPFUL if rank == 1 else Outcome.OPEN
        Use.objects.create(
            message=reply, experience=note, rank=rank, similarity=0.8, outcome=outcome
        )
    notes = [{"id": str(note.pk), "rank": at} for at, note in enumerate(shown, start=1)]
    reply.provenance = {**reply.provenance, "notes": notes}
    reply.save()
    _fill_for_curators(user)


WISH = "Write the tips as a numbered list."
ASKED = ("Any tips for camping?", "Give me tips for cooking rice.", "Tips for jet lag, please.")


def _fill_for_curators(user: User) -> None:
    """A planned refinement of two shared notes that contradict, and of a wish that ``user`` said
    three times; a sender, and a receipt."""
    kept, *joining = (
        ExperienceFactory(
            owner=user, trigger=asked, content=WISH, kind="preference", source=Source.DISTILLED
        )
        for asked in ASKED
    )
    older, newer = (
        ExperienceFactory(
            owner=None,
            scope=Scope.GLOBAL,
            trigger="deadline of the housing office",
            content=f"The housing office wants papers {n} days before.",
            harmful=3 if n == 14 else 0,
        )
        for n in (14, 21)
    )
    plan = [_line("contradict", older, newer, "value")]
    plan += [_line("merge", note, kept, "same_wish") for note in joining]
    plan.append(_line("widen", kept, None, "words"))
    RefineRun.objects.create(
        plan=plan, figures={"n_rows": 6, "contradict": 1, "merge": 2, "widen": 1}
    )
    Origin.objects.create(
        name="Northern branch", deployment="9e3c5a5e-8f0a-5b6d-9a57-0d6a4f0c2b11", public_key="x"
    )
    ErasureReceipt.objects.create(
        subject="5" * 64,
        reason="consent withdrawn",
        counts={"experience_experience deleted": 3, "experience_episode deleted": 5},
        items=[],
        finished_at=older.created_at,
    )


def _line(action: str, note: Experience, other: Experience | None, reason: str) -> dict[str, str]:
    """A line of a plan; a note that is only widened stays in use."""
    return {
        "action": action,
        "experience": str(note.pk),
        "other": str(other.pk) if other else "",
        "reason": reason,
        "before": Status.ACTIVE,
        "after": Status.SUPERSEDED if other else Status.ACTIVE,
    }
