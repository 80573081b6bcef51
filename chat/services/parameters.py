"""A conversation's own system prompt and sampling, for those who may set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from chat.models import Conversation
from chat.services.limits import clean_text
from uno_site.env import ROLES
from uno_site.errors import InvalidInput, UnoError
from uno_site.runtime.services import runtime_setting

MAX_SYSTEM_PROMPT_CHARS = 4_000


class SettingsNotAllowed(UnoError):
    """Somebody may not set a conversation's prompt and parameters."""

    code = "settings_not_allowed"
    status = 403


@dataclass(frozen=True, slots=True)
class Range:
    """The values that a parameter may have, both ends included."""

    low: float
    high: float
    is_whole: bool = False

    def holds(self, value: float) -> bool:
        """Whether ``value`` is one of them; no number is not."""
        return self.low <= value <= self.high

    def value(self, value: float) -> float:
        """``value`` as it is kept."""
        return int(value) if self.is_whole else float(value)


#: What may be set, and how far; the names are those of ``Sampling``. OpenAI's ranges, but
#: that a reply shall end and a nucleus hold something.
RANGES: Mapping[str, Range] = {
    "temperature": Range(0.0, 2.0),
    "top_p": Range(0.05, 1.0),
    "max_tokens": Range(16, 2048, is_whole=True),
    "repeat_penalty": Range(1.0, 2.0),
}


def may_configure(user: Any) -> bool:
    """Whether ``user`` may set these (``UNO_CHAT_SETTINGS_ROLE``)."""
    return ROLES.index(user.role) >= ROLES.index(runtime_setting("chat_settings_role"))


def conversation_configure(
    *, conversation: Conversation, by: Any, system_prompt: str, sampling: Mapping[str, float]
) -> Conversation:
    """Set a conversation's system prompt and sampling; later replies follow them.

    Parameters
    ----------
    sampling
        Some of :data:`RANGES`; what is missing is as for every conversation.

    Raises
    ------
    SettingsNotAllowed
        Somebody who may not.
    InvalidInput
        An unknown parameter, a value out of range, or a prompt over 4,000 characters.
    """
    if not may_configure(by):
        raise SettingsNotAllowed(_("You may not change these settings."), remedy=_("Ask an admin."))
    prompt = system_prompt.strip()
    if prompt:
        prompt = clean_text(prompt, limit=MAX_SYSTEM_PROMPT_CHARS)
    values = {name: _checked(name, value) for name, value in sampling.items()}
    Conversation.objects.filter(pk=conversation.pk).update(system_prompt=prompt, sampling=values)
    conversation.system_prompt, conversation.sampling = prompt, values
    return conversation


def parameters_within(values: Mapping[str, float]) -> dict[str, float]:
    """What of ``values`` is known and in range; the rest is left out."""
    return {
        name: RANGES[name].value(value)
        for name, value in values.items()
        if name in RANGES and RANGES[name].holds(value)
    }


def _checked(name: str, value: float) -> float:
    known = RANGES.get(name)
    if known is None:
        raise InvalidInput(
            _("There is no parameter %(name)s.") % {"name": f"{name!r}"},
            remedy=f"Known: {list(RANGES)}.",
        )
    if not known.holds(value):
        raise InvalidInput(
            _("%(name)s is %(value)s; it must be between %(low)s and %(high)s.")
            % {
                "name": name,
                "value": f"{value:g}",
                "low": f"{known.low:g}",
                "high": f"{known.high:g}",
            }
        )
    return known.value(value)
