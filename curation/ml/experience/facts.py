"""Facts that a correction states: what the user says is so, in a sentence that stands alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curation.ml.grounding import WORD, content_stems, is_degenerate
from curation.ml.imperatives import IMPERATIVE, base_form_first
from curation.ml.sentences import split_sentences, whole_sentences
from curation.ml.wording import strip_padding

MIN_WORDS, MAX_WORDS = 3, 45
MAX_FACTS = 3

OPENING = re.compile(
    r"^(?:(?:no|nope|nah|wrong|incorrect|false|sorry|well|hm+|actually|in fact|correction|not quite"
    r"|not really|not true|almost|nearly|you're wrong|you are wrong|you're mistaken|that's (?:wrong"
    r"|not (?:right|true|correct|it)|incorrect|false)|that is (?:wrong|not (?:right|true|correct)"
    r"|incorrect|false)|this is (?:wrong|incorrect)|(?:i think|i believe|as far as i know"
    r"|the truth is"
    r"|the correct answer is that|the right answer is that|nein|falsch|stimmt nicht|eigentlich"
    r"|tatsächlich)(?= ))[\s,.;:!—–-]+|(?:不对|不是|错了|其实)[，,。：:\s]*)+",
    re.IGNORECASE,
)
STATES = re.compile(
    r"\b(?:is|are|was|were|may|isn't|aren't|has|have|had|does|do|did|can|cannot|can't|will|won't|must"
    r"|needs?"
    r"|takes?|costs?|uses?|runs?|starts?|ends?|opens?|closes?|lies|stands?|means?|contains?"
    r"|holds?|comes?|goes"
    r"|gets?|lasts?|requires?|allows?|belongs?|reports?|happens?|begins?|works?|weighs?|ships?"
    r"|expires?|owns?|sits"
    r"|lives?|equals?|counts?|consists?|ist|sind|war|waren|hat|haben|kostet|liegt|dauert|gilt"
    r"|\w+ed|\w+s)\b"
    r"|是|为|在|有|需要",
    re.IGNORECASE,
)
DEICTIC = re.compile(
    r"^(?:it|this|that|these|those|they|he|she|here|there|which|es|das|dies|er|sie|它|这|那)\b(?:'s)?",
    re.IGNORECASE,
)
ABOUT_ANSWER = re.compile(
    r"\b(?:your|this|that|the) (?:answer|reply|response|summary|text|list|code|explanation"
    r"|example)s?\b"
    r"|\byou (?:said|wrote|forgot|missed|should|could|didn't|did not|gave|ignored)\b|\bi (?:asked"
    r"|meant"
    r"|want|wanted|need|said|don't|do not|would|prefer)\b|\bplease\b|\b(?:is|are) enough\W*$",
    re.IGNORECASE,
)
VERDICT = re.compile(
    r"^(?:it|this|that)(?:'s| is| was) (?:way |much |far |really |just |so |very )*"
    r"(?:too\b|the (?:worst|best)|terrible|awful|horrible|bad|good|great|nice|perfect|useless"
    r"|nonsense|rubbish|boring|stupid)\b",
    re.IGNORECASE,
)
TABLE_ROW = re.compile(r"^\s*\|.*\|\W*$")


def facts_said(query: str, sayings: Sequence[str]) -> list[str]:
    """What a user stated after a reply: "No, the capital is Canberra." → "The capital is Canberra."

    Parameters
    ----------
    query
        What was asked. A fact must share a content word with it, or refer back to it ("It is
        every 14 weeks"), in which case the question is put before it.
    sayings
        Follow-ups and comments, in order.

    Returns
    -------
    At most :data:`MAX_FACTS`, each a sentence with a full stop. Orders, questions and verdicts
    on the answer are no facts.
    """
    found = [
        fact
        for saying in sayings
        for sentence in split_sentences(saying)
        if (fact := _fact(query, sentence))
    ]
    return list(dict.fromkeys(found))[:MAX_FACTS]


def facts_corrected(query: str, reply: str, corrected: str) -> list[str]:
    """What a user's edited answer states and the reply did not say.

    Sentences that differ from every sentence of the reply in a content word, and are about what
    was asked.
    """
    known = [content_stems(sentence) for sentence in whole_sentences(reply)]
    topic = content_stems(query) | set().union(*known)
    found = []
    for sentence in whole_sentences(corrected):
        stems = content_stems(sentence)
        is_new = all(stems - other for other in known)
        if is_new and stems & topic and _is_statement(sentence) and not DEICTIC.match(sentence):
            found.append(_sentence(sentence))
    return list(dict.fromkeys(found))[:MAX_FACTS]


def _fact(query: str, sentence: str) -> str:
    stated = OPENING.sub("", sentence.strip()).strip()
    is_judgement = ABOUT_ANSWER.search(stated) or VERDICT.match(stated)
    if not _is_statement(stated) or is_judgement:
        return ""
    if match := DEICTIC.match(stated):
        is_answer = bool(content_stems(stated[match.end() :]))
        return f"{_question(query)} {_sentence(stated)}" if is_answer and query.strip() else ""
    return _sentence(stated) if content_stems(stated) & content_stems(query) else ""


def _question(query: str) -> str:
    """The question that a statement refers back to: its last sentence."""
    sentences = whole_sentences(query)
    return sentences[-1].strip() if sentences else ""


def _is_statement(text: str) -> bool:
    n_words = len(WORD.findall(text))
    is_sized = MIN_WORDS <= n_words <= MAX_WORDS or (
        n_words and re.search(r"[\u4e00-\u9fff]{4}", text)
    )
    is_other = text.rstrip().endswith("?") or TABLE_ROW.match(text)
    if not is_sized or is_other or is_degenerate(text):
        return False
    wish = base_form_first(strip_padding(text))
    return bool(STATES.search(text)) and not IMPERATIVE.match(wish)


def _sentence(text: str) -> str:
    """With a capital and a full stop; a statement's own quotation stays as it is."""
    text = " ".join(text.split()).rstrip(" ,;:!.…。！")
    end = "。" if re.search(r"[\u4e00-\u9fff]$", text) else "."
    return f"{text[:1].upper()}{text[1:]}{end}"
