//! From files to a checked pack, in two readings: names first, then everything that speaks of them.
//!
//! Invariant: what is dropped on the way was told as a problem; a pack comes out only when none was.

mod clause;
mod context;
mod duty;
mod effect;
mod field;
mod flow;
mod lines;
mod names;
mod network;
mod register;
mod rooms;
mod sample;
mod single;
mod small;

use crate::check;
use crate::clause::EngineBody;
use crate::pack::{Contents, Pack};
use crate::problem::{Place, Problem};
use crate::raw::{Document, Problems, Table};
use crate::section::Sections;
use crate::shape::{self, FILE_KINDS};
use crate::similar::nearest;
use crate::source::{Source, digest, is_beside};
use crate::time::Zone;
use crate::word::RegisterId;
use names::Documents;
use register::Trial;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use context::Context;
pub use single::{Complaints, load_single};

/// Reads and checks a pack without sections of engines.
///
/// # Errors
/// Every problem, in order of file, line and column.
pub fn load(source: &dyn Source) -> Result<Pack, Vec<Problem>> {
    load_with(source, &Sections::none())
}

/// Reads and checks a pack with the sections of the engines at hand.
///
/// # Errors
/// Every problem, in order of file, line and column.
pub fn load_with(source: &dyn Source, sections: &Sections) -> Result<Pack, Vec<Problem>> {
    let problems = Problems::default();
    let files = source.files().unwrap_or_else(|error| {
        problems.add(whole("."), format!("無法讀取:{error}"), format!("cannot be read: {error}"));
        BTreeMap::new()
    });
    let texts = texts(&files, sections, &problems);
    let documents = documents(&texts, &problems);
    let contents = read(&documents, &texts, digest(&files), sections, &problems);
    let (found, notes) = problems.into_lists();
    match contents {
        Some(mut contents) if found.is_empty() => {
            contents.notes = notes;
            Ok(Pack(Arc::new(contents)))
        }
        None if found.is_empty() => Err(vec![Problem {
            place: whole("."),
            zh: "規範不完整".into(),
            en: "the pack is not whole".into(),
            suggestion: None,
        }]),
        _ => Err(found),
    }
}

fn whole(path: &str) -> Place {
    crate::section::whole_file(path)
}

/// The texts of the files that belong to a pack; others are told.
fn texts<'f>(
    files: &'f BTreeMap<String, Vec<u8>>,
    sections: &Sections,
    problems: &Problems,
) -> BTreeMap<&'f str, &'f str> {
    let mut texts = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| !is_beside(path)) {
        if !belongs(path, sections) {
            let known = FILE_KINDS.iter().map(|kind| kind.path);
            let suggestion = nearest(path, known).map(str::to_owned);
            problems.add_with(whole(path), "規範中沒有這種檔案", "a pack has no such file", suggestion);
            continue;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => drop(texts.insert(path.as_str(), text)),
            Err(error) => {
                let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
                let place = Place { line: u32::try_from(line).unwrap_or(u32::MAX), ..whole(path) };
                problems.add(place, "檔案不是 UTF-8", "the file is not UTF-8");
            }
        }
    }
    for needed in
        ["pack.toml", "grades.toml", "roles.toml"].into_iter().filter(|path| !files.contains_key(*path))
    {
        problems.add(whole(needed), "缺少此檔", "this file is missing");
    }
    texts
}

fn belongs(path: &str, sections: &Sections) -> bool {
    let in_folder = |folder: &str, ending: &str| {
        let name = path.strip_prefix(folder).and_then(|rest| rest.strip_suffix(ending));
        name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
    };
    let ours = FILE_KINDS
        .iter()
        .any(|kind| if kind.path.ends_with('/') { in_folder(kind.path, ".toml") } else { path == kind.path });
    let at_hand = sections.iter().filter(|section| section.has_folder()).map(|section| section.name());
    let mut engines = at_hand.chain(crate::section::FOLDERS);
    ours || in_folder("policies/", ".cedar")
        || engines.any(|engine| in_folder(&format!("{engine}/"), ".toml"))
}

fn read(
    documents: &[Document<'_>],
    texts: &BTreeMap<&str, &str>,
    digest: [u8; 32],
    sections: &Sections,
    problems: &Problems,
) -> Option<Contents> {
    structure(documents, sections, problems);
    let sorted = Documents::sort(documents);
    let (vocabulary, names) = names::names(&sorted, problems);
    let calendar = small::calendar(&sorted, problems);
    let context = Context::new(problems, vocabulary, names);
    // Without a zone of its own a pack is told so; examples are then tried in UTC.
    let quiet = Problems::default();
    let zone = sorted.pack.and_then(|file| small::zone(file.inner("pack")?, &quiet));
    let utc = Zone::new("UTC").ok();
    let read_registers = || -> BTreeMap<RegisterId, _> {
        let Some(zone) = zone.as_ref().or(utc.as_ref()) else { return BTreeMap::new() };
        let trial = Trial { calendar: &calendar, zone };
        let files = sorted.registers.iter();
        let registers = files.filter_map(|(_, file)| register::register(*file, &trial, &context));
        registers.map(|one| (one.id.clone(), one)).collect()
    };
    let policies = policies(texts);
    // Parts of engines speak of names alone, which are known; they are read beside the registers.
    let (registers, engines) = beside(read_registers, || engines(documents, &policies, sections, &context));
    let procedures = small::procedures(&sorted.procedures, &context);
    let duties = duty::duties(&sorted.duties, &calendar, &context);
    let clauses = clause::clauses(&sorted.clauses, sections, &context);
    let grades = sorted.grades.map(|file| small::grades(file, &context)).unwrap_or_default();
    let roles = sorted.roles.map(|file| small::roles(file, &context)).unwrap_or_default();
    let head = sorted.pack.and_then(|file| small::head(file, &registers, &context));
    let moves =
        sorted.moves.and_then(|file| small::moves(file, head.as_ref().map(|head| head.version), &context));
    let destruction = head.as_ref().and_then(|head| head.destruction.as_ref());
    let whole = check::Whole {
        registers: &registers,
        clauses: &clauses,
        duties: &duties,
        roles: &roles,
        grades: &grades,
        destruction,
        complete: !context.problems.any(),
    };
    check::check(&whole, &context);
    let head = head?;
    Some(Contents {
        id: head.id,
        version: head.version,
        title: head.title,
        source: head.source,
        issuer: head.issuer,
        date: head.date,
        basis: head.basis,
        repealed: head.repealed,
        licence: head.licence,
        zone: head.zone,
        day_ends: head.day_ends,
        destruction: head.destruction,
        exemption: head.exemption,
        line_sources: head.line_sources,
        line_rules: head.line_rules,
        watched_units: head.watched_units,
        calls: head.calls,
        duty_roster: head.duty_roster,
        incidents: head.incidents,
        rooms: head.rooms,
        network: head.network,
        responding: head.responding,
        crosswalk: head.crosswalk,
        hooks: head.hooks,
        grades,
        roles,
        clauses,
        registers,
        duties,
        procedures,
        calendar,
        policies,
        moves,
        vocabulary: context.vocabulary,
        digest,
        sections: engines,
        notes: Vec::new(),
    })
}

/// The structural check of every file.
fn structure(documents: &[Document<'_>], sections: &Sections, problems: &Problems) {
    for document in documents {
        let ours = FILE_KINDS.iter().find(|kind| {
            document.path() == kind.path
                || (kind.path.ends_with('/') && document.path().starts_with(kind.path))
        });
        let folder = document.path().split('/').next().unwrap_or_default();
        let shape =
            ours.map(|kind| kind.shape).or_else(|| sections.find(folder).map(crate::section::Section::shape));
        if let Some(shape) = shape {
            shape::check(document.root(), shape, problems);
        }
    }
}

fn policies(texts: &BTreeMap<&str, &str>) -> BTreeMap<Box<str>, Box<str>> {
    let cedar = texts.iter().filter(|(path, _)| path.starts_with("policies/"));
    cedar.map(|(path, text)| ((*path).into(), (*text).into())).collect()
}

/// What engines read: of their own files, or of the policies.
fn engines(
    documents: &[Document<'_>],
    policies: &BTreeMap<Box<str>, Box<str>>,
    sections: &Sections,
    context: &Context<'_>,
) -> BTreeMap<&'static str, EngineBody> {
    let read = |section: &dyn crate::section::Section| {
        let folder = format!("{}/", section.name());
        let files: Vec<(&str, Table<'_>)> = documents
            .iter()
            .filter(|document| document.path().starts_with(&folder))
            .map(|document| (document.path(), document.root()))
            .collect();
        let of_files = section.read(&files, context);
        (section.name(), section.policies(policies, context).unwrap_or(of_files))
    };
    sections.iter().map(read).collect()
}

/// The files as documents, half of the text on each of two threads.
fn documents<'t>(texts: &BTreeMap<&'t str, &'t str>, problems: &Problems) -> Vec<Document<'t>> {
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (*path, *text)).filter(|(path, _)| path.ends_with(".toml")).collect();
    let all: usize = files.iter().map(|(_, text)| text.len()).sum();
    let reached = files.iter().scan(0, |reached, (_, text)| {
        *reached += text.len();
        Some(*reached)
    });
    let half = reached.take_while(|reached| *reached <= all / 2).count();
    let (first, second) = files.split_at(half);
    let parse = |files: &[(&'t str, &'t str)]| -> Vec<Document<'t>> {
        files.iter().map(|(path, text)| Document::parse(path, text, problems)).collect()
    };
    let (mut documents, rest) = beside(|| parse(first), || parse(second));
    documents.extend(rest);
    documents
}

/// Both at once. Whatever panics in one panics here.
fn beside<A, B: Send>(here: impl FnOnce() -> A, there: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let there = scope.spawn(there);
        let here = here();
        (here, there.join().unwrap_or_else(|panicked| std::panic::resume_unwind(panicked)))
    })
}
