"""``make demo``: fill this instance so that every screen has something to show."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from training.demo.believable import fill
from training.demo.engine import engine_process
from uno_site import engine_clients
from uno_site.errors import UnoError
from uno_site.inference.errors import InferenceError


class Command(BaseCommand):
    help = "Fill this instance with a believable deployment; doing it again adds nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            try:
                self._find_engine(stack)
                fill(lambda line: self.stdout.write(line))
            except UnoError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS("The demo is in place."))

    def _find_engine(self, stack: ExitStack) -> None:
        """Use the instance's engine where it answers, else start one for this command."""
        try:
            engine_clients.served_client().health()
        except InferenceError:
            self.stdout.write("starting an engine for the length of this command")
            log = settings.DATA_DIR / "logs" / "demo-engine.log"
            url = stack.enter_context(engine_process({}, log))
            settings.UNO = replace(settings.UNO, engine_url=url)
            engine_clients.served_client.cache_clear()
            stack.callback(engine_clients.served_client.cache_clear)
