"""The test vectors in `crates/proof/vectors/`.

Owns: how each file is laid out. Each is an object with `accepted` and `refused` cases, or says
more where a case needs it; a case that does not come out as the file says is `Wrong`.
Source: docs/format.md section 11.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bundle
import canonical
import makevectors
import seal
import tree
from entry import Entry
from history import ELSEWHERE, SIGNED, VOUCHED, Held, History
from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, VKey
from policy import Policy
from spelling import Wrong, from_base64, to_base64, to_base64url
from statement import Assertion, Credential, challenge_of_one
from tiles import Tile


def check(path: Path) -> int:
    """Checks the file and tells how many cases it held."""
    checker = CHECKERS.get(path.stem)
    if checker is None:
        raise Wrong(f"{path.name}: no such file of vectors is known here")
    return checker(json.loads(path.read_text("utf-8")))


def same(found: object, wanted: object, case: object) -> None:
    """`Wrong` unless what was found is what the file says."""
    if found != wanted:
        raise Wrong(f"{str(case)[:300]}: found {found!r}, the vectors say {wanted!r}")


def refused(act: Callable[[], object], case: object) -> None:
    """`Wrong` unless `act` refuses."""
    try:
        act()
    except Wrong:
        return
    raise Wrong(f"accepted, and the vectors say refused: {str(case)[:600]}")


def accepted(act: Callable[[], Any], case: object) -> Any:
    """What `act` returns; the `Wrong` of its own with the case named."""
    try:
        return act()
    except Wrong as fault:
        raise Wrong(f"refused, and the vectors say accepted: {fault}: {str(case)[:600]}") from None


def bytes_of(case: dict[str, Any]) -> bytes:
    """The bytes of a case: text, or base64 where they are no text."""
    return case["text"].encode("utf-8") if "text" in case else from_base64(case["base64"])


def _canonical(file: dict[str, Any]) -> int:
    for text in file["accepted"]:
        value = accepted(lambda: canonical.read(text.encode("utf-8")), text)
        same(canonical.write(value), text.encode("utf-8"), text)
    for case in file["refused"]:
        refused(lambda: canonical.read(bytes_of(case)), case)
    return len(file["accepted"]) + len(file["refused"])


def _entry(file: dict[str, Any]) -> int:
    for case in file["accepted"]:
        raw = case["entry"].encode("utf-8")
        entry = accepted(lambda: Entry.parse(raw), case)
        same(to_base64(entry.content_hash), case["content_hash"], case)
        same(to_base64(tree.leaf_hash(raw)), case["leaf"], case)
    for case in file["refused"]:
        refused(lambda: Entry.parse(case["entry"].encode("utf-8")), case)
    return len(file["accepted"]) + len(file["refused"])


def _seal(file: dict[str, Any]) -> int:
    def opened(case: dict[str, Any]) -> seal.Opened:
        key = from_base64(case.get("key", file["key"]), 32)
        return seal.open_entry(Entry.parse(case["entry"].encode("utf-8")), key)

    for case in file["accepted"]:
        found = accepted(lambda: opened(case), case)
        same(found.plaintext, case["plaintext"].encode("utf-8"), case)
        same(to_base64(found.content_hash), case["content_hash"], case)
    for case in file["refused"]:
        refused(lambda: opened(case), case)
    return len(file["accepted"]) + len(file["refused"])


def _statement(file: dict[str, Any]) -> int:
    def judged(case: dict[str, Any]) -> History:
        history = History(case["ledger"], whole=True)
        if "credential" in case:
            credential = Credential.parse(case["credential"])
            history.held[credential.id] = Held(credential)
        raw = case["entry"].encode("utf-8")
        if "previous_content" in case:
            previous = json.loads(raw)["signature"]["statement"]["previous"]
            history.hashes[int(previous)] = from_base64(case["previous_content"], 32)
        history.take(case["number"], raw)
        return history

    for case in file["accepted"]:
        found = accepted(lambda: judged(case), case)
        same([row["grade"] for row in found.signatures], [case["grade"]], case)
        signed = Entry.parse(case["entry"].encode("utf-8")).signature
        assert signed is not None
        same(to_base64url(challenge_of_one(signed.raw)), case["challenge_alone"], case)
    for case in file["refused"]:
        refused(lambda: judged(case), case)
    return len(file["accepted"]) + len(file["refused"])


def _bundle(file: dict[str, Any]) -> int:
    for case in file["accepted"]:
        policy = Policy.parse(case["policy"].encode("utf-8"))
        found = accepted(lambda: bundle.check(from_base64(case["bundle"]), policy), case["rule"])
        _same_verdict(found, case["verdict"], case["rule"])
    policy = Policy.parse(file["policy"].encode("utf-8"))
    for case in file["refused"]:
        refused(lambda: bundle.check(from_base64(case["bundle"]), policy), case["rule"])
    return len(file["accepted"]) + len(file["refused"])


def _same_verdict(found: dict[str, Any], wanted: dict[str, Any], rule: str) -> None:
    # The page does not lay out a verdict, so its facts are compared and not its members.
    same((found["origin"], found["size"]), (wanted["origin"], wanted["size"]), rule)
    same(found["root"], from_base64(wanted["root"]).hex(), rule)
    same(found["alone"], wanted["standing"] == "host-alone", rule)
    same(found["witnesses"], {w["witness"]: w["at_seconds"] for w in wanted["cosigned"]}, rule)
    same(found["lines"], wanted["lines"], rule)
    same(found["attachments"], wanted["attachments"], rule)
    entries = [{n: v for n, v in row.items() if n != "signature"} for row in wanted["entries"]]
    same(found["entries"], entries, rule)
    words = {
        "signed-by-person": SIGNED,
        "vouched-by-server": VOUCHED,
        "credential-not-in-bundle": ELSEWHERE,
    }
    verdicts = {
        row["number"]: words.get(row["signature"]["standing"])
        for row in wanted["entries"]
        if "signature" in row
    }
    same({row["entry"]: row["verdict"] for row in found["signatures"]}, verdicts, rule)


def _tree(file: dict[str, Any]) -> int:
    """`trees`: for each size the root, and a digest of all its proofs; `examples`: some in full."""
    for row in file["trees"]:
        size, held = row["size"], makevectors.leaves(row["size"])
        sub = held.subtree
        found = {
            "size": size,
            "root": to_base64(held.root()),
            "inclusion": makevectors.digest(tree.inclusion(i, size, sub) for i in range(size)),
            "consistency": makevectors.digest(
                tree.consistency(i, size, sub) for i in range(1, size + 1)
            ),
            "range": makevectors.digest(
                tree.range_proof(a, b, size, sub) for a, b in makevectors.ranges(size)
            ),
        }
        same(found, row, size)
    for kind, rows in file["examples"].items():
        for row in rows:
            accepted(lambda: _example(kind, row), row)
    return len(file["trees"]) + sum(map(len, file["examples"].values()))


def _example(kind: str, row: dict[str, Any]) -> None:
    proof = [from_base64(text, 32) for text in row["proof"]]
    size = row["new"] if kind == "consistency" else row["size"]
    held = makevectors.leaves(size)
    if kind == "inclusion":
        leaf = held.hashes[row["index"]]
        tree.check_inclusion(row["index"], size, leaf, proof, held.root())
    elif kind == "consistency":
        tree.check_consistency(row["old"], size, held.root(row["old"]), held.root(), proof)
    else:
        inside = held.hashes[row["first"] : row["end"]]
        tree.check_range(row["first"], size, inside, proof, held.root())


def _paths(file: dict[str, Any]) -> int:
    for case in file["accepted"]:
        tile = accepted(lambda: Tile.parse(case["path"]), case)
        level = -1 if case["level"] == "entries" else int(case["level"])
        same(tile, Tile(level, int(case["number"]), case["width"]), case)
        same(tile.path, case["path"], case)
    for case in file["refused"]:
        refused(lambda: Tile.parse(case["path"]), case)
    return len(file["accepted"]) + len(file["refused"])


def _note(file: dict[str, Any]) -> int:
    key = VKey.parse(file["vkey"], ED25519)

    def opened(case: dict[str, Any]) -> None:
        if not Note.parse(case["note"].encode("utf-8")).signers([key]):
            raise Wrong("the key did not sign the note")

    return _accepted_and_refused(file, opened)


def _checkpoint(file: dict[str, Any]) -> int:
    def read(case: dict[str, Any]) -> None:
        head = Checkpoint.parse(case["text"])
        if "size" in case:
            found = {"origin": head.origin, "size": str(head.size), "root": to_base64(head.root)}
            same(found | {"text": head.text}, case, case)

    return _accepted_and_refused(file, read)


def _cosignature(file: dict[str, Any]) -> int:
    key = VKey.parse(file["vkey"], COSIGNATURE_V1)

    def opened(case: dict[str, Any]) -> None:
        times = Note.parse(case["note"].encode("utf-8")).cosigners([key])
        if key not in times:
            raise Wrong("the witness did not cosign")
        if "time" in case:
            same(str(times[key]), case["time"], case)

    return _accepted_and_refused(file, opened)


def _policy(file: dict[str, Any]) -> int:
    """`heads` by name; each accepted policy lists the names of the heads it `accepts`."""

    def judged(case: dict[str, Any]) -> None:
        policy = Policy.parse(case["policy"].encode("utf-8"))
        for name, note in file["heads"].items() if "accepts" in case else ():
            act = accepted if name in case["accepts"] else refused
            act(lambda: policy.judge(note.encode("utf-8")), f"{case['rule']}, {name}")  # noqa: B023

    return _accepted_and_refused(file, judged)


def _accepted_and_refused(file: dict[str, Any], act: Callable[[dict[str, Any]], None]) -> int:
    for case in file["accepted"]:
        accepted(lambda: act(case), case)
    for case in file["refused"]:
        refused(lambda: act(case), case)
    return len(file["accepted"]) + len(file["refused"])


def _rs256(file: dict[str, Any]) -> int:
    def judged(case: dict[str, Any]) -> None:
        signature = case["signature"]
        credential = Credential.parse(case["credential"])
        said = canonical.write(signature["statement"])
        credential.check(Assertion.parse(signature["evidence"]), said)

    for case in file["accepted"]:
        accepted(lambda: judged(case), case)
    for case in file["refused"]:
        refused(lambda: judged(case), case)
    return len(file["accepted"]) + len(file["refused"])


CHECKERS: dict[str, Callable[[dict[str, Any]], int]] = {
    "bundle": _bundle,
    "canonical": _canonical,
    "checkpoint": _checkpoint,
    "cosignature": _cosignature,
    "entry": _entry,
    "note": _note,
    "paths": _paths,
    "policy": _policy,
    "rs256": _rs256,
    "seal": _seal,
    "statement": _statement,
    "tree": _tree,
}
