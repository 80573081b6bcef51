"""Does the distiller tell useful follow-ups from the rest? Figures on real, labelled ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from curation.ml.classifier import Embed
from curation.roles.sentence_model import sentence_classifier
from curation.services.embedding import embedder_name
from training.evaluation.sets.data import find_file
from training.evaluation.sets.rows import read_feedback
from training.evaluation.signal import Agreement, read_hand_labelled, signal_report
from training.services.evaluation.export import show
from uno_site.engine_clients import served_client
from uno_site.errors import UnoError
from uno_site.files import write_json

SOURCES = ("hh", "oasst")


class Command(BaseCommand):
    help = "Compare the distiller's verdicts on real follow-ups with labels by hand and by regex."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, help="folder with hh_ and oasst_feedback.jsonl")
        parser.add_argument("--out", type=Path, help="write the figures to this JSON file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sources = {
                name: read_feedback(find_file(options["data"], "seed", f"{name}_feedback.jsonl"))
                for name in SOURCES
            }
            embed: Embed = served_client().embed
            classifier = sentence_classifier(embed, embedder_name())
            report = signal_report(read_hand_labelled(), sources, classifier, embed)
        except UnoError as error:
            raise CommandError(str(error)) from error
        rows = {
            "distiller, by hand": report.against_hand,
            "source's regex, by hand": report.source_against_hand,
            **{f"distiller, {name} labels": found for name, found in report.against_source.items()},
        }
        console = Console(file=self.stdout)
        console.print(_table(rows))
        for kind, (n_rules, n) in sorted(report.by_kind.items()):
            console.print(f"{kind}: rules from {n_rules} of {n}")
        if options["out"]:
            write_json(options["out"], report.as_dict())


def _table(rows: dict[str, Agreement]) -> Table:
    table = Table("Compared", "Precision", "Recall", "F1", "Accuracy", "Kappa", "n")
    for name, found in rows.items():
        shares = (found.precision, found.recall, found.f1, found.accuracy)
        n = str(found.accuracy.n)
        words = [show(share.as_json()) for share in shares]
        table.add_row(name, *words, f"{found.kappa:.2f}", n)
    return table
