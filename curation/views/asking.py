"""What a pressed button asks for."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpRequest


def asked(request: HttpRequest, name: str) -> bool:
    """Whether the button ``name`` says yes. It names the state that is wanted, not a change of
    it, so that pressing it twice, or two people pressing it, leaves it so.

    Raises
    ------
    BadRequest
        It says neither yes nor no.
    """
    value = request.POST.get(name)
    if value not in ("yes", "no"):
        raise BadRequest(f"{name} is yes or no.")
    return value == "yes"
