//! Finding bytes, numbers and addresses.
//!
//! Values in lines are short, so that what is near is looked for eight bytes at a time in a register; memchr, which is
//! called through a pointer, pays off for what is far (line ends) and for words.

use crate::field::Span;
use memchr::memmem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Eight bytes from a place on, the first one lowest.
#[inline]
pub(crate) fn eight(line: &[u8], at: usize) -> Option<u64> {
    line.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Sixteen bytes from a place on, the first one lowest.
#[inline]
pub(crate) fn sixteen(line: &[u8], at: usize) -> Option<u128> {
    line.get(at..)?.first_chunk().map(|bytes| u128::from_le_bytes(*bytes))
}

/// The highest bit of bytes that are nought; only the lowest such bit is sure.
#[inline]
const fn noughts(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// Where `wanted` is first found from `at` on; `end` where it is not.
#[inline]
pub(crate) fn until(line: &[u8], at: usize, end: usize, wanted: u8) -> usize {
    next(line.get(..end).unwrap_or(line), at, wanted)
}

/// Where `wanted` is first found from `at` on; the end of the line where it is not.
#[inline]
pub(crate) fn next(line: &[u8], at: usize, wanted: u8) -> usize {
    next_of(line, at, |word| noughts(word ^ (u64::from(wanted) * ONES)), |byte| byte == wanted)
}

/// Where one of two bytes is first found from `at` on; the end of the line where neither is.
#[inline]
pub(crate) fn next_either(line: &[u8], at: usize, one: u8, other: u8) -> usize {
    let (ones, others) = (u64::from(one) * ONES, u64::from(other) * ONES);
    next_of(
        line,
        at,
        |word| noughts(word ^ ones) | noughts(word ^ others),
        |byte| byte == one || byte == other,
    )
}

#[inline]
fn next_of(line: &[u8], at: usize, bits: impl Fn(u64) -> u64, is_one: impl Fn(u8) -> bool) -> usize {
    let mut at = at;
    while let Some(word) = eight(line, at) {
        let found = bits(word);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while line.get(at).is_some_and(|byte| !is_one(*byte)) {
        at += 1;
    }
    at.min(line.len())
}

/// Where bytes of one kind end that begin at `at`, at most at `end`.
#[inline]
pub(crate) fn behind_all(line: &[u8], at: usize, end: usize, kind: impl Fn(u8) -> bool) -> usize {
    let mut at = at;
    while at < end && line.get(at).is_some_and(|byte| kind(*byte)) {
        at += 1;
    }
    at
}

/// Where blanks end that begin at `at`.
#[inline]
pub(crate) fn behind_blanks(line: &[u8], at: usize) -> usize {
    behind_all(line, at, line.len(), |byte| byte == b' ')
}

/// The word at `at`, which ends with a blank or with the line.
#[inline]
pub(crate) fn word(line: &[u8], at: usize) -> Span {
    Span::of(at, until(line, at, line.len(), b' '))
}

/// Where `wanted` begins within a part of a line.
pub(crate) fn find(line: &[u8], part: Span, wanted: &str) -> Option<usize> {
    memmem::find(part.within(line), wanted.as_bytes()).map(|at| part.start() + at)
}

/// Where `wanted` begins the last time within a part of a line.
pub(crate) fn find_last(line: &[u8], part: Span, wanted: &str) -> Option<usize> {
    memmem::rfind(part.within(line), wanted.as_bytes()).map(|at| part.start() + at)
}

/// A number without sign, in digits alone; none beyond 64 bits.
#[inline]
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    // Nineteen digits always fit.
    let (front, last) = text.split_at_checked(19).unwrap_or((text, &[]));
    let (mut sum, mut good) = (0u64, !text.is_empty() && last.len() < 2);
    for byte in front {
        let digit = byte.wrapping_sub(b'0');
        good &= digit < 10;
        sum = sum.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    let Some(last) = last.first().filter(|_| good) else { return good.then_some(sum) };
    let digit = last.wrapping_sub(b'0');
    (digit < 10).then(|| sum.checked_mul(10)?.checked_add(u64::from(digit))).flatten()
}

/// An address, with the length of its text: what follows a `%` is the zone of an address of version 6 and no part of it.
#[inline]
pub(crate) fn address(text: &[u8]) -> Option<(IpAddr, usize)> {
    if let Some(address) = version_4(text) {
        return Some((IpAddr::V4(address), text.len()));
    }
    if text.len() > 96 || !text.contains(&b':') {
        return None;
    }
    let length = text.iter().position(|byte| *byte == b'%').unwrap_or(text.len());
    let address: Ipv6Addr = std::str::from_utf8(text.get(..length)?).ok()?.parse().ok()?;
    Some((IpAddr::V6(address), length))
}

/// Four numbers without needless noughts, as only one address is spelled.
#[inline]
fn version_4(text: &[u8]) -> Option<Ipv4Addr> {
    if text.len() < 7 || text.len() > 15 {
        return None;
    }
    let (mut address, mut octet, mut digits, mut dots) = (0u32, 0u32, 0, 0);
    for byte in text {
        let digit = u32::from(byte.wrapping_sub(b'0'));
        if digit < 10 {
            let needless = digits > 0 && octet == 0;
            octet = octet * 10 + digit;
            digits += 1;
            if needless || octet > 255 {
                return None;
            }
        } else if *byte == b'.' && digits > 0 {
            address = address << 8 | octet;
            (octet, digits) = (0, 0);
            dots += 1;
        } else {
            return None;
        }
    }
    (dots == 3 && digits > 0).then(|| Ipv4Addr::from_bits(address << 8 | octet))
}

/// Does a text begin with an address and nothing else?
pub(crate) fn is_address(text: &[u8]) -> bool {
    address(text).is_some()
}

/// An address with its port, as devices write them: `1.2.3.4:80`, `1.2.3.4/80`, `1.2.3.4(80)`, `[2001:db8::1]:80`,
/// `2001:db8::1/80`, `2001:db8::1.80`, or an address alone.
pub(crate) fn endpoint(line: &[u8], part: Span) -> Option<(Span, Option<Span>)> {
    let (text, from) = (part.within(line), part.start());
    if text.first() == Some(&b'[') {
        let close = text.iter().take(96).position(|byte| *byte == b']')?;
        let inner = Span::of(from + 1, from + close);
        let (_, length) = address(inner.within(line))?;
        let port = (text.get(close + 1) == Some(&b':')).then(|| port(line, from + close + 2, part.end()));
        return Some((Span::of(inner.start(), inner.start() + length), port.flatten()));
    }
    let length = text
        .iter()
        .take(64)
        .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'))
        .count();
    // A sentence may end behind an address.
    let spelled = text.get(..length)?;
    let spelled = spelled.strip_suffix(b".").or_else(|| spelled.strip_suffix(b":")).unwrap_or(spelled);
    let whole = Span::of(from, from + spelled.len());
    if is_address(spelled) {
        let zone = match text.get(length) {
            Some(b'%') => {
                behind_all(line, from + length + 1, part.end(), |byte| byte.is_ascii_alphanumeric())
            }
            _ => from + length,
        };
        let port = match line.get(zone).filter(|_| zone < part.end()) {
            Some(b'/' | b'(' | b'#') => port(line, zone + 1, part.end()),
            _ => None,
        };
        return Some((whole, port));
    }
    let cut = spelled.iter().rposition(|byte| matches!(byte, b':' | b'.'))?;
    let inner = spelled.get(..cut)?;
    let known = match spelled.get(cut) {
        Some(b':') => version_4(inner).is_some(),
        _ => inner.contains(&b':') && is_address(inner),
    };
    known.then(|| (Span::of(from, from + cut), port(line, from + cut + 1, part.end())))
}

/// The digits of a port.
fn port(line: &[u8], from: usize, end: usize) -> Option<Span> {
    let to = behind_all(line, from, end.min(from + 5), |byte| byte.is_ascii_digit());
    (to > from).then(|| Span::of(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn endpoints_are_read_as_devices_write_them() {
        for (text, address, port) in [
            ("1.2.3.4:80->", "1.2.3.4", Some("80")),
            ("1.2.3.4/80 ", "1.2.3.4", Some("80")),
            ("1.2.3.4(80)", "1.2.3.4", Some("80")),
            ("1.2.3.4#80", "1.2.3.4", Some("80")),
            ("1.2.3.4,", "1.2.3.4", None),
            ("1.2.3.4.", "1.2.3.4", None),
            ("1.2.3.4: denied", "1.2.3.4", None),
            ("[2001:db8::1]:80", "2001:db8::1", Some("80")),
            ("[fe80::1%eth0]:80", "fe80::1", Some("80")),
            ("2001:db8::1/80", "2001:db8::1", Some("80")),
            ("2001:db8::1.80", "2001:db8::1", Some("80")),
            ("fe80::1%eth0/80", "fe80::1", Some("80")),
            ("fe80::1", "fe80::1", None),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1", None),
        ] {
            let line = text.as_bytes();
            let (found, behind) = endpoint(line, Span::of(0, line.len())).unwrap();
            assert_eq!(found.within(line), address.as_bytes(), "{text}");
            assert_eq!(behind.map(|span| span.within(line)), port.map(str::as_bytes), "{text}");
        }
        for text in ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", "01.2.3.4", "12:34:56", "host", "[x]:80", "[::1"]
        {
            assert_eq!(endpoint(text.as_bytes(), Span::of(0, text.len())), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_address_of_version_4_is_read_as_the_standard_library_reads_it(text in "[0-9.]{0,17}") {
            prop_assert_eq!(version_4(text.as_bytes()), text.parse::<Ipv4Addr>().ok());
        }

        #[test]
        fn every_address_that_is_spelled_is_read_back(address: [u8; 16], short: bool) {
            let address = if short {
                IpAddr::from([address[0], address[1], address[2], address[3]])
            } else {
                IpAddr::from(address)
            };
            let text = address.to_string();
            prop_assert_eq!(super::address(text.as_bytes()), Some((address, text.len())));
        }

        #[test]
        fn bytes_are_found_as_one_by_one(
            line in proptest::collection::vec(prop_oneof![Just(b'='), Just(b'<'), Just(0xbd), any::<u8>()], 0..60),
            from in 0usize..60,
            end in 0usize..60,
        ) {
            let end = end.min(line.len());
            let expected = |wanted: &[u8]| (from..end).find(|at| wanted.contains(&line[*at])).unwrap_or(end);
            prop_assert_eq!(next_either(&line[..end], from, b'=', 0xbd), expected(b"=\xbd"));
            prop_assert_eq!(until(&line, from, end, b'='), expected(b"="));
        }

        #[test]
        fn a_number_is_read_as_the_standard_library_reads_it(text in "[0-9]{0,22}|[0-9x+:/-]{0,12}") {
            let expected = text.parse::<u64>().ok().filter(|_| !text.starts_with('+') && text.len() <= 20);
            prop_assert_eq!(number(text.as_bytes()), expected);
        }
    }
}
