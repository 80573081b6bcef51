"""Open WebUI: exported chats (with or without the ``chat`` wrapper) and exported feedback.

A chat is a tree of messages by id, with a vote (``annotation``) on a reply and, where a person
edited a reply, what it said before (``originalContent``). A feedback row is one vote, with a
snapshot of the chat it was given in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from uno_site.interchange.dialogues import reply_logs
from uno_site.interchange.errors import RowInvalid
from uno_site.interchange.fields import (
    ROLES,
    read_filled,
    read_id,
    read_optional,
    read_text,
    read_time,
    require,
    type_name,
)
from uno_site.interchange.records import Dialogue, DialogueTurn, ImportedLog, LogFormat, Thumb

THUMBS: Mapping[str, Thumb] = {"1": "up", "-1": "down"}

REASONS: Mapping[str, str] = {
    "dont_like_the_style": "style",
    "too_verbose": "too_long",
    "not_helpful": "unhelpful",
    "not_factually_correct": "inaccurate",
    "didnt_fully_follow_instructions": "ignored_instructions",
    "refused_when_it_shouldnt_have": "wrongly_refused",
    "being_lazy": "unhelpful",
}
"""Open WebUI's reasons as ours; those of praise have no counterpart and keep their names."""

MAX_REASON_CHARS = 60
SYSTEM_ID = "system"

# What a reply's hidden reasoning is wrapped in; it is not part of the answer.
_REASONING = re.compile(r'<details type="reasoning".*?</details>\s*', re.DOTALL)


def parse_chat(row: Mapping[str, Any]) -> Dialogue:
    """One exported chat; raises :class:`RowInvalid`."""
    chat = _object(row.get("chat", row), "'chat'")
    history = _object(require(chat, "history"), "'history'")
    messages = _object(require(history, "messages"), "'history.messages'")
    turns = _ordered(_read_turns(messages))
    if not turns:
        raise RowInvalid("the chat has no messages")
    leaf = history.get("currentId")
    dialogue = Dialogue(
        external_id=_chat_id(row, chat, turns),
        turns=turns,
        leaf=next((turn.id for turn in turns if turn.id == leaf), turns[-1].id),
        title=read_optional(chat, "title") or read_optional(row, "title") or "",
        created_at=read_time(row.get("created_at") or chat.get("timestamp")),
    )
    return _with_system(dialogue, chat)


def parse_chat_logs(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """The replies of a chat about which something was said; raises :class:`RowInvalid`."""
    return reply_logs(parse_chat(row))


def parse_feedback_logs(row: Mapping[str, Any]) -> tuple[ImportedLog, ...]:
    """The reply that a vote is about; raises :class:`RowInvalid`."""
    data, meta = _object(require(row, "data"), "'data'"), _object(require(row, "meta"), "'meta'")
    voted = read_filled(require(meta, "message_id"), "'message_id'")
    snapshot = _object(row.get("snapshot"), "'snapshot' (the chat that the vote is about)")
    dialogue = parse_chat(_object(require(snapshot, "chat"), "'snapshot.chat'"))
    if voted not in {turn.id for turn in dialogue.turns}:
        raise RowInvalid(f"the snapshot has no message {voted!r}"[:200])
    turns = tuple(_voted(turn, data) if turn.id == voted else turn for turn in dialogue.turns)
    logs = reply_logs(replace(dialogue, turns=turns))
    found = [log for log in logs if log.external_id.endswith(f"/{voted}")]
    if not found:
        raise RowInvalid("the vote is not on a reply to a user's message")
    return tuple(found)


def _read_turns(messages: Mapping[str, Any]) -> list[DialogueTurn]:
    """The turns that say something: empty and unfinished replies are left out."""
    turns = [
        _read_turn(str(key), _object(item, f"message {key!r}")) for key, item in messages.items()
    ]
    return [turn for turn in turns if turn is not None]


def _read_turn(key: str, item: Mapping[str, Any]) -> DialogueTurn | None:
    name = f"message {key!r}"[:80]
    role = require(item, "role")
    if not isinstance(role, str) or role not in ROLES:
        raise RowInvalid(f"{name} has the unknown role {role!r}"[:200])
    content = _spoken(item.get("content"), f"the content of {name}")
    if not content or item.get("done") is False:
        return None
    original = _spoken(item.get("originalContent"), f"the original content of {name}")
    parent = item.get("parentId")
    turn = DialogueTurn(
        id=read_text(key, "a message's id"),
        parent=parent if isinstance(parent, str) else None,
        role=ROLES[role],
        content=content,
        original=original if original and original != content else None,
        model=read_optional(item, "model") or "",
        created_at=read_time(item.get("timestamp")),
    )
    return _voted(turn, _object(item.get("annotation") or {}, f"the annotation of {name}"))


def _spoken(value: object, name: str) -> str:
    return "" if value is None else _REASONING.sub("", read_text(value, name)).strip()


def _voted(turn: DialogueTurn, vote: Mapping[str, Any]) -> DialogueTurn:
    """The turn with the vote on it; what the vote leaves open stays."""
    reason = (read_optional(vote, "reason") or "")[:MAX_REASON_CHARS]
    return replace(
        turn,
        thumb=THUMBS.get(str(vote.get("rating")), turn.thumb),
        reasons=(REASONS.get(reason, reason),) if reason else turn.reasons,
        comment=(read_optional(vote, "comment") or turn.comment).strip(),
    )


def _ordered(turns: list[DialogueTurn]) -> tuple[DialogueTurn, ...]:
    """Parents before their children; a turn whose parent is not there begins a branch.

    Raises
    ------
    RowInvalid
        Turns that are each other's parents.
    """
    known = {turn.id for turn in turns}
    waiting = [t if t.parent in known else replace(t, parent=None) for t in turns]
    children: dict[str | None, list[DialogueTurn]] = {}
    for turn in waiting:
        children.setdefault(turn.parent, []).append(turn)
    ordered: list[DialogueTurn] = []
    level = children.get(None, [])
    while level:
        ordered += level
        level = [child for turn in level for child in children.get(turn.id, [])]
    if len(ordered) < len(turns):
        raise RowInvalid("messages are each other's parents: the chat is no tree")
    return tuple(ordered)


def _chat_id(
    row: Mapping[str, Any], chat: Mapping[str, Any], turns: tuple[DialogueTurn, ...]
) -> str:
    owner = row if row.get("id") else chat if chat.get("id") else {}
    return read_id(owner, [[turn.id, turn.role, turn.content] for turn in turns])


def _with_system(dialogue: Dialogue, chat: Mapping[str, Any]) -> Dialogue:
    """The chat's own system prompt as the first turn of every branch."""
    params = chat.get("params")
    holder = params if isinstance(params, Mapping) and params.get("system") else chat
    text = read_optional(holder, "system")
    if text is None or any(turn.role == "system" for turn in dialogue.turns):
        return dialogue
    first = DialogueTurn(SYSTEM_ID, None, "system", text)
    turns = (replace(t, parent=SYSTEM_ID) if t.parent is None else t for t in dialogue.turns)
    return replace(dialogue, turns=(first, *turns))


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RowInvalid(f"{name} is {type_name(value)}, not an object")
    return value


def _is_chat(row: Mapping[str, Any]) -> bool:
    chat = row.get("chat", row)
    return isinstance(chat, Mapping) and "history" in chat


OPEN_WEBUI = LogFormat(
    name="openwebui",
    title="Open WebUI chats",
    description='{"chat": {"title", "history": {"messages"}}}',
    matches=_is_chat,
    parse=parse_chat_logs,
    parse_dialogue=parse_chat,
)
OPEN_WEBUI_FEEDBACK = LogFormat(
    name="openwebui-feedback",
    title="Open WebUI feedback",
    description='{"type": "rating", "data": {"rating"}, "meta", "snapshot": {"chat"}}',
    matches=lambda row: {"type", "data", "meta"} <= row.keys(),
    parse=parse_feedback_logs,
)
