"""The evaluation screens: for admins only; what they show and start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory
from training.models import Evaluation, EvaluationAnswer, EvaluationState
from training.services.evaluation.records import evaluation_start, results_update
from uno_site.jobs.models import Job

ClientFor = Callable[[Any], Client]


@pytest.fixture
def evaluation(db: None) -> Evaluation:
    made = evaluation_start(set_spec="simulated", methods=["uno", "online"], seeds=[0])
    for method, batch in (("base", 0), ("uno", 0), ("online", 1), ("online", 2)):
        for number in range(7):
            EvaluationAnswer.objects.create(
                evaluation=made,
                method=method,
                seed=0,
                batch=batch,
                item=f"email-{number:02}",
                topic="email" if number else "tips",
                prompt=f"Write e-mail {number}.",
                text=f"<b>{method} {number}</b>",
                scores={"adherence": 0.25 if method == "base" else 0.75, "on_topic": 1.0},
                kind="expert" if method == "uno" else "base",
                prompt_tokens=30,
                seconds=1.5,
            )
    results_update(made)
    made.state = EvaluationState.DONE
    made.save()
    return made


def urls(evaluation: Evaluation) -> list[str]:
    return [
        reverse("training:evaluation_list"),
        *(
            reverse(f"training:evaluation_{page}", args=[evaluation.pk])
            for page in ("detail", "answers")
        ),
        *(
            reverse("training:evaluation_export", args=[evaluation.pk, form])
            for form in ("md", "csv", "json")
        ),
    ]


def test_only_admins_find_them(
    evaluation: Evaluation, client_for: ClientFor, curator: Any, admin: Any
) -> None:
    for url in urls(evaluation):
        assert client_for(UserFactory()).get(url).status_code == 404
        assert client_for(curator).get(url).status_code == 404
        assert client_for(admin).get(url).status_code == 200
    start = reverse("training:evaluation_start")
    assert client_for(curator).post(start, {"set": "simulated"}).status_code == 404
    assert not Job.objects.exists()
    assert not Evaluation.objects.visible_to(curator).exists()


def test_curators_are_not_offered_the_page(client_for: ClientFor, curator: Any, admin: Any) -> None:
    url, link = reverse("training:run_list"), reverse("training:evaluation_list")
    assert link not in client_for(curator).get(url).content.decode()
    assert link in client_for(admin).get(url).content.decode()


def test_the_page_shows_bars_curve_costs_and_topics(
    evaluation: Evaluation, client_for: ClientFor, admin: Any
) -> None:
    page = client_for(admin).get(urls(evaluation)[1]).content.decode()
    assert "Rules obeyed" in page
    assert "0.75 [0.75, 0.75]" in page
    assert 'width="75.00"' in page
    assert "<polyline" in page
    assert "Prompt tokens" in page
    assert "+0.50 [0.50, 0.50]" in page
    assert "expert 1.00" in page


def test_what_became_of_prompts_outside_every_cluster_is_shown(
    client_for: ClientFor, admin: Any
) -> None:
    made = evaluation_start(set_spec="simulated", methods=["uno"], seeds=[0], outside="small")
    scores = {"ifeval/1": {"strict": 1.0, "loose": 1.0}, "gsm8k/2": {"exact": 0.0}}
    scores |= {"text/0": {"surprise": 2.0}, "email-00": {"adherence": 1.0}}
    for method in ("base", "uno"):
        for item, values in scores.items():
            EvaluationAnswer.objects.create(
                evaluation=made,
                method=method,
                seed=0,
                item=item,
                topic=f"outside/{item.split('/')[0]}" if "/" in item else "email",
                prompt="p",
                scores=values,
                kind="expert" if (method, item) == ("uno", "gsm8k/2") else "base",
            )
    results_update(made)
    page = client_for(admin).get(reverse("training:evaluation_detail", args=[made.pk]))
    text = page.content.decode()
    assert "Outside every cluster" in text
    assert "0.67 [0.21, 0.94]" in text  # Wilson, 2 of 3
    assert "2 of 3 prompts went to the base model; 98% must." in text
    assert "7.39 [7.39, 7.39]" in text  # e²
    assert "Word problems" not in text
    export = reverse("training:evaluation_export", args=[made.pk, "md"])
    assert "## Outside every cluster" in client_for(admin).get(export).content.decode()
    assert made.results["methods"]["uno"]["n"] == 1, "they are no part of the set's figures"


def test_answers_stand_side_by_side_and_are_escaped(
    evaluation: Evaluation, client_for: ClientFor, admin: Any
) -> None:
    url = urls(evaluation)[2]
    page = client_for(admin).get(url).content.decode()
    assert "&lt;b&gt;base 1&lt;/b&gt;" in page
    assert "&lt;b&gt;uno 1&lt;/b&gt;" in page
    assert "online 1" not in page
    assert "Page 1 of 2" in page
    tips = client_for(admin).get(url, {"topic": "tips", "method": ["online"]}).content.decode()
    assert "online 0" in tips
    assert "base 0" not in tips
    assert "online 1" not in tips


def test_one_is_started_as_a_job(client_for: ClientFor, admin: Any) -> None:
    form = {
        "set": "simulated-quick",
        "method": ["base", "uno"],
        "seeds": "2",
        "outside": "small",
    }
    answer = client_for(admin).post(reverse("training:evaluation_start"), form)
    job = Job.objects.get()
    assert answer.url == reverse("jobs:detail", args=[job.pk])
    assert job.kind == "training.evaluate"
    assert job.params == {
        "set": "simulated-quick",
        "methods": ["base", "uno"],
        "seeds": [0, 1],
        "outside": "small",
    }


@pytest.mark.parametrize("seeds", ["0", "99", "many"])
def test_a_strange_number_of_seeds_is_refused(
    client_for: ClientFor, admin: Any, seeds: str
) -> None:
    answer = client_for(admin).post(reverse("training:evaluation_start"), {"seeds": seeds})
    assert answer.status_code == 400
    assert not Job.objects.exists()


def test_a_download_is_named_and_of_its_type(
    evaluation: Evaluation, client_for: ClientFor, admin: Any
) -> None:
    answer = client_for(admin).get(urls(evaluation)[4])
    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"].endswith('.csv"')
    assert answer.content.decode().count("\r\n") == 29
    bad = reverse("training:evaluation_export", args=[evaluation.pk, "exe"])
    assert client_for(admin).get(bad).status_code == 404


def test_a_spreadsheet_takes_no_answer_for_a_formula(
    evaluation: Evaluation, client_for: ClientFor, admin: Any
) -> None:
    evaluation.answers.update(text="=1+1")
    page = client_for(admin).get(urls(evaluation)[4]).content.decode()
    assert "'=1+1" in page
