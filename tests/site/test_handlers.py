"""Pages run in one thread from end to end; the public API runs without one."""

from __future__ import annotations

import threading

import pytest
from django.http import HttpRequest, HttpResponse
from django.test.client import AsyncRequestFactory

from uno_site.handlers import SiteHandler

pytestmark = pytest.mark.django_db(transaction=True)


class WhereMiddleware:
    """Notes the thread that it runs in."""

    seen: list[int] = []

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.seen.append(threading.get_ident())
        return self.get_response(request)


async def test_a_page_comes_from_one_thread_that_is_not_the_loops(settings) -> None:
    here = f"{__name__}.WhereMiddleware"
    settings.MIDDLEWARE = [here, *settings.MIDDLEWARE, here]
    WhereMiddleware.seen.clear()
    response = await SiteHandler().get_response_async(AsyncRequestFactory().get("/health"))
    assert response.status_code == 200
    outer, inner = WhereMiddleware.seen
    assert outer == inner != threading.get_ident()


async def test_errors_and_redirects_of_pages_are_those_of_the_other_chain() -> None:
    handler = SiteHandler()
    for path, status in (("/", 302), ("/nowhere/", 404), ("/static/css/uno.css", 200)):
        response = await handler.get_response_async(AsyncRequestFactory().get(path))
        assert response.status_code == status


async def test_the_public_api_answers_from_the_loop() -> None:
    response = await SiteHandler().get_response_async(AsyncRequestFactory().get("/v1/models"))
    assert response.status_code == 401
    assert b"error" in response.content
