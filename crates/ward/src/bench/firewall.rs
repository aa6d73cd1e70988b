//! Lines as a firewall of a city sends them: FortiGate's traffic log with the fields of FortiOS 6.0, 371 bytes on average.
//!
//! Seeded: the same seed gives the same lines. The session's number is the line's place, so that what is missing is seen.
//! Addresses, services and sizes are drawn as networks have them, few of them often: the first of a list more than the last.

use std::io::Write;

/// Bytes handed on at once.
const BUFFER: usize = 256 << 10;
/// Lines in a second of the device's clock.
const RATE: u64 = 10_000;
/// When the first line is sent, in seconds since 1970: 2026-11-26 08:00 in Taiwan.
const BEGIN: u64 = 1_795_651_200;
/// The first session's number.
const FIRST: u64 = 700_000_000;

/// An address of which there is a line in a million, and the place of its first.
pub(super) const RARE: (&str, (u64, u64)) = ("10.9.0.2", (1_000_000, 500_000));
/// An address of which there is a line in a hundred, and the place of its first.
pub(super) const BUSY: (&str, (u64, u64)) = ("10.9.0.1", (100, 7));

const ACTIONS: [&str; 10] =
    ["close", "close", "close", "close", "accept", "accept", "deny", "deny", "timeout", "timeout"];
const SERVICES: [(u64, u64, &str); 6] = [
    (443, 6, "HTTPS"),
    (53, 17, "DNS"),
    (80, 6, "HTTP"),
    (22, 6, "SSH"),
    (123, 17, "NTP"),
    (3_389, 6, "RDP"),
];

/// Writes so many lines.
pub(super) fn write(count: u64, seed: u64, out: &mut impl Write) -> std::io::Result<()> {
    let (mut drawn, mut lines) = (Drawn(seed), Vec::with_capacity(BUFFER + 1_024));
    for nth in 0..count {
        line(nth, &mut drawn, &mut lines);
        if lines.len() >= BUFFER {
            out.write_all(&lines)?;
            lines.clear();
        }
    }
    out.write_all(&lines)
}

/// Numbers that look drawn: SplitMix64 (Steele, Lea, Flood: OOPSLA 2014).
struct Drawn(u64);

impl Drawn {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below a bound, each number as often as any other.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Below a bound, small numbers more often.
    fn small(&mut self, bound: u64) -> u64 {
        let high = self.below(bound) + 1;
        let high = self.below(high) + 1;
        self.below(high)
    }
}

fn line(nth: u64, drawn: &mut Drawn, out: &mut Vec<u8>) {
    let second = nth / RATE;
    let day = 8 * 3_600 + second;
    let action = super::pick(&ACTIONS, drawn.below(10) as usize);
    let (port, protocol, service) = super::pick(&SERVICES, drawn.small(6) as usize);
    text(out, "<189>date=2026-11-26 time=");
    clock(out, day);
    text(out, " devname=\"TC-FW-001\" devid=\"FG200FT922900123\" eventtime=");
    number(out, BEGIN + second);
    text(out, " logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip=");
    source(nth, drawn, out);
    text(out, " srcport=");
    number(out, 1_024 + drawn.below(64_000));
    text(out, " srcintf=\"port1");
    number(out, drawn.below(4));
    text(out, "\" dstip=203.0.");
    number(out, drawn.small(200));
    text(out, ".");
    number(out, drawn.below(250));
    text(out, " dstport=");
    number(out, *port);
    text(out, " dstintf=\"wan1\" sessionid=");
    number(out, FIRST + nth);
    text(out, " proto=");
    number(out, *protocol);
    text(out, " action=\"");
    text(out, action);
    text(out, "\" policyid=");
    number(out, drawn.small(40));
    text(out, " service=\"");
    text(out, service);
    text(out, "\" duration=");
    number(out, drawn.small(300));
    text(out, " sentbyte=");
    number(out, drawn.small(100_000));
    text(out, " rcvdbyte=");
    number(out, drawn.small(2_000_000));
    out.push(b'\n');
}

fn source(nth: u64, drawn: &mut Drawn, out: &mut Vec<u8>) {
    for (address, (every, first)) in [RARE, BUSY] {
        if nth % every == first {
            return text(out, address);
        }
    }
    text(out, "10.");
    number(out, drawn.below(4));
    text(out, ".");
    number(out, drawn.small(64));
    text(out, ".");
    number(out, drawn.below(250));
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn number(out: &mut Vec<u8>, number: u64) {
    let (mut digits, mut left, mut length) = ([0u8; 20], number, 0);
    for place in digits.iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        (left, length) = (left / 10, length + 1);
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - length..).unwrap_or_default());
}

/// `hh:mm:ss`, of any day.
fn clock(out: &mut Vec<u8>, second: u64) {
    for (part, sign) in [(second / 3_600 % 24, b':'), (second / 60 % 60, b':'), (second % 60, b' ')] {
        out.extend_from_slice(&[b'0' + (part / 10) as u8, b'0' + (part % 10) as u8, sign]);
    }
    out.pop();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_371_bytes_on_average_and_are_all_read_whole() {
        let mut text = Vec::new();
        write(20_000, 1, &mut text).unwrap();
        let mut same = Vec::new();
        write(20_000, 1, &mut same).unwrap();
        assert_eq!(text, same);
        let mut reader = lines::Reader::new();
        let received = model::Instant::from_micros(BEGIN as i64 * 1_000_000).unwrap();
        let (mut count, mut bytes) = (0, 0);
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let record = reader.read(lines::Source { offset: 28_800 }, received, line);
            assert_eq!(record.nine().count(), 9, "{}", String::from_utf8_lossy(line));
            assert_eq!(record.number(lines::Field::Session), Some(FIRST + count));
            (count, bytes) = (count + 1, bytes + line.len());
        }
        assert_eq!(count, 20_000);
        assert_eq!((bytes as f64 / count as f64).round(), 371.0);
    }
}
