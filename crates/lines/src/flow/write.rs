//! How a record is written: a JSON object without blanks. First of which datagram it is, then the members that most have in
//! an order of their own, then all others in the order of the template.

use super::element::{Element, Kind, number};
use super::wire::Head;
use model::Instant;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Members that stand in front.
const FRONT: [&str; 11] = [
    "src_ip", "src_port", "dst_ip", "dst_port", "proto", "bytes", "packets", "start", "end", "action", "user",
];
const START: usize = 7;
const END: usize = 8;

/// Seconds from 1900, where NTP begins, to 1970.
const NTP: i64 = 2_208_988_800;

/// A line that is being written.
pub(super) struct Line {
    text: String,
    front: [Option<String>; FRONT.len()],
    others: Vec<(String, String)>,
    /// Milliseconds since the exporter started, at the flow's beginning and end, where the head does not say when that was.
    since: [Option<u64>; 2],
    time: i64,
    uptime: Option<u32>,
}

impl Line {
    /// Says of which datagram it is.
    pub(super) fn begin(head: &Head, template: u16, elements: &[Element]) -> Self {
        let mut text =
            format!("{{\"flow\":{},\"domain\":{},\"sequence\":{}", head.version, head.domain, head.sequence);
        if template > 0 {
            let _ = write!(text, ",\"template\":{template}");
        }
        if elements.iter().any(|element| element.scope) {
            text.push_str(",\"options\":true");
        }
        if let Some(time) = moment(head.time) {
            let _ = write!(text, ",\"time\":{time}");
        }
        let mut others = Vec::new();
        if head.sampling > 0 {
            others.push(("sampling".to_owned(), head.sampling.to_string()));
        }
        Self {
            text,
            front: Default::default(),
            others,
            since: [None; 2],
            time: head.time,
            uptime: head.uptime,
        }
    }

    /// Adds a value.
    pub(super) fn put(&mut self, element: &Element, value: &[u8]) {
        let Some((reverse, name, kind)) = element.known() else {
            return self.others.push((element.numbered(), hexadecimal(value)));
        };
        if kind == Kind::Padding {
            return;
        }
        if let (Kind::Uptime, None, Some(millis), false) = (kind, self.uptime, number(value), reverse)
            && let Some(since) = self.since.get_mut(usize::from(name == "end"))
        {
            *since = Some(millis);
            return;
        }
        let Some(text) = self.read(kind, value) else {
            return self.others.push((element.numbered(), hexadecimal(value)));
        };
        if reverse {
            return self.others.push((format!("reverse_{name}"), text));
        }
        let place = FRONT.iter().position(|front| *front == name).and_then(|at| self.front.get_mut(at));
        match place {
            None => self.others.push((name.to_owned(), text)),
            // Of addresses of both versions in one record, one is that of nobody.
            Some(place) if place.as_ref().is_none_or(|text| is_nobody(text)) => {
                if let Some(before) = place.replace(text) {
                    self.others.push((element.numbered(), before));
                }
            }
            Some(_) => self.others.push((element.numbered(), hexadecimal(value))),
        }
    }

    /// A value as JSON; none where it is not what it is to be.
    fn read(&self, kind: Kind, value: &[u8]) -> Option<String> {
        match kind {
            Kind::Number => number(value).map(|number| number.to_string()),
            Kind::Address => {
                if let Ok(octets) = <[u8; 4]>::try_from(value) {
                    return Some(format!("\"{}\"", Ipv4Addr::from(octets)));
                }
                <[u8; 16]>::try_from(value).ok().map(|octets| format!("\"{}\"", Ipv6Addr::from(octets)))
            }
            Kind::Text => text(value),
            Kind::Mac => {
                let octets = <[u8; 6]>::try_from(value).ok()?;
                let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
                Some(format!("\"{}\"", octets.join(":")))
            }
            Kind::Seconds => moment(signed(value)?.checked_mul(1_000_000)?),
            Kind::Millis => moment(signed(value)?.checked_mul(1_000)?),
            Kind::Ntp => {
                let (seconds, fraction) =
                    <[u8; 8]>::try_from(value).ok().map(u64::from_be_bytes).map(halves)?;
                moment((seconds - NTP).checked_mul(1_000_000)? + ((fraction * 1_000_000) >> 32))
            }
            Kind::Before => moment(self.time - signed(value)?),
            Kind::Uptime => {
                // Both are counted modulo 2^32, and a flow may have ended after the head was written.
                let then = u32::try_from(number(value)?).ok()?;
                let before = self.uptime?.wrapping_sub(then).cast_signed();
                moment(self.time - i64::from(before) * 1_000)
            }
            Kind::Status => {
                // Two bits say which; a short form has no reason behind them.
                let status = *value.last()?;
                let status = if status < 4 { status } else { status >> 6 };
                let names = ["unknown", "forwarded", "dropped", "consumed"];
                names.get(usize::from(status)).map(|name| format!("\"{name}\""))
            }
            Kind::Event => {
                let names = ["ignore", "created", "deleted", "denied", "alert", "update"];
                names.get(usize::try_from(number(value)?).ok()?).map(|name| format!("\"{name}\""))
            }
            Kind::Padding => None,
        }
    }

    /// The whole of it. When the exporter started, in milliseconds since 1970, may be known from options; else times that
    /// are counted from there stay so.
    pub(super) fn end(mut self, started: Option<u64>) -> Vec<u8> {
        for ((since, at), name) in
            self.since.into_iter().zip([START, END]).zip(["start_uptime", "end_uptime"])
        {
            let Some(millis) = since else { continue };
            let then = started.and_then(|started| started.checked_add(millis)?.checked_mul(1_000));
            let then = then.and_then(|micros| moment(i64::try_from(micros).ok()?));
            match (then, self.front.get_mut(at)) {
                (Some(then), Some(place @ None)) => *place = Some(then),
                _ => self.others.push((name.to_owned(), millis.to_string())),
            }
        }
        let mut seen: Vec<String> = Vec::new();
        let front = FRONT.iter().zip(self.front);
        let front = front.filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        for (name, value) in front.chain(self.others) {
            // A template may name an element several times.
            let nth = seen.iter().filter(|one| **one == name).count() + 1;
            let _ = match nth {
                1 => write!(self.text, ",\"{name}\":{value}"),
                _ => write!(self.text, ",\"{name}.{nth}\":{value}"),
            };
            seen.push(name);
        }
        self.text.push('}');
        self.text.into_bytes()
    }
}

fn moment(micros: i64) -> Option<String> {
    Instant::from_micros(micros).ok().map(|at| format!("\"{at}\""))
}

fn signed(value: &[u8]) -> Option<i64> {
    i64::try_from(number(value)?).ok()
}

fn halves(value: u64) -> (i64, i64) {
    ((value >> 32).cast_signed(), (value & u64::from(u32::MAX)).cast_signed())
}

fn is_nobody(text: &str) -> bool {
    matches!(text, "\"0.0.0.0\"" | "\"::\"")
}

fn hexadecimal(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len() * 2 + 2);
    text.push('"');
    for byte in value {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    text
}

/// A text without the noughts it is filled up with; none where it is none.
fn text(value: &[u8]) -> Option<String> {
    let length = value.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let value = std::str::from_utf8(value.get(..length)?).ok()?;
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\0'..='\x1f' => {
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
    Some(text)
}
