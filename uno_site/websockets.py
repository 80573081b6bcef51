"""Every WebSocket address. Rooms are named, not imported: imports point one way."""

from __future__ import annotations

from importlib import import_module

ROOMS = ("chat.routing", "uno_site.jobs.routing", "training.routing")

websocket_urlpatterns = [
    pattern for room in ROOMS for pattern in import_module(room).websocket_urlpatterns
]
