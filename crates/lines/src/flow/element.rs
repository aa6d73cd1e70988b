//! Information elements: what a value is, by its number.
//!
//! Source: IANA, IP Flow Information Export Entities; RFC 3954 §8 for what version 9 has of its own; Cisco, ASA NetFlow
//! Implementation Guide; RFC 5103 for values of the other direction.

use super::wire::VARIABLE;

/// Scopes of version 9 (RFC 3954 §6.1), which are numbered by themselves.
pub(super) const SCOPE_9: u32 = u32::MAX;
/// Values of the other direction.
const REVERSE: u32 = 29_305;
/// When the exporter started.
pub(super) const STARTED: u16 = 160;

/// An element of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) id: u16,
    /// Whose number it is; 0 for IANA's.
    pub(super) enterprise: u32,
    pub(super) length: u16,
    /// Does it say what an options record is about?
    pub(super) scope: bool,
}

/// How a value is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Address,
    Text,
    Mac,
    /// Since 1970.
    Seconds,
    Millis,
    /// As NTP writes it.
    Ntp,
    /// Microseconds before the datagram was sent.
    Before,
    /// Milliseconds since the exporter started.
    Uptime,
    /// Forwarding status (RFC 7270 §4.12).
    Status,
    /// What a firewall did.
    Event,
    Padding,
}

/// Elements with a name, in the order of their numbers.
const NAMES: [(u16, &str, Kind); 80] = [
    (1, "bytes", Kind::Number),
    (2, "packets", Kind::Number),
    (3, "flows", Kind::Number),
    (4, "proto", Kind::Number),
    (5, "tos", Kind::Number),
    (6, "tcp_flags", Kind::Number),
    (7, "src_port", Kind::Number),
    (8, "src_ip", Kind::Address),
    (9, "src_mask", Kind::Number),
    (10, "input", Kind::Number),
    (11, "dst_port", Kind::Number),
    (12, "dst_ip", Kind::Address),
    (13, "dst_mask", Kind::Number),
    (14, "output", Kind::Number),
    (15, "next_hop", Kind::Address),
    (16, "src_as", Kind::Number),
    (17, "dst_as", Kind::Number),
    (21, "end", Kind::Uptime),
    (22, "start", Kind::Uptime),
    (23, "bytes_out", Kind::Number),
    (24, "packets_out", Kind::Number),
    (27, "src_ip", Kind::Address),
    (28, "dst_ip", Kind::Address),
    (29, "src_mask", Kind::Number),
    (30, "dst_mask", Kind::Number),
    (31, "flow_label", Kind::Number),
    (32, "icmp", Kind::Number),
    (34, "sampling", Kind::Number),
    (35, "sampling_algorithm", Kind::Number),
    (38, "engine_type", Kind::Number),
    (39, "engine_id", Kind::Number),
    (40, "exported_bytes", Kind::Number),
    (41, "exported_packets", Kind::Number),
    (42, "exported_flows", Kind::Number),
    (48, "sampler", Kind::Number),
    (50, "sampling", Kind::Number),
    (56, "src_mac", Kind::Mac),
    (57, "dst_mac_out", Kind::Mac),
    (58, "vlan", Kind::Number),
    (59, "vlan_out", Kind::Number),
    (60, "ip_version", Kind::Number),
    (61, "direction", Kind::Number),
    (62, "next_hop", Kind::Address),
    (80, "dst_mac", Kind::Mac),
    (81, "src_mac_out", Kind::Mac),
    (82, "interface_name", Kind::Text),
    (83, "interface", Kind::Text),
    (85, "bytes", Kind::Number),
    (86, "packets", Kind::Number),
    (89, "action", Kind::Status),
    (130, "exporter_ip", Kind::Address),
    (131, "exporter_ip", Kind::Address),
    (136, "end_reason", Kind::Number),
    (148, "session", Kind::Number),
    (150, "start", Kind::Seconds),
    (151, "end", Kind::Seconds),
    (152, "start", Kind::Millis),
    (153, "end", Kind::Millis),
    (154, "start", Kind::Ntp),
    (155, "end", Kind::Ntp),
    (156, "start", Kind::Ntp),
    (157, "end", Kind::Ntp),
    (158, "start", Kind::Before),
    (159, "end", Kind::Before),
    (STARTED, "exporter_start", Kind::Millis),
    (210, "", Kind::Padding),
    (225, "nat_src_ip", Kind::Address),
    (226, "nat_dst_ip", Kind::Address),
    (227, "nat_src_port", Kind::Number),
    (228, "nat_dst_port", Kind::Number),
    (231, "bytes", Kind::Number),
    (232, "reverse_bytes", Kind::Number),
    (233, "action", Kind::Event),
    (281, "nat_src_ip", Kind::Address),
    (282, "nat_dst_ip", Kind::Address),
    (305, "sampling", Kind::Number),
    (323, "observed", Kind::Millis),
    (371, "user", Kind::Text),
    (40_000, "user", Kind::Text),
    (40_005, "action", Kind::Event),
];

impl Element {
    /// An element of IANA's.
    pub(super) const fn of(id: u16, length: u16) -> Self {
        Self { id, enterprise: 0, length, scope: false }
    }

    /// Is it this one of IANA's?
    pub(super) const fn is(&self, id: u16) -> bool {
        self.id == id && self.enterprise == 0
    }

    /// Fewest bytes that a value takes.
    pub(super) const fn least(&self) -> usize {
        if self.length == VARIABLE { 1 } else { self.length as usize }
    }

    /// Its name and what it is; none where it has none. Of the other direction it is named so.
    pub(super) fn known(&self) -> Option<(bool, &'static str, Kind)> {
        if !matches!(self.enterprise, 0 | REVERSE) {
            return None;
        }
        let at = NAMES.binary_search_by_key(&self.id, |(id, ..)| *id).ok()?;
        NAMES.get(at).map(|(_, name, kind)| (self.enterprise == REVERSE, *name, *kind))
    }

    /// The name that its number gives it.
    pub(super) fn numbered(&self) -> String {
        match self.enterprise {
            0 => format!("i{}", self.id),
            SCOPE_9 => format!("scope{}", self.id),
            enterprise => format!("e{enterprise}.{}", self.id),
        }
    }
}

/// A number of at most eight bytes.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    (1..=8).contains(&value.len()).then(|| value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_the_order_of_their_numbers() {
        assert!(NAMES.is_sorted_by(|one, other| one.0 < other.0));
    }
}
