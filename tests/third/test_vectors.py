"""The vectors of `crates/proof/vectors/`, each file that has been written so far."""

from __future__ import annotations

import unittest
from pathlib import Path

import makevectors
import vectors
from spelling import Wrong

FOLDER = Path(__file__).resolve().parents[2] / "crates" / "proof" / "vectors"


class Vectors(unittest.TestCase):
    def test_every_file_comes_out_as_it_says(self) -> None:
        for path in sorted(FOLDER.glob("*.json")):
            with self.subTest(path.name):
                self.assertGreater(vectors.check(path), 0)

    def test_made_files_come_out_as_they_say_and_a_changed_one_does_not(self) -> None:
        for name, made in makevectors.FILES.items():
            file = makevectors.trees(20) if name == "tree" else made()
            checker = vectors.CHECKERS[name]
            self.assertGreater(checker(file), 4)
            if "refused" in file:
                self.assertRaises(Wrong, checker, file | {"refused": file["accepted"]})
                self.assertRaises(Wrong, checker, file | {"accepted": file["refused"]})
            else:
                file["trees"][7]["range"] = file["trees"][8]["range"]
                self.assertRaises(Wrong, checker, file)
