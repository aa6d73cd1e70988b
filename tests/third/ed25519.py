"""Ed25519 signatures, checked strictly.

Owns: the check that neither the public key nor the point in the signature is of small order, which
the library leaves out: under such a key one signature can hold for many messages.
Does not: sign, or compute anything secret; the arithmetic here is slow and not constant in time.
Source: RFC 8032 sections 5.1.3, 5.1.4 and 5.1.7; docs/format.md section 7.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)


def holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is the key's over `message`, with both points of large order."""
    if len(public) != 32 or len(signature) != 64:
        return False
    if is_weak(public) or is_weak(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=1024)
def is_weak(encoded: bytes) -> bool:
    """Whether the bytes are no point, not its only encoding, or a point of an order up to 8."""
    point = _decode(encoded)
    if point is None:
        return True
    for _ in range(3):
        point = _double(*point)
    return point == (0, 1)


def _decode(encoded: bytes) -> tuple[int, int] | None:
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    return (_P - x if x & 1 != sign else x), y


def _double(x: int, y: int) -> tuple[int, int]:
    product = _D * x * x * y * y
    doubled_x = 2 * x * y * pow(1 + product, -1, _P)
    doubled_y = (y * y + x * x) * pow(1 - product, -1, _P)
    return doubled_x % _P, doubled_y % _P
