//! Flows: NetFlow version 5 and 9, and IPFIX, read into a line for each record.
//!
//! Owns: what exporters have said so far (templates, where their numbering stands), with bounds that no sender can move; and
//! how a record is written: JSON in one fixed way, under names of Ward's own where there is one and under the element's
//! number, in hexadecimal, where there is none.
//! Invariants: the same datagrams in the same order give the same lines. Every element of a record is in its line. Nothing
//! is guessed at: a record whose template is not known waits for it, and what does not fit any more is counted.
//! Never: stores, waits, reads the machine's clock, panics, whatever comes.
//! Source: Cisco, NetFlow Export Datagram Format (version 5); RFC 3954 (version 9); RFC 7011 (IPFIX).

mod element;
mod wire;
mod write;

use element::Element;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use wire::{Cursor, Head, Set};

/// Exporters that are remembered, each of its processes by itself; the one that was silent the longest gives way.
const MOST_SCOPES: usize = 4_096;
/// Elements of all templates that are remembered, and of one exporter's.
const MOST_ELEMENTS: usize = 1 << 20;
const MOST_ELEMENTS_OF_ONE: usize = 1 << 16;
/// Bytes of all records that wait for their template, and of one exporter's.
const MOST_WAITING: usize = 4 << 20;
const MOST_WAITING_OF_ONE: usize = 256 << 10;
/// What it takes to remember that a set of records waits, beside its bytes.
const WAITING: usize = 64;

/// What is remembered of exporters.
#[derive(Debug, Default)]
pub struct Decoder {
    scopes: BTreeMap<Scope, State>,
    /// Datagrams so far: by it is known who was silent the longest.
    turn: u64,
    elements: usize,
    /// Bytes of what waits.
    waiting: usize,
    figures: Figures,
}

/// What a datagram gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// A line for each record.
    pub lines: Vec<Vec<u8>>,
    /// What is to be said of what is missing, in words of Ward's own.
    pub notes: Vec<String>,
}

/// Counts since the start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Datagrams.
    pub datagrams: u64,
    /// Of these, those that are of no version that is read, or do not read to their end.
    pub broken: u64,
    /// Records that were read.
    pub records: u64,
    /// What is missing by the exporters' numbering: flows (version 5), datagrams (version 9), records (IPFIX).
    pub missing: u64,
    /// Sets of records that wait for their template.
    pub waiting: u64,
    /// Sets of records that waited in vain, or found no room to wait in.
    pub unread: u64,
}

impl std::ops::Add for Figures {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            datagrams: self.datagrams + other.datagrams,
            broken: self.broken + other.broken,
            records: self.records + other.records,
            missing: self.missing + other.missing,
            waiting: self.waiting + other.waiting,
            unread: self.unread + other.unread,
        }
    }
}

/// One process of an exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scope {
    peer: SocketAddr,
    version: u16,
    /// Engine (version 5), source (version 9) or observation domain (IPFIX).
    domain: u32,
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { peer, version, domain } = self;
        write!(f, "flows from {} version={version} domain={domain}", peer.ip())
    }
}

#[derive(Debug, Default)]
struct State {
    /// When it was last heard of.
    turn: u64,
    /// The number of its last datagram, and how many records that had; none where they cannot be counted.
    last: Option<(u32, Count)>,
    /// Does a datagram's number count its own records, against RFC 7011 §3.1? None while that cannot be told.
    counts_itself: Option<bool>,
    templates: BTreeMap<u16, Arc<[Element]>>,
    waiting: Vec<Waiting>,
    /// Sets that found no room to wait in, since that was told.
    unread: u64,
    /// When the exporter started, in milliseconds since 1970, as it said in options.
    started: Option<u64>,
}

/// Records of a datagram: with those about options and without. Exporters differ in which they count.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    all: u32,
    plain: u32,
}

impl Count {
    const fn fits(self, difference: u32) -> bool {
        difference == self.all || difference == self.plain
    }
}

/// A set of records whose template is not known.
#[derive(Debug)]
struct Waiting {
    head: Head,
    template: u16,
    records: Vec<u8>,
}

impl State {
    fn elements(&self) -> usize {
        self.templates.values().map(|elements| elements.len()).sum()
    }

    fn waiting(&self) -> usize {
        self.waiting.iter().map(Waiting::cost).sum()
    }
}

impl Waiting {
    const fn cost(&self) -> usize {
        self.records.len() + WAITING
    }
}

impl Decoder {
    /// Counts since the start.
    #[must_use]
    pub const fn figures(&self) -> Figures {
        self.figures
    }

    /// Reads a datagram.
    pub fn read(&mut self, peer: SocketAddr, datagram: &[u8]) -> Read {
        let mut read = Read::default();
        self.figures.datagrams += 1;
        self.turn += 1;
        let mut cursor = Cursor(datagram);
        let whole = Head::read(&mut cursor).and_then(|head| {
            let scope = Scope { peer, version: head.version, domain: head.domain };
            let mut state = self.scopes.remove(&scope).unwrap_or_default();
            if self.scopes.len() >= MOST_SCOPES {
                self.forget_one();
            }
            state.turn = self.turn;
            let whole = self.message(scope, &mut state, head, cursor, &mut read);
            self.scopes.insert(scope, state);
            whole
        });
        self.figures.broken += u64::from(whole.is_none());
        self.figures.records += read.lines.len() as u64;
        read
    }

    /// Reads what follows the head; none where it breaks off.
    fn message(
        &mut self,
        scope: Scope,
        state: &mut State,
        head: Head,
        mut rest: Cursor<'_>,
        read: &mut Read,
    ) -> Option<()> {
        // Records of templates that are not known cannot be counted.
        let (mut counted, mut whole, mut count) = (true, Some(()), Count::default());
        let mut late = Vec::new();
        if head.version == 5 {
            whole = records(state, &head, 0, wire::VERSION_5, rest, &mut count, read);
        } else {
            while whole.is_some() && !rest.is_padding() {
                whole = rest.set(head.version).and_then(|set| match set {
                    Set::Templates(templates) => self.templates(state, head.version, templates, &mut late),
                    Set::Records(template, bytes) => match state.templates.get(&template).map(Arc::clone) {
                        Some(elements) => records(state, &head, template, &elements, bytes, &mut count, read),
                        None => {
                            counted = false;
                            self.wait(state, head, template, bytes.0);
                            Some(())
                        }
                    },
                });
            }
        }
        if head.version == 9 {
            // Here datagrams are counted.
            count = Count { all: 1, plain: 1 };
            counted = true;
        }
        let count = Some(count).filter(|_| counted && whole.is_some());
        self.check_sequence(scope, state, head.sequence, count, read);
        state.last = count.map(|count| (head.sequence, count));
        late.into_iter().for_each(|template| self.late(scope, state, template, read));
        whole
    }

    /// Tells what is missing by the exporter's own numbers.
    fn check_sequence(
        &mut self,
        scope: Scope,
        state: &mut State,
        came: u32,
        count: Option<Count>,
        read: &mut Read,
    ) {
        let Some((last, before)) = state.last else { return };
        let difference = came.wrapping_sub(last);
        let (behind, within) = (before.fits(difference), count.is_some_and(|count| count.fits(difference)));
        match state.counts_itself {
            Some(true) if within => return,
            Some(false) | None if behind => {
                state.counts_itself = state.counts_itself.or((!within).then_some(false));
                return;
            }
            None if within && scope.version == 10 => {
                state.counts_itself = Some(true);
                return;
            }
            _ => {}
        }
        let own = if state.counts_itself == Some(true) { count } else { Some(before) };
        let expected = last.wrapping_add(own.unwrap_or_default().all);
        let missing = came.wrapping_sub(expected);
        // What lies behind came late, or the exporter has begun anew.
        let said = if missing < 1 << 31 {
            self.figures.missing += u64::from(missing);
            format!("missing={missing}")
        } else {
            "back".to_owned()
        };
        read.notes.push(format!("{scope} expected={expected} came={came} {said}"));
    }

    /// Takes in templates; those that records may have waited for go to `late`.
    fn templates(
        &mut self,
        state: &mut State,
        version: u16,
        mut set: wire::Templates<'_>,
        late: &mut Vec<u16>,
    ) -> Option<()> {
        while let Some(template) = set.next(version)? {
            let before = state.templates.remove(&template.id).map_or(0, |elements| elements.len());
            self.elements -= before;
            // One without elements is withdrawn (RFC 7011 §8.1).
            if template.elements.is_empty() {
                continue;
            }
            let more = template.elements.len();
            if state.elements() + more > MOST_ELEMENTS_OF_ONE {
                return None;
            }
            while self.elements + more > MOST_ELEMENTS && self.forget_one() {}
            self.elements += more;
            state.templates.insert(template.id, template.elements.into());
            late.push(template.id);
        }
        Some(())
    }

    /// Keeps records until their template is known, if there is room.
    fn wait(&mut self, state: &mut State, head: Head, template: u16, records: &[u8]) {
        let waiting = Waiting { head, template, records: records.to_vec() };
        let cost = waiting.cost();
        if state.waiting() + cost > MOST_WAITING_OF_ONE || self.waiting + cost > MOST_WAITING {
            self.figures.unread += 1;
            state.unread += 1;
            return;
        }
        self.waiting += cost;
        self.figures.waiting += 1;
        state.waiting.push(waiting);
    }

    /// Reads what has waited for a template.
    fn late(&mut self, scope: Scope, state: &mut State, template: u16, read: &mut Read) {
        let (known, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.waiting).into_iter().partition(|waiting| waiting.template == template);
        state.waiting = waiting;
        let unread = std::mem::take(&mut state.unread);
        if known.is_empty() && unread == 0 {
            return;
        }
        let elements = state.templates.get(&template).map(Arc::clone).unwrap_or_default();
        for waiting in &known {
            self.waiting -= waiting.cost();
            self.figures.waiting -= 1;
            let (bytes, count) = (Cursor(&waiting.records), &mut Count::default());
            if records(state, &waiting.head, template, &elements, bytes, count, read).is_none() {
                self.figures.broken += 1;
            }
        }
        read.notes.push(format!("{scope} template={template} known waited={} unread={unread}", known.len()));
    }

    /// Forgets whoever was silent the longest; false where there is nobody.
    fn forget_one(&mut self) -> bool {
        let oldest = self.scopes.iter().min_by_key(|(_, state)| state.turn).map(|(scope, _)| *scope);
        let Some(state) = oldest.and_then(|oldest| self.scopes.remove(&oldest)) else { return false };
        self.elements -= state.elements();
        self.waiting -= state.waiting();
        self.figures.waiting -= state.waiting.len() as u64;
        self.figures.unread += state.waiting.len() as u64;
        true
    }
}

/// Writes the records of a set; none where it breaks off.
fn records(
    state: &mut State,
    head: &Head,
    template: u16,
    elements: &[Element],
    mut bytes: Cursor<'_>,
    count: &mut Count,
    read: &mut Read,
) -> Option<()> {
    let options = elements.iter().any(|element| element.scope);
    let least: usize = elements.iter().map(|element| element.least()).sum();
    // What is shorter than any record is padding.
    while bytes.0.len() >= least.max(1) {
        let mut line = write::Line::begin(head, template, elements);
        for element in elements {
            let value = bytes.value(element)?;
            if element.is(element::STARTED) {
                state.started = element::number(value).or(state.started);
            }
            line.put(element, value);
        }
        read.lines.push(line.end(state.started));
        count.all += 1;
        count.plain += u32::from(!options);
    }
    Some(())
}

#[cfg(test)]
mod tests;
