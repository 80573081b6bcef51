"""The first accounts of a fresh instance."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from uno_site.accounts.models import Role, User

FIRST_ROLES = (Role.ADMIN, Role.CURATOR, Role.USER)
#: Without characters that look alike, and without signs at which a double click ends.
ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"
N_CHARACTERS = 16


class Command(BaseCommand):
    help = "Create an admin, a curator and a user when there is no account yet; say how to sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.DATA_DIR / "first-accounts.txt"
        if User.objects.exists():
            if path.exists():
                self.stdout.write(f"First accounts: see {path} (delete it once you have them)")
            return
        passwords = {role.value: _password() for role in FIRST_ROLES}
        self._create(passwords)
        _write_private(path, passwords)
        self.stdout.write("First accounts (change the passwords after signing in):")
        for name, password in passwords.items():
            self.stdout.write(f"  {name:<8} {password}")
        self.stdout.write(f"Also kept in {path}, readable by you only.")

    @transaction.atomic
    def _create(self, passwords: dict[str, str]) -> None:
        for name, password in passwords.items():
            User.objects.create_user(username=name, password=password, role=name)


def _password() -> str:
    """80 random bits as letters and digits that are neither mistaken nor lost when copied."""
    return "".join(secrets.choice(ALPHABET) for _ in range(N_CHARACTERS))


def _write_private(path: Path, passwords: dict[str, str]) -> None:
    """Write the accounts to a file that only its owner may read."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("UNO's first accounts. Change the passwords, then delete this file.\n\n")
        file.writelines(f"{name:<8} {password}\n" for name, password in passwords.items())
