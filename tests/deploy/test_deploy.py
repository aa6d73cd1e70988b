"""What is in deploy/, with the real program: units that systemd takes, backups that restore, drills that refuse.

    WARD=target/debug/ward python3 -m unittest discover tests/deploy
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
WARD = str(pathlib.Path(os.environ.get("WARD", ROOT / "target/debug/ward")).resolve())
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))
# What systemd-analyze may count at most for a service, of 10. Less is better.
EXPOSED = {"ward.service": 2.0, "ward-enforce.service": 2.5, "ward-drill.service": 1.5}


class Units(unittest.TestCase):
    def setUp(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not there")
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in UNITS:
            text = (DEPLOY / name).read_text()
            # The programs where they are here: nothing is installed in a test.
            text = text.replace("/usr/bin/ward", WARD).replace("/usr/lib/ward", str(DEPLOY))
            (self.folder / name).write_text(text)

    def analyze(self, *arguments):
        command = ["systemd-analyze", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def test_systemd_takes_every_unit_without_a_word(self):
        ended = self.analyze("verify", *(f"./{name}" for name in UNITS))
        said = [line for line in ended.stderr.splitlines() if "ward" in line]
        self.assertEqual((ended.returncode, said), (0, []))

    def test_what_a_service_could_reach_stays_as_little(self):
        services = [name for name in UNITS if name.endswith(".service")]
        self.assertEqual(sorted(EXPOSED), services)
        for name in services:
            said = self.analyze("security", "--offline=true", f"./{name}").stdout
            level = re.search(r"exposure level for .*: ([\d.]+)", said)
            self.assertIsNotNone(level, said)
            self.assertLessEqual(float(level[1]), EXPOSED[name], name)

    def test_ward_may_still_confine_what_it_starts(self):
        """`crates/attachment/src/confined.rs` lays Landlock and seccomp and runs prlimit."""
        filters = re.findall(r"^SystemCallFilter=(.*)$", (DEPLOY / "ward.service").read_text(), re.MULTILINE)
        self.assertEqual([names[0] for names in filters], ["@", "~"])
        allowed, refused = (self.calls(names.lstrip("~").split()) for names in filters)
        self.assertNotIn("mount", allowed - refused)
        needed = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "prlimit64"}
        self.assertEqual(needed - (allowed - refused), set())

    def calls(self, names):
        """The system calls that are named, those of groups among them."""
        found = {name for name in names if not name.startswith("@")}
        for group in set(names) - found:
            said = self.analyze("syscall-filter", group).stdout.splitlines()
            found |= self.calls([line.strip() for line in said if line.startswith("    ") and "#" not in line])
        return found

    def test_a_wrong_setting_would_be_seen(self):
        unit = self.folder / "ward.service"
        unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=stricter"))
        self.assertIn("stricter", self.analyze("verify", "./ward.service").stderr)


class Backups(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environment = os.environ | {"WARD": WARD, "WARD_DATA": "data"}
        self.good(WARD, "ledger", "init", "--origin", "city.example/ward")
        self.append(1)

    def run_in(self, *command, text=""):
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, input=text, capture_output=True, text=True, timeout=60
        )

    def good(self, *command, text=""):
        ended = self.run_in(*command, text=text)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def append(self, number):
        entry = {"kind": "test.made", "subject": "x", "body": {"n": number}, "sealed": True}
        self.good(WARD, "ledger", "append", text=json.dumps(entry) + "\n")

    def backup(self, out="backup", until="2999-12-31"):
        return self.run_in(DEPLOY / "ward-backup", "data", out, until)

    def drill(self, *arguments):
        return self.run_in(DEPLOY / "ward-restore-drill", *arguments)

    def size(self):
        return int(self.good(WARD, "ledger", "head").splitlines()[3])

    def serve(self):
        server = subprocess.Popen(
            [WARD, "serve", "--listen", "127.0.0.1:0"],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.assertTrue(server.stdout.readline(), "the address it serves")
        return server

    def test_a_backup_restores_and_the_drill_is_an_entry(self):
        self.assertEqual(self.backup().returncode, 0)
        self.assertFalse((self.folder / "backup/data/vault").exists(), "keys leave in a backup that expires alone")
        self.append(2)
        ended = self.drill("--record", "backup")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        entry = json.loads(self.good(WARD, "ledger", "read", str(self.size() - 1)))
        self.assertEqual((entry["kind"], entry["body"]["result"]), ("backup.drilled", "good"))

    def test_at_work_it_is_refused_and_after_a_kill_nothing_acknowledged_is_lost(self):
        server = self.serve()
        for number in range(20):
            self.append(number)
        ended = self.backup()
        self.assertEqual(ended.returncode, 2)
        self.assertIn("systemctl stop ward", ended.stderr)
        self.assertFalse((self.folder / "backup").exists())
        server.send_signal(signal.SIGKILL)
        server.wait()
        ended = self.backup()
        self.assertEqual(ended.returncode, 0, ended.stderr)
        ended = self.drill("backup")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        # In earnest: the folder is gone, the backup takes its place.
        shutil.rmtree(self.folder / "data")
        shutil.copytree(self.folder / "backup/data", self.folder / "data")
        self.good(WARD, "vault", "restore", "backup/vault")
        self.append(21)
        self.good(WARD, "verify")
        made = [json.loads(line) for line in self.good(WARD, "ledger", "read", f"0..{self.size()}").splitlines()]
        self.assertEqual(sum(entry["kind"] == "test.made" for entry in made), 22)

    def test_a_backup_that_was_touched_is_refused_and_the_ledger_says_so(self):
        self.assertEqual(self.backup().returncode, 0)
        backup = self.folder / "backup"
        policy, vault = backup / "data/policy", backup / "vault"
        whole = {policy: policy.read_bytes(), vault: vault.read_bytes()}
        for touched in whole:
            touched.write_bytes(whole[touched][:-1] + b"#")
            self.assertEqual(self.drill("--record", "backup").returncode, 1, touched)
            entry = json.loads(self.good(WARD, "ledger", "read", str(self.size() - 1)))
            self.assertEqual(entry["body"]["result"], "changed")
            touched.unlink()
            self.assertEqual(self.drill("backup").returncode, 1, "a file is missing")
            touched.write_bytes(whole[touched])
        (backup / "data/more").write_text("more")
        self.assertEqual(self.drill("backup").returncode, 1, "a file was added")
        (backup / "data/more").unlink()
        (backup / "data/more").symlink_to("/etc/hostname")
        self.assertEqual(self.drill("backup").returncode, 1, "a link was added")
        (backup / "data/more").unlink()
        self.assertEqual(self.drill("backup").returncode, 0)

    def test_a_list_made_anew_does_not_help_whoever_changed_what_is_signed(self):
        self.assertEqual(self.backup().returncode, 0)
        backup = self.folder / "backup"
        entries = next(path for path in backup.rglob("*") if path.is_file() and "entries" in path.parts)
        key = backup / "data/keys/ledger.key"
        # Entries are read to learn which keys were destroyed; the rest is looked at when all is verified.
        for changed, said in ((entries, "ledger/tile/entries"), (key, "未通過驗證")):
            whole = changed.read_bytes()
            changed.chmod(0o600)
            changed.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
            sums = "find data head vault -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum >SHA256SUMS"
            subprocess.run(sums, shell=True, cwd=backup, check=True)
            ended = self.drill("backup")
            self.assertEqual(ended.returncode, 1, ended.stderr)
            self.assertIn(said, ended.stderr)
            changed.write_bytes(whole)

    def test_an_expired_vault_is_no_backup_and_nothing_is_overwritten(self):
        self.assertEqual(self.backup(until="2000-01-01").returncode, 2)
        self.assertFalse((self.folder / "backup").exists())
        shutil.rmtree(self.folder / "backup.new")
        self.assertEqual(self.backup().returncode, 0)
        self.assertEqual(self.backup().returncode, 2)

    def test_the_newest_is_taken_and_an_empty_folder_is_said(self):
        (self.folder / "kept").mkdir()
        self.assertEqual(self.drill("--newest-in", "kept").returncode, 2)
        self.assertEqual(self.backup("kept/1").returncode, 0)
        self.append(2)
        self.assertEqual(self.backup("kept/2").returncode, 0)
        os.utime(self.folder / "kept/1", (1, 1))
        ended = self.drill("--newest-in", "kept")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("kept/2", ended.stdout)


if __name__ == "__main__":
    unittest.main()
