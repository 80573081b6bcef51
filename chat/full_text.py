"""Full text search over messages: the index of each database, and asking it.

PostgreSQL has a GIN index on an expression. SQLite has an FTS5 table without content of its
own, kept in step by triggers; ``chat_search_doc`` gives each message the whole number that
FTS5 wants, since the row ids of a table with another key may change. A migration that builds
the messages' table anew drops its triggers: so the index is looked at after every migration,
and made again where something is missing.
"""

from __future__ import annotations

import re
import sqlite3
import string
from functools import cache
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import connections
from django.db.models import Func, QuerySet, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Left

from chat.models import Conversation, Message

#: More words than this are ignored: each costs a look into the index.
MAX_WORDS = 8
#: Of a word that is everywhere, the latest messages are found: so many, and no more work.
MAX_HITS = 500
#: PostgreSQL refuses search vectors over 1 MB; of a longer message the beginning is found.
MAX_INDEXED_CHARS = 200_000

_WORD = re.compile(r"\w+")
#: Scripts written without blanks (Thai, Lao, Burmese, Khmer, kana, Han): an index of words
#: does not find a part of a sentence there.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

#: PostgreSQL's parser would take addresses, paths and tags as one word each, and leave out what
#: stands in a tag: signs become blanks first.
_SIGNS, _BLANKS = string.punctuation, " " * len(string.punctuation)

_QUOTED_SIGNS = _SIGNS.replace("'", "''")

_POSTGRES_INDEX = f"""
CREATE INDEX IF NOT EXISTS chat_message_search ON chat_message
USING gin (to_tsvector('simple'::regconfig, COALESCE(
    TRANSLATE(LEFT("content", {MAX_INDEXED_CHARS}), '{_QUOTED_SIGNS}', '{_BLANKS}'), '')))
"""

_ADD = """
    INSERT INTO chat_search_doc (message_id, conversation_id) VALUES (NEW.id, NEW.conversation_id);
    INSERT INTO chat_search (rowid, content)
        SELECT id, NEW.content FROM chat_search_doc WHERE message_id = NEW.id;
"""
_REMOVE = """
    INSERT INTO chat_search (chat_search, rowid, content)
        SELECT 'delete', id, OLD.content FROM chat_search_doc WHERE message_id = OLD.id;
    DELETE FROM chat_search_doc WHERE message_id = OLD.id;
"""
_TRIGGERS = {
    "chat_search_insert": f"AFTER INSERT ON chat_message BEGIN {_ADD} END",
    "chat_search_delete": f"AFTER DELETE ON chat_message BEGIN {_REMOVE} END",
    "chat_search_update": f"AFTER UPDATE OF content ON chat_message BEGIN {_REMOVE} {_ADD} END",
}
_SQLITE_TABLES = (
    "CREATE TABLE chat_search_doc (id INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE,"
    " conversation_id TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE chat_search USING fts5"
    " (content, content='', tokenize=\"unicode61 remove_diacritics 2\", prefix='2 3')",
)
_SQLITE_FILL = (
    "INSERT INTO chat_search_doc (message_id, conversation_id)"
    " SELECT id, conversation_id FROM chat_message ORDER BY created_at",
    "INSERT INTO chat_search (rowid, content) SELECT doc.id, message.content"
    " FROM chat_search_doc doc JOIN chat_message message ON message.id = doc.message_id",
)
# The triggers name no other table of ours: SQLite refuses to build one anew that they name.
_SQLITE_MATCH = """
SELECT doc.message_id FROM chat_search JOIN chat_search_doc doc ON doc.id = chat_search.rowid
WHERE chat_search MATCH %s
    AND doc.conversation_id IN (SELECT id FROM chat_conversation WHERE user_id = %s)
ORDER BY chat_search.rowid DESC LIMIT %s
"""


@cache
def has_fts5() -> bool:
    """Whether this Python's SQLite can search full text."""
    with sqlite3.connect(":memory:") as database:
        query = "SELECT sqlite_compileoption_used('ENABLE_FTS5')"
        return bool(database.execute(query).fetchone()[0])


def index_ensure(using: str = "default") -> bool:
    """Make the index where it is missing or incomplete; whether anything was made.

    Without FTS5 there is none, and :func:`matching` compares letters.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_POSTGRES_INDEX)
        return True
    if connection.vendor != "sqlite" or not has_fts5():
        return False
    with connection.cursor() as cursor:
        return _sqlite_ensure(cursor)


def _sqlite_ensure(cursor: Any) -> bool:
    wanted = {"chat_search", "chat_search_doc", *_TRIGGERS}
    cursor.execute("SELECT name FROM sqlite_master WHERE name LIKE 'chat_search%%'", [])
    if wanted <= {name for (name,) in cursor.fetchall()}:
        return False
    for trigger in _TRIGGERS:
        cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for table in ("chat_search", "chat_search_doc"):
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
    triggers = [f"CREATE TRIGGER {name} {body}" for name, body in _TRIGGERS.items()]
    for statement in (*_SQLITE_TABLES, *_SQLITE_FILL, *triggers):
        cursor.execute(statement)
    return True


def words_of(query: str) -> list[str]:
    """The words that are looked for, at most :data:`MAX_WORDS`."""
    return _WORD.findall(query)[:MAX_WORDS]


def is_unspaced(word: str) -> bool:
    """Whether the word is of a script written without blanks."""
    return bool(_UNSPACED.search(word))


def matching(user: Any, query: str) -> QuerySet[Message]:
    """The messages of ``user`` that have every word of ``query``, each as a word's beginning.

    Words of scripts without blanks are found anywhere. A query without words finds nothing.
    Where all words are looked up in an index, at most the latest :data:`MAX_HITS` are found.
    """
    words = words_of(query)
    parts = [word for word in words if is_unspaced(word)]
    spaced = [word for word in words if not is_unspaced(word)]
    messages = Message.objects.visible_to(user) if words else Message.objects.none()
    if spaced:
        messages = _with_words(messages, user, spaced, is_capped=not parts)
    for part in parts:
        messages = messages.filter(content__icontains=part)
    return messages


def _plain_text() -> Func:
    """A message's text as PostgreSQL's index has it."""
    begin = Left("content", MAX_INDEXED_CHARS)
    return Func(
        begin, Value(_SIGNS), Value(_BLANKS), function="TRANSLATE", output_field=TextField()
    )


def _with_words(
    messages: QuerySet[Message], user: Any, words: list[str], *, is_capped: bool
) -> QuerySet[Message]:
    vendor = connections[messages.db].vendor
    if vendor == "postgresql":
        return postgres_matching(messages, words, is_capped=is_capped)
    if vendor == "sqlite" and has_fts5():
        match = " ".join(f'"{word}"*' for word in words)
        key = Conversation._meta.get_field("user").get_db_prep_value(
            user.pk, connections[messages.db]
        )
        limit = MAX_HITS if is_capped else -1
        found = RawSQL(_SQLITE_MATCH, [match, key, limit])  # noqa: S611 - bound
        # It asks for the person itself: asked once more, SQLite would begin with all of theirs.
        return Message.objects.filter(pk__in=found)
    for word in words:
        messages = messages.filter(content__icontains=word)
    return messages


def postgres_matching(
    messages: QuerySet[Message], words: list[str], *, is_capped: bool
) -> QuerySet[Message]:
    """The same by PostgreSQL's index: its expression has to be that of the index."""
    vector = SearchVector(_plain_text(), config="simple")
    raw = " & ".join(f"'{word}':*" for word in words)
    asked = SearchQuery(raw, config="simple", search_type="raw")
    found = messages.alias(vector=vector).filter(vector=asked)
    if not is_capped:
        return found
    latest = found.order_by("-created_at").values("pk")[:MAX_HITS]
    return Message.objects.filter(pk__in=latest)
