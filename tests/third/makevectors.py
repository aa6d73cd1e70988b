"""Makes the vector files that need no entries: trees, paths, notes, heads, cosignatures, policies, answers under RSA.

Owns: their cases. `vectors` owns how they are laid out and reads them back, so a file made by any
other implementation in the same layout is checked by the same code.
Source: docs/format.md section 11.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import canonical
import statement
import tree
from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, Signature, Signer
from passkey import Passkey
from policy import Policy
from spelling import Wrong, from_base64, to_base64, to_identifier
from tiles import Tile

ORIGIN = "ward.example.gov.tw/ledger"
SIGNER = to_identifier("p", bytes([1]) * 16)
LARGEST_TREE = 300
TIME = 1_795_000_000

LOG = Signer.from_seed(ORIGIN, ED25519, bytes([1]) * 32)
NEXT = Signer.from_seed(ORIGIN, ED25519, bytes([2]) * 32)
WITNESSES = [
    Signer.from_seed(f"witness.example/{letter}", COSIGNATURE_V1, bytes([number]) * 32)
    for number, letter in enumerate("abc", 3)
]


def leaves(count: int) -> tree.Leaves:
    """The tree of the leaves `entry 0`, `entry 1` and so on."""
    return tree.Leaves([tree.leaf_hash(f"entry {i}".encode()) for i in range(count)])


def ranges(size: int) -> list[tuple[int, int]]:
    """The ranges of a tree of `size` that the vectors cover: from each entry to three ends."""
    return [
        (first, end)
        for first in range(size)
        for end in sorted({first + 1, (first + size + 1) // 2, size})
        if first < end
    ]


def digest(proofs: Iterable[list[bytes]]) -> str:
    """SHA-256 over all hashes of all proofs, in their order, each proof begun by its length."""
    whole = hashlib.sha256()
    for proof in proofs:
        whole.update(bytes([len(proof)]) + b"".join(proof))
    return to_base64(whole.digest())


def trees(largest: int = LARGEST_TREE) -> dict[str, Any]:
    """The file `tree`."""
    rows = []
    for size in range(largest + 1):
        held = leaves(size)
        sub = held.subtree
        rows.append(
            {
                "size": size,
                "root": to_base64(held.root()),
                "inclusion": digest(tree.inclusion(i, size, sub) for i in range(size)),
                "consistency": digest(tree.consistency(i, size, sub) for i in range(1, size + 1)),
                "range": digest(tree.range_proof(a, b, size, sub) for a, b in ranges(size)),
            }
        )
    return {"trees": rows, "examples": _examples(leaves(7))}


def _examples(seven: tree.Leaves) -> dict[str, Any]:
    def spelled(proof: list[bytes]) -> list[str]:
        return list(map(to_base64, proof))

    return {
        "inclusion": [
            {"index": i, "size": 7, "proof": spelled(tree.inclusion(i, 7, seven.subtree))}
            for i in (0, 3, 4, 6)
        ],
        "consistency": [
            {"old": old, "new": 7, "proof": spelled(tree.consistency(old, 7, seven.subtree))}
            for old in (3, 4, 6, 7)
        ],
        "range": [
            {
                "first": a,
                "end": b,
                "size": 7,
                "proof": spelled(tree.range_proof(a, b, 7, seven.subtree)),
            }
            for a, b in ((0, 7), (2, 5), (3, 4), (6, 7))
        ],
    }


def paths() -> dict[str, Any]:
    """The file `paths`."""
    tiles = [
        Tile(level, number, width)
        for level in (-1, 0, 1, 7)
        for number in (0, 7, 999, 1000, 999_999, 1_234_067)
        for width in (1, 255, 256)
    ]
    return {
        "accepted": [
            {
                "path": tile.path,
                "level": "entries" if tile.level < 0 else str(tile.level),
                "number": str(tile.number),
                "width": tile.width,
            }
            for tile in tiles
        ],
        "refused": [
            {"path": path}
            for path in (
                "", "tile", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000",
                "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/0/x000/001", "tile/0/001/002",
                "tile/0/x001", "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0",
                "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "/tile/0/000", "tile//000",
                "tile/data/000", "tile/0/000.p/1/2", "tile/0/X001/000", "tile/0/000.P/1",
                "tile/0/000\n", " tile/0/000", "tile/0/\u0660\u0660\u0660", "tile/0/../000",
            )
        ],
    }  # fmt: skip


def notes() -> dict[str, Any]:
    """The file `note`."""
    text = "one line\n\nand, after an empty one, \u57ce\u9632\n"
    note = bytes(Note(text, (LOG.sign(text),))).decode()
    false = str(Signature(LOG.vkey.name, LOG.vkey.id, bytes(64)))
    other = str(NEXT.sign(text))
    key = str(LOG.vkey)
    accepted = {
        "one signature": note,
        "a signature of an unknown key beside it": note + other,
        "sixteen signatures": note + other * 15,
        "a signature of an unknown sort beside it": note + "\u2014 x AAAAAAA=\n",
    }
    refused = {
        "nothing": "", "no signature": text, "an empty line and no signature": text + "\n",
        "no newline at the end": note[:-1], "an empty line at the end": note + "\n",
        "a line behind the signatures": note + "x\n", "a hyphen for the dash": note.replace("\u2014", "-"),
        "no space behind the dash": note.replace("\u2014 ", "\u2014"),
        "a name with a plus": note + "\u2014 a+b AAAAAAA=\n",
        "a name with a no-break space": note + "\u2014 a\u00a0b AAAAAAA=\n",
        "no name": note + "\u2014  AAAAAAA=\n", "a key id and nothing else": note + "\u2014 a AAAAAA==\n",
        "base64 without padding": note + "\u2014 a AAAAAAA\n",
        "base64 with unused bits": note + "\u2014 a AAAAAAB=\n",
        "carriage returns": note.replace("\n", "\r\n"), "a tab": note.replace("one ", "one\t"),
        "another text": note.replace("one", "two"), "only an unknown key": text + "\n" + other,
        "a false signature of the key beside a good one": note + false,
    }  # fmt: skip
    return _by_rule({"vkey": key}, "note", accepted, refused)


def checkpoints() -> dict[str, Any]:
    """The file `checkpoint`."""
    root = to_base64(bytes(range(32)))
    accepted = [
        Checkpoint(ORIGIN, size, bytes(range(32))) for size in (0, 1, 300, 2**53, 2**63 - 1)
    ]
    refused = {
        "two lines": f"{ORIGIN}\n5\n", "no newline at the end": f"{ORIGIN}\n5\n{root}",
        "an extension line": f"{ORIGIN}\n5\n{root}\nx\n", "an empty line": f"{ORIGIN}\n5\n{root}\n\n",
        "no origin": f"\n5\n{root}\n", "no size": f"{ORIGIN}\n\n{root}\n",
        "a leading zero": f"{ORIGIN}\n05\n{root}\n", "a sign": f"{ORIGIN}\n+5\n{root}\n",
        "a space": f"{ORIGIN}\n5 \n{root}\n", "a size in hexadecimal": f"{ORIGIN}\n0x5\n{root}\n",
        "a root of 31 bytes": f"{ORIGIN}\n5\n{to_base64(bytes(31))}\n",
        "a root in base64url": f"{ORIGIN}\n5\n{'_' * 43}=\n",
        "a root without padding": f"{ORIGIN}\n5\n{root[:-1]}\n",
        "a root with unused bits": f"{ORIGIN}\n5\n{root[:-2]}9=\n",
        "carriage returns": f"{ORIGIN}\r\n5\r\n{root}\r\n",
    }  # fmt: skip
    return {
        "accepted": [
            {"text": c.text, "origin": c.origin, "size": str(c.size), "root": to_base64(c.root)}
            for c in accepted
        ],
        "refused": [{"rule": rule, "text": text} for rule, text in refused.items()],
    }


def _head(size: int, by: Signer, *witnesses: Signer) -> Note:
    head = Checkpoint(ORIGIN, size, leaves(size).root()).signed([by])
    lines = tuple(witness.cosign(head.text, TIME) for witness in witnesses)
    return Note(head.text, head.signatures + lines)


def cosignatures() -> dict[str, Any]:
    """The file `cosignature`."""
    witness = WITNESSES[0]
    head = _head(5, LOG)
    line = witness.cosign(head.text, TIME)
    key = witness.vkey

    def with_line(data: bytes) -> str:
        return bytes(
            Note(head.text, (*head.signatures, Signature(key.name, key.id, data)))
        ).decode()

    other = Checkpoint(ORIGIN, 6, leaves(6).root()).text
    refused = {
        "not cosigned": bytes(head).decode(),
        "another time": with_line((TIME + 1).to_bytes(8, "big") + line.data[8:]),
        "another head": with_line(witness.cosign(other, TIME).data),
        "a byte too few": with_line(line.data[:-1]), "a byte too many": with_line(line.data + b"\0"),
        "a plain signature": with_line(witness.sign(head.text).data),
        "a time beyond 2^63-1": with_line(witness.cosign(head.text, 2**63).data),
        "by another witness": bytes(_head(5, LOG, WITNESSES[1])).decode(),
    }  # fmt: skip
    times = [0, 1, TIME, 2**63 - 1]
    return {
        "vkey": str(key),
        "accepted": [
            {"note": with_line(witness.cosign(head.text, time).data), "time": str(time)}
            for time in times
        ],
        "refused": [{"rule": rule, "note": note} for rule, note in refused.items()],
    }


def policies() -> dict[str, Any]:
    """The file `policy`."""
    a, b, c = (signer.vkey for signer in WITNESSES)
    known = f"log {LOG.vkey} https://ward.example.gov.tw/\nwitness a {a}\nwitness b {b} https://b.example/\nwitness c {c}\n"
    until = f"# ward-key-until {ORIGIN}+{LOG.vkey.id.hex()} 5\n"
    accepted = {
        "no quorum": known + "quorum none\n",
        "one witness": known + "quorum b\n",
        "two of three": known + "group g 2 a b c\nquorum g\n",
        "any": known + "group g any a b\nquorum g\n",
        "all": known + "group g all a b\nquorum g\n",
        "nested": known + "group g any a b\ngroup h all g c\nquorum h\n",
        "a retired key": known + f"log {NEXT.vkey}\n{until}quorum none\n",
        "spaces, tabs, comments": f"# x\n \t\n\t log \t{LOG.vkey}\t\n#ward-key-until nothing\nquorum  none \n",
        "lines behind the quorum": f"quorum none\n{known}",
    }
    refused = {
        "no quorum at all": known, "two quorums": known + "quorum none\nquorum none\n",
        "a quorum nobody defined": known + "quorum d\n", "a quorum defined below": f"quorum a\n{known}",
        "a line of no kind": known + "quorums none\nquorum none\n",
        "a log twice": known + f"log {LOG.vkey}\nquorum none\n",
        "a log with a witness's key": f"log {a}\nquorum none\n",
        "a witness with a log's key": f"witness a {LOG.vkey}\nquorum none\n",
        "a witness key twice": known + f"witness d {a}\nquorum none\n",
        "a witness name twice": known + f"witness a {NEXT.vkey}\nquorum none\n",
        "a witness called none": f"witness none {a}\nquorum none\n",
        "a group called as a witness": known + "group a any b\nquorum none\n",
        "a group of nobody": known + "group g any\nquorum none\n",
        "a group of none": known + "group g any none\nquorum none\n",
        "a group of itself": known + "group g any g\nquorum none\n",
        "a member twice": known + "group g any a a\nquorum none\n",
        "a member of two groups": known + "group g any a\ngroup h any a b\nquorum none\n",
        "zero of them": known + "group g 0 a\nquorum none\n",
        "more than there are": known + "group g 2 a\nquorum none\n",
        "a threshold with a leading zero": known + "group g 01 a\nquorum none\n",
        "a key id that is not the key's": known.replace(LOG.vkey.id.hex(), "00000000") + "quorum none\n",
        "a control character": known + "# \x07\nquorum none\n", "carriage returns": "quorum none\r\n",
        "a word too many": known + "quorum none a\n",
        "a retired key without size": known + until.replace(" 5", "") + "quorum none\n",
        "a retired key that is no log": f"log {NEXT.vkey}\n{until}quorum none\n",
        "a key retired twice": known + until + until + "quorum none\n",
    }  # fmt: skip
    heads = {
        "alone at 5": _head(5, LOG),
        "alone at 6": _head(6, LOG),
        "by the next key": _head(6, NEXT),
        "cosigned by a": _head(5, LOG, WITNESSES[0]),
        "cosigned by a and b": _head(5, LOG, *WITNESSES[:2]),
        "cosigned by b and c": _head(5, LOG, *WITNESSES[1:]),
        "cosigned by a twice": _head(5, LOG, WITNESSES[0], WITNESSES[0]),
    }
    return {
        "heads": {name: bytes(note).decode() for name, note in heads.items()},
        "accepted": [
            {"rule": rule, "policy": text, "accepts": _accepts(text, heads)}
            for rule, text in accepted.items()
        ],
        "refused": [{"rule": rule, "policy": text} for rule, text in refused.items()],
    }


def _accepts(text: str, heads: dict[str, Note]) -> list[str]:
    found = []
    for name, note in heads.items():
        try:
            Policy.parse(text.encode()).judge(bytes(note))
        except Wrong:
            continue
        found.append(name)
    return found


def _by_rule(
    more: dict[str, Any], member: str, accepted: dict[str, str], refused: dict[str, str]
) -> dict[str, Any]:
    return more | {
        "accepted": [{"rule": rule, member: text} for rule, text in accepted.items()],
        "refused": [{"rule": rule, member: text} for rule, text in refused.items()],
    }


def _statement(number: int) -> dict[str, Any]:
    return {
        "content": to_base64(bytes([number]) * 32),
        "ledger": ORIGIN,
        "nonce": to_base64(bytes([number]) * 16),
        "outcome": "approve",
        "pack": "city/1",
        "previous": "self",
        "record": to_identifier("r", bytes(16)),
        "signer": SIGNER,
        "step": "head",
    }


def rs256() -> dict[str, Any]:
    """The file `rs256`: what a passkey of RSA has signed, and what is none of it."""
    key = Passkey("RS256", SIGNER, bytes(range(32)))
    good, other = key.sign(_statement(1)), key.sign(_statement(2))
    accepted = {"alone": good, "another": other}
    for index, signature in enumerate(key.sign_many([_statement(n) for n in range(5)])):
        accepted[f"number {index} of five signed at once"] = signature
    refused = {
        "signature changed": _with_signature(good, lambda was: was[:-1] + bytes([was[-1] ^ 1])),
        "signature of another statement": _with_signature(
            good, lambda _: from_base64(other["evidence"]["signature"])
        ),
        "signature with a byte more": _with_signature(good, lambda was: was + b"\0"),
        "signature without its first byte": _with_signature(good, lambda was: was[1:]),
        "padded as PSS": _padded(key, good, padding.PSS(padding.MGF1(SHA256()), 0), SHA256()),
        "hashed with SHA-1": _padded(key, good, padding.PKCS1v15(), SHA1()),
        "hashed with SHA-512": _padded(key, good, padding.PKCS1v15(), SHA512()),
        "person not verified": _unverified(key),
    }
    body = key.body()
    der = from_base64(body["key"])
    numbers = key.public_numbers()
    keys = {
        "a key of 2047 bits": _key(numbers.n >> 1 | 1, numbers.e),
        "a key of 1024 bits": _key(numbers.n >> 1024 | 1, numbers.e),
        "an exponent of 3": _key(numbers.n, 3),
        "an exponent of 34 bits": _key(numbers.n, 1 << 33 | 1),
        "a byte behind the key": der + b"\0",
        "a modulus without its sign": b"\x30\x82\x01\x09\x02\x82\x01\x00" + der[9:],
        "SubjectPublicKeyInfo": key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        ),
        "no key": b"\x30\x00",
    }
    cases = [{"rule": rule, "credential": body, "signature": case} for rule, case in refused.items()]
    for rule, spelled in keys.items():
        credential = body | {"key": to_base64(spelled)}
        cases.append({"rule": rule, "credential": credential, "signature": good})
    cases.append({"rule": "another algorithm", "credential": body | {"alg": "ES256"}, "signature": good})
    return {
        "accepted": [
            {"rule": rule, "credential": body, "signature": case} for rule, case in accepted.items()
        ],
        "refused": cases,
    }


def _with_signature(signed: dict[str, Any], change: Callable[[bytes], bytes]) -> dict[str, Any]:
    changed = copy.deepcopy(signed)
    evidence = changed["evidence"]
    evidence["signature"] = to_base64(change(from_base64(evidence["signature"])))
    return changed


def _padded(key: Passkey, signed: dict[str, Any], how: Any, digest: Any) -> dict[str, Any]:
    evidence = signed["evidence"]
    client = hashlib.sha256(from_base64(evidence["client_data"])).digest()
    message = from_base64(evidence["authenticator_data"]) + client
    return _with_signature(signed, lambda _: key.sign_bytes(message, how, digest))


def _unverified(key: Passkey) -> dict[str, Any]:
    said = _statement(1)
    challenge = statement.challenge_of_one(canonical.write(said))
    return {"evidence": key.evidence(challenge, 0x01), "statement": said}


def _key(modulus: int, exponent: int) -> bytes:
    """`RSAPublicKey` in DER, of numbers that need make no good key."""

    def element(tag: int, content: bytes) -> bytes:
        size = len(content)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + length + content

    def integer(number: int) -> bytes:
        return element(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))

    return element(0x30, integer(modulus) + integer(exponent))


FILES = {
    "tree": trees,
    "paths": paths,
    "note": notes,
    "checkpoint": checkpoints,
    "cosignature": cosignatures,
    "policy": policies,
    "rs256": rs256,
}
