//! Reading a bundle: lines, lengths, order, and the form of what is inside.
//!
//! Invariant: every byte belongs to exactly one thing; another spelling of the same bundle is refused.
//! Source: `docs/format.md` §8.3.

use super::{Attachment, Bundle, BundleError, Kind, Line, Lines, Range, TITLE};
use crate::checkpoint::decimal;
use crate::entry::Entry;
use crate::hash::Hash;
use crate::seal::Opened;
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;

/// Longest line between sections: an attachment's.
const LINE_LIMIT: usize = 128;

/// Reads all sections.
pub(super) fn read(bytes: &[u8]) -> Result<Bundle<'_>, BundleError> {
    let mut cursor = Cursor { bytes, at: 0 };
    if cursor.line()? != TITLE {
        return Err(form(0, "the line ward-bundle/v1"));
    }
    let mut parts = Parts::default();
    let mut sections: u64 = 0;
    let mut last = None;
    loop {
        let at = cursor.at;
        let line = cursor.line()?;
        if let Some(count) = line.strip_prefix("end ") {
            if decimal(count) != Some(sections) {
                return Err(form(at, "the number of sections"));
            }
            break;
        }
        let (key, content) = cursor.section(at, line)?;
        if last.is_some_and(|last| key <= last) {
            return Err(form(at, "sections in the order of their kinds and arguments, none twice"));
        }
        last = Some(key);
        sections += 1;
        parts.take(at, key, content)?;
    }
    if cursor.at != bytes.len() {
        return Err(form(cursor.at, "nothing behind the last line"));
    }
    parts.bundle(bytes.len())
}

/// A section's place in the order: kind, then arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: Kind,
    number: u64,
    first: u64,
    digest: [u8; 32],
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// The bytes up to the next newline.
    fn line(&mut self) -> Result<&'a str, BundleError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let missing = || form(self.at, "a line ended by a newline");
        let length = rest.iter().take(LINE_LIMIT).position(|byte| *byte == b'\n').ok_or_else(missing)?;
        let line = rest.get(..length).unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| form(self.at, "a line of text"))?;
        self.at += length + 1;
        Ok(line)
    }

    /// What stands behind the line of a section.
    fn section(&mut self, at: usize, line: &str) -> Result<(Key, &'a [u8]), BundleError> {
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word);
        let kind = kind.ok_or_else(|| form(at, "a section of a known kind, or the line `end`"))?;
        let length = words.next().and_then(decimal).and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(|| form(at, "the section's length in decimal"))?;
        let arguments: Vec<_> = words.collect();
        let key = key(kind, &arguments).ok_or_else(|| form(at, "the arguments of its kind of section"))?;
        let short = || form(at, "as many bytes as the section's line says, and a newline");
        let end = self.at.checked_add(length).ok_or_else(short)?;
        let content = self.bytes.get(self.at..end).ok_or_else(short)?;
        if self.bytes.get(end) != Some(&b'\n') {
            return Err(short());
        }
        self.at = end + 1;
        Ok((key, content))
    }
}

fn key(kind: Kind, arguments: &[&str]) -> Option<Key> {
    let mut key = Key { kind, number: 0, first: 0, digest: [0; 32] };
    match (kind, arguments) {
        (Kind::Head, []) => {}
        (Kind::Entries | Kind::Range | Kind::Opened, [number]) => key.number = decimal(number)?,
        (Kind::Lines, [number, first]) => {
            key.number = decimal(number)?;
            key.first = decimal(first)?;
        }
        (Kind::Attachment, [digest]) => {
            key.digest = HEXLOWER.decode(digest.as_bytes()).ok()?.try_into().ok()?;
        }
        _ => return None,
    }
    Some(key)
}

#[derive(Default)]
struct Parts<'a> {
    head: Option<&'a [u8]>,
    /// The proof is none until its section is met.
    ranges: Vec<(u64, Vec<Entry<'a>>, Option<Vec<Hash>>)>,
    opened: BTreeMap<u64, Opened>,
    lines: Vec<Lines<'a>>,
    attachments: Vec<Attachment<'a>>,
}

impl<'a> Parts<'a> {
    fn take(&mut self, at: usize, key: Key, content: &'a [u8]) -> Result<(), BundleError> {
        match key.kind {
            Kind::Head => self.head = Some(content),
            Kind::Entries => self.entries(at, key.number, content)?,
            Kind::Range => self.range(at, key.number, content)?,
            Kind::Opened => {
                let opened = Opened::parse(content.to_vec());
                let opened = opened.map_err(|source| BundleError::Opened { number: key.number, source })?;
                self.opened.insert(key.number, opened);
            }
            Kind::Lines => self.lines(at, key, content)?,
            Kind::Attachment => {
                let digest = Hash::from_bytes(key.digest);
                self.attachments.push(Attachment { digest, bytes: content });
            }
        }
        Ok(())
    }

    fn entries(&mut self, at: usize, first: u64, content: &'a [u8]) -> Result<(), BundleError> {
        if let Some((before, entries, _)) = self.ranges.last()
            && before.saturating_add(entries.len() as u64) >= first
        {
            return Err(form(at, "entries apart from those of the section before"));
        }
        let mut entries = Vec::new();
        let mut rest = content;
        while !rest.is_empty() {
            let number = first.checked_add(entries.len() as u64);
            let number = number.ok_or_else(|| form(at, "numbers of entries below 2^64"))?;
            let short = || form(at, "entries, each behind its length");
            let (length, behind) = rest.split_first_chunk::<2>().ok_or_else(short)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, behind) = behind.split_at_checked(length).ok_or_else(short)?;
            entries.push(Entry::parse(entry).map_err(|source| BundleError::Entry { number, source })?);
            rest = behind;
        }
        if entries.is_empty() {
            return Err(form(at, "at least one entry"));
        }
        self.ranges.push((first, entries, None));
        Ok(())
    }

    fn range(&mut self, at: usize, first: u64, content: &[u8]) -> Result<(), BundleError> {
        let of = self.ranges.iter_mut().find(|range| range.0 == first);
        let of = of.ok_or_else(|| form(at, "a proof for an `entries` section of the bundle"))?;
        of.2 = Some(hashes(content).ok_or_else(|| form(at, "hashes of 32 bytes"))?);
        Ok(())
    }

    fn lines(&mut self, at: usize, key: Key, content: &'a [u8]) -> Result<(), BundleError> {
        let before = self.lines.last().filter(|before| before.number == key.number);
        if before.is_some_and(|before| before.first.saturating_add(before.lines.len() as u64) >= key.first) {
            return Err(form(at, "lines apart from those of the section before"));
        }
        let short = || form(at, "a number of lines, each behind its length, and hashes of 32 bytes");
        let (count, mut rest) = content.split_first_chunk::<4>().ok_or_else(short)?;
        let mut lines = Vec::new();
        for _ in 0..u32::from_be_bytes(*count) {
            let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(short)?;
            let (salt, behind) = behind.split_first_chunk::<16>().ok_or_else(short)?;
            let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| short())?;
            let (record, behind) = behind.split_at_checked(length).ok_or_else(short)?;
            lines.push(Line { salt, record });
            rest = behind;
        }
        if lines.is_empty() {
            return Err(form(at, "at least one line"));
        }
        let proof = hashes(rest).ok_or_else(short)?;
        self.lines.push(Lines { number: key.number, first: key.first, lines, proof });
        Ok(())
    }

    fn bundle(self, end: usize) -> Result<Bundle<'a>, BundleError> {
        let head = self.head.ok_or_else(|| form(end, "a section `head`"))?;
        let unproven = || form(end, "a section `range` for each section `entries`");
        let ranges = self
            .ranges
            .into_iter()
            .map(|(first, entries, proof)| Ok(Range { first, entries, proof: proof.ok_or_else(unproven)? }));
        let ranges = ranges.collect::<Result<Vec<_>, BundleError>>()?;
        Ok(Bundle { head, ranges, opened: self.opened, lines: self.lines, attachments: self.attachments })
    }
}

fn hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().map(|hash| Hash::from_bytes(*hash)).collect())
}

fn form(at: usize, what: &'static str) -> BundleError {
    BundleError::Form { at, what }
}
