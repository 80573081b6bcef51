"""Clusters that should not train are found, with the reason."""

import pytest

from curation.ml.disagreement import rule_disagreement
from curation.ml.edit_style import ConsistencyConfig, Correction, corrections_consistency
from curation.ml.noise import ClusterEvidence, NoiseConfig, check_noise

SHORT, LONG = ["Keep the answer shorter."], ["Give a longer answer."]
REPLY = "one two three four five six seven eight nine ten"
SHORTER = Correction(REPLY, "one two three")
LONGER = Correction(REPLY, REPLY + " " + REPLY)


def evidence(**changes):
    values = {
        "rules": [SHORT] * 10,
        "groundings": [1.0] * 10,
        "user_ids": ["alice", "bob"] * 5,
        "corrections": [SHORTER] * 10,
        "is_flagged": [False] * 10,
        "kinds": [{"instruction": 1}] * 10,
        "distances": [0.5] * 10,
        "n_users": 2,
    }
    return ClusterEvidence(**values | changes)


def keys(config=None, **changes):
    return [reason.key for reason in check_noise(evidence(**changes), config).reasons]


def test_a_good_cluster_has_no_reasons():
    report = check_noise(evidence())
    assert report.reasons == ()
    assert not report.is_noisy


def test_disagreement_is_the_opposed_share_of_the_pairs_that_take_sides():
    # Opposed: 1–2, 2–3; agreed: 1–3; the fourth speaks of something else.
    found = rule_disagreement([SHORT, LONG, SHORT, ["Mention the price."]])
    assert found.share == pytest.approx(2 / 3)
    assert found.opposed == pytest.approx(2 / 6)


def test_the_same_rule_twice_is_agreement():
    price = ["Mention the price."]
    assert rule_disagreement([price, price, SHORT, LONG]).share == pytest.approx(1 / 2)


@pytest.mark.parametrize("rules", [[], [SHORT], [[], []], [SHORT, ["Mention the price."]]])
def test_nobody_disagrees_where_no_two_speak_of_the_same(rules):
    found = rule_disagreement(rules)
    assert (found.share, found.opposed) == (0.0, 0.0)


def test_several_small_disputes_add_up():
    disputes = [SHORT, LONG, ["Use emojis."], ["Avoid emojis."], SHORT, LONG]
    disputes += [["Write in upper case."], ["Write in lower case."]]
    # Opposed 4 + 1 + 1, agreed 2.
    assert rule_disagreement(disputes).share == pytest.approx(6 / 8)


def test_a_rare_dispute_in_a_large_cluster_is_no_noise():
    rules = [[f"Mention item number {i}."] for i in range(18)] + [SHORT, LONG]
    many = {"groundings": [1.0] * 20, "user_ids": ["a", "b"] * 10}
    assert rule_disagreement(rules).share == 1.0
    assert keys(rules=rules, **many) == []


def test_large_clusters_are_sampled():
    found = rule_disagreement([SHORT, SHORT, SHORT, LONG] * 400)
    assert found.share == pytest.approx(0.375, abs=0.05)


def test_one_dissident_in_eight_passes_and_two_do_not():
    few = {"groundings": [1.0] * 8, "user_ids": ["a", "b"] * 4}
    assert keys(rules=[SHORT] * 7 + [LONG], **few) == []  # 7 of 28 pairs: exactly .25
    assert keys(rules=[SHORT] * 6 + [LONG] * 2, **few) == ["rules_disagree"]


def test_too_few_entries_at_the_edge():
    assert keys(rules=[SHORT] * 8) == []
    assert keys(rules=[SHORT] * 7) == ["too_few_entries"]
    assert not check_noise(evidence(rules=[SHORT] * 7)).is_noisy
    assert finding("too_few_entries", n_entries=700).value == 700  # the others are not looked at


def test_low_grounding_at_the_edge():
    assert keys(groundings=[0.5] * 10) == []
    assert keys(groundings=[0.49] * 10) == ["low_grounding"]
    assert keys(groundings=[]) == []


def test_many_flagged_at_the_edge():
    assert keys(is_flagged=[True] * 5 + [False] * 5) == []
    assert keys(is_flagged=[True] * 6 + [False] * 4) == ["many_flagged"]


def finding(key, **changes):
    return next(f for f in check_noise(evidence(**changes)).findings if f.key == key)


def test_every_rule_tells_its_value_and_its_threshold():
    found = {f.key: (f.value, f.threshold) for f in check_noise(evidence()).findings}
    assert found == {
        "rules_disagree": (0.0, 0.25),
        "corrections_disagree": (1.0, 0.5),
        "low_grounding": (1.0, 0.5),
        "many_flagged": (0.0, 0.5),
        "beside_the_point": (0.0, 0.5),
        "single_user": (0.5, 0.9),
        "drift": (0.0, 0.05),
        "too_few_entries": (10, 8),
    }


def test_what_cannot_be_measured_has_no_value():
    nothing = {"groundings": [None] * 10, "corrections": [None] * 10, "kinds": [None] * 10}
    for key in ("low_grounding", "corrections_disagree", "beside_the_point"):
        assert finding(key, **nothing).value is None
        assert not finding(key, **nothing).is_found


def test_hostile_and_off_topic_words_at_the_edge():
    beside = [{"hostile": 2, "instruction": 1}, {"off_topic": 1}] * 3
    told = [{"instruction": 1}] * 5
    assert keys(kinds=beside[:5] + told) == []
    assert keys(kinds=beside[:6] + told[:4]) == ["beside_the_point"]
    # Half of what an entry says may be beside the point; silent entries do not count.
    assert finding("beside_the_point", kinds=[{"hostile": 1, "praise": 1}] * 10).value == 0.0
    silent = finding("beside_the_point", kinds=[{}] * 8 + [{"hostile": 1}, {"instruction": 2}])
    assert silent.value == 0.5
    assert silent.examples == (8,)


def test_drift_is_told_but_does_not_block():
    report = check_noise(evidence(drift=0.05, distances=[0.1, 0.9, None, 0.4] + [0.2] * 6))
    assert [reason.key for reason in report.reasons] == ["drift"]
    assert report.reasons[0].examples == (1, 3, 4)
    assert not report.is_noisy


def test_examples_show_what_was_found():
    first, second = finding("rules_disagree", rules=[SHORT] * 9 + [LONG]).examples
    assert (first, second < 9) == (9, True)
    groundings = [0.9, None, 0.1, 0.2, *[0.3] * 6]
    assert finding("low_grounding", groundings=groundings).examples == (2, 3, 4)
    assert finding("single_user", user_ids=["bob"] + ["alice"] * 9).examples == (1, 2, 3)
    corrections = [None, SHORTER, SHORTER, LONGER, *[SHORTER] * 6]
    assert finding("corrections_disagree", corrections=corrections).examples == (1, 3)
    flagged = [False, True] * 5
    assert finding("many_flagged", is_flagged=flagged).examples == (1, 3, 5)


def test_one_voice_is_told_but_does_not_block():
    report = check_noise(evidence(user_ids=["alice"] * 10))
    assert [reason.key for reason in report.reasons] == ["single_user"]
    assert not report.is_noisy
    assert keys(user_ids=["alice"] * 9 + ["bob"]) == []


def test_alone_in_a_deployment_nobody_dominates():
    assert keys(user_ids=["alice"] * 10, n_users=1) == []


def test_contradictory_corrections_block():
    report = check_noise(evidence(corrections=[SHORTER, LONGER] * 5))
    assert [reason.key for reason in report.reasons] == ["corrections_disagree"]
    assert "length" in report.reasons[0].text
    assert report.is_noisy


def test_consistency_by_hand():
    # 6 shorter, 2 longer: |6 − 2| / 8.
    consistency = corrections_consistency([SHORTER] * 6 + [LONGER] * 2)
    assert (consistency.value, consistency.weakest) == (0.5, "length")
    assert keys(corrections=[SHORTER] * 6 + [LONGER] * 2) == []
    assert keys(NoiseConfig(min_consistency=0.51), corrections=[SHORTER] * 6 + [LONGER] * 2) == [
        "corrections_disagree"
    ]


@pytest.mark.parametrize(
    ("one", "other", "axis"),
    [
        (Correction("Tell It", "tell it"), Correction("tell it", "TELL IT"), "capitals"),
        (
            Correction("a b c d e f", "a b c d e f 😀"),
            Correction("a b c d e f 😀", "a b c d e f"),
            "emojis",
        ),
        (Correction("a b c d", "- a b c d"), Correction("- a b c d", "a b c d"), "bullets"),
        (Correction("so!", "so."), Correction("so.", "so!"), "exclamation marks"),
        (Correction("**so** it", "so it"), Correction("so it", "**so** it"), "mark-up"),
    ],
)
def test_axes_along_which_corrections_may_disagree(one, other, axis):
    consistency = corrections_consistency([one, other] * 4)
    assert (consistency.value, consistency.weakest) == (0.0, axis)


def test_agreement_is_one():
    assert corrections_consistency([SHORTER] * 6).value == 1.0


def test_too_few_movements_tell_nothing():
    assert corrections_consistency([SHORTER, LONGER, SHORTER]).weakest is None
    assert corrections_consistency([]).value == 1.0
    unmoved = [Correction("a b c", "a b d")] * 20
    assert corrections_consistency([SHORTER, LONGER] * 2 + unmoved).weakest is None


def test_small_changes_of_length_do_not_count():
    slightly = Correction(REPLY, REPLY + " eleven twelve")
    assert corrections_consistency([slightly, SHORTER] * 4).value == 1.0
    sensitive = ConsistencyConfig(min_length_change=0.1)
    assert corrections_consistency([slightly, SHORTER] * 4, sensitive).value == 0.0
