//! `ward import`: lines from files, into ledger and tables of lines. No server may have the folder open.

use crate::installation::Working;
use crate::lines::IMPORT;
use crate::machine::SystemClock;
use crate::office::{Office, Recovery};
use crate::told::Refused;
use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lines::Framer;
use model::Clock as _;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use telemetry::{Came, Chunk, Receiver};

/// Import files of lines.
#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    working: Working,
    /// 紀錄檔，可多個；副檔名 .gz 者先行解壓縮。Files of lines, any number; those ending in .gz are unpacked.
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
    let lines = done?;
    closed?;
    say(lines);
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the count is the output")]
fn say(lines: u64) {
    println!("已匯入 {lines} 筆紀錄。{lines} lines imported.");
}

fn import(office: &Office, files: &[PathBuf]) -> anyhow::Result<u64> {
    let receiver = office.lines.receiver(IMPORT).map_err(Refused::misuse)?;
    let before = receiver.figures().lines;
    let total: u64 =
        files.iter().filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {eta}") {
        bar.set_style(style);
    }
    let mut handed = before;
    for file in files {
        handed += read(office, &receiver, file, &bar).with_context(|| format!("{}", file.display()))?;
    }
    office.lines.settle(&receiver, handed).map_err(Refused::misuse)?;
    bar.finish_and_clear();
    Ok(handed - before)
}

/// Hands in the lines of a file; says how many.
fn read(office: &Office, receiver: &Receiver, path: &PathBuf, bar: &ProgressBar) -> anyhow::Result<u64> {
    let file = bar.wrap_read(File::open(path)?);
    let packed = path.extension().is_some_and(|end| end == "gz");
    let mut file: Box<dyn std::io::Read> =
        if packed { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
    let (intake, mut framer, mut buffer, mut kept, mut count) =
        (receiver.intake(), Framer::default(), vec![0; READ], 0, 0);
    let mut chunk = Chunk::new(Came::from_file(SystemClock.now()));
    let mut hand_in = |chunk: &mut Chunk| -> anyhow::Result<()> {
        let full = std::mem::replace(chunk, Chunk::new(Came::from_file(SystemClock.now())));
        count += full.count() as u64;
        intake.put(full, None).map_err(|_| {
            let why = receiver.stopped().unwrap_or_default();
            Refused::say(format!("接收器已停止：{why}"), format!("The receiver has stopped: {why}"))
        })?;
        // Roots are entered while it goes on, as when lines come by themselves.
        office.lines.beat().map_err(Refused::misuse)
    };
    loop {
        if buffer.len() - kept < READ / 2 {
            buffer.resize(buffer.len() + READ, 0);
        }
        let length = file.read(buffer.get_mut(kept..).unwrap_or_default())?;
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
            break;
        }
        kept = there.len() - from;
        buffer.copy_within(from..from + kept, 0);
    }
    if !chunk.is_empty() {
        hand_in(&mut chunk)?;
    }
    Ok(count)
}
