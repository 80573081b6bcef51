"""Who may enter which room. Whoever may not gets the same 404 as for a page that is not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from .models import User

View = Callable[..., HttpResponse]


def _role_required(allows: Callable[[User], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not (user.is_authenticated and allows(user)):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return decorate


curator_required = _role_required(lambda user: user.is_curator)
admin_required = _role_required(lambda user: user.is_admin)
