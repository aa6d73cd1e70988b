//! `ward import`: lines from files, into ledger and tables of lines. No server may have the folder open.
//!
//! Packed files are known by their first bytes, whatever they are called. Of a file that does not read to its end every
//! line before that place is kept, the last as far as it goes; the file is named, and the next is read.

use crate::installation::Working;
use crate::lines::IMPORT;
use crate::machine::SystemClock;
use crate::office::{Office, Recovery};
use crate::told::{Refused, tell};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lines::Framer;
use model::{Clock as _, Told};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use telemetry::{Came, Chunk, Receiver};

/// Import files of lines.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    working: Working,
    /// 紀錄檔，可多個；以 gzip 或 zstd 壓縮者先行解壓縮。Files of lines, any number; those packed by gzip or zstd are unpacked.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

/// Bytes read at once.
const READ: usize = 1 << 20;

pub(crate) fn run(args: &Import) -> anyhow::Result<ExitCode> {
    let Some(office) = Office::open(&args.working, Recovery::Told)? else {
        return Err(Refused::say(
            "資料夾使用中。請停止伺服器後再匯入，或將紀錄送至其接收位址。",
            "The folder is in use. Stop the server and try again, or send the lines to where it receives.",
        ));
    };
    let done = import(&office, &args.files);
    let closed = office.close();
    let (lines, broken) = done?;
    closed?;
    say(lines);
    Ok(ExitCode::from(u8::from(broken)))
}

#[expect(clippy::print_stdout, reason = "the count is the output")]
fn say(lines: u64) {
    println!("已匯入 {lines} 筆紀錄。{lines} lines imported.");
}

/// Says how many lines were imported, and whether some file was not read to its end.
fn import(office: &Office, files: &[PathBuf]) -> anyhow::Result<(u64, bool)> {
    let receiver = office.lines.receiver(IMPORT).map_err(Refused::misuse)?;
    let before = receiver.figures().lines;
    let total: u64 =
        files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {eta}") {
        bar.set_style(style);
    }
    let (mut handed, mut broken) = (before, false);
    for path in files {
        let (count, end) = read(office, &receiver, path, &bar)?;
        handed += count;
        if let Err(cut) = end {
            broken = true;
            bar.suspend(|| tell(&cut.told(path, count)));
        }
    }
    office.lines.settle(&receiver, handed).and_then(|()| office.lines.keep()).map_err(Refused::misuse)?;
    bar.finish_and_clear();
    Ok((handed - before, broken))
}

/// Where a file does not read any more, and why.
struct Cut {
    /// Bytes of the file that were taken in, and of what was unpacked of it.
    at: (u64, u64),
    why: std::io::Error,
}

impl Cut {
    fn told(&self, path: &Path, lines: u64) -> Told {
        let (path, (at, unpacked), why) = (path.display(), self.at, &self.why);
        Told::new(
            format!(
                "{path}：自第 {at} 位元組（解壓縮後第 {unpacked} 位元組）起無法讀取：{why}。此前 {lines} 筆已匯入，最後一筆可能不完整；請向來源重新取得此檔。"
            ),
            format!(
                "{path}: it does not read from byte {at} on (byte {unpacked} of what is in it): {why}. The {lines} lines before that were imported, the last of them perhaps in part; get the file anew from where it comes from."
            ),
        )
    }
}

/// What a file holds, unpacked; it is known by its first bytes whether it is packed, and how.
fn unpacked<'f>(file: impl Read + 'f) -> std::io::Result<Box<dyn Read + 'f>> {
    let mut file = BufReader::with_capacity(READ, file);
    Ok(match file.fill_buf()? {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        // A frame of zstd, or one that is to be skipped (RFC 8878 §3.1), as some put in front.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Box::new(zstd::stream::read::Decoder::with_buffer(file)?)
        }
        _ => Box::new(file),
    })
}

/// Hands in the lines of a file; says how many, and whether it was read to its end.
///
/// # Errors
/// Lines are not taken any more.
fn read(
    office: &Office,
    receiver: &Receiver,
    path: &Path,
    bar: &ProgressBar,
) -> anyhow::Result<(u64, Result<(), Cut>)> {
    let began = bar.position();
    let opened = File::open(path).and_then(|file| unpacked(bar.wrap_read(file)));
    let mut file = match opened {
        Ok(file) => file,
        Err(why) => return Ok((0, Err(Cut { at: (0, 0), why }))),
    };
    let (intake, mut framer, mut buffer, mut kept, mut count) =
        (receiver.intake(), Framer::default(), vec![0; READ], 0, 0);
    let mut unpacked = 0;
    let mut chunk = Chunk::new(Came::from_file(SystemClock.now()));
    let mut hand_in = |chunk: &mut Chunk| -> anyhow::Result<()> {
        let full = std::mem::replace(chunk, Chunk::new(Came::from_file(SystemClock.now())));
        count += full.count() as u64;
        intake.put(full, None).map_err(|_| {
            let why = receiver.stopped().unwrap_or_default();
            Refused::say(format!("接收器已停止：{why}"), format!("The receiver has stopped: {why}"))
        })?;
        // Roots are entered while it goes on, as when lines come by themselves.
        office.lines.beat().and_then(|()| office.lines.keep()).map_err(Refused::misuse)
    };
    let end = loop {
        if buffer.len() - kept < READ / 2 {
            buffer.resize(buffer.len() + READ, 0);
        }
        let (length, failed) = match file.read(buffer.get_mut(kept..).unwrap_or_default()) {
            Ok(length) => (length, None),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => (0, Some(error)),
        };
        unpacked += length as u64;
        let there = buffer.get(..kept + length).unwrap_or_default();
        let mut rest = there;
        while let Some(frame) = framer.next(&mut rest) {
            chunk.push(frame.bytes, frame.part);
            if chunk.is_full() {
                hand_in(&mut chunk)?;
            }
        }
        let from = there.len() - rest.len();
        if length == 0 {
            if let Some(frame) = framer.end(there.get(from..).unwrap_or_default()) {
                chunk.push(frame.bytes, frame.part);
            }
            break failed.map_or(Ok(()), |why| Err(Cut { at: (bar.position() - began, unpacked), why }));
        }
        kept = there.len() - from;
        buffer.copy_within(from..from + kept, 0);
    };
    if !chunk.is_empty() {
        hand_in(&mut chunk)?;
    }
    Ok((count, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn zstd(text: &[u8]) -> Vec<u8> {
        zstd::encode_all(text, 1).unwrap()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn packed_files_are_known_by_their_first_bytes_and_read_to_the_last_of_their_parts() {
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        for packed in [
            b"one\ntwo\n".to_vec(),
            [gzip(b"one\n"), gzip(b"two\n")].concat(),
            [zstd(b"one\n"), zstd(b"two\n")].concat(),
            [skipped.to_vec(), zstd(b"one\n"), skipped.to_vec(), zstd(b"two\n")].concat(),
        ] {
            let mut text = Vec::new();
            unpacked(packed.as_slice()).unwrap().read_to_end(&mut text).unwrap();
            assert_eq!(text, b"one\ntwo\n");
        }
        assert_eq!(unpacked(&b""[..]).unwrap().read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn what_is_whole_of_a_packed_file_that_was_cut_off_is_read_before_it_fails() {
        for packed in [gzip, zstd] {
            let whole = [packed(b"one\n"), packed(b"two\n")].concat();
            let mut file = unpacked(whole.get(..whole.len() - 1).unwrap()).unwrap();
            let mut text = Vec::new();
            assert!(file.read_to_end(&mut text).is_err());
            assert!(text.starts_with(b"one\n"), "{text:?}");
        }
    }
}
