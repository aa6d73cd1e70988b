"""The vectors of `crates/proof/vectors/`, each file that has been written so far."""

from __future__ import annotations

import unittest
from pathlib import Path

import vectors

FOLDER = Path(__file__).resolve().parents[2] / "crates" / "proof" / "vectors"


class Vectors(unittest.TestCase):
    def test_every_file_comes_out_as_it_says(self) -> None:
        for path in sorted(FOLDER.glob("*.json")):
            with self.subTest(path.name):
                self.assertGreater(vectors.check(path), 0)
