"""The environment variables as an admin may see them: read-only, secrets hidden."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

#: Their values open doors.
SECRETS = ("secret_key", "engine_token")
#: Addresses may carry a name and a password.
ADDRESSES = ("database_url", "redis_url", "engine_url", "embedding_url")
UNPREFIXED = ("database_url", "redis_url")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of docs/configuration.md and what it is set to."""

    name: str
    value: str


def variables() -> list[Variable]:
    """Every variable that UNO reads, in the order of the documentation."""
    names = [field.name for field in fields(settings.UNO)]
    return [Variable(_name(name), _shown(name, getattr(settings.UNO, name))) for name in names]


def _name(field: str) -> str:
    return field.upper() if field in UNPREFIXED else f"UNO_{field.upper()}"


def _shown(field: str, value: Any) -> str:
    if field in SECRETS:
        return _("set, hidden") if value else _("not set")
    if field in ADDRESSES:
        return ", ".join(_without_credentials(one.strip()) for one in str(value).split(","))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _without_credentials(address: str) -> str:
    """An address without name, password and query, in which secrets may stand."""
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}" if parts.scheme else parts.path
