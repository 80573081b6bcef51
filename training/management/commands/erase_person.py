"""``manage.py erase_person NAME``: delete an account and what was learned from it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from training.services.erasure import person_erase
from uno_site.accounts.models import User
from uno_site.errors import UnoError


class Command(BaseCommand):
    help = "Deletes an account and what was learned from it; prints the receipt as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['username']}.")
        if not options["yes"] and input(f"Type {user.username} to erase it: ") != user.username:
            raise CommandError("Nothing was erased.")
        try:
            receipt = person_erase(user=user, by=None)
        except UnoError as error:
            raise CommandError(str(error)) from error
        values = {"receipt": str(receipt.pk), "subject": receipt.subject, "counts": receipt.counts}
        self.stdout.write(json.dumps(values, indent=1))
