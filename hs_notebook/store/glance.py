"""The text that a cell will go on from, straight from the file: SQLAlchemy takes long to import.

Only for showing it a little sooner; what the cell then goes on with is the journal's to say.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from hs_notebook.store.process import configured
from hs_notebook.store.text import plain
from hs_notebook.store.writer import is_gone, was_left

__all__ = ["kept_text"]

_JOURNAL = "hs_notebook.store.journal_rows"
"""What imports SQLAlchemy, for all that reads the journal."""
_VERSION = 3
"""Of the tables that the queries below are for; a test holds it to `schema.VERSION`."""

_ANSWER = """
SELECT id, status, writer, updated_at, first_piece FROM hs_answers
WHERE notebook = ? AND cell_id = ? AND digest = ? AND coalesce(status, '') != 'failed'
ORDER BY updated_at DESC, created_at DESC, id LIMIT 1
"""
_PIECES = "SELECT at, text FROM hs_pieces WHERE answer_id = ? AND number >= ? ORDER BY number"


def kept_text(notebook: str, cell_id: str, digest: str) -> str:
    """What `Journal.resumable` would find; "" where that is no text, or would not take long now.

    Args:
        notebook: Where the cell is.
        cell_id: The cell.
        digest: `ChatRequest.digest` of what it asks.
    """
    where = configured()
    if _JOURNAL in sys.modules or "://" in where:
        return ""
    uri = f"{Path(where).expanduser().absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as connection:
            return _text(connection, (plain(notebook), plain(cell_id), digest))
    except (sqlite3.Error, ValueError):  # no file, a damaged one, a busy one: the journal will tell
        return ""


def _text(connection: sqlite3.Connection, asked: tuple[str, str, str]) -> str:
    if connection.execute("SELECT version FROM hs_schema").fetchone() != (_VERSION,):
        return ""
    found = connection.execute(_ANSWER, asked).fetchone()
    if found is None:
        return ""
    name, status, writer, updated_at, first_piece = found
    pieces = connection.execute(_PIECES, (name, first_piece)).fetchall()
    last = max([updated_at, *(at for at, _ in pieces)])
    unfinished = was_left(is_gone(writer), last) if status is None else status == "interrupted"
    text = b"".join(text for _, text in pieces if text is not None)
    return text.decode("utf-8", "surrogatepass") if unfinished else ""
