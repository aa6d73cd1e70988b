"""Tiles and bundles of entries: paths, framing, and proofs from a ledger's folder.

Owns: the names and contents of files below `tile/`.
Invariant of `Folder`: nothing it returns is trusted until compared with a signed root.
Source: C2SP tlog-tiles; docs/format.md section 4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import tree
from spelling import Wrong

WIDTH = 256
LONGEST_ENTRY = 65535
HIGHEST_LEVEL = 63


@dataclass(frozen=True, order=True)
class Tile:
    """One file: a tile of hashes at `level` 0 to 63, or a bundle of entries (`level` -1)."""

    level: int
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path below the ledger's prefix."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
        level = "entries" if self.level < 0 else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """The file of a path; `Wrong` for any spelling that `path` would not give."""
        match = re.fullmatch(
            r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?", path, re.A
        )
        if not match:
            raise Wrong(f"not a tile path: {path!r}")
        level = -1 if match[1] == "entries" else int(match[1])
        number = int(match[2].replace("x", "").replace("/", ""))
        width = WIDTH if match[3] is None else int(match[3])
        tile = cls(level, number, width)
        if level > HIGHEST_LEVEL or tile.path != path or not (1 <= width < WIDTH or not match[3]):
            raise Wrong(f"not a tile path: {path!r}")
        return tile

    @property
    def span(self) -> int:
        """How many entries one row (hash or entry) of the file stands for."""
        return 1 if self.level < 0 else WIDTH**self.level

    @property
    def end(self) -> int:
        """The first entry after those the file stands for: the smallest tree that has it."""
        return (self.number * WIDTH + self.width) * self.span


def tiles_of(size: int) -> list[Tile]:
    """The files that a tree of `size` needs: every full one, and the partial at its edge."""
    found = []
    for level in range(-1, HIGHEST_LEVEL + 1):
        rows = size // (1 if level < 0 else WIDTH**level)
        if rows == 0:
            break
        found += [Tile(level, number) for number in range(rows // WIDTH)]
        if rows % WIDTH:
            found.append(Tile(level, rows // WIDTH, rows % WIDTH))
    return found


def frame(entries: list[bytes]) -> bytes:
    """Entries with a big-endian 16-bit length before each."""
    for entry in entries:
        if len(entry) > LONGEST_ENTRY:
            raise Wrong(f"an entry has {len(entry)} bytes; {LONGEST_ENTRY} is the most")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unframe(data: bytes) -> list[bytes]:
    """The entries of a framing; `Wrong` when it ends inside one."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if len(data) < at + 2 or len(data) < end:
            raise Wrong(f"the framing of entries breaks at byte {at}")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def hashes_of(data: bytes) -> list[bytes]:
    """Hashes of 32 bytes, one after the other."""
    if len(data) % 32:
        raise Wrong(f"{len(data)} bytes are not a row of hashes")
    return [data[at : at + 32] for at in range(0, len(data), 32)]


class Folder:
    """A ledger's folder read at a given size: only the files that size needs are opened."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        self.size = size
        self._rows = lru_cache(maxsize=64)(self._read_rows)

    def entry(self, number: int) -> bytes:
        """Entry `number`, not yet compared with any hash."""
        if not 0 <= number < self.size:
            raise Wrong(f"no entry {number} in a tree of {self.size}")
        return self._rows(-1, number // WIDTH)[number % WIDTH]

    def subtree(self, lo: int, hi: int) -> bytes:
        """The hash of the entries [lo, hi), from as few tiles as can be."""
        width = hi - lo
        if width == 0:
            return tree.EMPTY_ROOT
        if width & (width - 1) == 0 and lo % width == 0:
            level = (width.bit_length() - 1) // 8
            rows, first = width // WIDTH**level, lo // WIDTH**level
            hashes = self._rows(level, first // WIDTH)
            return tree.Leaves(hashes[first % WIDTH : first % WIDTH + rows]).root()
        middle = lo + tree.split(width)
        return tree.node_hash(self.subtree(lo, middle), self.subtree(middle, hi))

    def _read_rows(self, level: int, number: int) -> list[bytes]:
        full = Tile(level, number)
        rows = min(self.size // full.span - number * WIDTH, WIDTH)
        # A partial file may give way to the full one once that exists, and to nothing else.
        for tile in (Tile(level, number, rows), full):
            path = self.folder / tile.path
            if path.is_file():
                data = path.read_bytes()
                found = unframe(data) if level < 0 else hashes_of(data)
                if len(found) != tile.width:
                    raise Wrong(f"{tile.path} has {len(found)} rows, not {tile.width}")
                return found[:rows]
        raise Wrong(f"{Tile(level, number, rows).path} is missing")
