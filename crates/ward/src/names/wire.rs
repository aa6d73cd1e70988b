//! Questions what addresses are called, and what answers say.
//!
//! Owns: what counts as an answer. The form of messages is `simple_dns`'s, which reads names within their bounds: pointers
//! lead backwards, and no name is longer than 255 bytes.
//! Source: RFC 1035 §4, RFC 2317, RFC 3596 §2.5.

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, OPCODE, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

/// Records of an answer that are looked at.
const RECORDS: usize = 64;

/// What a server says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// Its name, and for how long that holds.
    Name(String, Duration),
    /// It has none, or none that a host can have.
    Nameless,
    /// The server cannot or will not say.
    Failed,
}

/// The question what an address is called, with this number; none where it cannot be written.
pub(super) fn query(number: u16, address: IpAddr) -> Option<Vec<u8>> {
    let name = reversed(address);
    let mut packet = Packet::new_query(number);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        Name::new(&name).ok()?,
        QTYPE::TYPE(TYPE::PTR),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    packet.build_bytes_vec().ok()
}

/// The name that stands for an address.
fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut name = String::new();
            for octet in address.octets().into_iter().rev() {
                // A text takes what is written to it.
                let _ = write!(name, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
            name + "ip6.arpa"
        }
    }
}

/// What an answer says; none where it is none to this question.
pub(super) fn answer(bytes: &[u8], number: u16, address: IpAddr) -> Option<Said> {
    let packet = Packet::parse(bytes).ok()?;
    let [question] = packet.questions.as_slice() else { return None };
    let asked = reversed(address);
    let same = question.qname == Name::new(&asked).ok()?
        && question.qtype == QTYPE::TYPE(TYPE::PTR)
        && question.qclass == QCLASS::CLASS(CLASS::IN);
    let usual = packet.has_flags(PacketFlag::RESPONSE) && packet.opcode() == OPCODE::StandardQuery;
    if packet.id() != number || !usual || !same {
        return None;
    }
    match packet.rcode() {
        RCODE::NameError => return Some(Said::Nameless),
        RCODE::NoError if !packet.has_flags(PacketFlag::TRUNCATION) => {}
        _ => return Some(Said::Failed),
    }
    // Aliases lead from the address to where its name stands (RFC 2317).
    let mut owners = vec![&question.qname];
    let mut names = Vec::new();
    for record in packet.answers.iter().take(RECORDS).filter(|record| record.class == CLASS::IN) {
        match &record.rdata {
            RData::CNAME(alias) if owners.contains(&&record.name) => owners.push(&alias.0),
            RData::PTR(name) if owners.contains(&&record.name) => {
                names.extend(host(&name.0).map(|name| (name, record.ttl)));
            }
            _ => {}
        }
    }
    // Of several it is always the same one, in whatever order they come.
    let said = names.into_iter().min();
    Some(said.map_or(Said::Nameless, |(name, ttl)| Said::Name(name, Duration::from_secs(ttl.into()))))
}

/// A name, as people write it; none where it has characters that names of hosts have not.
fn host(name: &Name<'_>) -> Option<String> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let label =
        |label: &[u8]| label.iter().all(fits).then(|| String::from_utf8_lossy(label).to_ascii_lowercase());
    let labels: Vec<String> = name.as_bytes().map(label).collect::<Option<_>>()?;
    (!labels.is_empty()).then(|| labels.join("."))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The type PTR and the class IN (RFC 1035 §3.2).
    const PTR: [u8; 4] = [0, 12, 0, 1];

    fn labels(name: &str) -> Vec<u8> {
        let label = |label: &str| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat();
        name.split('.').flat_map(label).chain([0]).collect()
    }

    fn record(owner: &[u8], kind: [u8; 4], seconds: u32, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [owner, &kind, &seconds.to_be_bytes(), &length.to_be_bytes(), data].concat()
    }

    /// A server's answer to a question: a name with its seconds, behind an alias. Written by hand from RFC 1035.
    pub(in super::super) fn reply(question: &[u8], code: u8, name: Option<(&str, u32)>) -> Vec<u8> {
        let mut bytes = question.to_vec();
        (bytes[2], bytes[3]) = (0x81, 0x80 | code);
        if let Some((name, seconds)) = name {
            bytes[7] = 2;
            let alias = labels("1.0-31.city.example");
            // The first begins with a pointer to the question.
            bytes.extend(record(&[0xc0, 12], [0, 5, 0, 1], 9, &alias));
            bytes.extend(record(&alias, PTR, seconds, &labels(name)));
        }
        bytes
    }

    fn address() -> IpAddr {
        "192.0.2.1".parse().unwrap()
    }

    #[test]
    fn questions_are_those_of_the_standards() {
        let asked = query(0xabcd, address()).unwrap();
        assert_eq!(asked[..12], [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(asked[12..], [labels("1.2.0.192.in-addr.arpa"), PTR.to_vec()].concat());
        let asked = query(0, "2001:db8::567:89ab".parse().unwrap()).unwrap();
        let name = "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        assert_eq!(asked[12..], [labels(name), PTR.to_vec()].concat());
    }

    #[test]
    fn an_answer_counts_to_its_own_question_alone() {
        let asked = query(0x0102, address()).unwrap();
        let said = |bytes: &[u8]| answer(bytes, 0x0102, address());
        let good = reply(&asked, 0, Some(("FW-1.city.example", 300)));
        let named = Some(Said::Name("fw-1.city.example".to_owned(), Duration::from_secs(300)));
        assert_eq!(said(&good), named);
        assert_eq!(said(&reply(&asked, 3, None)), Some(Said::Nameless));
        assert_eq!(said(&reply(&asked, 0, None)), Some(Said::Nameless));
        assert_eq!(said(&reply(&asked, 2, None)), Some(Said::Failed));
        assert_eq!(answer(&good, 0x0103, address()), None);
        assert_eq!(answer(&good, 0x0102, "192.0.2.2".parse().unwrap()), None);
        assert_eq!(said(&asked), None, "a question is no answer");
        // The name is spelled back as the server likes it.
        let mut upper = good.clone();
        upper[12..asked.len()].make_ascii_uppercase();
        assert_eq!(said(&upper), named);
        let mut cut = good.clone();
        cut[2] |= 2;
        assert_eq!(said(&cut), Some(Said::Failed), "it is not whole");
        for name in ["<script>.example", "a b.example", "王.example"] {
            assert_eq!(said(&reply(&asked, 0, Some((name, 300)))), Some(Said::Nameless), "{name}");
        }
    }

    #[test]
    fn of_several_names_it_is_always_the_same_and_none_of_another_address() {
        let asked = query(7, address()).unwrap();
        let with = |records: &[Vec<u8>]| {
            let mut bytes = asked.clone();
            (bytes[2], bytes[3], bytes[7]) = (0x81, 0x80, u8::try_from(records.len()).unwrap());
            answer(&[bytes, records.concat()].concat(), 7, address())
        };
        let of = |owner: &[u8], name: &str| record(owner, PTR, 60, &labels(name));
        let (a, b) = (of(&[0xc0, 12], "a.example"), of(&[0xc0, 12], "b.example"));
        let named = Some(Said::Name("a.example".to_owned(), Duration::from_secs(60)));
        assert_eq!(with(&[a.clone(), b.clone()]), named);
        assert_eq!(with(&[b, a]), named);
        assert_eq!(with(&[of(&labels("2.2.0.192.in-addr.arpa"), "x.example")]), Some(Said::Nameless));
    }

    #[test]
    fn no_bytes_make_it_fail() {
        let asked = query(0x0102, address()).unwrap();
        let good = reply(&asked, 0, Some(("fw-1.city.example", 300)));
        for at in 0..good.len() {
            let _ = answer(&good[..at], 0x0102, address());
            for byte in 0..=255 {
                let mut changed = good.clone();
                changed[at] = byte;
                let _ = answer(&changed, 0x0102, address());
            }
        }
        // A name that points at itself, and two that point at each other: they end, and say nothing.
        let end = good.len() - labels("fw-1.city.example").len();
        let at = u8::try_from(end).unwrap();
        for loops in [vec![0xc0, at], vec![0xc0, at + 2, 0xc0, at]] {
            let bytes = [&good[..end], &loops].concat();
            assert_eq!(answer(&bytes, 0x0102, address()), None);
        }
    }
}
