"""A real vLLM on the CPU behind UNO's clients; ``make test-vllm`` brings it along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from chat.models import RouteKind
from chat.services.routes import RouteSpec, route_table_publish
from chat.serving import answer
from tests.inference.conftest import BASE
from tests.inference.lora import make_adapter
from tests.inference.vllm_server import TOKEN, running_vllm
from uno_site import engine_clients
from uno_site.inference.client import HttpClient
from uno_site.inference.errors import EngineRefused
from uno_site.inference.protocol import ChatMessage, Sampling

pytestmark = [pytest.mark.live, pytest.mark.django_db]

MESSAGES = (ChatMessage("user", "Say something kind."),)
QUERY = "Write an e-mail to my landlord."


@pytest.fixture(scope="module")
def base_dir(engine_data_dir: Path) -> Path:
    """The reference model as a folder that vLLM reads."""
    from uno_site.inference.engine.models import reference_source
    from uno_site.inference.torch_base import prepare_base

    return prepare_base(reference_source(), engine_data_dir / "torch-base").dir


@pytest.fixture(scope="module")
def vllm_url(base_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a vLLM server with the reference model."""
    log = tmp_path_factory.mktemp("vllm") / "vllm.log"
    with running_vllm(base_dir, BASE, log, "--enable-lora", "--enforce-eager") as url:
        yield url


@pytest.fixture
def client(vllm_url: str) -> Iterator[HttpClient]:
    with HttpClient(vllm_url, TOKEN) as client:
        yield client


@pytest.fixture
def adapter(client: HttpClient, tmp_path: Path) -> Iterator[tuple[str, str]]:
    name, path = f"kind-{uuid4().hex[:6]}", str(make_adapter(tmp_path / "kind"))
    client.load_adapter(name, path)
    yield name, path
    if any(card.id == name for card in client.models()):
        client.unload_adapter(name)


def test_it_is_healthy_and_names_its_model(client: HttpClient) -> None:
    health = client.health()
    assert (health.status, health.base_model) == ("ok", BASE)


def test_it_chats_whole_and_streamed(client: HttpClient, ask: Any) -> None:
    whole = client.chat(ask("Say hello.", 8))
    assert whole.text
    assert 0 < whole.usage.completion_tokens <= 8
    *chunks, last = client.chat_stream(ask("Say hello.", 8))
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert last.finish_reason in ("stop", "length")


def test_an_adapter_is_loaded_once_changes_the_model_and_goes(
    client: HttpClient, adapter: tuple[str, str]
) -> None:
    name, path = adapter
    client.load_adapter(name, path)  # vLLM refuses the second time, which is fine
    (card,) = [card for card in client.models() if card.id == name]
    assert (card.parent, card.root) == (BASE, path)
    base, adapted = (client.score(model, MESSAGES, "You do well.") for model in (BASE, name))
    assert base.token_ids == adapted.token_ids
    assert np.abs(base.logprobs - adapted.logprobs).max() > 0.1
    client.unload_adapter(name)
    with pytest.raises(EngineRefused, match=name):
        client.score(name, MESSAGES, "You do well.")
    with pytest.raises(EngineRefused):
        client.unload_adapter(name)


def test_a_folder_without_an_adapter_is_refused(client: HttpClient, tmp_path: Path) -> None:
    with pytest.raises(EngineRefused):
        client.load_adapter("nothing", str(tmp_path))


def test_a_published_route_is_answered_by_its_adapter_also_after_it_was_lost(
    vllm_url: str, engine_url: str, adapter: tuple[str, str], client: HttpClient, settings: Any
) -> None:
    settings.UNO = replace(
        settings.UNO,
        engine_url=vllm_url,
        engine_token=TOKEN,
        embedding_url=engine_url,
        base_model=BASE,
    )
    engine_clients.served_client.cache_clear()
    name, path = adapter
    spec = RouteSpec(
        cluster_id=uuid4(),
        cluster_name="E-mails",
        kind=RouteKind.EXPERT,
        centroid=engine_clients.served_client().embed([QUERY])[0],
        adapter_name=name,
        adapter_path=path,
    )
    table = route_table_publish(routes=[spec], note="", by=None)
    for _ in range(2):
        reply = answer([ChatMessage("user", QUERY)], table=table, sampling=Sampling(max_tokens=8))
        assert (reply.provenance.kind, reply.provenance.fallback) == ("expert", "")
        assert reply.text
        client.unload_adapter(name)  # behind the back of the served clients
    engine_clients.served_client.cache_clear()
