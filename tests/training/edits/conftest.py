"""People who edited replies, approved; a scripted engine and trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.models import EntryState, PairSource, PreferencePair, ReviewState
from tests.factories import LogEntryFactory, PairFactory
from training.models import Adapter
from uno_site.accounts.models import User
from uno_site.inference.protocol import ChatRequest
from uno_site.runtime.services import runtime_settings_change

REPLY = "Dear Sir or Madam, here is a long e-mail about number {n} and more of it. It goes on."
EDIT = "Hi, here is e-mail {n}. Cheers, Ana"


def edit(user: User | None, n: int, **values: Any) -> PreferencePair:
    """One approved edit."""
    query = values.pop("query", f"Write e-mail number {n} for me.")
    entry = LogEntryFactory(
        user=user, query=query, state=EntryState.DISTILLED, response=REPLY.format(n=n)
    )
    texts = {"chosen": EDIT.format(n=n), "rejected": entry.response}
    return PairFactory(
        entry=entry,
        **{"source": PairSource.USER_EDIT, "state": ReviewState.APPROVED, **texts, **values},
    )


@pytest.fixture
def edited(alice: User, bob: User, admin: User) -> list[PreferencePair]:
    """Sixty edits of two people, and twenty are asked for."""
    runtime_settings_change(values={"edits_to_train": 20}, by=admin)
    return [edit((alice, bob)[n % 2], n) for n in range(60)]


def answering(adapted: Callable[[int], str]) -> Callable[[ChatRequest], str]:
    """A model that answers e-mail n as the base does, and ``adapted`` under any adapter."""

    def answer(request: ChatRequest) -> str:
        asked = request.messages[-1].content
        if "e-mail number" not in asked:
            return f"{asked} That is a question about {asked}"
        n = int(asked.split("number ")[1].split()[0])
        return adapted(n) if request.model.startswith(("check", "edits")) else REPLY.format(n=n)

    return answer


@pytest.fixture
def good(scripted: Any) -> Any:
    """The engine, whose adapters write as the users do."""
    scripted.reply = answering(lambda n: EDIT.format(n=n))
    return scripted


def adapters(**filters: Any) -> list[Adapter]:
    return list(Adapter.objects.filter(**filters).order_by("created_at"))
