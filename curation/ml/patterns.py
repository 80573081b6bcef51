"""Wishes that users word in many ways, each brought to one affirmative rule.

A pattern that matches anywhere in a sentence speaks for the sentence: several may, as in "too
long, and drop the emojis". The rules use the feedback's own words or their plain counterparts,
so that they are grounded by construction.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = {word: number for number, word in enumerate(NUMBER_WORDS, start=1)} | {
    "a single": 1,
    "a couple of": 2,
}
UNITS = (
    r"sentences?|words?|paragraphs?|bullets?|bullet points?|tips?|lines?|points?|items?|ideas?"
    r"|steps?|options?|examples?|suggestions?|characters?|pages?"
)
COUNT = (
    rf"(?P<n>\d{{1,4}}|{'|'.join(NUMBERS)})(?: or (?P<more>{'|'.join(NUMBER_WORDS)}|\d{{1,3}}))?"
    rf"(?: (?!at\b|or\b)[a-z]+)? (?P<unit>{UNITS})\b"
)
CUT_TO = "|".join(
    rf"{verb}\b.{{0,30}}? (?:to|under|within)"
    for verb in ("limit", "keep", r"short\w*", "cut", "narrow", r"reduc\w+", "trim")
)
AT_MOST = (
    rf"\b(?:at (?:the )?most|(?:no|not) more than|max(?:imum)?(?: of)?|up to|under|less than"
    rf"|fewer than|only(?: want| need| give me)?|just|{CUT_TO}|down to|in|within|stop after"
    rf"|need(?: only)?)"
)
ENOUGH = (
    r"(?:at most|max(?:imum)?|tops|or less|or fewer|only|(?:is|are) enough|will do|suffice"
    r"|should do)"
)
QUOTE = r"(?P<quote>[\"“„`«][^\"”“`»\n]{1,60}[\"”“`»])"
FEW_WORDS = r"(?: [^\s\"“]+){0,4}?"
NO = (
    r"\b(?:no|without|avoid|drop|skip|remove|omit|lose|fewer|less|leave (?:out|off|away)"
    r"|(?:take|cut) out|stop (?:using|adding|with)|no need for|too (?:much|many)"
    r"|do(?:n'?t| not) (?:use|add|put|include|want|need))"
)
LANGUAGES = (
    "English|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Russian|Turkish|Arabic|Chinese"
    "|Japanese|Korean|Hindi|Swedish|Danish|Norwegian|Finnish|Greek|Czech|Ukrainian|Latin"
)
SOURCE = r"(?:article|text|source(?: text)?|passage|original(?: text| article)?)"
SAYS = r"(?:say|mention|name|state|contain|indicate|specify|include|tell|give|report)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """``expression`` anywhere in the sentence gives ``rule``: a text, or made from the match."""

    expression: re.Pattern[str]
    rule: str | Callable[[re.Match[str]], str]

    def apply(self, sentence: str) -> str | None:
        """The rule, where the pattern matches."""
        match = self.expression.search(sentence)
        if match is None:
            return None
        return self.rule if isinstance(self.rule, str) else self.rule(match)


def _pattern(expression: str, rule: str | Callable[[re.Match[str]], str]) -> Pattern:
    return Pattern(re.compile(expression, re.IGNORECASE), rule)


def _quoting(expression: str, wording: str) -> Pattern:
    """A rule that repeats what the user quoted."""
    return _pattern(expression, lambda match: f'{wording} "{match["quote"][1:-1].strip()}".')


def _counting(expression: str, wording: str) -> Pattern:
    """A rule that repeats the number and the unit."""
    return _pattern(expression, lambda match: f"{wording} {_counted(match)}.")


def _counted(match: re.Match[str]) -> str:
    n, unit = _number(match), match["unit"].lower().removesuffix("s")
    return f"{n} {unit}{'' if n == 1 else 's'}"


def _number(match: re.Match[str]) -> int:
    """The number named; of "one or two" the larger."""
    words = [word.lower() for word in (match["n"], match["more"]) if word]
    return max(int(word) if word.isdigit() else NUMBERS[word] for word in words)


def _marker(match: re.Match[str]) -> str:
    return f'Use bullets that start with "{match["mark"]} ".'


COUNTS = (
    _counting(rf"\bat least {COUNT}", "Give at least"),
    _counting(rf"{AT_MOST}(?: the)? {COUNT}", "Use at most"),
    _counting(rf"\b{COUNT},? {ENOUGH}", "Use at most"),
)
QUOTES = (
    _quoting(
        rf"\b(?:don'?t|do not|never|stop|avoid) (?:begin|start|open|greet)\w*\b{FEW_WORDS} {QUOTE}",
        "Avoid beginning with",
    ),
    _quoting(rf"\byou (?:began|started|opened) (?:again )?with {QUOTE}", "Avoid beginning with"),
    _pattern(
        r"\b(?:bullets?|each line|every line|tip)\b[^\"“]{0,30}[\"“`](?P<mark>[-*•–])\s*[\"”`]",
        _marker,
    ),
    _pattern(r"[\"“`](?P<mark>[-*•–])\s*[\"”`] bullet", _marker),
    _quoting(
        rf"\b(?:begin|start|open|greet)\w*\b{FEW_WORDS} with (?:just |only )?{QUOTE}", "Begin with"
    ),
    _quoting(rf"\b(?:first line|greeting|opening)\b[^\"“]{{0,20}}{QUOTE}", "Begin with"),
    _quoting(rf"{QUOTE} as (?:the|a|my) (?:greeting|opening)", "Begin with"),
    _quoting(rf"\b(?:end|finish|close|sign)\b{FEW_WORDS}(?: (?:off )?with|:)? {QUOTE}", "End with"),
    _quoting(rf"\b(?:last line|closing|sign-?off|signature)\b[^\"“]{{0,20}}{QUOTE}", "End with"),
    _quoting(rf"{QUOTE} as (?:the|a|my) (?:sign-?off|closing|signature)", "End with"),
)
FORMATS = (
    _pattern(
        r"\b(?:bullets?|list|tips?|line)\b.*\bdash(?:es)?\b|\bdashes\b",
        'Use bullets that start with "- ".',
    ),
    _pattern(rf"{NO} (?:\w+ )?bullets?\b", "Avoid bullet points."),
    _pattern(
        r"\b(?:use|want|as|in|with|into|prefer|like|give me|need)\b[^.]*\bbullets?\b"
        r"|^bullet points\b|^bullets\b",
        "Use bullet points.",
    ),
    _pattern(r"\bnumber(?:ed)? (?:list|the steps|them)\b", "Use a numbered list."),
    _pattern(
        r"\b(?:in|use|all|only|just|be|keep(?: \w+){0,2}) lower ?-?case\b|^lower ?-?case\b"
        r"|\bsmall letters\b|\bno (?:capitals?|upper ?case|caps)\b",
        "Write in lower case.",
    ),
    _pattern(
        r"\b(?:in|use|all|only|just|be|keep(?: \w+){0,2}) upper ?-?case\b|\ball caps\b"
        r"|\b(?:in|use) capital(?:s\b| letters\b)",
        "Write in upper case.",
    ),
    _pattern(rf"{NO} (?:\w+ ){{0,3}}?emojis?\b", "Avoid emojis."),
    _pattern(
        r"\b(?:add|use|with|put in|include|needs?|want|more|some)\b[^.]{0,20}\bemojis?\b",
        "Use emojis.",
    ),
    _pattern(rf"{NO} (?:\w+ ){{0,5}}?exclamation marks?\b", "Avoid exclamation marks."),
    _pattern(
        rf"{NO} (?:the |an |any |that )?(?:intro(?:duction)?|preamble)\b",
        "Start directly, without an introduction.",
    ),
    _pattern(r"\bto the point\b", "Get to the point."),
    _pattern(rf"{NO} (?:the |that |a |any )?subject lines?\b", "Leave out the subject line."),
    _pattern(rf"{NO} (?:the )?headings?\b", "Avoid headings."),
    _pattern(
        rf"{NO} (?:the )?(?:markdown|bold(?: text)?)\b", "Write in plain text, without markdown."
    ),
    _pattern(
        r"^(?!.*\byou (?:answered|wrote|replied|spoke)\b)"
        r"(?:.*\b(?:answer|reply|respond|write|be|it|all|speak|text|summary) )?"
        rf"in(?:to)? (?P<language>{LANGUAGES})\b"
        r"(?=\s*(?:$|[.,!?]|please|pls|next|from|instead|only))",
        lambda match: f"Answer in {match['language'].title()}.",
    ),
)
STYLES = (
    _pattern(
        r"\btoo (?:\w+ )?(?:long|wordy|verbose|lengthy)\b|\btl;?\s?dr\b|\bshort(?:er|en\w*)\b"
        r"|\bbriefer\b|\b(?:more|be) (?:concise|brief)\b|\btoo many words\b|\bcut the fluff\b"
        r"|\b(?:trim|cut) (?:it|this|that) (?:down|back)\b|\bwordy\b",
        "Keep the answer shorter.",
    ),
    _pattern(
        r"\b(?:too|a bit|rather|(?:is|was|'s) very) (?:short|brief)\b"
        r"|\b(?:longer|lengthier|write more)\b",
        "Give a longer answer.",
    ),
    _pattern(
        r"\btoo (?:vague|generic|general|unspecific)\b|\b(?:be|more) (?:specific|concrete)\b",
        "Be more specific.",
    ),
    _pattern(
        r"\b(?:more|go into|in more|further) (?:\w+ )?details?\b(?! on| about)|\bmore detailed\b",
        "Go into more detail.",
    ),
    _pattern(
        r"\btoo (?:complicated|complex|technical|difficult|hard)\b|\bjargon\b|\beli5\b"
        r"|\bbig words\b|\b(?:simpler|plain|easier) (?:words|english|terms|language)\b",
        "Use plain, simple words.",
    ),
    _pattern(r"\b(?:more|be) formal\b|\btoo (?:casual|informal)\b", "Use a more formal tone."),
    _pattern(
        r"\b(?:(?:way )?too formal|less formal|too stiff|more casual)\b", "Use a less formal tone."
    ),
    _pattern(
        r"\brobotic\b|\b(?:like|as|of) an? robot\b|\blike a human\b"
        r"|\bsounds? like an? (?:ad|advert)\b",
        "Write in a natural, human tone.",
    ),
    _pattern(
        r"\b(?:friendlier|more friendly|nicer)\b|\btoo (?:cold|harsh)\b|\bthat'?s rude\b",
        "Use a friendlier tone.",
    ),
    _pattern(r"\bstep[- ]by[- ]step\b", "Explain it step by step."),
    _pattern(
        r"\b(?:cite|include|add|no|give|want|need|without|single) (?:a )?(?:your |single )?"
        r"(?:sources|references|citations|source)\b(?! for)",
        "Cite the sources.",
    ),
    _pattern(
        rf"\bmade \S+(?: \S+)? up\b|\bmade[- ]up\b|\bma(?:kes?|de) up\b|\binvent(?:s|ed)\b"
        rf"|\bhallucinat\w+|\b{SOURCE} (?:does(?:n'?t| not)|never|did(?:n'?t| not)) {SAYS}"
        rf"|\bnot? (?:actually )?(?:mention\w*|stated|named|in|found|part of|said)(?: \w+)?"
        rf"(?: in| by| of)? the (?:source|article|text|passage|original)",
        "State only what the source says.",
    ),
    _pattern(
        r"\brepeat(?:ing|ed|s)? (?:yourself|the same)\b|\bstop repeating\b",
        "Say each thing only once.",
    ),
    _pattern(
        r"(?:\bnot|n'?t) (?:what i (?:asked|wanted|was (?:asking|looking))"
        r"|answer(?:ed|ing)? (?:my|the) question(?! about)|answer me)\b",
        "Answer the question that was asked.",
    ),
)
SPECIFIC_OVER_GENERAL = (
    ("Use bullets that start with", "Use bullet points."),
    ("Use at most", "Keep the answer shorter."),
    ("Give at least", "Give a longer answer."),
    ("Avoid emojis.", "Use emojis."),
    ("Avoid bullet points.", "Use bullet points."),
)
"""A rule that begins like the first says what the second says, and more (or denies it)."""


def matched_rules(sentence: str) -> list[str]:
    """The rules that known wordings in the sentence stand for, in order, without repeats.

    Of what is quoted and of what is counted only the first pattern speaks.
    """
    rules: list[str] = []
    for group in (QUOTES, COUNTS):
        rules.extend([rule for pattern in group if (rule := pattern.apply(sentence))][:1])
    rules.extend(rule for pattern in (*FORMATS, *STYLES) if (rule := pattern.apply(sentence)))
    return drop_general(list(dict.fromkeys(rules)))


def drop_general(rules: list[str]) -> list[str]:
    """Without the rules that a more specific one among them covers."""
    covered = {
        general
        for specific, general in SPECIFIC_OVER_GENERAL
        if any(rule.startswith(specific) for rule in rules)
    }
    return [rule for rule in rules if rule not in covered]
