"""The rows of a personal run: interactions to learn from, and prompts for its canary check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chat.models import Message, MessageRole
from chat.selectors import branch
from training.evaluation.strangers import load_strangers
from training.models import Interaction
from training.services.run_folder import row_id

from .queue import said_about, sampled_ids

#: Prompts of nobody's that every personal adapter must still answer.
N_NEUTRAL = 6


def interaction_row(interaction: Interaction) -> dict[str, Any]:
    """One row of ``train.jsonl``: (x, y, o), and y's sampled ids where they are known.

    Without ids the trainer tokenises the reply anew, and says so in its metrics.
    """
    reply = interaction.reply
    assert reply is not None, "only interactions that are there make rows"
    return {
        "id": row_id(interaction.reply_key, interaction.pk),
        "messages": conversation_before(reply),
        "reply": reply.content,
        "reply_ids": sampled_ids(reply) or [],
        "follow_up": said_about(reply).text,
        "mask": interaction.mask,
    }


def conversation_before(reply: Message) -> list[dict[str, str]]:
    """What the model was shown before it wrote a reply."""
    path = branch(reply.conversation.messages.all(), reply.parent_id)
    turns = [{"role": turn.role, "content": turn.content} for turn in path if turn.content]
    system = reply.provenance.get("system_prompt")
    if system and turns and turns[0]["role"] != MessageRole.SYSTEM:
        turns.insert(0, {"role": MessageRole.SYSTEM.value, "content": system})
    return turns


def canary_rows(held_out: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of ``prompts.jsonl``: the person's held-out prompts, and some of nobody's."""
    own = [(row["id"], row["messages"], row["reply"]) for row in held_out]
    strangers = load_strangers()
    step = len(strangers) // N_NEUTRAL
    neutral = [
        (row_id("neutral", number), [{"role": "user", "content": text}], "")
        for number, text in enumerate(strangers[::step][:N_NEUTRAL])
    ]
    return [
        {"id": key, "messages": messages, "rules": [], "correction": None, "chosen": chosen}
        for key, messages, chosen in (*own, *neutral)
    ]
