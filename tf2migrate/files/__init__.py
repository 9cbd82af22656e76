"""The only room that touches the disk: finding, reading and writing source files."""

from tf2migrate.files.discovery import discover
from tf2migrate.files.problem import SourceProblem
from tf2migrate.files.source import (
    SourceFile,
    encode,
    mentions_tensorflow,
    read_source,
    read_sources,
    source_from_bytes,
)
from tf2migrate.files.writing import write_source, write_together

__all__ = [
    "SourceFile",
    "SourceProblem",
    "discover",
    "encode",
    "mentions_tensorflow",
    "read_source",
    "read_sources",
    "source_from_bytes",
    "write_source",
    "write_together",
]
