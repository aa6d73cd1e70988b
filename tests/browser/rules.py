"""The Taiwanese rules of accessibility (a11y-moda, level AA) over pages that were kept."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys

from browser import SHOTS

#: What the rules would have and a page rightly lacks: (rule, page) with the reason.
ALLOWED = {
    # Steps of one task need no second way to them (WCAG 2.1, success criterion 2.4.5), nor does what stands before it.
    *(("GN1240500E", page) for page in (
        "start-host", "start-office", "start-steward", "start-confirm", "start-refused", "start-codes",
        "sign-in", "second", "second-key", "enrol", "enrol-app", "recover", "authority",
    )),
    # What is not there leads home.
    ("GN1240500E", "not-there"),
    # Cases of one kind are titled alike; which is which stands beside the link (WCAG 2.1, success criterion 2.4.4).
    *(("HM1240404E", page) for page in ("batch", "batch-came", "work", "work-deputy", "work-told", "palette", "search")),
    # Passkeys offered while the name is typed: HTML's word since, which the list of HTML 5.2 does not know.
    ("HM2130500E", "sign-in"),
    # Another person's address is asked for, which the browser of the one who types does not know.
    *(("HM2330800E", page) for page in ("person-new", "person")),
}


def begin(folder: str) -> None:
    """Takes away what an earlier run has kept in a folder of SHOTS."""
    shutil.rmtree(SHOTS / folder, ignore_errors=True)


def judge(folder: str) -> None:
    """Judges the pages of a folder of SHOTS.

    Raises:
        AssertionError: a rule is broken: rule, page, words.
    """
    kept = len(list((SHOTS / folder).glob("*.html")))
    if not kept:
        return
    tool, report = pathlib.Path(sys.executable).parent / "a11y-moda", SHOTS / folder / "moda.json"
    line = [tool, "site", SHOTS / folder, "--allow-file", "--no-render", "--level", "AA", "--fail-only"]
    done = subprocess.run(
        [*map(str, line), "--max-pages", "1000", "--workers", "2", "--format", "json", "-o", str(report)],
        capture_output=True, text=True, timeout=300, check=False,
    )
    if not report.exists():
        raise AssertionError(done.stdout + done.stderr)
    pages = json.loads(report.read_text(encoding="utf-8"))["pages"]
    if len(pages) != kept:
        raise AssertionError(f"{len(pages)} of {kept} pages were judged")
    found = [
        (issue["rule_id"], pathlib.Path(page["url"]).name.split(".")[0], issue["message"])
        for page in pages for issue in page["issues"] if issue["status"] == "fail"
    ]
    broken = [" ".join(one) for one in found if one[:2] not in ALLOWED]
    if broken:
        raise AssertionError("\n".join(broken))
