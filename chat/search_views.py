"""The page that searches one's history."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from chat.search import history_search
from chat.views import sidebar


@require_GET
def history_search_view(request: HttpRequest) -> HttpResponse:
    """Titles and messages for ``?q=``; htmx gets the results alone."""
    query = request.GET.get("q", "").strip()[:200]
    found = history_search(request.user, query, request.GET.get("page")) if query else None
    context = {"query": query, "found": found, "page": found.page if found else None}
    # Going back in the browser, htmx asks for the whole page.
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "chat/search_results.html", context)
    return render(request, "chat/search.html", sidebar(request, is_listed=True) | context)
