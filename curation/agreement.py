"""How far curators agree, from the items that two of them judged blind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from curation.ml.agreement import cohen_kappa
from curation.models import Opinion

Verdicts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """Two curators (or all): ``n`` items judged by both, alike on ``n_agreed``.

    ``kappa`` is None where it is not defined; see :func:`curation.ml.agreement.cohen_kappa`.
    """

    who: str
    n: int
    n_agreed: int
    kappa: float | None

    @property
    def share(self) -> float | None:
        """The share of items judged alike, in [0, 1]."""
        return self.n_agreed / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over everybody, and for each two curators who judged the same items."""

    overall: AgreementLine
    pairs: list[AgreementLine] = field(default_factory=list)


def agreement(noun: str) -> Agreement:
    """The agreement on "rule" or "pair"; an item counts once both opinions are there.

    Overall, an item's first opinion is compared with its second; of two curators, the one's
    with the other's.
    """
    by_item: defaultdict[object, list[tuple[str, str]]] = defaultdict(list)
    rows = Opinion.objects.filter(**{f"{noun}__isnull": False}).order_by("at")
    for item, name, verdict in rows.values_list(noun, "by__username", "verdict"):
        by_item[item].append((name, verdict))
    both = [given for given in by_item.values() if len(given) == 2]
    of_two: defaultdict[str, Verdicts] = defaultdict(list)
    for given in both:
        (one, first), (other, second) = sorted(given)
        of_two[f"{one} · {other}"].append((first, second))
    return Agreement(
        overall=_line("", [(first[1], second[1]) for first, second in both]),
        pairs=[_line(who, verdicts) for who, verdicts in sorted(of_two.items())],
    )


def _line(who: str, verdicts: Sequence[tuple[str, str]]) -> AgreementLine:
    first, second = [one for one, _ in verdicts], [other for _, other in verdicts]
    n_agreed = sum(one == other for one, other in verdicts)
    return AgreementLine(who, len(verdicts), n_agreed, cohen_kappa(first, second))
