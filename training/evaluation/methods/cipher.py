"""CIPHER: short preferences read off edits, retrieved by context (notes "EDITS").

Gao et al. 2024 (arXiv 2404.15269) let a large model infer the preference behind an edit and
condense the retrieved ones. A small model writes nothing usable there, so the preference is
what the product itself reads off an edit (:mod:`curation.ml.edit_rules`), and condensing is
keeping the most frequent wordings once. Context, storage and retrieval are theirs: k = 5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from curation.ml.edit_rules import rules_from_edit
from curation.ml.edit_style import Correction
from training.evaluation.retrieval import Embed, K, MeaningIndex
from training.evaluation.sets.protocol import Dialogue
from uno_site.inference.protocol import ChatMessage
from uno_site.prompts.loader import load_prompt

from .protocol import Prompting

PROMPT = "evaluation/cipher"
MAX_PREFERENCES = 5


def remember_preferences(dialogues: Sequence[Dialogue], embed: Embed) -> Prompting:
    """Put the preferences of the ``K`` edits in the nearest contexts before the question.

    Edits from which nothing can be read are left out: an empty preference says nothing.
    """
    kept = [(dialogue, rules) for dialogue in dialogues if (rules := preferences_of(dialogue))]
    index = MeaningIndex([dialogue.messages[-1].content for dialogue, _ in kept], embed)

    def prompt(messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
        nearest = index.nearest(messages[-1].content, K)
        return with_preferences(messages, condense([kept[at][1] for at in nearest]))

    return prompt


def preferences_of(dialogue: Dialogue) -> tuple[str, ...]:
    """What the user's edit of the reply asks for; empty without an edit."""
    if not dialogue.correction or dialogue.correction.split() == dialogue.reply.split():
        return ()
    rules = rules_from_edit(Correction(dialogue.reply, dialogue.correction))
    return tuple(rule.text for rule in rules)


def condense(preferences: Sequence[Sequence[str]]) -> list[str]:
    """The preferences that most of the edits share, most frequent first, each once."""
    counts = Counter(text for texts in preferences for text in dict.fromkeys(texts))
    return [text for text, _ in counts.most_common(MAX_PREFERENCES)]


def with_preferences(
    messages: Sequence[ChatMessage], preferences: Sequence[str]
) -> tuple[ChatMessage, ...]:
    """The question with the preferences before it; as it was where there are none."""
    if not preferences:
        return tuple(messages)
    listed = "\n".join(f"- {text}" for text in preferences)
    asked = load_prompt(PROMPT).render(preferences=listed, query=messages[-1].content)
    return (*messages[:-1], *asked)
