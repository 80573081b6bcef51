"""Reading other systems' chat logs: pure readers, values out, no database.

``read_logs(path)`` yields one :class:`ImportedLog` for each good row and one
:class:`RowError` for each bad one, line by line. A new format is one module with a
:class:`LogFormat` and one line in ``readers.FORMATS``.
"""

from curation.importing.errors import LogFileUnreadable
from curation.importing.readers import FORMATS, detect_format, read_logs
from curation.importing.records import ImportedLog, LogFormat, RowError, Signal, SignalKind

__all__ = [
    "FORMATS",
    "ImportedLog",
    "LogFileUnreadable",
    "LogFormat",
    "RowError",
    "Signal",
    "SignalKind",
    "detect_format",
    "read_logs",
]
