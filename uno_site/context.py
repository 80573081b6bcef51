"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name and whether sign-up is open."""
    return {"product_name": "UNO", "open_signup": settings.UNO.open_signup}
