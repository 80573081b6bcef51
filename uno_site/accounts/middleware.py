"""Asking the consent question before anything else."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

EXEMPT = ("/accounts/", "/static/", "/api/", "/v1/", "/admin/", "/health")


class ConsentMiddleware(MiddlewareMixin):
    """Send a signed-in person who has not answered the consent question to it, once."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Lead to the question; None lets the request go on."""
        if request.method != "GET" or request.path.startswith(EXEMPT):
            return None
        user = request.user
        if user.is_authenticated and user.training_consent is None:
            return redirect(f"{reverse('accounts:consent')}?next={request.path}")
        return None
