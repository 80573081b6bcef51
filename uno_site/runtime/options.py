"""Which settings an admin may change at run time: each with its default, range and meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from uno_site.accounts.models import Role

Kind = Literal["number", "switch", "choice"]
#: Replies that one person may ask for within a minute.
SENDS_PER_MINUTE = 20
MAX_QUOTA = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Option:
    """One setting. ``default`` is asked each time: it may come from the environment."""

    name: str
    title: Any
    help: Any
    kind: Kind
    default: Callable[[], Any]
    minimum: int = 0
    maximum: int = MAX_QUOTA
    choices: tuple[tuple[str, Any], ...] = ()


def _quota(role: Role, unit: str, title: Any, help_text: Any) -> Option:
    return Option(f"daily_{unit}_{role.value}", title, help_text, "number", lambda: 0)


_NO_LIMIT = _(
    "In the chat and by the API together, from midnight to midnight UTC; 0 sets no limit."
)


def _number(name: str, title: Any, help_text: Any, default: int, low: int, high: int) -> Option:
    return Option(name, title, help_text, "number", lambda: default, low, high)


#: How the experience store is kept small and true.
KEEPING = (
    _number(
        "experience_notes_per_day",
        _("Notes that one person's chats may give within a day"),
        _("Keeps one person from filling the store; what comes after is refused, with the reason."),
        30,
        1,
        10_000,
    ),
    _number(
        "experience_cap_personal",
        _("Notes kept of one person"),
        _("Over it, refinement archives those worth least; pinned and new ones stay."),
        300,
        10,
        100_000,
    ),
    _number(
        "experience_cap_shared",
        _("Shared notes kept"),
        _("Of one group, and of everybody's; over it, those worth least are archived."),
        10_000,
        10,
        5_000_000,
    ),
    _number(
        "experience_min_people",
        _("People who must say the same before it is shared"),
        _("Whoever brings several accounts still needs a curator."),
        3,
        1,
        1_000,
    ),
    _number(
        "experience_merge_percent",
        _("Likeness from which two notes are one, in percent"),
        _("Cosine of what they are about and of what they say; figures and names must agree too."),
        88,
        50,
        100,
    ),
    _number(
        "experience_conflict_percent",
        _("Likeness from which two notes are about the same thing, in percent"),
        _("Cosine of what they are about; such notes may contradict each other."),
        75,
        50,
        100,
    ),
    _number(
        "experience_quarantine_uses",
        _("Uses after which a note may be set aside"),
        _("So many outcomes must be known before any is held against it."),
        5,
        1,
        1_000,
    ),
    _number(
        "experience_quarantine_percent",
        _("Helpful uses below which a note is set aside, in percent"),
        _("Of the uses whose outcome is known."),
        50,
        0,
        100,
    ),
    Option(
        "experience_refine_auto",
        _("Refinements apply themselves"),
        _("Off: a curator reads what a night's refinement would change before it does."),
        "switch",
        lambda: False,
    ),
)

_ALL = (
    Option(
        "open_signup",
        _("Anybody may sign up"),
        _("Otherwise people need an invitation."),
        "switch",
        lambda: bool(settings.UNO.open_signup),
    ),
    Option(
        "chat_settings_role",
        _("Who may set a system prompt and sampling"),
        _("From this role on, people may configure their conversations."),
        "choice",
        lambda: settings.UNO.chat_settings_role,
        choices=tuple(Role.choices),
    ),
    Option(
        "personal_adapters",
        _("People may have a personal adapter"),
        _(
            "It learns from what they say about replies, where they agreed, and answers them "
            "before every other route. Off: none learns or answers."
        ),
        "switch",
        lambda: True,
    ),
    *KEEPING,
    Option(
        "experience",
        _("Replies may use notes"),
        _(
            "Notes from earlier conversations stand before a question that they fit, where the "
            "person has not switched them off. Off: no reply uses any, and none are learned."
        ),
        "switch",
        lambda: True,
    ),
    Option(
        "answering_level",
        _("Who answers"),
        _(
            "By the rule the first that can answer does: the person’s adapter, the topic’s route, "
            "an arm that learned from edits, the shared adapter, the base model. Otherwise this "
            "one alone, and the base model where it cannot."
        ),
        "choice",
        lambda: "rule",
        choices=(
            ("rule", _("By the rule")),
            ("personal", _("Personal adapters only")),
            ("cluster", _("Topics’ routes only")),
            ("arm", _("Arms only")),
            ("shared", _("The shared adapter only")),
            ("base", _("The base model only")),
        ),
    ),
    Option(
        "cluster_routes",
        _("Topics’ experts and critics answer"),
        _("Off: this level is left out, whatever was promoted."),
        "switch",
        lambda: True,
    ),
    Option(
        "common_ground",
        _("Experts begin from what all topics have in common"),
        _(
            "Of help where topics have few pairs. But then every expert has learned from "
            "everybody: who withdraws takes them all off until they are trained anew."
        ),
        "switch",
        lambda: False,
    ),
    Option(
        "shared_adapter",
        _("A shared adapter learns from everybody who agreed"),
        _(
            "It learns from what people say about replies and answers where no topic’s route "
            "does, instead of the base model. Off: it neither learns nor answers."
        ),
        "switch",
        lambda: False,
    ),
    Option(
        "edit_arms",
        _("Arms that learned from edits answer"),
        _("Off: this level is left out. Costs are kept, and the choice goes on from them."),
        "switch",
        lambda: True,
    ),
    Option(
        "base_holdout_percent",
        _("Conversations in which the base model stays among the arms, in percent"),
        _("What all else is compared with: 5 to 10 is enough. Only where arms were published."),
        "number",
        lambda: 10,
        minimum=1,
        maximum=50,
    ),
    Option(
        "edit_dpo",
        _("Learn from edits by DPO alone, too"),
        _("It often collapses; what has collapsed is refused by its check and never answers."),
        "switch",
        lambda: False,
    ),
    Option(
        "hindsight_teacher",
        _("Who teaches personal and shared adapters"),
        _(
            "The model is told what people said next, and learns from how it would have "
            "answered then: as the base model, or as the adapter is by now. A small model "
            "loses the thread with the latter."
        ),
        "choice",
        lambda: "frozen",
        choices=(("frozen", _("The base model")), ("live", _("The adapter itself"))),
    ),
    Option(
        "edits_to_train",
        _("Edits after which adapters learn from edits"),
        _("So many consented edits, and half as many new ones for the next time."),
        "number",
        lambda: 200,
        minimum=20,
        maximum=100_000,
    ),
    Option(
        "sends_per_minute",
        _("Messages that one person may send within a minute"),
        _("Keeps one person from holding up the others."),
        "number",
        lambda: SENDS_PER_MINUTE,
        minimum=1,
        maximum=1_000,
    ),
    Option(
        "api_requests_per_minute",
        _("Requests that one API key may send within a minute"),
        _("More are answered with status 429."),
        "number",
        lambda: settings.UNO.api_requests_per_minute,
        minimum=1,
        maximum=100_000,
    ),
    _quota(Role.USER, "messages", _("Messages a day, for users"), _NO_LIMIT),
    _quota(Role.CURATOR, "messages", _("Messages a day, for curators"), _NO_LIMIT),
    _quota(Role.ADMIN, "messages", _("Messages a day, for admins"), _NO_LIMIT),
    _quota(Role.USER, "tokens", _("Tokens a day, for users"), _NO_LIMIT),
    _quota(Role.CURATOR, "tokens", _("Tokens a day, for curators"), _NO_LIMIT),
    _quota(Role.ADMIN, "tokens", _("Tokens a day, for admins"), _NO_LIMIT),
)

OPTIONS: dict[str, Option] = {option.name: option for option in _ALL}
