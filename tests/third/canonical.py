"""Canonical JSON: RFC 8785, narrowed to integers and to 32 levels.

Owns: reading and writing the one accepted spelling of a value.
The reader lets a lenient parser read, spells the value again and refuses anything that
comes out different; so there is no second list of rules that could drift from the writer's.
Source: docs/format.md section 1; RFC 8785 sections 3.2.2.2 and 3.2.3.
"""

from __future__ import annotations

import json
from typing import Any

from spelling import Wrong

LARGEST = 2**53 - 1
DEEPEST = 32

_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(0x20)} | {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}
_ESCAPE_TABLE = str.maketrans(_ESCAPES)


def write(value: Any) -> bytes:
    """The canonical spelling of `value`; `Wrong` when it has none."""
    try:
        return _spell(value, 0).encode("utf-8")
    except UnicodeEncodeError:
        raise Wrong("a string holds a lone surrogate") from None


def read(data: bytes) -> Any:
    """The value spelt by `data`; `Wrong` unless `data` is exactly its canonical spelling."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong("JSON is not UTF-8") from None
    try:
        value = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except RecursionError:
        raise Wrong(f"JSON is nested deeper than {DEEPEST}") from None
    except ValueError as fault:  # also numbers of more digits than the interpreter converts
        raise Wrong(f"not JSON: {fault}") from None
    if write(value) != data:
        raise Wrong("JSON is not in canonical form")
    return value


def read_object(data: bytes) -> dict[str, Any]:
    """Like `read`, for a value that must be an object."""
    value = read(data)
    if not isinstance(value, dict):
        raise Wrong("JSON is not an object")
    return value


def _no_float(text: str) -> Any:
    raise Wrong(f"not an integer: {text[:40]}")


def _spell(value: Any, depth: int) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise Wrong("a number is larger than 2^53-1")
        return str(value)
    if isinstance(value, str):
        return f'"{value.translate(_ESCAPE_TABLE)}"'
    if depth == DEEPEST:
        raise Wrong(f"JSON is nested deeper than {DEEPEST}")
    if isinstance(value, list):
        return "[" + ",".join(_spell(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        members = (f"{_spell(name, 0)}:{_spell(value[name], depth + 1)}" for name in _sorted(value))
        return "{" + ",".join(members) + "}"
    raise Wrong(f"a {type(value).__name__} has no canonical spelling")


def _sorted(names: dict[str, Any]) -> list[str]:
    if not all(isinstance(name, str) for name in names):
        raise Wrong("a member's name is not text")
    # Two names compare by UTF-16 code units exactly as their big-endian bytes compare.
    return sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
