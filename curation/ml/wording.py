"""English wording: gerunds and infinitives, polite padding taken off, a rule put in order."""

from __future__ import annotations

import re

LEAD_INS = re.compile(
    r"^(?:(?:(?:no|nope|yes|ok|okay|great|nice|thanks|thank you|good|fine|cool|nearly|almost|sorry"
    r"|hi|hey|perfect|too \w+)[,:!.]+"
    r"|(?:well|so|hmm+|hm|ah|oh|and|also|again|actually|but|then|maybe|perhaps|just|simply|please"
    r"|pls|plz|kindly|next time|from now on|in (?:the )?future|for next time|i think|i guess"
    r"|i feel like|in my opinion|imo|to (?:fix|correct|solve) (?:this|that|it))\b[,:!.]*)"
    r"\s+)+(?=\S)",
    re.IGNORECASE,
)
REQUESTS = re.compile(
    r"^(?:(?:can|could|would|will) (?:you|u)(?: please| pls| kindly| maybe| also| just)*"
    r"|(?:i(?:'d| would) (?:like|prefer|want|love)|i (?:want|need)) (?:you|it) to"
    r"|(?:you|u|we) (?:should|must|need to|have to|ought to|can|could|might want to)"
    r"(?: also| just| always| rather)*"
    r"|try to|remember to|make sure (?:to|you|that you)|be sure to|feel free to"
    r"|don'?t forget to|do not forget to"
    r"|it(?:'d| would) be (?:nice|great|better|good|helpful)"
    r"(?: to| if you(?: could| would| also)*)?"
    r")\s+",
    re.IGNORECASE,
)
TRAILERS = re.compile(
    r"[\s,]*(?:\b(?:please|pls|plz|thanks|thank you|thx|ty|cheers|next time|from now on|ok|okay"
    r"|if possible|if you can|this time|instead|as i said|as i told you|by the way|btw"
    r"|would (?:help|be (?:nice|good|great|better|helpful))))+[.!?\s]*$",
    re.IGNORECASE,
)
VOWELS = "aeiou"
IRREGULAR_GERUNDS = {"be": "being", "lie": "lying", "die": "dying", "tie": "tying"}
IRREGULAR_INFINITIVES = {
    "gave": "give",
    "given": "give",
    "wrote": "write",
    "written": "write",
    "said": "say",
    "told": "tell",
    "made": "make",
    "kept": "keep",
    "put": "put",
    "began": "begin",
    "left": "leave",
    "took": "take",
    "showed": "show",
    "shown": "show",
    "had": "have",
    "was": "be",
    "were": "be",
    "used": "use",
    "included": "include",
    "explained": "explain",
    "mentioned": "mention",
    "added": "add",
    "asked": "ask",
    "listed": "list",
    "started": "start",
    "ended": "end",
    "answered": "answer",
    "described": "describe",
    "stated": "state",
    "provided": "provide",
    "named": "name",
    "checked": "check",
    "focused": "focus",
    "signed": "sign",
}


def strip_padding(sentence: str) -> str:
    """The wish itself: without lead-ins, "could you", "please", "thanks"."""
    text, previous = sentence.strip(), ""
    while text != previous:
        previous = text
        text = TRAILERS.sub("", REQUESTS.sub("", LEAD_INS.sub("", text))).strip()
    return text or sentence.strip()


def gerund(verb: str) -> str:
    """The -ing form: use → using, put → putting, begin → beginning."""
    lower = verb.lower()
    if lower in IRREGULAR_GERUNDS:
        return IRREGULAR_GERUNDS[lower]
    if lower.endswith("e") and not lower.endswith(("ee", "ye", "oe")):
        return lower[:-1] + "ing"
    if _doubles(lower):
        return lower + lower[-1] + "ing"
    return lower + "ing"


def infinitive(verb: str) -> str:
    """The base form of a past form or participle that feedback commonly uses; others stay."""
    return IRREGULAR_INFINITIVES.get(verb.lower(), verb.lower())


def from_gerund(word: str) -> str:
    """The base form of an -ing form: using → use, putting → put, repeating → repeat."""
    lower = word.lower()
    if not lower.endswith("ing") or len(lower) < 5:
        return lower
    stem = lower[:-3]
    is_doubled = stem[-1] == stem[-2] and stem[-1] not in "lsz"  # putting, but telling
    candidates = (stem[:-1],) if is_doubled else (stem, stem + "e")
    return next((verb for verb in candidates if _is_known_pair(verb, lower)), stem)


def tidy(rule: str) -> str:
    """One line, a capital at the start, one full stop at the end."""
    text = re.sub(r"\s+", " ", rule).strip().rstrip(" ,;:.!?…")
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return f"{text}."


def _doubles(verb: str) -> bool:
    """Whether the last consonant is doubled: one syllable consonant-vowel-consonant."""
    if verb in {"begin", "forget", "refer", "admit", "omit"}:
        return True
    is_cvc = len(verb) >= 3 and verb[-1] not in VOWELS + "wxy" and verb[-2] in VOWELS
    return is_cvc and verb[-3] not in VOWELS and sum(letter in VOWELS for letter in verb) == 1


def _is_known_pair(verb: str, form: str) -> bool:
    """Whether ``verb`` is spelled so that its gerund is ``form`` and it looks like a base form.

    "us" + ing = "using", but no English verb of two letters ends in a lone consonant after a
    vowel: prefer the form with the silent e there and after v, s, z, c, g, u and "at".
    """
    if gerund(verb) != form:
        return False
    needs_e = re.search(
        r"(?:[^aeiou][aeiou][szv]|[vcu]|[^n]g|iz|us|is|ud|at|ak|ik|ok|as|ov)$", verb
    )
    plain = {"repeat", "treat", "eat", "say", "speak", "break", "look", "talk", "focus", "discuss"}
    return verb in plain or not needs_e
