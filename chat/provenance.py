"""Why a reply came: what serving records about itself, kept on the message as JSON."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from chat.models import PersonalRoute, RouteKind, ServedArm, ServedRoute, SharedRoute
from chat.notes import Note
from chat.route_choice import ARM, SHARED, RouteChoice
from uno_site.inference.protocol import ChatMessage, Sampling, Usage

IMPORTED = "imported"
"""The ``reason`` of a reply that came in from a file: nobody can say whether it was ours."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that went into one reply.

    ``reason`` says how the route was found: ``nearest`` (within reach of a cluster),
    ``unseen`` (no cluster reaches the query), ``no_routes`` (nothing published), ``left_out`` (an
    admin left the clusters out),
    ``other_embedder`` or ``no_embedding`` (no distance could be measured), ``forced``,
    ``personal`` (the person's own adapter comes before every route);
    a reply from a file has only :data:`IMPORTED` and perhaps its model's name.
    ``fallback`` is set when somebody else answered although a cluster's route should have, and
    tells why; ``personal_fallback`` the same of the person's own adapter, after which the
    routes were asked, ``arm_fallback`` of an arm's and ``shared_fallback`` of the shared one,
    after which the base answered. An answer of kind ``shared`` has the reason for which no route
    answered. ``system_prompt`` is what stood before the conversation. ``canary_percent`` is the
    share of conversations in which the cluster's canary answers, where it has one, and
    ``is_canary`` whether this is one of them. Distances are Euclidean in the space of normalised
    query embeddings. ``prompt_sha256`` is that of the messages as the engine was last asked, and
    ``probability`` that with which this policy was chosen. ``arm_id``, ``arm_label`` and
    ``arm_scope`` are set where an arm of the late ensemble answered: by whose costs it was chosen
    ("user", "cluster", "global"), or "holdout". ``preferences`` of the person's own stood before
    the question, and ``notes`` are those of the experience store that did, by id
    (:meth:`chat.notes.Note.as_json`); ``notes_fallback`` tells why none did where they were wanted.
    """

    kind: str
    reason: str
    model: str
    cluster_id: str | None = None
    cluster_name: str = ""
    route_id: str | None = None
    distance: float | None = None
    distance_limit: float | None = None
    table_version: int | None = None
    adapter_id: str | None = None
    adapter_name: str = ""
    adapter_version: int | None = None
    rules: tuple[str, ...] = ()
    draft: str = ""
    critique: str = ""
    prompt_refs: tuple[str, ...] = ()
    fallback: str = ""
    personal_fallback: str = ""
    shared_fallback: str = ""
    arm_fallback: str = ""
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    ttft_seconds: float | None = None
    seconds: float = 0.0
    sampling: dict[str, Any] = field(default_factory=dict)
    system_prompt: str = ""
    canary_percent: int | None = None
    is_canary: bool = False
    notes: tuple[dict[str, Any], ...] = ()
    notes_fallback: str = ""
    prompt_sha256: str = ""
    probability: float | None = None
    arm_id: str | None = None
    arm_label: str = ""
    arm_scope: str = ""
    preferences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The value of ``Message.provenance``."""
        values = asdict(self)
        for name in ("rules", "prompt_refs", "notes", "preferences"):
            values[name] = list(values[name])
        return values


@dataclass
class ReplyRecord:
    """What is learned about a reply while it is written."""

    choice: RouteChoice
    model: str
    sampling: Sampling
    started: float = field(default_factory=time.monotonic)
    kind: str = RouteKind.BASE
    ttft: float | None = None
    usage: Usage = Usage(0, 0)  # noqa: RUF009 - frozen
    finish_reason: str = ""
    draft: str = ""
    critique: str = ""
    fallback: str = ""
    personal_fallback: str = ""
    shared_fallback: str = ""
    arm_fallback: str = ""
    prompt_refs: tuple[str, ...] = ()
    system_prompt: str = ""
    prompt_sha256: str = ""
    preferences: tuple[str, ...] = ()
    token_ids: list[int] = field(default_factory=list)
    notes: tuple[Note, ...] = ()
    notes_fallback: str = ""

    def note_prompt(self, messages: Sequence[ChatMessage]) -> None:
        """Remember what the engine is asked for the reply itself."""
        turns = json.dumps([[turn.role, turn.content] for turn in messages])
        self.prompt_sha256 = hashlib.sha256(turns.encode()).hexdigest()

    def add_usage(self, usage: Usage | None) -> None:
        """Add the tokens of one more request."""
        if usage is not None:
            self.usage = Usage(
                self.usage.prompt_tokens + usage.prompt_tokens,
                self.usage.completion_tokens + usage.completion_tokens,
            )

    @property
    def adapted(self) -> ServedRoute | PersonalRoute | ServedArm | SharedRoute | None:
        """Whose adapter takes part; None where the base model answers alone."""
        if self.kind == RouteKind.BASE:
            return None
        if self.kind == SHARED:
            return self.choice.shared
        if self.kind == ARM and self.choice.arm is not None:
            return self.choice.arm.arm
        return self.choice.personal or self.choice.route

    def provenance(self) -> Provenance:
        """The record as it is kept."""
        choice, route, near = self.choice, self.choice.route, self.choice.nearest
        adapted, drawn = self.adapted, self.choice.arm
        return Provenance(
            kind=self.kind,
            reason=choice.reason,
            model=self.model,
            cluster_id=str(near.cluster_id) if near else None,
            cluster_name=near.cluster_name if near else "",
            route_id=str(route.pk) if route else None,
            distance=choice.distance,
            distance_limit=choice.limit,
            table_version=choice.table_version,
            adapter_id=str(adapted.adapter_id) if adapted and adapted.adapter_id else None,
            adapter_name=adapted.adapter_name if adapted else "",
            adapter_version=adapted.adapter_version if adapted else None,
            rules=tuple(adapted.rules) if isinstance(adapted, ServedRoute) else (),
            draft=self.draft,
            critique=self.critique,
            prompt_refs=self.prompt_refs,
            fallback=self.fallback,
            personal_fallback=self.personal_fallback,
            shared_fallback=self.shared_fallback,
            arm_fallback=self.arm_fallback,
            finish_reason=self.finish_reason,
            prompt_tokens=self.usage.prompt_tokens,
            completion_tokens=self.usage.completion_tokens,
            ttft_seconds=self.ttft,
            seconds=time.monotonic() - self.started,
            sampling=asdict(self.sampling),
            system_prompt=self.system_prompt,
            canary_percent=choice.canary.canary_percent if choice.canary else None,
            is_canary=choice.is_canary,
            notes=tuple(note.as_json() for note in self.notes),
            notes_fallback=self.notes_fallback,
            prompt_sha256=self.prompt_sha256,
            probability=choice.probability,
            arm_id=str(drawn.arm.pk) if drawn else None,
            arm_label=drawn.arm.label if drawn else "",
            arm_scope=drawn.scope if drawn else "",
            preferences=self.preferences,
        )
