"""What the store's tests share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chat.experience.services import embedding
from tests.scripted import ScriptedClient


@pytest.fixture
def vector_of() -> Callable[[str], np.ndarray]:
    """The scripted embedding of a text: equal texts are equal, others nearly orthogonal."""
    return lambda text: ScriptedClient().embed([text])[0]


@pytest.fixture(autouse=True)
def scripted_embedder(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Notes are embedded by the script, and so are questions."""
    client = ScriptedClient()
    monkeypatch.setattr(embedding, "served_client", lambda: client)
    return client
