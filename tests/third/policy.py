"""A verifier's policy: which logs, which witnesses, which quorum.

Owns: the syntax of tlog-policy with Ward's comment `# ward-key-until`, and the judgement of a head.
Invariant: a `Verdict` exists only for a head that the policy accepts.
Source: C2SP tlog-policy; docs/format.md section 8.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, VKey
from spelling import Wrong, decimal


@dataclass(frozen=True)
class Group:
    """A group: at least `threshold` of its members must have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """A head the policy accepts, and who stands behind it."""

    checkpoint: Checkpoint
    signers: tuple[VKey, ...]
    witnesses: dict[str, int]
    alone: bool

    def report(self) -> dict[str, object]:
        """The verdict as members of a JSON answer."""
        return {
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "root": self.checkpoint.root.hex(),
            "signers": [str(key) for key in self.signers],
            "witnesses": self.witnesses,
            "alone": self.alone,
            "vouched": "by this host alone" if self.alone else "by a quorum of witnesses",
        }


@dataclass
class Policy:
    """What a verifier trusts."""

    logs: list[VKey] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    until: dict[tuple[str, str], int] = field(default_factory=dict)
    witnesses: dict[str, VKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """Reads a policy file; `Wrong` names the first line that breaks a rule."""
        if re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data):
            raise Wrong("the policy holds a control character")
        # Octets above 0x7f are opaque; this decoding keeps each different spelling different.
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        if lines.pop() != "":
            raise Wrong("the last line of the policy has no newline")
        policy, members = cls(), set[str]()
        for number, line in enumerate(lines, 1):
            try:
                policy._line(line, members)
            except Wrong as fault:
                raise Wrong(f"policy line {number}: {fault}") from None
        if policy.quorum is None:
            raise Wrong("the policy has no quorum")
        policy._check_until()
        return policy

    def _line(self, line: str, members: set[str]) -> None:
        words = re.split(r"[ \t]+", line.strip(" \t"))
        if words == [""]:
            return
        if words[0].startswith("#"):
            self._comment(words)
        elif words[0] == "log" and len(words) in (2, 3):
            self._log(*words[1:])
        elif words[0] == "witness" and len(words) in (3, 4):
            self._witness(*words[1:])
        elif words[0] == "group" and len(words) >= 4:
            self._group(words[1], words[2], words[3:], members)
        elif words[0] == "quorum" and len(words) == 2:
            self._quorum(words[1])
        else:
            raise Wrong(f"not understood: {line[:80]!r}")

    def _comment(self, words: list[str]) -> None:
        if words[:2] != ["#", "ward-key-until"]:
            return
        if len(words) != 4:
            raise Wrong("ward-key-until takes a key and a size")
        name, plus, key_id = words[2].rpartition("+")
        if not plus or (name, key_id) in self.until:
            raise Wrong(f"ward-key-until names no key, or one twice: {words[2]}")
        self.until[name, key_id] = decimal(words[3])

    def _log(self, vkey: str, url: str | None = None) -> None:
        key = VKey.parse(vkey, ED25519)
        if any(key.public == other.public for other in self.logs):
            raise Wrong("the same log key stands twice")
        self.logs.append(key)
        if url is not None:
            self.urls[str(key)] = url

    def _witness(self, name: str, vkey: str, url: str | None = None) -> None:
        self._new_name(name)
        key = VKey.parse(vkey, COSIGNATURE_V1)
        if any(key.public == other.public for other in self.witnesses.values()):
            raise Wrong("the same witness key stands twice")
        self.witnesses[name] = key
        if url is not None:
            self.urls[name] = url

    def _group(self, name: str, rule: str, names: list[str], members: set[str]) -> None:
        for member in names:
            if member not in self.witnesses and member not in self.groups:
                raise Wrong(f"{member} is not defined above")
            if member in members:
                raise Wrong(f"{member} is a member twice")
            members.add(member)
        self._new_name(name)
        threshold = {"any": 1, "all": len(names)}.get(rule)
        if threshold is None:
            threshold = decimal(rule)
        if not 1 <= threshold <= len(names):
            raise Wrong(f"{threshold} of {len(names)} members cannot be")
        self.groups[name] = Group(threshold, tuple(names))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise Wrong("a second quorum")
        if name != "none" and name not in self.witnesses and name not in self.groups:
            raise Wrong(f"{name} is not defined above")
        self.quorum = name

    def _new_name(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise Wrong(f"the name {name} is taken")

    def _check_until(self) -> None:
        known = {(key.name, key.id.hex()) for key in self.logs}
        for name, key_id in self.until:
            if (name, key_id) not in known:
                raise Wrong(f"ward-key-until names {name}+{key_id}, which is no log here")

    def witnessed(self, name: str, cosigned: set[str]) -> bool:
        """Whether the witness or group `name` counts, given the witnesses that cosigned."""
        if name in self.witnesses:
            return name in cosigned
        group = self.groups[name]
        return sum(self.witnessed(m, cosigned) for m in group.members) >= group.threshold

    def judge(self, data: bytes, quorum: bool = True) -> Verdict:
        """Judges a checkpoint with its signatures; `Wrong` when the policy does not accept it.

        Without `quorum` the log's own signature is enough, and the verdict says who else signed.
        """
        note = Note.parse(data)
        head = Checkpoint.parse(note.text)
        signers = self._signers(note, head)
        times = note.cosigners(self.witnesses.values())
        cosigned = {name: times[key] for name, key in self.witnesses.items() if key in times}
        alone = self.quorum == "none" or not self.witnessed(self.quorum or "", set(cosigned))
        if quorum and alone and self.quorum != "none":
            raise Wrong(f"the quorum {self.quorum} is not met; cosigned by {sorted(cosigned)}")
        return Verdict(head, tuple(signers), cosigned, alone)

    def _signers(self, note: Note, head: Checkpoint) -> list[VKey]:
        named = [key for key in self.logs if key.name == head.origin]
        if not named:
            raise Wrong(f"the policy knows no log {head.origin!r}")
        signers = note.signers(named)
        if not signers:
            raise Wrong("no key of the log in the policy signed the head")
        for key in signers:
            if head.size > self.until.get((key.name, key.id.hex()), head.size):
                raise Wrong(f"the head of {head.size} is signed by a key retired before it")
        return signers
