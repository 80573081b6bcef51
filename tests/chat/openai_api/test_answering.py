"""A completion is answered along the served routes, drawn as the request says."""

from uuid import uuid4

import pytest

from chat.models import RouteKind
from chat.services.messages import REPLY_SAMPLING
from chat.services.routes import RouteSpec, route_table_publish
from uno_site.accounts.models import ApiUsage
from uno_site.engine_clients import base_model_name

pytestmark = pytest.mark.django_db
QUESTION = "Write an e-mail to my landlord."
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def publish(client, kind: str) -> None:
    spec = RouteSpec(
        cluster_id=uuid4(),
        cluster_name="E-mails",
        kind=kind,
        centroid=client.script.embed([QUESTION])[0],
        adapter_name="learned-1",
        adapter_version=3,
        adapter_path="runs/1/adapter",
    )
    route_table_publish(routes=[spec], note="", by=None)


def test_the_answer_has_openais_shape(ask, scripted) -> None:
    body = ask().json()
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    assert body["model"] == "uno"
    (choice,) = body["choices"]
    assert choice["message"] == {
        "role": "assistant",
        "content": "A scripted reply.",
        "refusal": None,
    }
    assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "stop", None)
    assert body["usage"] == {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}


def test_uno_takes_the_learned_route_and_says_why(ask, scripted) -> None:
    publish(scripted, RouteKind.EXPERT)
    why = ask(QUESTION).json()["uno"]
    assert scripted.requests[-1].model == "learned-1"
    assert (why["kind"], why["cluster"], why["adapter"]) == ("expert", "E-mails", "learned-1")
    assert why["adapter_version"] == 3


def test_the_base_models_name_forces_the_base_model(ask, scripted) -> None:
    publish(scripted, RouteKind.EXPERT)
    body = ask(QUESTION, model=base_model_name()).json()
    assert scripted.requests[-1].model == base_model_name()
    assert (body["model"], body["uno"]["reason"]) == (base_model_name(), "forced")


def test_a_critics_draft_and_revision_keep_the_schema_its_suggestions_do_not(ask, scripted) -> None:
    publish(scripted, RouteKind.CRITIC)
    given = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    answer = ask(QUESTION, response_format=given)
    assert answer.status_code == 200
    assert [request.json_schema for request in scripted.requests] == [SCHEMA, None, SCHEMA]
    assert answer.json()["usage"]["completion_tokens"] == 9


def test_what_is_left_out_is_as_in_the_chat(ask, scripted) -> None:
    ask()
    sampling = scripted.requests[0].sampling
    assert sampling.temperature == REPLY_SAMPLING.temperature
    assert sampling.max_tokens == REPLY_SAMPLING.max_tokens
    assert sampling.repeat_penalty == REPLY_SAMPLING.repeat_penalty
    assert sampling.seed is not None


def test_what_is_asked_for_reaches_the_engine(ask, scripted, alice) -> None:
    ask(temperature=0, top_p=0.5, max_completion_tokens=7, max_tokens=9, stop="END", seed=-1)
    (request,) = scripted.requests
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.max_tokens) == (0, 0.5, 7)
    assert (sampling.stop, sampling.seed) == (("END",), 2**31 - 1)
    assert request.user == str(alice.pk)


def test_more_tokens_than_the_context_holds_are_no_error(ask, scripted, settings) -> None:
    assert ask(max_tokens=2**62).status_code == 200
    assert scripted.requests[0].sampling.max_tokens == settings.UNO.engine_context


def test_a_json_object_is_enforced(ask, scripted) -> None:
    ask(response_format={"type": "json_object"})
    assert scripted.requests[0].json_schema == {"type": "object"}


def test_parts_of_text_are_joined_and_developers_are_the_system(ask, scripted) -> None:
    parts = [{"type": "text", "text": "Good "}, {"type": "text", "text": "day"}]
    ask(messages=[{"role": "developer", "content": "Be kind."}, {"role": "user", "content": parts}])
    turns = [(turn.role, turn.content) for turn in scripted.requests[0].messages]
    assert turns == [("system", "Be kind."), ("user", "Good day")]


def test_log_probabilities_come_with_their_alternatives(ask, scripted) -> None:
    (choice,) = ask(logprobs=True, top_logprobs=2).json()["choices"]
    content = choice["logprobs"]["content"]
    assert "".join(token["token"] for token in content) == "A scripted reply."
    assert {token["logprob"] for token in content} == {-0.5}
    assert content[0]["bytes"] == [65]
    assert [len(token["top_logprobs"]) for token in content] == [2, 2, 2]


def test_tokens_and_requests_are_counted_by_key_and_day(ask, scripted, new_key, bob) -> None:
    ask()
    ask()
    ask(key=new_key(bob)[1])
    rows = {row.key.user.username: row for row in ApiUsage.objects.select_related("key__user")}
    assert (rows["alice"].n_requests, rows["bob"].n_requests) == (2, 1)
    assert (rows["alice"].prompt_tokens, rows["alice"].completion_tokens) == (2, 6)


def test_the_models_are_listed_and_found_by_name(call, scripted) -> None:
    names = [entry["id"] for entry in call("models").json()["data"]]
    assert names == ["uno", base_model_name(), "all-minilm-l6-v2"]
    assert call("models/uno").json()["object"] == "model"
    assert call("models/gpt-4o").status_code == 404
