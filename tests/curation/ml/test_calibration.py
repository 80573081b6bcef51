"""From evidence to a probability, fitted on one half and told on the other."""

from math import log

import pytest

from curation.ml.calibration import (
    IDENTITY_LOGIT,
    Calibration,
    calibrate,
    fit_calibration,
    measure,
)


def test_the_logistic_mapping_by_hand():
    # 2·x − 1 at x = .5 is 0: even odds; at x = (1 + ln 3)/2 the odds are 3 to 1.
    mapping = Calibration(2.0, -1.0)
    assert mapping(0.5) == 0.5
    assert mapping((1 + log(3)) / 2) == pytest.approx(0.75)


def test_unfitted_log_odds_are_a_softmax_over_two():
    assert IDENTITY_LOGIT(log(0.3) - log(0.1)) == pytest.approx(0.75)
    assert IDENTITY_LOGIT(0.0) == 0.5
    assert IDENTITY_LOGIT(-2000.0) == pytest.approx(0.0)
    assert IDENTITY_LOGIT(2000.0) == pytest.approx(1.0)


def test_a_symmetric_fit_turns_at_the_middle():
    # Two kinds mirrored about 3: the probability there is one half, whatever the steepness.
    mapping = fit_calibration([1.0, 2.0, 4.0, 5.0], [False, False, True, True])
    assert mapping(3.0) == pytest.approx(0.5, abs=1e-6)
    assert mapping(5.0) > mapping(4.0) > 0.5


def test_accuracy_and_curve_by_hand():
    # Evidence .9 .6 | .7 .2 at a turn of .5: three of four right; of the four (positive, negative)
    # pairs three are in order, since .6 < .7.
    report = measure(Calibration(1.0, -0.5), [0.9, 0.6, 0.7, 0.2], [True, True, False, False])
    assert (report.n_right, report.n, report.accuracy) == (3, 4, 0.75)
    assert report.auc == 0.75


def test_one_half_exactly_counts_as_covered():
    report = measure(Calibration(1.0, -0.5), [0.5, 0.4], [True, False])
    assert report.n_right == 2


def test_the_held_out_half_is_not_fitted_on_and_balanced():
    evidence = [float(i % 2) for i in range(40)]
    labels = [bool(i % 2) for i in range(40)]
    report = calibrate(evidence, labels, seed=3)
    assert (report.n, report.n_right, report.auc) == (20, 20, 1.0)
    assert report.interval.low == pytest.approx(20 / (20 + 1.959964**2), abs=1e-6)


def test_evidence_that_points_the_wrong_way_is_told():
    evidence = [1.0 - i % 2 for i in range(40)]
    assert not calibrate(evidence, [bool(i % 2) for i in range(40)]).is_upright


def test_it_survives_json():
    assert Calibration.from_dict(Calibration(1.5, -0.25).as_dict()) == Calibration(1.5, -0.25)


@pytest.mark.parametrize(
    ("evidence", "labels", "message"),
    [
        ([1.0, 2.0, 3.0], [True, True, False], "Two rows of each kind"),
        ([1.0, float("nan")] * 2, [True, False] * 2, "finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(evidence, labels, message):
    with pytest.raises(ValueError, match=message):
        fit_calibration(evidence, labels)


def test_every_label_needs_its_figure():
    with pytest.raises(ValueError, match="1 figures for 2 labels"):
        calibrate([1.0], [True, False])
