"""How a request is run: a page in one thread from end to end, the public API without a thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase

#: Addresses whose views are asynchronous: their streams keep no thread waiting.
ASYNC_PATHS = ("/v1/",)
#: Pages that are drawn at the same time; each thread keeps its connection to the database.
PAGE_THREADS = 16


class SiteHandler(ASGIHandler):
    """Django's handler with a second, synchronous chain of middleware for the pages.

    In the asynchronous chain each of a dozen middlewares hops to a thread of the request's own
    and back, twice; on a busy machine every hop waits for the interpreter. And a new thread
    opens a new connection for every page.
    """

    def __init__(self) -> None:
        super().__init__()
        self._pages = BaseHandler()
        self._pages.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(PAGE_THREADS, thread_name_prefix="page")

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, by the chain that suits the address."""
        if request.path_info.startswith(ASYNC_PATHS):
            return await super().get_response_async(request)
        page = sync_to_async(self._page, thread_sensitive=False, executor=self._threads)
        return await page(request)

    def _page(self, request: HttpRequest) -> HttpResponse:
        # Django tells the request's own thread that it begins and ends; this is another one.
        close_old_connections()
        try:
            return self._pages.get_response(request)
        finally:
            close_old_connections()
