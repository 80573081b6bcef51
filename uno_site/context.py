"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from uno_site.runtime.services import runtime_setting


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name and, asked only where it is shown, whether sign-up is open."""
    return {"product_name": "UNO", "open_signup": lambda: runtime_setting("open_signup")}
