"""Kinds of job for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from uno_site.jobs import registry
from uno_site.jobs.context import JobContext


@contextmanager
def registered(handler: Callable[[JobContext], dict[str, Any]], **options: Any) -> Iterator[str]:
    """Register ``handler`` as the kind "test.kind" for the time of a test."""
    registry.job_kind("test.kind", title="A test", **options)(handler)
    try:
        yield "test.kind"
    finally:
        del registry._KINDS["test.kind"]
