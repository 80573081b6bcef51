"""What a Critic LoRA and the base model are asked when a draft is revised (UNO §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from uno_site.inference.protocol import ChatMessage, Sampling
from uno_site.prompts.loader import load_prompt

SUGGEST_PROMPT = "critic/suggest"
REVISE_PROMPT = "critic/revise"
#: The critic writes a short list of rules, nearly greedily (UNO §5).
CRITIC_TEMPERATURE = 0.1
CRITIC_MAX_TOKENS = 160


def critic_messages(messages: Sequence[ChatMessage], draft: str) -> tuple[ChatMessage, ...]:
    """What the critic is asked: suggestions for ``draft`` as an answer to the last message."""
    return load_prompt(SUGGEST_PROMPT).render(query=messages[-1].content, answer=draft)


def revise_messages(
    messages: Sequence[ChatMessage], draft: str, suggestions: str
) -> tuple[ChatMessage, ...]:
    """What the base model is asked: its draft once more, with the suggestions followed."""
    asked = load_prompt(REVISE_PROMPT).render(
        query=messages[-1].content, answer=draft, suggestions=suggestions
    )
    return (*messages[:-1], *asked)


def critic_sampling(sampling: Sampling) -> Sampling:
    """The critic's own sampling (UNO §5), with the seed of the reply."""
    return replace(sampling, temperature=CRITIC_TEMPERATURE, max_tokens=CRITIC_MAX_TOKENS)


def critic_prompt_refs() -> tuple[str, str]:
    """Name and version of the two prompts, for a reply's record."""
    return load_prompt(SUGGEST_PROMPT).ref, load_prompt(REVISE_PROMPT).ref
