"""Who is behind an open WebSocket *now*: it outlives what its cookie said when it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.utils.crypto import constant_time_compare

from .models import User


def socket_user(scope: Mapping[str, Any]) -> User | AnonymousUser:
    """The person as they are in the database: nobody if they signed out, were shut out, or have
    another password since; with the role that they have now.

    A scope without a session (a socket that was let in otherwise) is asked for its user alone.
    """
    user = User.objects.filter(pk=scope["user"].pk, is_active=True).first()
    if user is None:
        return AnonymousUser()
    session = scope.get("session")
    key = getattr(session, "session_key", None)
    if key is None:
        return user
    kept = import_module(settings.SESSION_ENGINE).SessionStore(key)
    is_same = constant_time_compare(kept.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if is_same else AnonymousUser()
