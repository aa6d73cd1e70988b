//! Files that grow: read to the end, over renaming and emptying, each line once whatever ends the process.

use ledger::disk::Disk as _;
use lines::Source;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use telemetry::receive::{Files, Follower, Pattern, names_of, names_path};
use telemetry::source::Sources;
use telemetry::{Receiver, ReceiverError, Row};
use testkit::{Chance, CrashDisk, FixedClock, SeededEntropy, TemporaryFolder};

/// A folder with files that grow, and the disk of whoever follows them.
struct Scene {
    folder: TemporaryFolder,
    disk: CrashDisk,
}

/// One run.
struct Run {
    receiver: Receiver,
    follower: Follower,
}

impl Scene {
    fn new() -> Self {
        Self { folder: TemporaryFolder::new(), disk: CrashDisk::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let file = OpenOptions::new().create(true).append(true).open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn open(&self, patterns: &[&str]) -> Result<Run, ReceiverError> {
        let disk = Arc::new(self.disk.clone());
        let entropy = Box::new(SeededEntropy::new(7));
        let receiver =
            Receiver::open("files", disk.clone(), entropy, (0, 0), Sources::new(Source { offset: 0 }), 1)?;
        let patterns = patterns.iter().map(|name| Pattern::new(&self.path(name)).unwrap()).collect();
        let follower = Follower::open(patterns, &receiver, disk, Arc::new(FixedClock::new()))?;
        Ok(Run { receiver, follower })
    }

    fn run(&self, patterns: &[&str]) -> Run {
        self.open(patterns).unwrap()
    }
}

impl Run {
    fn rounds(&mut self) -> &mut Self {
        while self.follower.round().unwrap() {}
        self
    }

    /// Everything that was ever received, but for what names files.
    fn lines(&self) -> Vec<String> {
        self.received().into_iter().map(|(line, _)| line).filter(|line| !line.contains(" file=")).collect()
    }

    /// Every line, with the number of its file's name.
    fn received(&self) -> Vec<(String, u16)> {
        self.receiver.wait_for(self.receiver.figures().lines);
        let mut lines = Vec::new();
        for block in self.receiver.tail() {
            for at in 0..block.columns.num_rows() {
                let row = Row { columns: &block.columns, shapes: &block.shapes, at };
                let line = String::from_utf8(row.line().unwrap()).unwrap();
                let note = line.split_once(" - ward - note - ").map(|(_, note)| note.to_owned());
                lines.push((note.unwrap_or(line), row.port().unwrap()));
            }
        }
        lines
    }
}

fn without(path: &Path, text: &str) -> String {
    text.replace(&format!("{}/", path.display()), "")
}

#[test]
fn a_file_is_read_on_over_renaming_and_from_where_a_former_run_has_come_to() {
    let scene = Scene::new();
    scene.append("fw.log", "one\ntwo\r\n\nthr");
    let mut run = scene.run(&["fw.log"]);
    assert_eq!(run.rounds().lines(), ["one", "two"]);
    scene.append("fw.log", "ee\nfour");
    assert_eq!(run.rounds().lines(), ["one", "two", "three"]);
    // Renamed, and still written; its successor is there already.
    scene.rename("fw.log", "fw.log.1");
    scene.append("fw.log.1", " and a half\n");
    scene.append("fw.log", "five\n");
    assert_eq!(run.rounds().lines()[3..], ["four and a half", "five"]);
    scene.append("fw.log.1", "late\n");
    assert_eq!(run.rounds().lines()[5..], ["late"]);
    // Gone: what came last without its end is a line.
    scene.append("fw.log.1", "last");
    run.rounds();
    std::fs::remove_file(scene.path("fw.log.1")).unwrap();
    assert_eq!(run.rounds().lines()[6..], ["last"]);
    drop(run);
    // While nobody followed, it was renamed again, and a third began.
    scene.append("fw.log", "six\n");
    scene.rename("fw.log", "fw.log.1");
    scene.append("fw.log", "seven\n");
    let mut run = scene.run(&["fw.log"]);
    assert_eq!(run.rounds().lines()[7..], ["six", "seven"]);
    drop(run);
    // One that went unseen is told.
    std::fs::remove_file(scene.path("fw.log")).unwrap();
    let mut run = scene.run(&["fw.log"]);
    let lines = run.rounds().lines();
    assert_eq!(without(scene.folder.path(), &lines[9]), "follow fw.log gone at=6");
    assert_eq!(lines.len(), 10);
}

#[test]
fn a_line_names_its_file_and_a_number_stands_for_one_name_for_ever() {
    let scene = Scene::new();
    scene.append("a.log", "a1\n");
    scene.append("b.log", "b1\n");
    let mut run = scene.run(&["*.log*"]);
    run.rounds();
    // Renamed, its name is another from then on.
    scene.rename("a.log", "a.log.1");
    scene.append("a.log.1", "a2\n");
    scene.append("a.log", "a3\n");
    run.rounds();
    drop(run);
    scene.append("b.log", "b2\n");
    scene.append("a.log", "a4\n");
    let mut run = scene.run(&["*.log*"]);
    let received = run.rounds().received();
    let mut told: Vec<(String, u16)> =
        received.into_iter().map(|(line, number)| (without(scene.folder.path(), &line), number)).collect();
    told.sort();
    let expected = [
        ("a1", 1),
        ("a2", 3),
        ("a3", 1),
        ("a4", 1),
        ("b1", 2),
        ("b2", 2),
        ("follow a.log file=1", 1),
        ("follow a.log file=1", 1),
        ("follow a.log.1 file=3", 3),
        ("follow b.log file=2", 2),
    ];
    assert_eq!(told, expected.map(|(line, number)| (line.to_owned(), number)));
    let names = scene.disk.read(&names_path("files")).unwrap().unwrap();
    let names: Vec<String> = names_of(&names).unwrap();
    let names: Vec<String> = names.iter().map(|name| without(scene.folder.path(), name)).collect();
    assert_eq!(names, ["a.log", "b.log", "a.log.1"]);
}

#[test]
fn a_file_that_was_emptied_begins_anew_and_that_is_told() {
    let scene = Scene::new();
    scene.append("fw.log", "one, which is long\ntwo\n");
    let mut run = scene.run(&["*.log"]);
    run.rounds();
    let empty = || File::options().write(true).truncate(true).open(scene.path("fw.log")).unwrap();
    empty();
    scene.append("fw.log", "three\n");
    let lines = run.rounds().lines();
    assert_eq!(lines[2], "three");
    assert_eq!(without(scene.folder.path(), &lines[3]), "follow fw.log emptied at=23");
    // Emptied, and as long as before or longer by the time of the next look.
    empty();
    scene.append("fw.log", "fourth\nfifth\n");
    assert_eq!(run.rounds().lines()[4..6], ["fourth", "fifth"]);
    drop(run);
    empty();
    scene.append("fw.log", "sixth, while nobody followed\n");
    let mut run = scene.run(&["*.log"]);
    assert_eq!(run.rounds().lines()[7], "sixth, while nobody followed");
}

#[test]
fn folders_and_patterns_are_followed_as_files_appear() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("logs")).unwrap();
    scene.append("logs/a.log", "a1\n");
    scene.append("logs/.hidden", "no\n");
    scene.append("logs/a.log.2.gz", "no\n");
    let mut run = scene.run(&["logs", "*/b-?.txt"]);
    assert_eq!(run.rounds().lines(), ["a1"]);
    scene.append("logs/c.log", "c1\n");
    std::fs::create_dir(scene.path("more")).unwrap();
    scene.append("more/b-1.txt", "b1\n");
    scene.append("more/b-11.txt", "no\n");
    assert_eq!(run.rounds().lines()[1..], ["c1", "b1"]);
    // Renamed within what is followed, it is the same.
    scene.rename("logs/a.log", "logs/a.log.1");
    scene.append("logs/a.log", "a2\n");
    assert_eq!(run.rounds().lines()[3..], ["a2"]);
    drop(run);
    let mut run = scene.run(&["logs", "*/b-?.txt"]);
    assert_eq!(run.rounds().lines().len(), 4);
    drop(run);
    // What is not asked for any more is no trouble.
    let mut run = scene.run(&["more"]);
    assert_eq!(run.rounds().lines()[4..], ["no"]);
}

#[test]
fn long_lines_come_in_pieces_over_a_new_start_too() {
    let scene = Scene::new();
    let long = "x".repeat(3 * lines::LONGEST - 5);
    scene.append("fw.log", &long);
    let mut run = scene.run(&["fw.log"]);
    assert_eq!(run.rounds().lines().len(), 2);
    drop(run);
    scene.append("fw.log", "yz\nnext\n");
    let mut run = scene.run(&["fw.log"]);
    let lines = run.rounds().lines();
    assert_eq!(lines[..3].concat(), format!("{long}yz"));
    assert_eq!(lines[3..], ["next"]);
}

#[test]
fn whenever_the_machine_stops_each_line_is_there_once() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed);
        let mut scene = Scene::new();
        let (mut written, mut rotated) = (Vec::new(), 0);
        // Whoever asks for one name finds a file under another if it was seen before; a pattern finds all.
        let (pattern, all) = if seed % 2 == 0 { ("fw.log*", true) } else { ("fw.log", false) };
        for _ in 0..12 {
            scene.disk.halt_after(chance.below(24) as u64);
            let mut run = scene.open(&[pattern]);
            for _ in 0..chance.below(5) {
                for _ in 0..chance.below(4) {
                    let line = format!("line {}", written.len());
                    scene.append("fw.log", &format!("{line}\n"));
                    written.push(line);
                }
                let seen = run.as_mut().is_ok_and(|run| run.follower.round().is_ok());
                if (seen || all) && scene.path("fw.log").exists() && chance.one_in(3) {
                    rotated += 1;
                    scene.rename("fw.log", &format!("fw.log.{rotated}"));
                }
            }
            scene.disk = scene.disk.crash(seed);
        }
        let mut run = scene.run(&[pattern]);
        let mut lines = run.rounds().lines();
        lines.sort_by_key(|line| line.strip_prefix("line ").and_then(|nth| nth.parse::<u64>().ok()));
        assert_eq!(lines, written, "seed {seed}");
    }
}

#[test]
fn a_thread_follows_until_it_is_closed() {
    let scene = Scene::new();
    let Run { receiver, .. } = scene.run(&["fw.log"]);
    let pattern = Pattern::new(&scene.path("fw.log")).unwrap();
    let files =
        Files::open(vec![pattern], &receiver, Arc::new(scene.disk.clone()), Arc::new(FixedClock::new()));
    let files = files.unwrap();
    scene.append("fw.log", "one\ntwo\n");
    receiver.wait_for(2);
    assert_eq!((files.failed(), files.trouble()), (None, None));
    files.close();
}
