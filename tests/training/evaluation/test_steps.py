"""The steps of an evaluation on a scripted engine: kept, resumed, not done twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chat import generation, serving
from curation.models import LogEntry
from tests.scripted import AsyncScriptedClient, ScriptedClient
from training.evaluation.config import EvaluationConfig
from training.evaluation.sets.protocol import Dialogue, Item, Metric
from training.models import EvaluationAnswer, EvaluationState
from training.services.evaluation import answering, records, runner, steps
from training.services.evaluation.answering import Asking, answer_items, copy_answers
from training.services.evaluation.export import to_csv, to_markdown, write_reports
from training.services.evaluation.living import kept_dialogues, live
from training.services.evaluation.noise_truth import noise_figures
from training.services.evaluation.workplace import LIVE, SeedFolder, append_lines, read_lines
from uno_site.inference.errors import EngineUnreachable
from uno_site.inference.protocol import ChatMessage

pytestmark = pytest.mark.django_db(transaction=True)
CONFIG = EvaluationConfig("tiny", ("base", "cipher"), (0,), "scripted")


class TinySet:
    """Two logged dialogues, ten prompts, one metric: does the answer say "hi"?"""

    name, title = "tiny", "Tiny"
    metrics = (Metric("hi", "Says hi"),)

    def dialogues(self, seed: int) -> list[Dialogue]:
        asked = (ChatMessage("user", "Write to Tom."),)
        return [
            Dialogue("d1", "ana", asked, "Dear Tom, ok.", ("Begin with hi.",), -1, "hi Tom"),
            Dialogue("d2", "ben", (ChatMessage("user", "And you?"),), "Fine.", thumb=1),
        ]

    def items(self, seed: int) -> list[Item]:
        return [Item(f"i{n}", (ChatMessage("user", f"Write to {n}."),), "mail") for n in range(10)]

    def score(self, item: Item, answer: str) -> dict[str, float]:
        return {"hi": float("hi" in answer)}


@pytest.fixture
def engine(scripted: ScriptedClient, monkeypatch: pytest.MonkeyPatch) -> AsyncScriptedClient:
    """Says "hi" when it is told preferences."""
    client = AsyncScriptedClient(
        lambda request: "hi there" if "preferences" in request.messages[-1].content else "Dear"
    )
    monkeypatch.setattr(serving, "served_async_client", lambda: client)
    monkeypatch.setattr(generation, "engine_client", lambda: client)
    for module in (steps, records, runner):
        monkeypatch.setattr(module, "load_set", lambda spec: TinySet())
    monkeypatch.setattr(steps, "curate", lambda say: None)
    return client


@pytest.fixture
def folder(tmp_path: Path) -> SeedFolder:
    return SeedFolder(tmp_path / "seed-0")


def do(name: str, folder: SeedFolder) -> None:
    folder.path.mkdir(exist_ok=True)
    steps.do_step(CONFIG, folder, 0, name, lambda line: None)


def test_logged_dialogues_are_imported_and_kept(
    engine: AsyncScriptedClient, folder: SeedFolder
) -> None:
    do(LIVE, folder)
    assert LogEntry.objects.count() == 2
    entry = LogEntry.objects.get(external_id="d1")
    assert entry.correction == "hi Tom"
    assert {"kind": "follow_up", "text": "Begin with hi."} in entry.feedback
    assert kept_dialogues(folder) == TinySet().dialogues(0)


def test_parts_of_the_logs_arrive_one_after_the_other(engine: AsyncScriptedClient) -> None:
    assert [one.id for one in live(TinySet(), 0, (1, 2), print)] == ["d1"]
    assert [one.id for one in live(TinySet(), 0, (2, 2), print)] == ["d1", "d2"]
    assert LogEntry.objects.count() == 2


def test_a_method_answers_every_prompt_and_is_scored(
    engine: AsyncScriptedClient, folder: SeedFolder
) -> None:
    for name in (LIVE, "base", "cipher"):
        do(name, folder)
    base, cipher = (list(read_lines(folder.answers(name, 0))) for name in ("base", "cipher"))
    assert [row["item"] for row in base] == [f"i{n}" for n in range(10)]
    assert {row["scores"]["hi"] for row in base} == {0.0}
    assert {row["scores"]["hi"] for row in cipher} == {1.0}
    assert {"on_topic", "repetition"} <= base[0]["scores"].keys()
    assert base[0]["kind"] == "base"


def test_what_was_answered_is_kept_when_the_engine_goes_away(
    engine: AsyncScriptedClient, folder: SeedFolder
) -> None:
    do(LIVE, folder)
    n_asked = []

    def reply(request: Any) -> str:
        n_asked.append(1)
        if len(n_asked) == 9:  # the first of the second group
            raise EngineUnreachable("gone")
        return "Dear"

    engine.script.reply = reply
    with pytest.raises(EngineUnreachable):
        do("base", folder)
    assert not folder.is_done("base")
    assert len(list(read_lines(folder.answers("base", 0)))) == 8
    engine.script.reply = "Dear"
    before = len(engine.requests)
    do("base", folder)
    assert len(engine.requests) - before == 2
    do("base", folder)
    assert len(engine.requests) - before == 2


def test_a_half_written_line_is_answered_again(
    engine: AsyncScriptedClient, folder: SeedFolder
) -> None:
    do(LIVE, folder)
    path = folder.answers("base", 0)
    append_lines(path, [{"item": "i0"}])
    with path.open("a") as file:
        file.write('{"item": "i1", "te\n')
    answer_items(Asking(TinySet(), 0, 16, print), path)
    assert [row["item"] for row in read_lines(path)] == [f"i{n}" for n in range(10)]


def test_a_topics_prompts_are_embedded_once(
    engine: AsyncScriptedClient, folder: SeedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_texts, embed = [], engine.script.embed

    def counted(texts: Any) -> Any:
        n_texts.append(len(texts))
        return embed(texts)

    monkeypatch.setattr(answering, "served_client", lambda: engine.script)
    monkeypatch.setattr(engine.script, "embed", counted)
    answer_items(Asking(TinySet(), 0, 16, print), folder.answers("base", 0))
    # Two groups: their answers, their prompts; and between them the topic's ten.
    assert n_texts == [8, 8, 10, 2, 2]


def test_the_very_same_routes_are_not_asked_again(folder: SeedFolder) -> None:
    append_lines(folder.answers("uno", 0), [{"item": "i0"}])
    copy_answers(folder.answers("no_gap", 0), [folder.answers("uno", 0)])
    assert list(read_lines(folder.answers("no_gap", 0))) == [{"item": "i0"}]


def test_rows_and_summary_follow_the_kept_answers(
    engine: AsyncScriptedClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    evaluation = records.evaluation_start(set_spec="tiny", methods=["cipher"], seeds=[0])
    seed = runner.seed_folder(Path(evaluation.folder), 0)
    seed.path.mkdir(parents=True)
    for name in (LIVE, "base", "cipher"):
        do(name, seed)
        records.answers_take(evaluation, seed, 0, name)
        records.answers_take(evaluation, seed, 0, name)
    assert EvaluationAnswer.objects.count() == 20
    records.results_update(evaluation)
    records.evaluation_finish(evaluation)
    assert evaluation.state == EvaluationState.DONE
    found = evaluation.results["methods"]
    assert found["base"]["metrics"]["hi"]["mean"] == 0.0
    assert found["cipher"]["to_base"]["hi"]["mean"] == 1.0
    assert "| CIPHER | 1.00 [1.00, 1.00] |" in to_markdown(evaluation)
    lines = to_csv(evaluation).splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("method,seed,batch,item")
    paths = write_reports(evaluation, tmp_path / "out", "evaluate")
    assert sorted(path.name for path in paths) == ["evaluate.csv", "evaluate.json", "evaluate.md"]


def test_the_same_question_asked_again_goes_on(engine: AsyncScriptedClient) -> None:
    one = records.evaluation_start(set_spec="tiny", methods=["cipher"], seeds=[0])
    again = records.evaluation_start(set_spec="tiny", methods=["base", "cipher"], seeds=[0, 0])
    other = records.evaluation_start(set_spec="tiny", methods=["cipher"], seeds=[0, 1])
    assert one.pk == again.pk != other.pk
    assert one.folder == other.folder


def test_without_material_nothing_is_kept_and_nothing_served(db: None) -> None:
    dialogue = Dialogue("d", "u", (), "a", correction="b", truth="email")
    assert noise_figures([dialogue]) == {
        "n_useful": 1,
        "n_kept": 0,
        "n_useful_kept": 0,
        "is_noise_promoted": False,
    }


def test_steps_begin_with_the_conversations_of_each_seed(engine: AsyncScriptedClient) -> None:
    config = EvaluationConfig("tiny", ("base", "uno"), (0, 3), "m")
    planned = [(step.seed, step.name, step.cost) for step in runner.plan_steps(config)]
    assert planned == [
        (0, LIVE, 60),
        (0, "base", 10),
        (0, "uno", 160),
        (3, LIVE, 60),
        (3, "base", 10),
        (3, "uno", 160),
    ]
