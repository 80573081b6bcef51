"""Clusters are named by the words that set them apart."""

from __future__ import annotations

from curation.naming import name_clusters


def test_names_come_from_what_sets_clusters_apart() -> None:
    mails = [f"Write an email to my landlord about the heating {n}" for n in range(5)]
    sleep = [f"How do I sleep {how}" for how in ("deeper", "longer", "better", "well")]
    first, second = name_clusters([mails, sleep])
    assert "landlord" in first.lower()
    assert "sleep" in second.lower()


def test_names_are_distinct() -> None:
    assert name_clusters([["alpha beta"], ["alpha beta"]]) == ["Alpha, beta", "Alpha, beta (2)"]


def test_a_cluster_without_words_is_numbered() -> None:
    assert name_clusters([["12 34"], []]) == ["Cluster 1", "Cluster 2"]


def test_a_pasted_article_does_not_name_its_cluster() -> None:
    pasted = "Summarise the report. " + "x" * 600 + " zebra" * 50
    assert "zebra" not in name_clusters([[pasted]])[0].lower()
