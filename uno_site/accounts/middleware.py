"""Asking the consent question before anything else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

EXEMPT = ("/accounts/", "/static/", "/api/", "/v1/", "/admin/", "/health")


class ConsentMiddleware:
    """Send a signed-in person who has not answered the consent question to it, once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if (
            user.is_authenticated
            and user.training_consent is None
            and request.method == "GET"
            and not request.path.startswith(EXEMPT)
        ):
            return redirect(f"{reverse('accounts:consent')}?next={request.path}")
        return self.get_response(request)
