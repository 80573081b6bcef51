"""The wordings by which a planted note gives itself away; English, German, Chinese, and others
where they are known from published prompt injections."""

from __future__ import annotations

import re


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in alternatives), re.IGNORECASE)


_EARLIER = r"(?:previous|prior|earlier|above|preceding|existing|former|system|original|your|safety)"
_ORDERS = (
    r"(?:instructions?|prompts?|rules?|guidelines?|polic(?:y|ies)|directives?|commands?|notes?)"
)

SYSTEM = _any(
    rf"\b(?:ignore|disregard|forget|override|overrule|bypass|skip|drop|discard"
    rf"|neglect)\b[^.!?]{{0,30}}"
    rf"\b{_EARLIER}\b[^.!?]{{0,20}}\b{_ORDERS}\b",
    rf"\b(?:ignore|disregard|forget|override)\s+(?:all|any|every|everything)\b[^.!?]{{0,30}}"
    rf"\b(?:{_ORDERS}|said|told|before|above)\b",
    r"\b(?:system|developer|hidden|initial) (?:prompt|message|instructions?|mode|role)\b",
    r"\byou are (?:now|no longer|not an? (?:ai|assistant)|actually)\b",
    r"\b(?:from now on|henceforth|in future|in all future|going forward),? (?:you|always|never"
    r"|every"
    r"|all|the assistant)\b",
    r"\b(?:act|behave|respond|answer|operate|roleplay) as (?:if you (?:are|were)"
    r"|an? (?:unrestricted"
    r"|unfiltered|different|evil)|dan\b|root\b|admin\w*)",
    r"\bpretend (?:to be|you(?:'re| are)|that)\b",
    r"\b(?:jailbreak|do anything now|unrestricted mode|unfiltered mode|god mode|debug mode"
    r"|maintenance mode)\b",
    r"\b(?:reveal|print|repeat|output|leak|show|quote|dump)\b[^.!?]{0,25}\b(?:system|hidden|secret"
    r"|internal|initial|confidential|other notes?|your (?:notes?|instructions?|prompt))\b",
    r"\b(?:this|the following) (?:note|rule|memory|instruction)s? (?:is|are|has|have|takes?)\b"
    r"[^.!?]{0,25}\b(?:verified|priority|precedence|official|mandatory|trusted|authorit|overrid"
    r"|supersede|above)",
    r"\b(?:highest|top|absolute) priority\b",
    r"\b(?:store|save|remember|record|memori[sz]e|add|write)\b[^.!?]{0,30}\b(?:in|to|into"
    r"|as) (?:your|the"
    r"|a) (?:\w+ )?(?:memory|memories|notes?|experience|knowledge|store)\b",
    r"\bdo not (?:tell|mention|inform|warn|reveal|let)\b[^.!?]{0,20}\b(?:user|anyone|them|curator"
    r"|people|human)",
    r"\b(?:never|don't|do not|stop) (?:refus(?:e|ing)|declin(?:e|ing)|warn(?:ing)?|apply(?:ing)?"
    r" (?:safety|filters?))\b",
    r"\b(?:turn off|disable|switch off|deactivate|remove|lift)\b[^.!?]{0,25}\b(?:safety|filters?"
    r"|safeguards?"
    r"|moderation|guard ?rails?|restrictions?|limits?|gates?|checks?|logging|audit)\b",
    r"<\|?\s*/?\s*(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|note"
    r"|notes"
    r"|script|img|iframe|svg)\b",
    r"\[/?(?:INST|SYS|SYSTEM|NOTE)\]|<<SYS>>",
    r"(?:^|[\s\"'])#{0,3}\s*(?:system|assistant|developer)\s*:",
    r"\bon(?:error|load|click)\s*=",
    r"\bend of (?:the )?(?:notes?|context|quoted|untrusted)\b",
    r"\b(?:ignorier|vergiss|missachte|umgeh)\w*\b[^.!?]{0,40}\b(?:anweisung|regel|vorgabe|prompt"
    r"|instruktion|hinweis)\w*",
    r"\bdu bist (?:jetzt|ab jetzt|nun|nicht mehr)\b|\bab (?:jetzt|sofort) (?:bist|antworte|musst"
    r"|sollst|darfst)\b",
    r"\b(?:put|set|throw|leave) (?:aside|out|behind)\b[^.!?]{0,40}\byou (?:were|have been) told\b",
    r"\b(?:text|words|instructions?|message) (?:that )?you (?:were|have been) (?:given|told)\b",
    r"\b(?:note|remark|message|hint|word) (?:for|to) the (?:model|assistant|ai|bot|chatbot)\b",
    r"\bthe (?:assistant|chatbot|ai) (?:no longer|must|should|shall|has to|is to|may not|simply)\b",
    r"\bwhen(?:ever)? you read this\b|\banswer only from this\b",
    r"\b(?:vorgabe|anweisung|regel)\w*\b[^.!?]{0,40}\b(?:hinfällig|ungültig|aufgehoben)\b",
    r"\bab (?:jetzt|sofort) gilt für dich\b",
    r"(?:忽略|无视|忽視|忘记|忘掉|绕过|覆盖).{0,12}(?:指令|指示|提示|规则|規則|设定|要求)",
    r"(?:系统|系統)(?:提示|指令|消息)|你现在是|从现在开始|从现在起",
    r"\b(?:ignore[zr]|oublie[zr]|ignora|olvida|ignorar|esquece"
    r"|dimentica)\b[^.!?]{0,40}\b(?:instruc\w*"
    r"|consignes?|règles?|reglas|istruzioni|regras)\b",
    r"(?:игнорируй|забудь)\w*.{0,30}(?:инструкц|правил|указани)",
)
"""Speaks to the system about itself: its instructions, its role, its memory, its markers."""

PERMISSION = _any(
    r"\b(?:you|the (?:assistant|model|system)|users?|i|we|this (?:user|account))(?:'re| are| is"
    r"| am| have"
    r" been| has been) (?:now )?(?:explicitly |fully |hereby )?(?:allowed|permitted|entitled"
    r"|cleared)\b",
    r"\b(?:are|is|am|been) (?:now )?(?:explicitly |fully |hereby )?(?:authori[sz]ed|granted"
    r"|whitelisted"
    r"|exempt(?:ed)?|pre-?approved)\b",
    r"\b(?:has|have|with|grant\w*|give\w*|gives?|gain\w*|obtain\w*"
    r"|enable\w*) (?:\w+ ){0,3}(?:admin(?:istrator)?"
    r"|root|curator|superuser|sudo|full|unlimited|elevated|write) (?:rights?|access|permissions?"
    r"|privileges?|role)\b",
    r"\b(?:i am|i'm|this is|as) (?:an? |the |your )?(?:admin(?:istrator)?|curator|developer|root"
    r"|owner"
    r"|system operator|operator)\b",
    r"\b(?:call|invoke|run|execute|use|trigger|launch|open|start)\b[^.!?]{0,25}\b(?:tools?"
    r"|function calls?"
    r"|shell|terminal|bash|powershell|curl|wget|sudo|plugins?|subprocess)\b",
    r"\b(?:run|execute)\b[^.!?]{0,25}\b(?:commands?|scripts?|sql|code)\b",
    r"\b(?:rm -rf|drop table|delete from|os\.system|eval\(|exec\(|import os|/etc/passwd|chmod)\b",
    r"\bwithout (?:asking|confirm\w*|approval|consent|permission|verification|review"
    r"|checking with)\b",
    r"\b(?:no|skip|bypass|waive\w*) (?:the )?(?:approval|confirmation|consent|verification|review"
    r"|authenti\w*|authori\w*|permission)\b",
    r"\b(?:approv|consent|permission|verification|confirmation|authori[sz]ation)\w* (?:is"
    r"|are) (?:not"
    r" |no longer )?(?:required|needed|granted|given|waived)\b",
    r"\b(?:filter|safeguard|moderation|restriction)s? (?:was|were|is|are|has been|have been)"
    r" (?:now )?(?:(?:switched|turned|taken) off|disabled|lifted|removed)\b",
    r"\b(?:don't|do not|needn't) (?:have|need) to hold (?:anything )?back\b",
    r"\bdarfst du (?:mir|uns)\b[^.!?]{0,40}\b(?:zeigen|nennen|verraten|herausgeben)\b",
    r"\b(?:darfst|dürfen|berechtigt|befugt|freigeschaltet|zugelassen)\b[^.!?]{0,40}\b(?:ohne"
    r"|zugriff"
    r"|rechte?|werkzeug\w*|befehl\w*)\b",
    r"(?:允许|授权|准许|有权).{0,15}(?:访问|执行|工具|命令|权限)|管理员权限|无需(?:确认|批准|同意)",
)
"""Claims that somebody may do something, or tells a tool to be used."""

TARGETS = _any(
    r"\b(?:other|another|different) (?:users?|people|persons?|customers?|visitors?|accounts?)\b",
    r"\b(?:all|any|every|each) (?:of the |the )?(?:users?|accounts?|chats?|conversations?)\b",
    r"\b(?:everyone|everybody|anyone|anybody|somebody|someone|whoever"
    r"|no matter who)(?: else)?\b[^.!?]{0,30}"
    r"\b(?:asks?|asking|says?|wants?|requests?|needs?|who|is told|gets?|should|must)\b",
    r"\b(?:tell|advise|recommend|convince|persuade|send|show|redirect|refer|direct"
    r"|inform)\b[^.!?]{0,15}"
    r"\b(?:users?|everyone|everybody|anyone)\b",
    r"\b(?:when|if|whenever) (?:the user )?(?!i\b|we\b|you\b|it\b|the\b|a\b|an\b)@?\w+ (?:asks?"
    r"|logs? in"
    r"|writes?|signs? in)\b",
    r"\b(?:always|only|never) (?:recommend|promote|advertise|endorse|suggest buying"
    r"|mention the brand"
    r"|praise|criti[cs]i[sz]e)\b",
    r"\b(?:anyone|anybody|everyone|everybody) (?:wanting|asking|who)\b",
    r"\b(?:colleagues|students|pupils|patients|customers|parents) (?:should|must|have to|ought to)"
    r" be told\b",
    r"\blet them know that\b|\btalk (?:them|him|her|people) out of\b",
    r"\bno other (?:make|brand|provider|vendor|product)\b|\bofficial recommendation is always\b",
    r"\bonly (?:safe|sensible|reasonable|trustworthy) (?:provider|choice|option|brand|vendor)\b",
    r"\bwenn (?:jemand|einer|eine)\b[^.!?]{0,40}\bfragt\b|\ban alle\b[^.!?]{0,30}\bweiter\b",
    r"\bgehört in jede antwort\b|\bempfohlen wird (?:grundsätzlich|immer|nur)\b",
    r"\b(?:jedem|allen|jede[rn]?|andere[nr]?) (?:nutzer\w*|benutzer\w*|kund\w*|person\w*"
    r"|leuten?)\b",
    r"(?:所有|其他|每个|任何)(?:用户|人|客户)",
)
"""Aims at people other than the one who said it."""

_TLD = (
    r"(?:com|net|org|io|ai|dev|app|info|biz|co|ru|cn|de|uk|fr|eu|xyz|top|club|site|online|shop|link"
    r"|click|onion|example|test|me|ly|gg|tk|zip)"
)
LINK = _any(
    r"\b(?:https?|hxxps?|ftp|file|ssh|smb|ws|wss|data|javascript|vbscript|mailto"
    r"|tel)\s*:\s*(?:/{1,2}|\S)",
    r"\bwww\s?\.\s?\w",
    rf"\b[\w-]+(?:\.[\w-]+)*\.{_TLD}\b(?!\.\w)",
    rf"\b[\w-]+\s?(?:\[\.\]|\(\.\)|\[dot\]|\(dot\)|\sdot\s|\spunkt\s)\s?{_TLD}\b",
    r"\bopen (?:that|it|this) as an? (?:address|link|url|page)\b",
    r"\]\([^)]+\)",
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])",
    r"\\\\\w+\\\w+",
    r"\bxn--\w+",
)
"""Where to go: a note never leads out."""

SECRET = _any(
    r"\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_])?[A-Za-z0-9_-]{12,}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{8,})",
    r"\bAKIA[0-9A-Z]{12,}\b|\bAIza[\w-]{20,}|\bya29\.[\w-]+|\bhf_[A-Za-z]{16,}",
    r"\beyJ[\w-]{8,}\.[\w-]{8,}",
    r"-----BEGIN [A-Z ]*(?:KEY|CERTIFICATE)",
    r"\b(?:pass(?:word|wd|phrase|code)|kennwort|passwort|pwd|pin(?: code)?|api[ _-]?key"
    r"|access[ _-]?key|secret(?:"
    r"[ _-]?key)?|token|private key|recovery (?:code|phrase)|seed phrase|credentials?)\b"
    r"(?: (?:of|for|to) (?:the |our |my )?\w+)?\s*(?:is"
    r"|are|was|lautet"
    r"|ist|:|=|for \w+ is)\s*\S",
    r"\bbearer\s+[\w.~+/-]{12,}",
    r"\bpw\s+(?=\S*[\d#@!$%])\S{6,}",
    r"(?:密码|口令|密钥|令牌)\s*(?:是|为|:|：)\s*\S",
    r"\b\w+://\w+:[^@\s]+@",
)
"""What opens a door."""

PII = _any(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\s?\.\s?\w{2,})+",
    r"(?<![\w.])\+\d{1,3}[ ().-]{0,2}(?:\d[ ().-]{0,2}){6,13}\d",
    r"(?<![\w.,-])(?:\(\d{3}\)\s?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])",
    r"(?<![\w.,])0\d{2,4}[ /-]\d{3,}(?:[ -]?\d{2,})*(?!\w)",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    r"\b(?:my|his|her|their) (?:full |first |last |maiden )?name is\b|\bich hei(?:ß|ss)e\b"
    r"|\bi am called\b"
    r"|我叫|我的名字",
    r"\b(?:i|he|she|they|[A-Z][a-z]+) (?:lives?|resides?) (?:at|in|on)\b|\b(?:my|his|her"
    r"|their) (?:home )?address is"
    r"\b|\bich wohne\b|我住在",
    r"\b\d{1,5} (?:[A-Z][a-z]+ ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|boulevard|blvd"
    r"|way|court)\b",
    r"\b(?:born|birthday|date of birth|dob|geboren)\b[^.!?]{0,20}\d",
    r"\b(?:my|his|her|their) (?:wife|husband|son|daughter|mother|father|doctor|boss|salary"
    r"|diagnosis|therapist"
    r"|medication|password|passport|ssn|social security|bank account|insurance)\b",
    r"\b(?:i|he|she|they|\w+) (?:was|were|am|is|have been|has been) (?:diagnosed|arrested|fired"
    r"|pregnant|divorced"
    r"|hiv)\b",
    r"\b(?:passport|social security|tax|insurance|driver'?s licen[cs]e|account|iban"
    r"|patient) (?:id|no\.?|number)\b"
    r"[^.!?]{0,12}\d",
)
"""Tells of a person."""
