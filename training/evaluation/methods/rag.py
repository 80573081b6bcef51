"""Retrieval: what was said in similar situations stands before the question (UNO §7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from training.evaluation.retrieval import Embed, Index, K, MeaningIndex, WordIndex
from training.evaluation.sets.protocol import Dialogue
from uno_site.inference.protocol import ChatMessage
from uno_site.prompts.loader import load_prompt

from .protocol import Prompting, Remember

PROMPT = "evaluation/rag"
MAX_CHARS_OF_A_TURN = 800
"""A turn is cut here: five dialogues must fit a small context. The paper cuts nothing."""


def remember_messages(is_by_words: bool, k: int = K) -> Remember:
    """Retrieve single turns of past dialogues, the user's corrections among them."""
    return _remember(_turns, is_by_words, k)


def remember_dialogues(is_by_words: bool, k: int = K) -> Remember:
    """Retrieve whole past dialogues."""
    return _remember(lambda dialogue: ["\n".join(_turns(dialogue))], is_by_words, k)


def _remember(cut: Callable[[Dialogue], list[str]], is_by_words: bool, k: int) -> Remember:
    def remember(dialogues: Sequence[Dialogue], embed: Embed) -> Prompting:
        texts = list(dict.fromkeys(text for dialogue in dialogues for text in cut(dialogue)))
        index: Index = WordIndex(texts) if is_by_words else MeaningIndex(texts, embed)
        return lambda messages: _with_context(
            messages, [texts[at] for at in index.nearest(messages[-1].content, k)]
        )

    return remember


def _turns(dialogue: Dialogue) -> list[str]:
    """Every turn as a line that says whose it is."""
    turns = [f"{turn.role.capitalize()}: {turn.content}" for turn in dialogue.messages]
    turns.append(f"Assistant: {dialogue.reply}")
    turns += [f"User: {text}" for text in dialogue.follow_ups]
    if dialogue.correction:
        turns.append(f"User's own version of the reply: {dialogue.correction}")
    return [turn[:MAX_CHARS_OF_A_TURN] for turn in turns]


def _with_context(messages: Sequence[ChatMessage], texts: Sequence[str]) -> tuple[ChatMessage, ...]:
    if not texts:
        return tuple(messages)
    context = "\n\n".join(f"[{number}] {text}" for number, text in enumerate(texts, start=1))
    asked = load_prompt(PROMPT).render(context=context, query=messages[-1].content)
    return (*messages[:-1], *asked)
