//! Public warnings: handed in over HTTP or laid in a folder, weighed for each room, and kept as lines of a receiver of their
//! own, out of which a later run knows what was heard.
//!
//! Invariants: what came of an alert is durable before it counts, and before its sender is told; one at a time, so that the
//! same alert twice is one. Only this writes lines of the receiver, which rules about warnings look at.
//! Does not: raise an alarm or open a case; the rules of the pack do, by these lines.
//! Source: CAP 1.2; clause 3.9.1; `docs/howto/hear-warnings.md`.

use super::{Lines, causes, told};
use crate::machine::SystemClock;
use data_encoding::HEXLOWER;
use model::{Clock as _, Instant, Told};
use proof::hash::Hash;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use telemetry::receive::hand_in;
use telemetry::{Came, Receiver, ReceiverError};
use warning::{Book, Entry, LONGEST, Settings};
use watch::WARNINGS;
use web::{NotHeard, WarningHeard, Warnings};

/// Files of the folder that are looked at in one beat.
const AT_ONCE: usize = 32;
/// Alerts of believed senders that pages show.
const SHOWN: usize = 200;
/// Where files go that were heard, and those that could not be read.
const HEARD: &str = "heard";
const REFUSED: &str = "refused";

/// What is expected, and what was heard.
#[derive(Default)]
pub(super) struct Ear {
    /// The settings; none while nobody has made any.
    settings: Option<Settings>,
    /// None until something is heard, or was by a former run.
    heard: Option<Listening>,
}

struct Listening {
    receiver: Arc<Receiver>,
    book: Book,
}

impl Lines {
    fn ear(&self) -> MutexGuard<'_, Ear> {
        self.0.ear.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to listen: with settings, or to go on with what a former run has heard.
    pub(crate) fn listen_for_warnings(&self, settings: Option<Settings>) -> Result<(), Told> {
        let kept =
            self.0.disk.list(&format!("lines/{WARNINGS}")).map_err(|error| told(WARNINGS, &error.into()))?;
        let mut ear = self.ear();
        ear.settings = settings;
        if ear.settings.is_some() || kept.is_some_and(|kept| !kept.is_empty()) {
            self.open_ear(&mut ear)?;
        }
        Ok(())
    }

    /// The receiver with its book, which is made of what was kept; settings that have changed are kept first.
    fn open_ear<'e>(&self, ear: &'e mut Ear) -> Result<(&'e mut Listening, Settings), Told> {
        let settings = ear.settings.clone().unwrap_or_default();
        if ear.heard.is_none() {
            let receiver = self.receiver(WARNINGS)?;
            // What a former run has left is read anew first.
            receiver.wait_for(receiver.figures().lines);
            let mut book = Book::default();
            let ever = Instant::EPOCH..SystemClock.now().plus(Duration::from_secs(86_400));
            self.each_line(WARNINGS, &ever, |_, line| {
                Entry::of_line(line).into_iter().for_each(|entry| book.apply(entry));
            })?;
            let mut listening = Listening { receiver, book };
            let changed = listening.book.settings(&settings).into_iter().collect();
            listening.keep(Came::from_file(SystemClock.now()), changed)?;
            ear.heard = Some(listening);
        }
        let listening = ear.heard.as_mut().ok_or_else(|| stopped("it was not opened"))?;
        Ok((listening, settings))
    }

    /// Takes what came as an alert; comes back once what came of it is durable.
    pub(super) fn hear(&self, came: Came, bytes: &[u8]) -> Result<WarningHeard, NotHeard> {
        let (mut ear, now) = (self.ear(), came.received);
        let (listening, settings) = self.open_ear(&mut ear).map_err(NotHeard::Unavailable)?;
        let digest = HEXLOWER.encode(Hash::of(&[bytes]).as_bytes());
        let alert = match warning::read(bytes) {
            Ok(alert) => alert,
            Err(unread) => {
                let told = listening.book.unreadable(&unread, (bytes, &digest), now).into_iter().collect();
                listening.keep(came, told).map_err(NotHeard::Unavailable)?;
                return Err(NotHeard::Refused(unread.told()));
            }
        };
        let weighed = listening.book.weigh(&alert, (bytes, &digest), &settings, now);
        let known = weighed.entries.is_empty();
        // The alert itself comes first and may take several chunks; what came of it is one.
        listening
            .keep(came, weighed.parts)
            .and_then(|()| listening.keep(came, weighed.entries))
            .map_err(NotHeard::Unavailable)?;
        Ok(WarningHeard { stands: weighed.stands, known })
    }

    /// What is done each second: what is over or counts from now on is said, and what lies in the folder is heard.
    pub(super) fn beat_of_warnings(&self) -> Result<(), Told> {
        let now = SystemClock.now();
        let folder = {
            let mut ear = self.ear();
            if ear.heard.is_none() {
                return Ok(());
            }
            let (listening, settings) = self.open_ear(&mut ear)?;
            let due = listening.book.due(&settings, now);
            listening.keep(Came::from_file(now), due)?;
            settings.folder
        };
        folder.map_or(Ok(()), |folder| self.look_into(&folder))
    }

    /// Hears what lies in a folder, in the order of names, and puts it aside.
    fn look_into(&self, folder: &Path) -> Result<(), Told> {
        for path in waiting(folder).map_err(|error| unlooked(folder, &error))? {
            let mut bytes = Vec::new();
            let most = LONGEST as u64 + 1;
            File::open(&path)
                .and_then(|file| file.take(most).read_to_end(&mut bytes))
                .map_err(|error| unlooked(&path, &error))?;
            let aside = match self.hear(Came::from_file(SystemClock.now()), &bytes) {
                Ok(_) => HEARD,
                Err(NotHeard::Refused(_)) => REFUSED,
                Err(NotHeard::Unavailable(told)) => return Err(told),
            };
            let into = folder.join(aside);
            let moved = fs::create_dir_all(&into)
                .and_then(|()| fs::rename(&path, into.join(path.file_name().unwrap_or_default())));
            moved.map_err(|error| unlooked(&path, &error))?;
        }
        Ok(())
    }

    /// How warnings stand, as pages and checks ask it.
    pub(crate) fn warnings(&self) -> Warnings {
        let ear = self.ear();
        let mut warnings = Warnings { settings: ear.settings.clone(), ..Warnings::default() };
        let Some(Listening { book, .. }) = &ear.heard else { return warnings };
        warnings.heard = book.heard().cloned().collect();
        warnings.heard.sort_by_key(|heard| std::cmp::Reverse((heard.first, heard.last.sent)));
        warnings.heard.truncate(SHOWN);
        warnings.apart = book.apart().cloned().collect();
        warnings.unread = book.unread().cloned().collect();
        warnings.concerns = book.concerns().cloned().collect();
        warnings
    }
}

impl Listening {
    /// Keeps lines, and takes them up once they are durable.
    fn keep(&mut self, came: Came, entries: Vec<Entry>) -> Result<(), Told> {
        if entries.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = entries.iter().filter_map(Entry::line).collect();
        let text = lines.join("\n");
        hand_in(&self.receiver.intake(), came, text.as_bytes())
            .ok_or_else(|| stopped(&self.receiver.stopped().unwrap_or_default()))?;
        entries.into_iter().for_each(|entry| self.book.apply(entry));
        Ok(())
    }
}

fn stopped(why: &str) -> Told {
    told(WARNINGS, &ReceiverError::Stopped(why.to_owned()))
}

/// Files that are to be heard: those that end in `.xml` or `.cap`, in the order of their names, so many at once.
fn waiting(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_alert = ["xml", "cap"].into_iter().any(|end| path.extension() == Some(OsStr::new(end)));
        if is_alert && entry.file_type()?.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    paths.truncate(AT_ONCE);
    Ok(paths)
}

fn unlooked(path: &Path, error: &std::io::Error) -> Told {
    let (path, why) = (path.display(), causes(error));
    Told::new(
        format!(
            "無法讀取或移出警報檔 {path}：{why}。請確認該資料夾存在，且本程式之帳號得讀寫；排除後自動續行。"
        ),
        format!(
            "Alerts at {path} cannot be read or put aside: {why}. See that the folder is there and Ward's user may write in it; it goes on by itself then."
        ),
    )
}
