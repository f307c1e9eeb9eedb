"""`{{name}}` in a prompt: values of the notebook put in, once; nothing in the braces is called or computed.

Inside the braces stand a name, attributes and constant indices, then filters: `{{df.shape}}`, `{{rows[0]}}`,
`{{df|head}}`, `{{reply|json}}`. Single braces, `$` and `%` are text, and so are double braces around anything
that does not begin like a name. One pass: a value that holds `{{x}}` stays as it is. What a value's own class
does when it is looked at is run as ever: a property, `__getitem__`, `__str__`.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import isroutine
from itertools import islice
from typing import Any

from hs_notebook.errors import SettingError

__all__ = ["FILTERS", "Filled", "fill"]

_FIELD = re.compile(r"\{\{\s*([A-Za-z_][^{}\n]*?)\s*\}\}")
TABLE_ROWS = 20
TABLE_COLUMNS = 20
HEAD = 5
_AS_WRITTEN = "Nothing was sent. To send the braces as they are, write raw in the first line."


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its values put in.

    Attributes:
        text: What goes out.
        notes: What was put in, one short phrase each, in order: "name (12 characters)".
    """

    text: str
    notes: tuple[str, ...]


def fill(text: str, names: Mapping[str, Any]) -> Filled:
    """Put the values of `names` in.

    Raises:
        SettingError: A name, attribute, index or filter does not exist; nothing was sent.
    """
    notes: dict[str, None] = {}

    def put(found: re.Match[str]) -> str:
        written, note = _render(found[1], names)
        notes[note] = None
        return written

    return Filled(_FIELD.sub(put, text), tuple(notes))


def _render(inside: str, names: Mapping[str, Any]) -> tuple[str, str]:
    expression, *filters = (part.strip() for part in inside.split("|"))
    value = _look_up(expression, names)
    for name in filters:
        value = _filter(name, inside)(value)
    if isroutine(value):
        raise _function(expression)
    if _is_table(value):
        return _table(value), f"{expression} ({_table_size(value)})"
    written = str(value)
    return written, f"{expression} ({len(written):,} characters)"


# -- names, attributes, constant indices --------------------------------------------------------------


def _look_up(expression: str, names: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the user has
    try:
        node = ast.parse(expression, mode="eval").body
    except SyntaxError:
        raise _not_a_name(expression) from None
    return _value(node, names, expression)


def _value(node: ast.expr, names: Mapping[str, Any], expression: str) -> Any:  # noqa: ANN401
    if isinstance(node, ast.Name):
        if node.id in names:
            return names[node.id]
        raise _missing(
            f"No variable is called '{node.id}'", node.id, (n for n in names if not n.startswith("_"))
        )
    if isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
        return _attribute(_value(node.value, names, expression), node)
    if isinstance(node, ast.Subscript):
        return _item(_value(node.value, names, expression), node, expression)
    raise _not_a_name(expression)


def _attribute(owner: Any, node: ast.Attribute) -> Any:  # noqa: ANN401
    try:
        return getattr(owner, node.attr)
    except AttributeError:
        raise _missing(
            f"'{ast.unparse(node.value)}' has no attribute '{node.attr}'", node.attr, dir(owner)
        ) from None


def _item(owner: Any, node: ast.Subscript, expression: str) -> Any:  # noqa: ANN401
    try:
        index = ast.literal_eval(node.slice)
    except ValueError:
        raise _not_a_name(expression) from None
    try:
        return owner[index]
    except (LookupError, TypeError):
        known = (key for key in owner if isinstance(key, str)) if isinstance(owner, Mapping) else ()
        raise _missing(f"'{ast.unparse(node.value)}' has no item {index!r}", str(index), known) from None


def _missing(what: str, name: str, known: Iterable[str]) -> SettingError:
    near = get_close_matches(name, list(known), n=3, cutoff=0.6)
    return SettingError(
        f"{what}.", means=f"Did you mean {' or '.join(near)}?" if near else "", remedy=_AS_WRITTEN
    )


def _not_a_name(expression: str) -> SettingError:
    return SettingError(
        f"'{{{{{expression}}}}}' is more than a name with attributes and constant indices.",
        means="Code inside the braces is not run: give the value a name in a cell before.",
        remedy=_AS_WRITTEN,
    )


def _function(expression: str) -> SettingError:
    owner, _, name = expression.rpartition(".")
    filtered = f"Did you mean {{{{{owner}|{name}}}}}?" if owner and name in FILTERS else ""
    return SettingError(
        f"'{{{{{expression}}}}}' is a function, and no function is called.",
        means=filtered or "Give its result a name in a cell before.",
        remedy=_AS_WRITTEN,
    )


# -- filters ------------------------------------------------------------------------------------------


def _head(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return "".join(value.splitlines(keepends=True)[:HEAD])
    if isinstance(value, Mapping):
        return dict(islice(value.items(), HEAD))
    if hasattr(value, "head"):
        return value.head(HEAD)
    if isinstance(value, Sequence):
        return value[:HEAD]
    return list(islice(value, HEAD)) if isinstance(value, Iterable) else value


def _json(value: Any) -> str:  # noqa: ANN401
    if _is_table(value):
        return str(value.to_json(orient="records"))
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError) as wrong:
        raise SettingError(f"This value is not JSON: {wrong}.", remedy="Use |repr instead.") from None


FILTERS: dict[str, Callable[[Any], Any]] = {"head": _head, "json": _json, "repr": repr}


def _filter(name: str, inside: str) -> Callable[[Any], Any]:
    if name in FILTERS:
        return FILTERS[name]
    what = f"'{{{{{inside}}}}}': there is no filter '{name}' (there are {', '.join(FILTERS)})"
    raise _missing(what, name, FILTERS)


# -- tables: pandas is never imported here, its values come from the user ------------------------------


def _is_table(value: Any) -> bool:  # noqa: ANN401
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in {"DataFrame", "Series"}


def _table(value: Any) -> str:  # noqa: ANN401
    """A small Markdown table: the first rows and columns, as `_table_size` says."""
    frame = value.to_frame() if type(value).__name__ == "Series" else value
    part = frame.iloc[:TABLE_ROWS, :TABLE_COLUMNS]
    rows = [["", *map(str, part.columns)], *([str(name), *map(str, row)] for name, *row in part.itertuples())]
    head, *body = ([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _table_size(value: Any) -> str:  # noqa: ANN401
    rows, *columns = value.shape
    width = columns[0] if columns else 1
    said = f"{rows:,} rows" if rows <= TABLE_ROWS else f"the first {TABLE_ROWS} of {rows:,} rows"
    return said if width <= TABLE_COLUMNS else f"{said}, the first {TABLE_COLUMNS} of {width:,} columns"
