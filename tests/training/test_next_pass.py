"""The clusters page says beforehand what a pass over everything new would train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from curation.models import Cluster
from tests.factories import ClusterFactory
from tests.training.conftest import make_material
from training.selectors import cluster_cards, next_pass
from training.services.paths import TRAINING_SHARE
from uno_site.jobs.models import Job
from uno_site.runtime.services import runtime_settings_change

ClientFor = Callable[[Any], Client]


def test_the_clusters_page_says_what_a_pass_would_take(
    ready_cluster: Cluster, curator: Any, client_for: ClientFor
) -> None:
    page = client_for(curator).get(reverse("training:dashboard")).content.decode()
    assert "1 cluster can learn from 10 new pairs; that would take about 2 min" in " ".join(
        page.split()
    )


def test_clusters_that_cannot_learn_do_not_count(ready_cluster: Cluster) -> None:
    make_material(ClusterFactory(name="Few"), 3)
    make_material(ClusterFactory(name="Noise", is_noise=True), 12)
    found = next_pass(cluster_cards())
    assert (found.n_ready, found.n_clusters, found.n_new) == (1, 1, 10)
    assert next_pass([]).seconds == 0


def test_common_ground_takes_its_time_too(ready_cluster: Cluster, admin: Any) -> None:
    alone = next_pass(cluster_cards()).seconds
    make_material(ClusterFactory(name="Tips"))
    assert next_pass(cluster_cards()).seconds == pytest.approx(2 * alone)
    runtime_settings_change(values={"common_ground": True}, by=admin)
    assert next_pass(cluster_cards()).seconds == pytest.approx(2 * alone * (1 + TRAINING_SHARE))


def test_chosen_clusters_are_queued_together(
    ready_cluster: Cluster, admin: Any, curator: Any, client_for: ClientFor
) -> None:
    other = ClusterFactory(name="Tips")
    url, browser = reverse("training:retrain_some"), client_for(admin)
    body = {"cluster": [str(ready_cluster.pk), str(other.pk)]}
    assert client_for(curator).post(url, body).status_code == 404
    assert browser.post(url).status_code == 400
    assert browser.post(url, {"cluster": "x"}).status_code == 404
    browser.post(url, body)
    assert Job.objects.filter(kind="training.run").count() == 2
    assert "Retrain the chosen" in browser.get(reverse("training:dashboard")).content.decode()


def test_a_choice_with_noise_in_it_queues_nothing(
    ready_cluster: Cluster, admin: Any, client_for: ClientFor
) -> None:
    noise = ClusterFactory(is_noise=True)
    body = {"cluster": [str(ready_cluster.pk), str(noise.pk)]}
    assert client_for(admin).post(reverse("training:retrain_some"), body).status_code == 409
    assert not Job.objects.exists()
