"""The steps outside every cluster: who answers what, what is taken over, what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chat import serving
from chat.models import RouteTable
from chat.services.routes import RouteSpec, route_table_publish
from tests.factories import ClusterFactory
from tests.scripted import AsyncScriptedClient, ScriptedClient
from tests.training.conftest import patch_engine
from training.evaluation.config import EvaluationConfig
from training.evaluation.methods.catalogue import METHODS
from training.evaluation.sets.outside import OutsideSet
from training.evaluation.sets.regression import RegressionConfig
from training.models import EvaluationAnswer
from training.services.evaluation import records, runner, steps
from training.services.evaluation.answering import Asking
from training.services.evaluation.outside import (
    OUTSIDE,
    answer_outside,
    has_outside_step,
    outside_path,
)
from training.services.evaluation.workplace import SeedFolder, read_lines
from uno_site.errors import InvalidInput

pytestmark = pytest.mark.django_db(transaction=True)
SMALL = OutsideSet(RegressionConfig(n_ifeval=3, n_gsm8k=2))
TAKEN = (SMALL.items(0)[0].messages[-1].content, SMALL.passages()[1].request.content)


class Engine(ScriptedClient):
    """Embeds two of the prompts next to the route, everything else far away."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        assert texts, "the real engine refuses to embed nothing"
        return np.array([[1.0, 0.0] if t in TAKEN else [-1.0, 0.0] for t in texts], np.float32)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The expert says so, and finds every text twice as likely as the base does."""
    client = Engine(lambda request: f"by {request.model}")
    client.logprob = lambda model, *_: -1.0 if model == "tips-v1" else -2.0
    patch_engine(monkeypatch, client)
    awaited = AsyncScriptedClient()
    awaited.script = client
    monkeypatch.setattr(serving, "served_async_client", lambda: awaited)
    return client


@pytest.fixture
def folder(tmp_path: Path) -> SeedFolder:
    return SeedFolder(tmp_path / "seed-0")


def publish(kind: str = "expert") -> RouteTable:
    route = RouteSpec(
        cluster_id=ClusterFactory().pk,
        cluster_name="Tips",
        kind=kind,
        centroid=np.array([1.0, 0.0], np.float32),
        distance_limit=0.5,
        adapter_id=ClusterFactory().pk,
        adapter_name="tips-v1",
        adapter_version=1,
        adapter_path="somewhere",
    )
    return route_table_publish(routes=[route], note="", by=None)


def answer(folder: SeedFolder, name: str, table: RouteTable | None) -> dict[str, Any]:
    answer_outside(Asking(SMALL, 0, 16, lambda line: None), SMALL, folder, name, table)
    return {row["item"]: row for row in read_lines(outside_path(folder, name))}


def test_the_router_decides_and_the_base_models_answers_are_taken_over(
    engine: Engine, folder: SeedFolder
) -> None:
    base = answer(folder, "base", None)
    assert len(base) == 5 + 6
    assert {row["kind"] for row in base.values()} == {"base"}
    n_asked = len(engine.requests)
    routed = answer(folder, "uno", publish())
    assert len(engine.requests) - n_asked == 1, "only what an expert takes is asked"
    taken = {item for item, row in routed.items() if row["kind"] != "base"}
    assert taken == {SMALL.items(0)[0].id, "text/1"}
    assert routed[SMALL.items(0)[0].id]["text"] == "by tips-v1"
    assert routed.keys() == base.keys()
    assert all(routed[item] == base[item] for item in routed if item not in taken)


def test_a_passage_is_scored_by_whoever_would_answer(engine: Engine, folder: SeedFolder) -> None:
    base = answer(folder, "base", None)
    assert base["text/1"]["scores"] == {"surprise": 2.0}
    routed = answer(folder, "uno", publish())
    assert routed["text/1"]["scores"] == {"surprise": 1.0}
    assert routed["text/1"]["adapter"] == "tips-v1"
    assert routed["text/2"]["scores"] == {"surprise": 2.0}


def test_behind_a_critic_the_base_model_writes(engine: Engine, folder: SeedFolder) -> None:
    answer(folder, "base", None)
    routed = answer(folder, "uno", publish("critic"))
    assert (routed["text/1"]["kind"], routed["text/1"]["scores"]) == ("critic", {"surprise": 2.0})


def test_nothing_is_answered_twice(engine: Engine, folder: SeedFolder) -> None:
    table = publish()
    for _ in range(2):
        answer(folder, "base", None)
        answer(folder, "uno", table)
    for name in ("base", "uno"):
        assert len(list(read_lines(outside_path(folder, name)))) == 11


def test_methods_that_route_are_measured() -> None:
    measured = [name for name, method in METHODS.items() if has_outside_step(method)]
    assert measured[0] == "base"
    assert {"uno", "global", "online"} <= set(measured)
    assert not {"cipher", "rag_bm25_messages"} & set(measured)


def test_the_steps_follow_their_methods(engine: Engine) -> None:
    methods = ("base", "cipher", "uno")
    config = EvaluationConfig("simulated-quick", methods, (0,), "m", outside="small")
    names = [step.name for step in runner.plan_steps(config)]
    assert names == ["live", "base", "outside-base", "cipher", "uno", "outside-uno"]


def test_older_evaluations_keep_their_hash() -> None:
    config = EvaluationConfig("simulated", ("base",), (0,), "m")
    more = EvaluationConfig("simulated", ("base",), (0,), "m", outside="small")
    assert "outside" not in config.as_json()
    assert config.hash != more.hash
    assert config.work_key == more.work_key, "what was answered before is found"
    assert EvaluationConfig.from_json(config.as_json()) == config
    assert EvaluationConfig.from_json(more.as_json()) == more


def test_an_unknown_size_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="no 'huge' slice"):
        records.evaluation_start(set_spec="simulated", methods=["uno"], seeds=[0], outside="huge")


def test_the_rows_reach_the_report(engine: Engine) -> None:
    made = records.evaluation_start(
        set_spec="simulated-quick", methods=["uno"], seeds=[0], outside="small"
    )
    config = EvaluationConfig.from_json(made.config)
    seed = runner.seed_folder(Path(made.folder), 0)
    seed.path.mkdir(parents=True)
    publish()
    for name in ("base", "uno"):
        steps.do_step(config, seed, 0, f"{OUTSIDE}{name}", lambda line: None)
        assert records.answers_take(made, seed, 0, f"{OUTSIDE}{name}") > 20
        assert records.answers_take(made, seed, 0, f"{OUTSIDE}{name}") == 0
    assert seed.is_done("outside-uno")
    records.results_update(made)
    found = made.results["outside"]
    assert found["base"]["has_passed"] is True
    assert found["uno"]["base_share"]["mean"] < 1.0
    assert EvaluationAnswer.objects.filter(topic="outside/text", method="uno").count() == 5
