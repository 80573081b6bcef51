"""What a request's body says, checked."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer


def valid_body(serializer: type[Serializer], request: Request, **options: Any) -> dict[str, Any]:
    """The body as ``serializer`` reads it; ``options`` are the serializer's, such as ``partial``.

    Raises
    ------
    ValidationError
        The body says something else; DRF answers with 400.
    """
    body = serializer(data=request.data, **options)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)
