"""/v1/rerank orders documents by the model's yes against its no."""

from math import exp

import httpx
import pytest

from tests.inference.pytorch.conftest import BASE
from uno_site.inference.engine.rerank import SYSTEM
from uno_site.inference.protocol import ChatMessage

DOCUMENTS = ["a", "bb", "ccc"]


def rerank(client, **fields):
    body = {"model": BASE, "query": "q", "instruction": "i", "documents": DOCUMENTS} | fields
    return httpx.post(f"{client.base_url}/v1/rerank", json=body)


def expected(client, document):
    """P(yes) by the route that every OpenAI-compatible server has."""
    question = f"<Instruct>: i\n<Query>: q\n<Document>: {document}"
    messages = [ChatMessage("system", SYSTEM), ChatMessage("user", question)]
    found = client.next_token_logprobs(BASE, messages, ["yes", "no"])
    return 1 / (1 + exp(found["no"] - found["yes"]))


def test_scores_are_yes_against_no_and_the_best_comes_first(client):
    results = rerank(client).json()["results"]
    assert sorted(row["index"] for row in results) == [0, 1, 2]
    scores = [row["relevance_score"] for row in results]
    assert scores == sorted(scores, reverse=True)
    for row in results:
        assert row["document"]["text"] == DOCUMENTS[row["index"]]
        wanted = expected(client, DOCUMENTS[row["index"]])
        assert row["relevance_score"] == pytest.approx(wanted, abs=0.02)


def test_top_n_cuts_the_list(client):
    assert len(rerank(client, top_n=1).json()["results"]) == 1


def test_an_unknown_model_is_refused(client):
    answer = rerank(client, model="nobody")
    assert answer.status_code == 400
    assert "nobody" in answer.json()["error"]["message"]


def test_the_client_gets_them_in_the_order_of_the_documents(client):
    rows = rerank(client).json()["results"]
    by_index = {row["index"]: row["relevance_score"] for row in rows}
    found = client.rerank(BASE, "q", DOCUMENTS, "i")
    assert found == pytest.approx([by_index[i] for i in range(len(DOCUMENTS))], abs=0.02)
