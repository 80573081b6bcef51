"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from uno_site.runtime.services import runtime_setting
from uno_site.sections import section_of


def site(request: HttpRequest) -> dict[str, Any]:
    """The product's name, where one is in it and, asked only where shown, if sign-up is open."""
    return {
        "product_name": "UNO",
        "section": section_of(request.resolver_match),
        "open_signup": lambda: runtime_setting("open_signup"),
    }
