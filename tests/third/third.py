#!/usr/bin/python3
"""The command line of the third implementation.

Reads files, or standard input where a file is `-`; answers with one JSON object on standard output.
Exit codes: 0 good, 1 found wrong, 2 misuse (wrong arguments, files that cannot be read).
Source: docs/format.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import bundle
import entry
import ledger
import make
import makevectors
import proof
import seal
import tree
import vectors
import witness
from notes import COSIGNATURE_V1, ED25519, Checkpoint, Note, VKey
from policy import Policy
from spelling import Wrong, from_base64, to_base64
from tiles import Folder


def data_of(path: str) -> bytes:
    """A file's bytes, or those of standard input for `-`."""
    return sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()


def verify_ledger(args: argparse.Namespace) -> dict[str, Any]:
    """check every file and entry of a ledger's folder"""
    return ledger.check(Path(args.folder), Policy.parse(data_of(args.policy)))


def check_proof(args: argparse.Namespace) -> dict[str, Any]:
    """check a proof of one entry"""
    return proof.check(data_of(args.file), Policy.parse(data_of(args.policy)))


def check_bundle(args: argparse.Namespace) -> dict[str, Any]:
    """check a bundle"""
    return bundle.check(data_of(args.file), Policy.parse(data_of(args.policy)))


def check_entry(args: argparse.Namespace) -> dict[str, Any]:
    """check one entry on its own"""
    found = entry.Entry.parse(data_of(args.file))
    return {"kind": found.kind, "content_hash": to_base64(found.content_hash)}


def open_sealed(args: argparse.Namespace) -> dict[str, Any]:
    """open a sealed entry with its data key"""
    opened = seal.open_entry(entry.Entry.parse(data_of(args.file)), from_base64(args.key, 32))
    return {"body": opened.body, "salt": to_base64(opened.salt)}


def make_proof(args: argparse.Namespace) -> dict[str, Any]:
    """make the proof of an entry from a ledger's tiles"""
    text = make.make_proof(Path(args.folder), args.index)
    if args.out is not None:
        return {"written": _write(args.out, text)}
    return {"proof": text.decode("utf-8")}


def make_bundle(args: argparse.Namespace) -> dict[str, Any]:
    """make a bundle of the entries FIRST to END-1 from a ledger's tiles"""
    data = make.make_bundle(Path(args.folder), [(args.first, args.end)], {}, {}, [])
    if args.out is not None:
        return {"written": _write(args.out, data)}
    return {"bundle": to_base64(data)}


def make_ledger(args: argparse.Namespace) -> dict[str, Any]:
    """make a small ledger that holds every kind of entry"""
    folder = Path(args.folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    sizes = sorted({*args.publish, args.entries})
    if not 1 <= sizes[0] <= sizes[-1] == args.entries:
        raise ValueError("a ledger has at least one entry, and publishes no more than it has")
    writer = make.Writer(args.origin, args.seed, args.key_change_at)
    writer.fill(args.entries)
    names = [f"witness{number}.example" for number in range(1, args.witnesses + 1)]
    signers = [make.witness_signer(name, args.seed) for name in names]
    folder.mkdir(parents=True, exist_ok=True)
    make.publish(folder, writer, sizes, signers, args.time)
    policy = make.policy_text(writer, [signer.vkey for signer in signers])
    bundled = make.make_bundle(
        folder,
        [(0, args.entries)],
        writer.opened,
        {(number, 2): make.line_section(lines, 2, 5) for number, lines in writer.batches.items()},
        writer.attachments,
    )
    return {
        "policy": policy,
        "policy_written": _write(args.policy_out, policy.encode()),
        "bundle_written": _write(args.bundle_out, bundled),
        "size": args.entries,
        "data_keys": writer.data_keys,
    }


def make_request(args: argparse.Namespace) -> dict[str, Any]:
    """make the add-checkpoint request from size OLD to a ledger's checkpoint"""
    data, head = make.head_of(Path(args.folder))
    hashes = tree.consistency(args.old, head.size, Folder(Path(args.folder), head.size).subtree)
    request = bytes(witness.Request(args.old, tuple(hashes), Note.parse(data)))
    return {"request": request.decode("utf-8"), "written": _write(args.out, request)}


def check_consistency(args: argparse.Namespace) -> dict[str, Any]:
    """check that an add-checkpoint request continues a checkpoint seen before"""
    old = Checkpoint.parse(Note.parse(data_of(args.before)).text, extensions=True)
    request = witness.Request.parse(data_of(args.request))
    new = Checkpoint.parse(request.note.text, extensions=True)
    if (old.origin, old.size) != (new.origin, request.old):
        raise Wrong("the request does not continue that checkpoint")
    tree.check_consistency(old.size, new.size, old.root, new.root, request.proof)
    return {"old": old.size, "new": new.size}


def sign_checkpoint(args: argparse.Namespace) -> dict[str, Any]:
    """sign a head with the log key of a seed"""
    signer = make.log_signer(args.origin, args.seed)
    note = Checkpoint(args.origin, args.size, from_base64(args.root, 32)).signed([signer])
    return {"vkey": str(signer.vkey), "note": bytes(note).decode("utf-8")}


def cosign(args: argparse.Namespace) -> dict[str, Any]:
    """add a cosignature with the witness key of a seed"""
    note = Note.parse(data_of(args.file))
    signer = make.witness_signer(args.name, args.seed)
    line = signer.cosign(note.text, args.time)
    whole = Note(note.text, (*note.signatures, line))
    return {
        "vkey": str(signer.vkey),
        "line": str(line),
        "note": bytes(whole).decode("utf-8"),
    }


def check_cosignature(args: argparse.Namespace) -> dict[str, Any]:
    """check that a witness cosigned a checkpoint"""
    note = Note.parse(data_of(args.file))
    head = Checkpoint.parse(note.text, extensions=True)
    key = VKey.parse(args.vkey, COSIGNATURE_V1)
    times = note.cosigners([key])
    if key not in times:
        raise Wrong(f"no cosignature of {key}")
    return {"origin": head.origin, "size": head.size, "time": times[key]}


def witness_new(args: argparse.Namespace) -> dict[str, Any]:
    """begin the state of a witness"""
    logs = [VKey.parse(text, ED25519) for text in args.log]
    state = witness.StateFile(Path(args.statefile))
    made = state.create(args.name, make.seed_bytes(args.seed, "witness"), logs)
    return {"vkey": str(made.signer.vkey)}


def witness_answer(args: argparse.Namespace) -> dict[str, Any]:
    """answer an add-checkpoint request as a witness"""
    state = witness.StateFile(Path(args.statefile))
    answer = state.answer(data_of("-"), args.time)
    return {"status": answer.status, "content_type": answer.content_type, "body": answer.body}


def check_vectors(args: argparse.Namespace) -> dict[str, Any]:
    """check files of test vectors"""
    return {"checked": {name: vectors.check(Path(name)) for name in args.files}}


def make_vectors(args: argparse.Namespace) -> dict[str, Any]:
    """write the files of vectors that need no entries"""
    written = []
    for name, made in makevectors.FILES.items():
        path = Path(args.folder) / f"{name}.json"
        text = json.dumps(made(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        path.write_text(text, "utf-8")
        written.append(str(path))
    return {"written": written}


def _write(path: str | None, data: bytes) -> str | None:
    if path is not None:
        Path(path).write_bytes(data)
    return path


def _sizes(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    top = argparse.ArgumentParser(prog="third.py", description=__doc__.split("\n")[0])
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(
        title: str, act: Any, /, *arguments: str, **options: Any
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(title, help=act.__doc__)
        made.set_defaults(act=act)
        for argument in arguments:
            made.add_argument(argument)
        for option, how in options.items():
            made.add_argument("--" + option.replace("_", "-"), **how)
        return made

    now = {"type": int, "default": int(time.time())}
    text, number, out = {"required": True}, {"type": int, "required": True}, {"default": None}
    command("verify-ledger", verify_ledger, "folder", policy=text)
    command("check-proof", check_proof, "file", policy=text)
    command("check-bundle", check_bundle, "file", policy=text)
    command("check-entry", check_entry, "file")
    command("open-sealed", open_sealed, "file", key=text)
    command("make-proof", make_proof, "folder", out=out).add_argument("index", type=int)
    made = command("make-bundle", make_bundle, "folder", out=out)
    made.add_argument("first", type=int)
    made.add_argument("end", type=int)
    command(
        "make-ledger", make_ledger, "folder", origin=text, seed=text, entries=number,
        publish={"type": _sizes, "default": []}, key_change_at={"type": int, "default": None},
        witnesses={"type": int, "default": 0}, time=now, policy_out=out, bundle_out=out,
    )  # fmt: skip
    command("make-request", make_request, "folder", old=number, out=out)
    command("check-consistency", check_consistency, "before", "request")
    command("sign-checkpoint", sign_checkpoint, origin=text, seed=text, size=number, root=text)
    command("cosign", cosign, "file", name=text, seed=text, time=now)
    command("check-cosignature", check_cosignature, "file", vkey=text)
    command("witness-new", witness_new, "statefile", name=text, seed=text,
            log={"action": "append", "default": []})  # fmt: skip
    command("witness-answer", witness_answer, "statefile", time=now)
    command("make-vectors", make_vectors, "folder")
    command("vectors", check_vectors).add_argument("files", nargs="+")
    return top


def main(arguments: list[str]) -> int:
    """Runs one command and says how it went."""
    args = parser().parse_args(arguments)
    try:
        answer, code = {"good": True, **args.act(args)}, 0
    except Wrong as fault:
        answer, code = {"good": False, "error": str(fault)}, 1
    except (OSError, ValueError) as fault:
        answer, code = {"good": False, "misuse": str(fault)}, 2
    json.dump(answer, sys.stdout, ensure_ascii=True)
    print()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
