"""Every prompt on disk is valid, complete and the one that the product asks for."""

import pytest

from uno_site.prompts import list_prompts, load_prompt

PROMPTS = {
    "distiller/feedback_rules": {"query", "answer", "feedback"},
    "distiller/prior_rules": {"query"},
    "distiller/experiences": {"query", "answer", "reaction"},
    "reviser/answer_from_feedback": {"query", "feedback"},
    "reviser/revise_answer": {"query", "answer", "rules", "feedback"},
    "judge/score": {"query", "answer", "rules"},
    "evaluation/rag": {"context", "query"},
    "judge/compare": {"query", "rules", "first", "second"},
    "gap_scorer/redundancy": {"rule", "prior_rules"},
    "gap_scorer/rerank": set(),
    "gap_scorer/next_rule": {"prior_rules"},
    "critic/suggest": {"query", "answer"},
    "critic/revise": {"query", "answer", "suggestions"},
    "chat/preferences": {"preferences", "query"},
    "chat/title": {"message"},
    "experience/answer": {"notes", "query"},
    "experience/answer_long": {"notes", "query"},
    "experience/wishes": {"query", "wishes"},
}


def test_the_files_are_exactly_the_known_prompts():
    assert {prompt.id for prompt in list_prompts()} == set(PROMPTS)


@pytest.mark.parametrize(("prompt_id", "variables"), PROMPTS.items())
def test_each_renders_every_variable_into_the_messages(prompt_id, variables):
    values = {name: f"<<{name}>>" for name in variables}
    messages = load_prompt(prompt_id).render(**values)
    text = "\n".join(message.content for message in messages)
    assert messages[-1].role == "user"
    assert all(value in text for value in values.values())
    assert "{{" not in text


@pytest.mark.parametrize("prompt_id", ["distiller/feedback_rules", "distiller/prior_rules"])
def test_rule_lists_are_schema_constrained(prompt_id):
    schema = load_prompt(prompt_id).json_schema
    assert schema["required"] == ["rules"]
    assert schema["properties"]["rules"]["items"]["type"] == "string"


def test_prior_rules_are_at_most_five():
    assert load_prompt("distiller/prior_rules").json_schema["properties"]["rules"]["maxItems"] == 5


def test_the_judge_reasons_before_it_scores_from_1_to_10():
    schema = load_prompt("judge/score").json_schema
    assert list(schema["properties"]) == ["reason", "score"]
    score = schema["properties"]["score"]
    assert (score["type"], score["minimum"], score["maximum"]) == ("integer", 1, 10)
