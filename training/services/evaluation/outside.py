"""A method's routes on prompts outside every cluster."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chat.models import RouteKind, RouteTable, ServedRoute
from chat.route_choice import choose_route
from training.evaluation.methods.catalogue import BASE
from training.evaluation.methods.protocol import Method
from training.evaluation.sets.outside import SURPRISE, TEXT, OutsideSet
from training.evaluation.sets.perplexity import Passage, surprise
from uno_site.engine_clients import base_model_name, served_client

from .answering import Asking, answer_items
from .workplace import SeedFolder, append_lines, read_lines

OUTSIDE = "outside-"
"""What the names of these steps begin with; a method's name follows."""


def has_outside_step(method: Method) -> bool:
    """Whether a method is measured here: one that only writes before a question routes nothing,
    and the notes' routes are measured without them."""
    return (method.is_trained and not method.has_notes) or method.name == BASE


def outside_path(folder: SeedFolder, name: str) -> Path:
    """Where the answers of a method lie."""
    return folder.answers(f"{OUTSIDE}{name}", 0)


def answer_outside(
    asking: Asking, outside: OutsideSet, folder: SeedFolder, name: str, table: RouteTable | None
) -> None:
    """Answer and score what is missing of the prompts, along the routes of ``table``.

    A prompt that the router leaves to the base model is the very request that the base model
    has answered already, with the same seed: that answer is taken over, not drawn again.
    """
    path = outside_path(folder, name)
    if name != BASE:
        _take_over(outside, path, outside_path(folder, BASE), table, asking.seed)
    answer_items(asking, path, table=table)
    _score_passages(outside, path, table)


def _take_over(
    outside: OutsideSet, path: Path, base: Path, table: RouteTable | None, seed: int
) -> None:
    known = {row["item"] for row in read_lines(path)}
    asked = {item.id: item.messages[-1].content for item in outside.items(seed)}
    asked |= {one.id: one.request.content for one in outside.passages()}
    routes = dict(zip(asked, _routes(list(asked.values()), table), strict=True))
    rows = [
        row
        for row in read_lines(base)
        if row["item"] in routes and routes[row["item"]] is None and row["item"] not in known
    ]
    append_lines(path, rows)


def _routes(prompts: Sequence[str], table: RouteTable | None) -> list[ServedRoute | None]:
    """The route with an adapter that each prompt takes; None for the base model's."""
    if table is None or not prompts:
        return [None] * len(prompts)
    choices = [choose_route(row, table) for row in served_client().embed(prompts)]
    return [None if one.kind == RouteKind.BASE else one.route for one in choices]


def _score_passages(outside: OutsideSet, path: Path, table: RouteTable | None) -> None:
    known = {row["item"] for row in read_lines(path)}
    missing = [one for one in outside.passages() if one.id not in known]
    routes = _routes([one.request.content for one in missing], table)
    rows = [_row(one, route) for one, route in zip(missing, routes, strict=True)]
    append_lines(path, rows)


def _row(passage: Passage, route: ServedRoute | None) -> dict[str, Any]:
    client, model = served_client(), base_model_name()
    if route is not None and route.kind == RouteKind.EXPERT:
        client.load_adapter(route.adapter_name, route.adapter_path)
        model = route.adapter_name
    value = surprise(client, model, passage.text, passage.request)
    return {
        "item": passage.id,
        "topic": TEXT,
        "prompt": passage.request.content,
        "text": passage.text,
        "scores": {SURPRISE: value},
        "kind": route.kind if route else RouteKind.BASE.value,
        "adapter": route.adapter_name if route else "",
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "seconds": 0.0,
    }
