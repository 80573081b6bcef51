"""Which kinds of job there are: each room registers its own in its ``jobs`` module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uno_site.errors import InvalidInput

if TYPE_CHECKING:
    from .context import JobContext

Handler = Callable[["JobContext"], dict[str, Any]]

#: How many jobs of one queue work at the same time.
QUEUE_CAPACITY = {"default": 1, "train": 1}


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job: what does it, where it queues, and who may start it by hand."""

    name: str
    title: str
    handler: Handler
    queue: str = "default"
    min_role: str = "curator"
    max_attempts: int = 3
    every_minutes: int | None = None
    has_work: Callable[[], bool] | None = None
    needs_params: bool = False


_KINDS: dict[str, JobKind] = {}


def job_kind(
    name: str,
    *,
    title: str,
    queue: str = "default",
    min_role: str = "curator",
    max_attempts: int = 3,
    every_minutes: int | None = None,
    has_work: Callable[[], bool] | None = None,
    needs_params: bool = False,
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of jobs of kind ``name``.

    The handler gets a :class:`~uno_site.jobs.context.JobContext` and returns the job's
    result (JSON). It must be idempotent: after a crash it is called again. With
    ``every_minutes`` it is also queued on a schedule, whenever ``has_work()`` says so. A
    kind that ``needs_params`` is started from the page of what it is about.
    """

    def register(handler: Handler) -> Handler:
        _KINDS[name] = JobKind(
            name,
            title,
            handler,
            queue,
            min_role,
            max_attempts,
            every_minutes,
            has_work,
            needs_params,
        )
        return handler

    return register


def get_kind(name: str) -> JobKind:
    """Return the kind called ``name``.

    Raises
    ------
    InvalidInput
        No room registered such a kind.
    """
    try:
        return _KINDS[name]
    except KeyError:
        known = ", ".join(sorted(_KINDS))
        raise InvalidInput(f"There is no job kind {name!r}.", remedy=f"Known: {known}.") from None


def all_kinds() -> list[JobKind]:
    """Every registered kind, by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]


def title_of(name: str) -> str:
    """The title of a kind, or its name when it is no longer registered."""
    return str(_KINDS[name].title) if name in _KINDS else name


def startable_by(user: Any) -> list[JobKind]:
    """The kinds that ``user`` may start from the job monitor: those that need no parameters."""
    return [kind for kind in all_kinds() if not kind.needs_params and may_start(user, kind)]


def may_start(user: Any, kind: JobKind) -> bool:
    """Whether ``user``'s role suffices for ``kind``."""
    return bool(user.is_admin or (user.is_curator and kind.min_role == "curator"))
