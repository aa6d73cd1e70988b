"""Spellings of bytes and numbers: base64, base64url, base32 identifiers, decimals.

Owns: the one error of this implementation, `Wrong`, and the strict readers every other module uses.
Invariant: each value has exactly one accepted spelling.
Source: docs/format.md, preamble and section 2; RFC 4648 sections 4, 5, 6.
"""

from __future__ import annotations

import base64
import re
from typing import Any

LARGEST_SIZE = 2**63 - 1
"""Trees and times are counted in 63 bits, as the cosignature's timestamp is."""

WORD = r"[a-z][a-z0-9-]*"
"""The letters of a word; its length is another matter."""


class Wrong(Exception):
    """What was read breaks a rule of the format. The text says which, and where."""


def to_base64(data: bytes) -> str:
    """RFC 4648 section 4, padded."""
    return base64.b64encode(data).decode()


def from_base64(text: str, size: int | None = None) -> bytes:
    """Bytes of a padded base64 text, of exactly `size` bytes when given."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:  # also what binascii.Error and UnicodeEncodeError are
        raise Wrong(f"not base64: {text[:60]!r}") from None
    return _only_spelling(data, to_base64(data), text, size)


def to_base64url(data: bytes) -> str:
    """RFC 4648 section 5, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64url(text: str, size: int | None = None) -> bytes:
    """Bytes of an unpadded base64url text, of exactly `size` bytes when given."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise Wrong(f"not base64url: {text[:60]!r}")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Wrong(f"not base64url: {text[:60]!r}") from None
    return _only_spelling(data, to_base64url(data), text, size)


def _only_spelling(data: bytes, again: str, text: str, size: int | None) -> bytes:
    # Spelling it again finds unused bits that are not zero, which the library lets pass.
    if again != text:
        raise Wrong(f"another spelling of the same bytes: {text[:60]!r}")
    if size is not None and len(data) != size:
        raise Wrong(f"{len(data)} bytes where {size} belong: {text[:60]!r}")
    return data


def decimal(text: str, largest: int = LARGEST_SIZE) -> int:
    """A decimal number without sign or leading zero."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text, re.ASCII) or int(text) > largest:
        raise Wrong(f"not a decimal number up to {largest}: {text[:60]!r}")
    return int(text)


def to_identifier(prefix: str, data: bytes) -> str:
    """An identifier such as `p_…` from its letter and 16 bytes."""
    if len(data) != 16:
        raise ValueError("an identifier has 16 bytes")
    return f"{prefix}_" + base64.b32encode(data).decode().rstrip("=").lower()


def from_identifier(prefix: str, text: object) -> bytes:
    """The 16 bytes of an identifier that begins with the letter `prefix`."""
    if not isinstance(text, str) or not re.fullmatch(prefix + r"_[a-z2-7]{26}", text):
        raise Wrong(f"not an identifier {prefix}_…: {text!r}")
    data = base64.b32decode(text[2:].upper() + "======")
    if to_identifier(prefix, data) != text:
        raise Wrong(f"unused bits are not zero: {text!r}")
    return data


def text_of(value: dict[str, Any], name: str) -> str:
    """The member `name` of an object, which must be text."""
    found = value.get(name)
    if not isinstance(found, str):
        raise Wrong(f"{name} is not text")
    return found


def word_of(value: dict[str, Any], name: str) -> str:
    """The member `name` of an object, which must be a word."""
    found = text_of(value, name)
    if not re.fullmatch(WORD, found, re.A) or len(found) > 64:
        raise Wrong(f"{name} is not a word: {found[:80]!r}")
    return found


def line_of(value: dict[str, Any], name: str) -> str:
    """The member `name` of an object, which must be a line."""
    found = text_of(value, name)
    if re.search(r'[\x00-\x1f\x7f-\x9f"\\]', found):
        raise Wrong(f"{name} holds a control character, a quotation mark or a backslash")
    if not 1 <= len(found.encode("utf-8")) <= 128:
        raise Wrong(f"{name} has not 1 to 128 bytes")
    return found


def members(
    value: Any, what: str, needed: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, Any]:
    """`value` as an object with all members of `needed` and no others but `optional`."""
    if not isinstance(value, dict):
        raise Wrong(f"{what} is not an object")
    if not needed <= set(value) <= needed | optional:
        odd = sorted((needed - set(value)) | (set(value) - needed - optional))
        raise Wrong(f"{what} has members missing or too many: {', '.join(odd)[:200]}")
    return value


def text_list(value: dict[str, Any], name: str) -> list[str]:
    """The member `name` of an object, which must be a list of texts."""
    found = value.get(name)
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise Wrong(f"{name} is not a list of texts")
    return found
