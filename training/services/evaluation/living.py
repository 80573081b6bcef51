"""The seed's conversations in an instance of their own: had or imported, then curated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from curation.models import LogEntry, RoleName
from curation.roles.resolve import active_strategy
from curation.services.importing import logs_add
from curation.services.processing import STAGES, logs_process
from curation.services.review import approve_all
from training.demo.replay import Asked, replay
from training.evaluation.sets.protocol import Dialogue, EvaluationSet, LivedSet
from uno_site.files import read_json, write_json
from uno_site.inference.protocol import ChatMessage
from uno_site.interchange import ImportedLog, Signal

from .workplace import SeedFolder

Say = Callable[[str], None]
SOURCE = "evaluation"
THUMBS = {1: "up", -1: "down"}


def live(found: EvaluationSet, seed: int, part: tuple[int, int], say: Say) -> list[Dialogue]:
    """Have the first ``part[0]`` of ``part[1]`` equal parts of the conversations.

    What was had or imported before is not done again.

    Returns
    -------
    list of Dialogue
        What happened, each with its entry's key (reply id or external id) as ``id``.
    """
    if isinstance(found, LivedSet):
        planned = _first(found.plan(seed), part)
        asked = replay(planned, lambda done, total: say(f"chatted {done} of {total}"))
        return [_dialogue(one) for one in asked]
    dialogues = _first(found.dialogues(seed), part)
    n_added = logs_add([_imported(one) for one in dialogues])
    say(f"imported {n_added} dialogues")
    return list(dialogues)


def _first(rows: Sequence[Any], part: tuple[int, int]) -> Sequence[Any]:
    n_parts_done, n_parts = part
    return rows[: round(len(rows) * n_parts_done / n_parts)]


def _dialogue(asked: Asked) -> Dialogue:
    entry, reply = asked.entry, asked.reply
    said = entry.react(reply.content)
    correction = said.correction if (said.correction or "").strip() != reply.content else None
    return Dialogue(
        id=str(reply.pk),
        user=entry.user.name,
        messages=(ChatMessage("user", entry.prompt),),
        reply=reply.content,
        follow_ups=tuple(text for text in (said.comment, said.follow_up) if text),
        thumb={"up": 1, "down": -1, None: 0}[said.thumb],
        correction=correction,
        truth=entry.topic,
    )


def _imported(one: Dialogue) -> ImportedLog:
    thumb = (Signal("thumb", THUMBS[one.thumb]),) if one.thumb else ()
    return ImportedLog(
        external_id=one.id,
        messages=one.messages,
        response=one.reply,
        feedback=(*thumb, *(Signal("follow_up", text) for text in one.follow_ups)),
        correction=one.correction,
        source=SOURCE,
    )


def curate(say: Say) -> None:
    """Every stage of curation, with everything unflagged approved, and the roles checked."""
    for stage in STAGES:
        logs_process(stage)
        say(stage.title)
    approve_all()
    active_strategy(RoleName.CRITIC)


def keep_dialogues(folder: SeedFolder, dialogues: Sequence[Dialogue]) -> None:
    """Write the dialogues where the methods read them."""
    write_json(folder.dialogues, [asdict(dialogue) for dialogue in dialogues])


def kept_dialogues(folder: SeedFolder) -> list[Dialogue]:
    """The dialogues as they were kept."""
    return [
        Dialogue(
            **{
                **row,
                "messages": tuple(ChatMessage(**turn) for turn in row["messages"]),
                "follow_ups": tuple(row["follow_ups"]),
            }
        )
        for row in read_json(folder.dialogues) or []
    ]


def entry_key(entry: LogEntry) -> str:
    """The dialogue's id of a log entry."""
    return str(entry.message_id) if entry.message_id else entry.external_id
