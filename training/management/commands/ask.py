"""Ask the served routes one question from the command line, and say which one answered."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from chat.services.routes import route_table_active
from chat.services.shared import shared_route_active
from chat.serving import Answer, answer
from uno_site.errors import UnoError
from uno_site.inference.protocol import ChatMessage, Sampling

REASONS = {
    "nearest": "within reach of its cluster",
    "unseen": "no cluster reaches it",
    "no_routes": "nothing is promoted yet",
    "other_embedder": "the routes come from another embedder",
    "no_embedding": "its distance could not be measured",
    "forced": "--base was given",
}


class Command(BaseCommand):
    help = "Answer a question with the served routes, and say which one answered and why."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--base", action="store_true", help="answer with the base model")
        parser.add_argument("--temperature", type=float, default=0.7)
        parser.add_argument("--max-tokens", type=int, default=512)
        parser.add_argument("--seed", type=int)

    def handle(self, *args: Any, question: str, **options: Any) -> None:
        sampling = Sampling(
            max_tokens=options["max_tokens"],
            temperature=options["temperature"],
            seed=options["seed"],
        )
        try:
            reply = answer(
                [ChatMessage("user", question)],
                table=route_table_active(),
                sampling=sampling,
                force_base=options["base"],
                shared=shared_route_active(),
            )
        except UnoError as error:
            raise CommandError(str(error)) from error
        console = Console(file=self.stdout, soft_wrap=True)
        console.print(reply.text, markup=False, highlight=False)
        console.print()
        console.print(provenance_table(reply))


def provenance_table(reply: Answer) -> Table:
    """Why the answer came, as a table."""
    why = reply.provenance
    table = Table(show_header=False, title="Why this answer", title_justify="left")
    table.add_row("Answered by", why.kind if why.kind != "base" else "base model")
    table.add_row("Why", REASONS.get(why.reason, why.reason))
    if why.cluster_name:
        table.add_row("Nearest cluster", why.cluster_name)
    if why.distance is not None:
        limit = "no limit" if why.distance_limit is None else f"limit {why.distance_limit:.3f}"
        table.add_row("Distance", f"{why.distance:.3f} ({limit})")
    if why.adapter_name:
        table.add_row("Adapter", f"{why.adapter_name} (version {why.adapter_version})")
    if why.rules:
        table.add_row("It learned", "\n".join(why.rules))
    if fallback := why.fallback or why.shared_fallback:
        table.add_row("Fallback", fallback)
    version = "none" if why.table_version is None else f"v{why.table_version}"
    table.add_row("Routes", version)
    table.add_row("Model", why.model)
    return table
