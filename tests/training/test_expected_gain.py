"""What to expect of a retrain: what runs of about the same size brought before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import UserFactory
from training.expected_gain import PastRun, expected_gain, past_runs
from training.models import AdapterKind, TrainingRun, Verification
from training.templatetags.training_extras import interval


def test_runs_of_half_to_twice_the_size_speak() -> None:
    past = [PastRun(9, 0.1, False), PastRun(10, 0.6, True), PastRun(40, 0.8, True)]
    past += [PastRun(20, 0.4, False), PastRun(41, 1.0, True)]
    gain = expected_gain(20, past)
    assert gain is not None
    assert (gain.n_runs, gain.n_accepted) == (3, 2)
    assert gain.win_rate.mean == pytest.approx(0.6)
    assert gain.win_rate.low <= 0.6 <= gain.win_rate.high


def test_without_such_runs_nothing_is_promised() -> None:
    assert expected_gain(20, [PastRun(5, 0.9, True)]) is None
    assert expected_gain(20, []) is None


@pytest.mark.django_db
def test_personal_runs_and_unmeasured_ones_say_nothing_of_clusters() -> None:
    def verified(win_rate: float | None, **run: Any) -> None:
        values = {"kind": AdapterKind.EXPERT, "cluster_name": "Rain", "n_train": 8, **run}
        Verification.objects.create(
            run=TrainingRun.objects.create(n_validation=2, **values),
            judge="reference",
            threshold=0.53,
            win_rate=win_rate,
            is_accepted=bool(win_rate and win_rate > 0.53),
        )

    verified(0.7)
    verified(None)
    verified(0.9, owner_key=UserFactory().pk, kind=AdapterKind.HINDSIGHT)
    assert past_runs() == [PastRun(10, 0.7, True)]


def test_one_run_draws_no_interval() -> None:
    gain = expected_gain(24, [PastRun(24, 1.0, True)])
    assert gain is not None
    assert interval(gain.win_rate.as_json()) == "1.00"
    assert interval(expected_gain(24, [PastRun(24, 1.0, True)] * 2).win_rate.as_json()) != "1.00"
