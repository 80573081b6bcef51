"""Fields of OpenAI's API that are refused, each with what to do instead."""

from __future__ import annotations

from typing import Any

from chat.openai_api.errors import UnsupportedField

_NO_TOOLS = "Leave it out; for structured replies use response_format."
_ONLY_TEXT = "Leave it out: replies are text."
_NO_PENALTY = "Leave it out: a mild repetition penalty is always on."
_LEAVE_OUT = "Leave it out."

REMEDIES = {
    "tools": _NO_TOOLS,
    "tool_choice": _NO_TOOLS,
    "parallel_tool_calls": _NO_TOOLS,
    "functions": _NO_TOOLS,
    "function_call": _NO_TOOLS,
    "n": "Send one request for each choice.",
    "frequency_penalty": _NO_PENALTY,
    "presence_penalty": _NO_PENALTY,
    "logit_bias": _LEAVE_OUT,
    "modalities": _ONLY_TEXT,
    "audio": _ONLY_TEXT,
    "prediction": _LEAVE_OUT,
    "reasoning_effort": _LEAVE_OUT,
    "verbosity": "Leave it out; say in a system message how long the reply should be.",
    "web_search_options": _LEAVE_OUT,
    "service_tier": _LEAVE_OUT,
}
#: Values that ask for nothing beyond what is done anyway; clients send them unasked.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "tool_choice": ("none", "auto"),
    "function_call": ("none", "auto"),
    "parallel_tool_calls": (True, False),
    "modalities": (["text"],),
    "service_tier": ("auto", "default"),
}
_EMPTY: tuple[Any, ...] = (None, [], {})


def refuse_unsupported(data: dict[str, Any]) -> dict[str, Any]:
    """``data`` without unsupported fields that ask for nothing.

    Raises
    ------
    UnsupportedField
        One of them asks for something.
    """
    for name in REMEDIES.keys() & data.keys():
        if data[name] not in (*_EMPTY, *NEUTRAL.get(name, ())):
            raise UnsupportedField(
                f"{name} is not supported here.", remedy=REMEDIES[name], param=name
            )
    return {name: value for name, value in data.items() if name not in REMEDIES}
