"""The model's own chat template, as its files carry it, rendered with Jinja."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from uno_site.inference.engine.backend import LanguageModel
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import ChatMessage

# For a model that carries no template: ChatML, which most small chat models know.
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class ChatTemplate:
    """Turns messages into the token ids of a prompt."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
        )
        environment.globals["raise_exception"] = _raise
        environment.globals["strftime_now"] = _strftime_now
        environment.filters["tojson"] = _tojson
        self._template = environment.from_string(model.chat_template or CHATML)
        self._specials = {f"{n}_token": model.special_text(n) for n in ("bos", "eos")}
        control = sorted((t for t in model.control_texts() if len(t) > 1), key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, control))) if control else None

    def tokenize(
        self, messages: Sequence[ChatMessage], *, add_generation_prompt: bool
    ) -> list[int]:
        """Token ids of the rendered conversation.

        Raises
        ------
        EngineRefused
            The template does not accept the messages (roles out of order, for one).
        """
        text = self.render(messages, add_generation_prompt=add_generation_prompt)
        # A template that writes the BOS token itself must not get a second one.
        bos = self._specials["bos_token"]
        add_bos = self._model.adds_bos and not (bos and text.startswith(bos))
        return self._model.tokenize(text, parse_special=True, add_bos=add_bos)

    def render(self, messages: Sequence[ChatMessage], *, add_generation_prompt: bool) -> str:
        """The conversation as one text, with control tokens only where the template puts them."""
        rows = [{"role": m.role, "content": self._disarm(m.content)} for m in messages]
        try:
            return self._template.render(
                messages=rows,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=False,
                **self._specials,
            )
        except TemplateError as error:
            raise EngineRefused(
                f"The model's chat template refuses these messages: {error}",
                remedy="Begin with system or user, then let user and assistant take turns.",
            ) from error

    def _disarm(self, content: str) -> str:
        """Break control tokens that a user typed, so that no turn can be forged."""
        if self._control is None:
            return content
        return self._control.sub(lambda match: f"{match[0][0]} {match[0][1:]}", content)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _strftime_now(layout: str) -> str:
    return datetime.now().astimezone().strftime(layout)


def _tojson(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
