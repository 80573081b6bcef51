"""System checks of the deployment; ``manage.py check`` runs them."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def check_data_dir(**_: Any) -> list[CheckMessage]:
    """The data folder must be writable: run folders, adapters and the database live there."""
    if os.access(settings.DATA_DIR, os.W_OK):
        return []
    return [
        Error(
            f"The data folder {settings.DATA_DIR} is not writable.",
            hint="Set UNO_DATA_DIR to a folder that UNO may write to.",
            id="uno.E001",
        )
    ]


@register(deploy=True)
def check_channel_layer(**_: Any) -> list[CheckMessage]:
    """More than one web process needs Redis: the in-memory layer ends at the process."""
    if settings.UNO.redis_url:
        return []
    return [
        Warning(
            "REDIS_URL is not set: one web process only.",
            hint="Set REDIS_URL before starting a second web process.",
            id="uno.W001",
        )
    ]
