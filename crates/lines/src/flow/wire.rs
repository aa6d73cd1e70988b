//! Heads, sets and templates, as they lie on the wire. Numbers are big-endian.

use super::element::Element;

/// Elements of a template; a datagram has room for no more than four times as many.
const MOST: u16 = 4_096;
/// Length of a value that says its own.
pub(super) const VARIABLE: u16 = u16::MAX;
/// From this number on a set holds records.
const RECORDS: u16 = 256;

/// A record of version 5, as if a template had said it.
pub(super) const VERSION_5: &[Element] = &[
    Element::of(8, 4),
    Element::of(12, 4),
    Element::of(15, 4),
    Element::of(10, 2),
    Element::of(14, 2),
    Element::of(2, 4),
    Element::of(1, 4),
    Element::of(22, 4),
    Element::of(21, 4),
    Element::of(7, 2),
    Element::of(11, 2),
    Element::of(210, 1),
    Element::of(6, 1),
    Element::of(4, 1),
    Element::of(5, 1),
    Element::of(16, 2),
    Element::of(17, 2),
    Element::of(9, 1),
    Element::of(13, 1),
    Element::of(210, 2),
];

/// What stands in front of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) version: u16,
    /// Milliseconds since the exporter started; none of IPFIX.
    pub(super) uptime: Option<u32>,
    /// When it was sent: microseconds since 1970.
    pub(super) time: i64,
    pub(super) sequence: u32,
    pub(super) domain: u32,
    /// One packet in so many was looked at; 0 where that is not said here.
    pub(super) sampling: u16,
}

/// Reads from the front.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'b>(pub(super) &'b [u8]);

/// A set of a datagram.
pub(super) enum Set<'b> {
    Templates(Templates<'b>),
    Records(u16, Cursor<'b>),
}

/// A set of templates.
pub(super) struct Templates<'b> {
    bytes: Cursor<'b>,
    options: bool,
}

/// What a record is made of.
pub(super) struct Template {
    pub(super) id: u16,
    pub(super) elements: Vec<Element>,
}

impl<'b> Cursor<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn short(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    fn long(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn bytes(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Is nothing left but noughts, as some fill up their datagrams with?
    pub(super) fn is_padding(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// The next set.
    pub(super) fn set(&mut self, version: u16) -> Option<Set<'b>> {
        let (id, length) = (self.short()?, usize::from(self.short()?));
        let bytes = Cursor(self.bytes(length.checked_sub(4)?)?);
        let (plain, options) = if version == 9 { (0, 1) } else { (2, 3) };
        match id {
            _ if id >= RECORDS => Some(Set::Records(id, bytes)),
            _ if id == plain => Some(Set::Templates(Templates { bytes, options: false })),
            _ if id == options => Some(Set::Templates(Templates { bytes, options: true })),
            _ => None,
        }
    }

    /// The value of an element.
    pub(super) fn value(&mut self, element: &Element) -> Option<&'b [u8]> {
        if element.length != VARIABLE {
            return self.bytes(usize::from(element.length));
        }
        let [short] = self.take()?;
        let length = if short == u8::MAX { usize::from(self.short()?) } else { usize::from(short) };
        self.bytes(length)
    }
}

impl Head {
    /// The head of a version that is read; none of any other.
    pub(super) fn read(bytes: &mut Cursor<'_>) -> Option<Self> {
        let (version, second) = (bytes.short()?, bytes.short()?);
        let seconds = |value: u32| i64::from(value) * 1_000_000;
        let mut head = Self { version, uptime: None, time: 0, sequence: 0, domain: 0, sampling: 0 };
        match version {
            5 => {
                head.uptime = Some(bytes.long()?);
                head.time = seconds(bytes.long()?) + i64::from(bytes.long()? / 1_000);
                head.sequence = bytes.long()?;
                head.domain = bytes.short()?.into();
                // Two bits say how they were chosen.
                head.sampling = bytes.short()? & 0x3fff;
                // The second number says how many records there are.
                bytes.0 = bytes.0.get(..usize::from(second) * 48)?;
            }
            9 => {
                head.uptime = Some(bytes.long()?);
                head.time = seconds(bytes.long()?);
                (head.sequence, head.domain) = (bytes.long()?, bytes.long()?);
            }
            10 => {
                head.time = seconds(bytes.long()?);
                (head.sequence, head.domain) = (bytes.long()?, bytes.long()?);
                // Here it says how many bytes there are, these 16 included.
                bytes.0 = bytes.0.get(..usize::from(second).checked_sub(16)?)?;
            }
            _ => return None,
        }
        Some(head)
    }
}

impl Templates<'_> {
    /// The next template; outer none where it breaks off, inner where there is no more.
    pub(super) fn next(&mut self, version: u16) -> Option<Option<Template>> {
        if self.bytes.0.len() < 4 || self.bytes.is_padding() {
            return Some(None);
        }
        let bytes = &mut self.bytes;
        let (id, first) = (bytes.short()?, bytes.short()?);
        // Of options, the elements that say what they are about come first.
        let (count, scopes) = match (self.options, version) {
            (false, _) => (first, 0),
            // Counted in bytes.
            (true, 9) => (first / 4 + bytes.short()? / 4, first / 4),
            (true, _) if first == 0 => (0, 0),
            (true, _) => (first, bytes.short()?),
        };
        if id < RECORDS || count > MOST || scopes > count {
            return None;
        }
        let elements: Option<Vec<Element>> =
            (0..count).map(|nth| element(bytes, version, nth < scopes)).collect();
        let elements = elements?;
        // Records without a byte could be as many as one likes.
        let empty = !elements.is_empty() && elements.iter().all(|element| element.length == 0);
        (!empty).then_some(Some(Template { id, elements }))
    }
}

fn element(bytes: &mut Cursor<'_>, version: u16, scope: bool) -> Option<Element> {
    let (id, length) = (bytes.short()?, bytes.short()?);
    let element = Element { scope, ..Element::of(id, length) };
    if version != 10 || id & 0x8000 == 0 {
        // Version 9 has no values that say their length, and kinds of scope of its own.
        let enterprise = if version == 9 && scope { super::element::SCOPE_9 } else { 0 };
        return Some(Element { enterprise, ..element });
    }
    Some(Element { id: id & 0x7fff, enterprise: bytes.long()?, ..element })
}
