"""Which language a page speaks: the person's choice, else what the browser asks for."""

from __future__ import annotations

from typing import Any

from channels.middleware import BaseMiddleware
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation.trans_real import parse_accept_lang_header


class LanguageMiddleware(MiddlewareMixin):
    """Speak the language that the person chose; after Django's ``LocaleMiddleware``."""

    def process_request(self, request: HttpRequest) -> None:
        """Leave what the browser asks for to whoever chose nothing, or is not signed in."""
        chosen = getattr(request.user, "language", "")
        if chosen:
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()


class SocketLanguageMiddleware(BaseMiddleware):
    """The same for a WebSocket; inside Channels' ``AuthMiddleware``."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        """Run the connection in the language of its page."""
        chosen = getattr(scope["user"], "language", "") or _language_asked_for(scope)
        with translation.override(chosen):
            return await super().__call__(scope, receive, send)


def _language_asked_for(scope: dict[str, Any]) -> str:
    header = dict(scope["headers"]).get(b"accept-language", b"").decode("latin-1")
    for language, _priority in parse_accept_lang_header(header):
        try:
            return translation.get_supported_language_variant(language)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
