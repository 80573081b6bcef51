"""A sentence of feedback becomes affirmative, actionable rules (UNO §1).

"Do X", not "don't do Y": what is unwanted becomes "Avoid …", what is missing becomes "Include …",
and a plain statement of fact is kept as a correction to take into account.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from curation.ml.classifier import SentenceKind
from curation.ml.grounding import content_stems, is_degenerate
from curation.ml.patterns import drop_general, matched_rules
from curation.ml.wording import from_gerund, gerund, infinitive, strip_padding, tidy

MAX_RULE_CHARS = 300
"""Longer sentences tell a story; a rule made of one would not be actionable."""

VERBS = (
    "add|address|adjust|answer|ask|base|begin|break|change|check|cite|combine|compare|convert"
    "|count|cover|cut|delete|describe|do|double-check|drop|elaborate|end|ensure|expand|explain"
    "|finish|fix|focus|follow|format|get|give|go|handle|include|initiali[sz]e|introduce|keep|lead"
    "|leave|limit|link|list|make|mention|mind|modify|move|name|narrow|number|open|order|point|print"
    "|provide|put|quote|rank|read|redo|remove|rename|repeat|rephrase|replace|reply|return|rewrite"
    "|round|say|set|shorten|show|sign|simplify|skip|sort|sound|spell|start|state|stick|structure"
    "|suggest|summari[sz]e|swap|take|tell|translate|trim|try|turn|update|use|verify|wrap|write"
)
AND_VERB = re.compile(rf",?\s+and (?:then )?(?:please )?(?=(?:{VERBS})\b)", re.IGNORECASE)
IMPERATIVE = re.compile(rf"^(?:(?:always|only|also|just) )?(?:{VERBS}|be|have)\b", re.IGNORECASE)
NORM = re.compile(r"\b(?:should|must|has to|have to|needs? to)\b", re.IGNORECASE)
PREPOSITION = re.compile(r"^(?:as|in|with|without|under|for|from|into|like)\b", re.IGNORECASE)
ADJECTIVE = re.compile(r"^\w+(?:ic|al|ive|ous|ful|y|ed|ing|ent|ant|ble)\b", re.IGNORECASE)
SUBJECT = (
    r"(?:you|it|u|the (?:answer|reply|summary|recipe|code|function|list|mail|e-?mail|poem|story))"
)
GOES_WITHOUT_SAYING = frozenset(
    content_stems(
        """wrong incorrect right true false correct bad better good nice worse poor awful terrible
        help helpful unhelpful useless confusing looking asked sense work works mistake mistakes
        error errors think doubt hear sound like hmm nope quite wanted almost nearly"""
    )
)
"""A complaint of these words alone says that something is wrong and nothing about what."""

Transform = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def to_rules(sentence: str, kind: SentenceKind = "instruction") -> list[str]:
    """The rules that one sentence of feedback states; none where it has no content.

    Parameters
    ----------
    sentence
        One sentence as :func:`~curation.ml.sentences.split_sentences` gives it.
    kind
        ``instruction`` or ``correction``; other kinds give no rules.
    """
    if kind not in ("instruction", "correction"):
        return []
    rules: list[str] = []
    for clause in AND_VERB.split(sentence):
        rules.extend(matched_rules(clause) or _generic_rules(clause, kind))
    kept = [rule for rule in dict.fromkeys(rules) if len(rule) <= MAX_RULE_CHARS]
    return drop_general(kept)


def _generic_rules(clause: str, kind: SentenceKind) -> list[str]:
    wish = strip_padding(clause).rstrip(" ,;:.!?…")
    for expression, make in TRANSFORMS:
        if match := expression.search(wish):
            return _keep(make(match))
    wish = base_form_first(wish)
    if content_stems(wish) <= GOES_WITHOUT_SAYING and not IMPERATIVE.match(wish):
        return []
    if IMPERATIVE.match(wish) or (kind == "instruction" and NORM.search(wish)):
        return _keep(wish)
    if kind == "instruction" and PREPOSITION.match(wish):
        return _keep(f"Write it {_lower_article(wish)}")
    if clause.rstrip().endswith("?"):  # asks for something new, whatever it was taken for
        return []
    return _keep(f"Take this correction into account: {clause.strip()}")


def _keep(rule: str) -> list[str]:
    text = tidy(rule)
    return [] if not text or is_degenerate(text) else [text]


def base_form_first(wish: str) -> str:
    """A wish that padding left in a past form, as an imperative: "explained why" → "explain"."""
    first, _, rest = wish.removeprefix("have ").partition(" ")
    verb = infinitive(first)
    return f"{verb} {rest}" if verb != first.lower() else wish


def _avoid(match: re.Match[str]) -> str:
    verb, rest = match["verb"].lower(), match["rest"].strip()
    if verb in {"use", "using", "include", "including", "add", "adding", "put", "putting"} and rest:
        return f"Avoid {_without_amount(rest)}"
    is_gerund = verb.endswith("ing") and verb not in {"bring", "sing", "ring"}
    return f"Avoid {verb if is_gerund else gerund(verb)} {rest}"


def _without_amount(rest: str) -> str:
    return re.sub(r"^(?:so much|so many|that much|that many|too much|too many|any|the) ", "", rest)


def _include(match: re.Match[str]) -> str:
    what = match["what"].strip()
    if action := re.match(r"to (?P<action>[a-z-]+\b.*)", what, re.IGNORECASE):
        return action["action"]
    if re.match(r"(?:that|what) ", what, re.IGNORECASE):
        return f"Take into account {_third_person(what)}"
    return f"Include {_lower_article(re.sub('^(?:a|any) single ', 'a ', what))}"


def _lower_article(what: str) -> str:
    """Without the capital that a sentence gave to its first, ordinary word."""
    what = re.sub(r"^any ", "", what.strip(), flags=re.IGNORECASE)
    ordinary = r"^(?:the|a|an|my|your|this|that|these|those|as|in|with|without|under|for|from)\b"
    return what[:1].lower() + what[1:] if re.match(ordinary, what, re.IGNORECASE) else what


def _third_person(text: str) -> str:
    """First person to third: "that I'm allergic" → "that the user is allergic"."""
    shifts = (
        (r"\bI'm\b|\bI am\b", "the user is"),
        (r"\bI have\b|\bI've\b", "the user has"),
        (r"\bI told you\b|\bI wrote\b|\bI said\b", "the user said"),
        (r"\bmy\b", "the user's"),
        (r"\bI\b", "the user"),
    )
    for expression, replacement in shifts:
        text = re.sub(expression, replacement, text, flags=re.IGNORECASE)
    return text


def _give(match: re.Match[str]) -> str:
    what = match["what"].strip()
    if re.fullmatch(r"it|this|that|them|one|so", what, re.IGNORECASE):
        return ""
    if re.match(r"(?:it|this|that|them) ", what, re.IGNORECASE):
        return f"Write {what}"
    if action := re.match(r"(?:you )?to (?P<action>.*)", what, re.IGNORECASE):
        # "I'd like to dedicate myself to it" is the user's own plan.
        return action["action"] if IMPERATIVE.match(action["action"]) else ""
    return f"Give {what}"


def _less(match: re.Match[str]) -> str:
    verb = "Be" if ADJECTIVE.match(match["what"]) else "Use"
    return f"{verb} {match['how'].lower()} {match['what']}"


def _words(prefix: str) -> Callable[[re.Match[str]], str]:
    return lambda match: f"{prefix} {_lower_article(match['what'])}"


def _explain(match: re.Match[str]) -> str:
    what = _lower_article(match["what"])
    return "" if what.lower() in {"it", "this", "that"} else f"Explain {what} more clearly"


def _nothing(match: re.Match[str]) -> str:
    """A proposal for the conversation, not for the answer."""
    return ""


def _done(match: re.Match[str]) -> str:
    return f"{from_gerund(match['verb'])} {match['rest'].strip()}"


def _do(match: re.Match[str]) -> str:
    return f"{infinitive(match['verb'])} {_lower_article(match['rest'])}"


def _transform(expression: str, make: Callable[[re.Match[str]], str]) -> Transform:
    return re.compile(expression, re.IGNORECASE), make


TRANSFORMS: tuple[Transform, ...] = (
    _transform(r"^let'?s\b", _nothing),
    _transform(r"^would you mind (?P<verb>[a-z]+ing)\b(?P<rest>.*)", _done),
    _transform(
        r"^(?:(?:you |u )?do(?:n'?t| not) (?:need|have)|(?:there(?:'s| is) )?no need) to"
        r" (?P<verb>[a-z]+)\b(?P<rest>.*)",
        _avoid,
    ),
    _transform(
        r"^(?:(?:you |u )?(?:should|must) ?(?:not|n'?t)|don'?t|do not|never|avoid|stop|quit"
        r"|no more|refrain from)(?: ever| always| just)? (?P<verb>[a-z]+)\b(?P<rest>.*)",
        _avoid,
    ),
    _transform(
        r"^(?:no need for|no more|no(?! (?:it|that|this))|without) (?P<what>.+)", _words("Avoid")
    ),
    _transform(
        r"\b(?:fix|correct|solv|resolv|address)\w*(?: this| that| it)? by (?P<verb>[a-z]+ing)\b"
        r"(?P<rest>.+)",
        _done,
    ),
    _transform(
        rf"\b(?:solution|fix|remedy) is to (?P<action>(?:{VERBS}|be|have)\b.+)",
        lambda match: match["action"],
    ),
    _transform(r"^(?P<how>less|fewer) (?P<what>.+)", _less),
    _transform(r"^(?P<what>(?:more|another) .+)", _words("Give")),
    _transform(
        r"\b(?:you|u)(?: have|'ve)? (?:(?:completely|totally|again|also) )?(?:forgot|forgotten"
        r"|missed|left out|skipped|omitted|overlooked|neglected)(?: about)? (?P<what>.+)",
        _include,
    ),
    _transform(
        rf"\b(?!it\b){SUBJECT} (?:did(?:n'?t| not)|do(?:es)?(?:n'?t| not)|never|fail(?:s|ed) to"
        r"|ha(?:s|ve)(?:n'?t| not)) (?P<verb>mention\w*|say|explain\w*|include\w*|give|given"
        r"|answer\w*|add|list|provide|describe|cover|address|handle|name|state|tell|show)\b"
        r"(?P<rest>.+)",
        _do,
    ),
    _transform(
        rf"\b{SUBJECT} (?:is |are |'?s |'?re )?(?:lacks?|missing|misses|leaves out|lacking)"
        r" (?P<what>.+)",
        _include,
    ),
    _transform(
        r"^(?:there(?:'s| is| are|'re)|you gave|it has) no (?P<what>[^,]+)",
        lambda match: f"Include {match['what']}",
    ),
    _transform(r"^(?P<what>(?:the|a|an|my) .+?) (?:is|are) missing\b", _words("Include")),
    _transform(
        r"\bi (?:do(?:n'?t| not)|can(?:'?t|not)) (?:understand|get|follow) (?P<what>.+)",
        _explain,
    ),
    _transform(
        r"^(?P<what>.+?) (?:is|was) (?:hard to understand|unclear|not clear|confusing)\b",
        _explain,
    ),
    _transform(
        rf"\b{SUBJECT} ignored? (?P<what>.+)",
        lambda match: f"Take into account {_third_person(match['what'])}",
    ),
    _transform(
        r"^(?:as )?i(?:'ve| have)? (?:already )?(?:said|told you|mentioned|wrote)"
        r"(?: above| before)?(?: that)?,? (?P<what>.+)",
        _words("Take into account:"),
    ),
    _transform(
        r"\bi (?:asked for|was asking (?:for|about)|meant|was talking about) (?P<what>.+)",
        _words("Take into account what was asked for:"),
    ),
    _transform(
        r"^(?:it|the (?:answer|text|reply|summary|code)) (?:needs?|requires?|could use) (?!to\b)"
        r"(?P<what>.+)",
        _words("Include"),
    ),
    _transform(
        r"\bi(?: would|'d| only| just)* (?:want(?:ed)?|need(?:ed)?|prefer(?:red)?|rather have"
        r"|(?<=would )like|(?<='d )like) (?:to (?:see|have|read|know) )?(?P<what>.+)",
        _give,
    ),
)
"""Tried in order; the first that matches speaks."""
