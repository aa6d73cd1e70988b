"""The witness protocol: requests, answers, and a small witness of our own.

Owns: the text of `add-checkpoint` and the order of its refusals.
`answer` is a function of request and state; who calls it must store the new state before the
answer leaves (`StateFile` does), and must let one request end before the next begins.
Source: C2SP tlog-witness, tlog-cosignature.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tree
from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, Signature, Signer, VKey, note_text
from spelling import Wrong, decimal, from_base64, to_base64

MOST_PROOF_LINES = 63
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Request:
    """The body of an `add-checkpoint` request."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __bytes__(self) -> bytes:
        lines = [f"old {self.old}", *map(to_base64, self.proof), "", ""]
        return "\n".join(lines).encode() + bytes(self.note)

    @classmethod
    def parse(cls, data: bytes) -> Request:
        """Reads a body strictly."""
        above, gap, head = note_text(data).partition("\n\n")
        lines = above.split("\n")
        if not gap or not lines[0].startswith("old "):
            raise Wrong("a request is an old size, a proof, an empty line and a checkpoint")
        if len(lines) - 1 > MOST_PROOF_LINES:
            raise Wrong(f"a request has more than {MOST_PROOF_LINES} proof lines")
        proof = tuple(from_base64(line, 32) for line in lines[1:])
        return cls(decimal(lines[0][4:]), proof, Note.parse(head.encode("utf-8")))


@dataclass(frozen=True)
class Answer:
    """Status, content type and body of an HTTP answer."""

    status: int
    body: str
    content_type: str = TEXT_TYPE


def read_answer(body: bytes, text: str, keys: Sequence[VKey]) -> dict[VKey, int]:
    """Which of `keys` cosigned the checkpoint `text` in a good answer, and when."""
    lines = note_text(body)
    if not lines.endswith("\n"):
        raise Wrong("the answer does not end with a newline")
    signatures = tuple(map(Signature.parse, lines[:-1].split("\n")))
    return Note(text, signatures).cosigners(keys)


@dataclass
class Witness:
    """A witness: its key, the logs it knows by their keys, and the last head of each."""

    signer: Signer
    logs: list[VKey] = field(default_factory=list)
    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def answer(self, body: bytes, time: int) -> Answer:
        """Answers one request at `time` (seconds since 1970) and remembers what it cosigns."""
        try:
            request = Request.parse(body)
            head = Checkpoint.parse(request.note.text, extensions=True)
        except Wrong as fault:
            return Answer(400, f"{fault}\n")
        refusal = self._refuse_unknown(head, request) or self._refuse_wrong(head, request)
        if refusal:
            return refusal
        self.heads[head.origin] = head.size, head.root
        return Answer(200, str(self.signer.cosign(request.note.text, time)))

    def _refuse_unknown(self, head: Checkpoint, request: Request) -> Answer | None:
        keys = [key for key in self.logs if key.name == head.origin]
        if not keys:
            return Answer(404, "this log is not known here\n")
        try:
            signers = request.note.signers(keys)
        except Wrong as fault:
            return Answer(403, f"{fault}\n")
        return None if signers else Answer(403, "no key of the log signed the checkpoint\n")

    def _refuse_wrong(self, head: Checkpoint, request: Request) -> Answer | None:
        last, root = self.heads.get(head.origin, (0, tree.EMPTY_ROOT))
        if request.old > head.size:
            return Answer(400, "the old size is larger than the checkpoint's\n")
        if request.old != last:
            return Answer(409, f"{last}\n", SIZE_TYPE)
        if head.size == last and not request.proof and head.root != root:
            # A root that an empty tree cannot have is no fork; nothing was cosigned before it.
            status = 409 if head.origin in self.heads else 422
            return Answer(status, "another root of the same size\n")
        try:
            tree.check_consistency(last, head.size, root, head.root, request.proof)
        except Wrong as fault:
            return Answer(422, f"{fault}\n")
        return None


class StateFile:
    """A witness kept in a JSON file that is replaced as a whole before an answer is given."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, name: str, seed: bytes, logs: Sequence[VKey]) -> Witness:
        """Writes a new state; never over an old one."""
        if self.path.exists():
            raise Wrong(f"{self.path} exists")
        witness = Witness(Signer.from_seed(name, COSIGNATURE_V1, seed), list(logs))
        self._store(witness, seed)
        return witness

    def answer(self, body: bytes, time: int) -> Answer:
        """Reads the state, answers, and stores the state first."""
        value = json.loads(self.path.read_text())
        seed = from_base64(value["seed"], 32)
        witness = Witness(
            Signer.from_seed(value["name"], COSIGNATURE_V1, seed),
            [VKey.parse(text, ED25519) for text in value["logs"]],
            {
                origin: (head["size"], from_base64(head["root"], 32))
                for origin, head in value["heads"].items()
            },
        )
        answer = witness.answer(body, time)
        self._store(witness, seed)
        return answer

    def _store(self, witness: Witness, seed: bytes) -> None:
        value = {
            "name": witness.signer.vkey.name,
            "seed": to_base64(seed),
            "logs": [str(key) for key in witness.logs],
            "heads": {
                origin: {"size": size, "root": to_base64(root)}
                for origin, (size, root) in witness.heads.items()
            },
        }
        beside = self.path.with_name(self.path.name + ".new")
        with beside.open("w") as file:
            json.dump(value, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
