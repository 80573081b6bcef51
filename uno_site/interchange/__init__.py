"""Reading and writing other systems' chat logs: values in and out, no database, no Django.

``read_logs(path)`` yields one :class:`ImportedLog` for each reply with feedback and one
:class:`RowError` for each bad row; ``read_dialogues(path)`` yields whole conversations;
``writers`` has the same formats the other way. A new format is one module in ``formats`` with
a :class:`LogFormat` and one line in ``readers.FORMATS``.
"""

from uno_site.interchange.errors import LogFileUnreadable
from uno_site.interchange.readers import (
    FORMATS,
    Reader,
    detect_format,
    read_dialogues,
    read_logs,
)
from uno_site.interchange.records import (
    Dialogue,
    DialogueTurn,
    ImportedLog,
    LogFormat,
    RowError,
    Signal,
    SignalKind,
)

__all__ = [
    "FORMATS",
    "Dialogue",
    "DialogueTurn",
    "ImportedLog",
    "LogFileUnreadable",
    "LogFormat",
    "Reader",
    "RowError",
    "Signal",
    "SignalKind",
    "detect_format",
    "read_dialogues",
    "read_logs",
]
