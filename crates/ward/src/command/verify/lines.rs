//! Lines: does every file of lines give back what the ledger has the root of?
//!
//! Owns: everything below `lines/`. What is to be there is read from the ledger's own entries, not from tables.

use super::gone;
use ledger::reader::{ReadError, Reader};
use ledger::verify::{Context, Finding, Outcome, Progress, Verifier};
use model::Told;
use proof::entry::Skimmed;
use proof::hash::Hash;
use std::collections::BTreeMap;
use std::path::Path;
use store::{
    LINE_ERASED, LINES_BATCH, LINES_FILE, LINES_MERGED, LINES_RETIRED, LineErased, LinesBatch, LinesFile,
    LinesRetired,
};
use telemetry::file::Erased;
use telemetry::receive::{names_path, place_path};
use telemetry::{Batch, Journal, check, file_paths, journal_folder};

const FOLDER: &str = "lines/";

/// Files and journals of lines.
pub(super) struct LineFiles<'a> {
    /// The published ledger.
    pub(super) reader: &'a Reader,
    /// The folder it is in.
    pub(super) data: &'a Path,
}

/// Why it is not known what is to be there.
enum Unread {
    /// The ledger cannot be read.
    Ledger(Told),
    /// An entry's lines do not follow those before.
    Gap(u64),
}

/// What the ledger has of a receiver.
#[derive(Default)]
struct Known {
    batches: Vec<Batch>,
    files: Vec<LinesFile>,
    /// Files that others stand for, or that have gone, and that may be there still.
    former: Vec<LinesFile>,
    /// Where the last line is whose file has gone.
    retired: u64,
    /// Lines that were erased, with what is left of them.
    erased: BTreeMap<u64, Erased>,
}

impl Known {
    fn rooted(&self) -> u64 {
        self.batches.last().map_or(0, |batch| batch.first + batch.count)
    }

    /// A file stands for others, which hold its very lines, save those that were erased.
    fn merged(&mut self, merged: LinesFile) -> Option<()> {
        let end = merged.first + u64::from(merged.count);
        let from = self.files.iter().position(|file| file.first == merged.first)?;
        let to = self.files.iter().rposition(|file| file.first + u64::from(file.count) == end)?;
        let count: u64 = self.files.get(from..=to)?.iter().map(|file| u64::from(file.count)).sum();
        let erased = self.erased.range(merged.first..end).count() as u64;
        if count != u64::from(merged.count) || erased != u64::from(merged.erased) {
            return None;
        }
        self.former.extend(self.files.splice(from..=to, [merged]));
        Some(())
    }

    /// A file goes.
    fn retired(&mut self, retired: &LinesRetired) -> Option<()> {
        let is_it = |file: &LinesFile| {
            (file.first, file.count, &file.file) == (retired.first, retired.count, &retired.file)
        };
        let at = self.files.iter().position(is_it)?;
        let file = self.files.remove(at);
        let end = file.first + u64::from(file.count);
        if self.batches_of(&file).len() as u64 != u64::from(retired.batches) {
            return None;
        }
        self.retired = self.retired.max(end);
        self.former.push(file);
        Some(())
    }

    /// A line of a file goes.
    fn erased(&mut self, line: LineErased) -> Option<()> {
        let holds = |file: &LinesFile| (file.first..file.first + u64::from(file.count)).contains(&line.line);
        let erased = Erased { line: line.line, leaf: line.leaf, case: line.case };
        let fits = self.files.iter().any(holds) && !self.erased.contains_key(&line.line);
        fits.then(|| drop(self.erased.insert(line.line, erased)))
    }

    fn batches_of(&self, file: &LinesFile) -> &[Batch] {
        let end = file.first + u64::from(file.count);
        let from = self.batches.partition_point(|batch| batch.first < file.first);
        let to = self.batches.partition_point(|batch| batch.first < end);
        self.batches.get(from..to).unwrap_or_default()
    }

    fn filed(&self) -> u64 {
        let filed = self.files.last().map_or(0, |file| file.first + u64::from(file.count));
        filed.max(self.retired)
    }
}

impl Verifier for LineFiles<'_> {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with(FOLDER)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        let known = match self.known() {
            Ok(known) => known,
            Err(Unread::Ledger(what)) => {
                // The ledger's own verifier tells what is wrong with it.
                outcome.remarks.push(what);
                return outcome;
            }
            Err(Unread::Gap(number)) => {
                let what = Told::new(
                    format!("第 {number} 筆所載紀錄與先前不相接"),
                    format!("entry {number}: its lines do not follow those before"),
                );
                outcome.findings.add(Finding::meaning(FOLDER, what));
                return outcome;
            }
        };
        let (mut lines, mut files, mut erased, mut expected) = (0, 0, 0, Vec::new());
        for (receiver, known) in &known {
            lines += known.rooted();
            files += known.files.len();
            erased += known.erased.len();
            for file in &known.files {
                let paths = paths(file);
                let [path, _] = &paths;
                // Beside a running writer it may have become a part of another meanwhile.
                if !(context.live && matches!(context.disk.read(path), Ok(None)) && self.is_former(file)) {
                    let judged = judge_file(context, progress, &paths, file, known);
                    judged.into_iter().for_each(|finding| outcome.findings.add(finding));
                }
                expected.extend(paths);
            }
            expected.extend(known.former.iter().flat_map(paths));
            // Beside a running writer what is in no file yet is on its way.
            if !context.live {
                judge_journal(context, receiver, known).into_iter().for_each(|one| outcome.findings.add(one));
            }
        }
        for path in context.files.below(FOLDER).filter(|path| !path.contains("/journal/") && !is_place(path))
        {
            if !context.live && !expected.iter().any(|one| one == path) {
                let told = Told::new(
                    "帳本未登載此檔（可能係寫入未完成所遺留；確認後可刪除）",
                    "the ledger knows of no such file (it may be left over from a writing that was cut off)",
                );
                outcome.findings.add(Finding::bytes(path, told));
            }
        }
        // What is absent is absent by an approved case.
        match gone::unapproved(self.reader, self.data) {
            Ok(unapproved) => unapproved.into_iter().for_each(|one| outcome.findings.add(one)),
            Err(what) => outcome.remarks.push(what),
        }
        if erased > 0 {
            outcome.facts.insert("erased", erased.to_string());
        }
        outcome.facts.insert("lines", lines.to_string());
        outcome.facts.insert("files", files.to_string());
        outcome
    }
}

fn paths(file: &LinesFile) -> [String; 2] {
    file_paths(&file.receiver, file.first, file.count.into(), file.erased.into())
}

impl LineFiles<'_> {
    /// Does another file stand for this one, as the ledger is now?
    fn is_former(&self, file: &LinesFile) -> bool {
        self.known()
            .is_ok_and(|known| known.get(&file.receiver).is_some_and(|known| known.former.contains(file)))
    }

    /// What the ledger has of each receiver.
    fn known(&self) -> Result<BTreeMap<String, Known>, Unread> {
        let mut all: BTreeMap<String, Known> = BTreeMap::new();
        let unread = |error: ReadError| {
            let told = error.told();
            Unread::Ledger(Told::new(
                format!("紀錄檔未予查核：帳本無法讀取（{}）", told.zh),
                format!("Files of lines were not checked: the ledger cannot be read ({})", told.en),
            ))
        };
        let size = self.reader.size().map_err(unread)?;
        let mut gap = None;
        let read = self.reader.entries(0..size, |number, bytes| {
            if gap.is_none() && take(&mut all, bytes).is_none() {
                gap = Some(number);
            }
        });
        read.map_err(unread)?;
        gap.map_or(Ok(all), |number| Err(Unread::Gap(number)))
    }
}

/// Takes in what an entry says of lines; none where that does not follow what was said before.
fn take(all: &mut BTreeMap<String, Known>, bytes: &[u8]) -> Option<()> {
    // What is no entry is told of by the ledger's own verifier.
    let Ok(entry) = Skimmed::parse(bytes) else { return Some(()) };
    let body = entry.body_bytes().unwrap_or_default();
    match entry.kind() {
        LINES_BATCH => {
            let batch: LinesBatch = serde_json::from_slice(body).ok()?;
            let (first, count, root) = (batch.first, batch.count.into(), batch.root.parse().ok()?);
            let known = all.entry(batch.receiver).or_default();
            (first == known.rooted()).then(|| known.batches.push(Batch { first, count, root }))
        }
        LINES_FILE => {
            let file: LinesFile = serde_json::from_slice(body).ok()?;
            let known = all.entry(file.receiver.clone()).or_default();
            (file.first == known.filed()).then(|| known.files.push(file))
        }
        LINES_MERGED => {
            let file: LinesFile = serde_json::from_slice(body).ok()?;
            all.get_mut(&file.receiver)?.merged(file)
        }
        LINES_RETIRED => {
            let retired: LinesRetired = serde_json::from_slice(body).ok()?;
            all.get_mut(&retired.receiver)?.retired(&retired)
        }
        LINE_ERASED => {
            let line: LineErased = serde_json::from_slice(body).ok()?;
            all.get_mut(&line.receiver)?.erased(line)
        }
        _ => Some(()),
    }
}

fn judge_file(
    context: &Context<'_>,
    progress: &dyn Progress,
    [path, index_path]: &[String; 2],
    file: &LinesFile,
    known: &Known,
) -> Option<Finding> {
    let mut contents = Vec::new();
    for (path, digest) in [(path, &file.file), (index_path, &file.index)] {
        let content = match context.disk.read(path) {
            Ok(Some(content)) => content,
            Ok(None) => {
                let told = Told::new(
                    "帳本登載之檔案不存在；請由備份還原",
                    "the file is not there; restore it from the backup",
                );
                return Some(Finding::bytes(path, told));
            }
            Err(error) => {
                let told = Told::new(format!("無法讀取（{error}）"), format!("it cannot be read ({error})"));
                return Some(Finding::unreadable(path, told));
            }
        };
        progress.done(1, content.len() as u64);
        let found = data_encoding::HEXLOWER.encode(Hash::of(&[&content]).as_bytes());
        if digest.strip_prefix("sha256:") != Some(&found) {
            let told = Told::new(
                "內容與帳本登載之雜湊值不符；請由備份還原",
                "its content is not what the ledger has the digest of; restore it from the backup",
            );
            return Some(Finding::bytes(path, told));
        }
        contents.push(content);
    }
    let (index, content) = (contents.pop()?, contents.pop()?);
    let end = file.first + u64::from(file.count);
    let said = match check::file(content.into(), &index, known.batches_of(file)) {
        Ok(said) => said,
        Err(error) => {
            let told = Told::new(format!("與帳本之根值不符：{error}"), error.to_string());
            return Some(Finding::meaning(path, told));
        }
    };
    // It says of no line that it was erased but of those of which the ledger says so.
    let entered: Vec<&Erased> = known.erased.range(file.first..end).map(|(_, erased)| erased).collect();
    if said.iter().eq(entered.iter().copied()) {
        return None;
    }
    let differs = said.iter().find(|one| !entered.contains(one)).or_else(|| {
        let missing = entered.iter().find(|one| !said.contains(one));
        missing.copied()
    });
    let line = differs.map_or(file.first, |one| one.line);
    let told = Told::new(
        format!("第 {line} 筆之塗銷與帳本所載不符"),
        format!("line {line} is not erased as the ledger says"),
    );
    Some(Finding::meaning(path, told))
}

/// Does it say where reading stands in files? That is state, and says nothing of what was received.
fn is_place(path: &str) -> bool {
    let receiver = path.strip_prefix(FOLDER).and_then(|path| path.split('/').next());
    let path_of = path.strip_suffix(".new").unwrap_or(path);
    receiver.is_some_and(|receiver| {
        [place_path(receiver), names_path(receiver)].iter().any(|known| known == path_of)
    })
}

/// What is in no file yet: it must be there, and lead to the roots that the ledger has.
fn judge_journal(context: &Context<'_>, receiver: &str, known: &Known) -> Option<Finding> {
    let folder = journal_folder(receiver);
    let wrong = |error: &dyn std::error::Error| {
        Finding::meaning(&folder, Told::new(format!("接收日誌不符：{error}"), error.to_string()))
    };
    let segments = match Journal::look(context.disk, &folder, known.filed()) {
        Ok(segments) => segments,
        Err(error) => return Some(wrong(&error)),
    };
    let end = segments.last().map_or(known.filed(), telemetry::Segment::end);
    if end < known.rooted() {
        let missing = format!("{end}..{}", known.rooted());
        return Some(Finding::meaning(
            &folder,
            Told::new(
                format!("帳本已登載之紀錄 {missing} 不存在"),
                format!("lines {missing}, of which the ledger has the roots, are missing"),
            ),
        ));
    }
    segments
        .iter()
        .find_map(|segment| check::segment(segment, &known.batches).err())
        .map(|error| wrong(&error))
}
