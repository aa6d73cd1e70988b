//! The file of alarms: one JSON object a line, durable before it is said to be done (regulation 27.2.2, first way).
//!
//! A file that would grow beyond its size is renamed `NAME.1`, that one `NAME.2` and so on; the oldest goes. What a crash
//! has left of a line stays where it is; the next line begins below it.

use crate::message::Message;
use crate::{Outlet, Sent};
use model::Told;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Which file, and how much of it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSetting {
    /// The file.
    pub path: PathBuf,
    /// The size in bytes at which it is turned over.
    pub most_bytes: u64,
    /// How many that were turned over are kept.
    pub keep: u32,
}

pub(crate) struct AlarmFile {
    pub(crate) setting: FileSetting,
    /// Two lines are never written at once, and none while it is turned over.
    pub(crate) writing: Mutex<()>,
}

impl Outlet for AlarmFile {
    fn send(&self, message: &Message) -> Sent {
        let shown = self.setting.path.display();
        match self.append(&format!("{}\n", message.to_json())) {
            Ok(()) => Sent::Done(Told::new(format!("已寫入 {shown}"), format!("written to {shown}"))),
            Err(error) => Sent::Later(Told::new(
                format!("無法寫入 {shown}（{error}）。請確認資料夾存在、Ward 之帳號有權寫入、磁碟尚有空間。"),
                format!(
                    "It cannot be written to {shown} ({error}). See that the folder is there, that Ward may write to it, and that the disk has room."
                ),
            )),
        }
    }
}

impl AlarmFile {
    /// Durable when it returns.
    fn append(&self, line: &str) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = &self.setting.path;
        let (mut file, mut size) = opened(path)?;
        if size > 0 && size + line.len() as u64 > self.setting.most_bytes {
            self.turn_over()?;
            (file, size) = opened(path)?;
        }
        let mut bytes = Vec::with_capacity(line.len() + 1);
        if size > 0 && !ends_a_line(&mut file)? {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line.as_bytes());
        file.write_all(&bytes)?;
        file.sync_data()?;
        // A file that is new is there after a crash once its folder is written.
        if size == 0 { sync_folder(path) } else { Ok(()) }
    }

    fn turn_over(&self) -> io::Result<()> {
        let FileSetting { path, keep, .. } = &self.setting;
        for nth in (1..*keep).rev() {
            match fs::rename(numbered(path, nth), numbered(path, nth + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(path, numbered(path, 1))?;
        sync_folder(path)
    }
}

/// The file, made where it is missing, and its size.
fn opened(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().create(true).append(true).read(true).mode(0o640).open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn numbered(path: &Path, nth: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{nth}"));
    name.into()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}
