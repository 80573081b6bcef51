"""CIPHER: short preferences read off edits, retrieved by context (notes "EDITS").

Gao et al. 2024 (arXiv 2404.15269) let a large model infer the preference behind an edit and
condense the retrieved ones. A small model writes nothing usable there, so the preference is
what the product itself reads off an edit (:mod:`curation.ml.edit_rules`), and what goes before the
question is what the chat puts there (:mod:`chat.preferences`).
"""

from __future__ import annotations

from collections.abc import Sequence

from chat.preferences import K_NEAREST, condense, prepend
from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from training.evaluation.retrieval import Embed, MeaningIndex
from training.evaluation.sets.protocol import Dialogue
from uno_site.inference.protocol import ChatMessage

from .protocol import Prompting


def remember_preferences(dialogues: Sequence[Dialogue], embed: Embed) -> Prompting:
    """Put the preferences of the edits in the nearest contexts before the question.

    Edits from which nothing can be read are left out: an empty preference says nothing.
    """
    kept = [(dialogue, rules) for dialogue in dialogues if (rules := preferences_of(dialogue))]
    index = MeaningIndex([dialogue.messages[-1].content for dialogue, _ in kept], embed)

    def prompt(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
        nearest = index.nearest(messages[-1].content, K_NEAREST)
        return prepend(messages, condense([text for at in nearest for text in kept[at][1]]))

    return prompt


def preferences_of(dialogue: Dialogue) -> tuple[str, ...]:
    """What the user's edit of the reply asks for, each once; empty without an edit."""
    if not dialogue.correction or dialogue.correction.split() == dialogue.reply.split():
        return ()
    rules = rules_from_edit(Correction(dialogue.reply, dialogue.correction))
    return tuple(dict.fromkeys(rule.text for rule in rules))
