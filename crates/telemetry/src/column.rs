//! Columns: what of a line stands in which column of a file, in layout 1.
//!
//! Fields have Sigma's names where it has them. Addresses are 16 bytes, those of IPv4 as their mapped form, so that
//! networks are ranges of bytes.
//! Invariant: a column gives back the bytes of the line, or does not fill the hole.

use crate::shape::{NUMBERS, TEXTS, decimal, number};
use arrow_schema::{DataType, Field as Column, Schema, SchemaRef, TimeUnit};
use lines::Field;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, LazyLock};

/// Of which kind a field's column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An address.
    Address,
    /// A port.
    Port,
    /// A whole number.
    Number,
    /// A text.
    Text,
}

/// What a field's column holds of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'l> {
    /// An address.
    Address(Ipv6Addr),
    /// A port.
    Port(u16),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(&'l str),
}

/// Of which kind a field's column is; none where it has none, and is in the line alone. Times have columns of their own.
#[must_use]
pub const fn kind(field: Field) -> Option<Kind> {
    Some(match field {
        Field::SrcIp | Field::DstIp => Kind::Address,
        Field::SrcPort | Field::DstPort => Kind::Port,
        Field::Bytes | Field::BytesReceived | Field::BytesSent | Field::Duration | Field::Session => {
            Kind::Number
        }
        Field::Time | Field::SessionStart | Field::SessionEnd | Field::Process => return None,
        _ => Kind::Text,
    })
}

/// What a column holds of a field's bytes; none where they are nothing of its kind.
#[must_use]
pub fn value(field: Field, bytes: &[u8]) -> Option<Value<'_>> {
    match kind(field)? {
        Kind::Address => address(bytes).map(Value::Address),
        Kind::Port => number(bytes).and_then(|port| u16::try_from(port).ok()).map(Value::Port),
        Kind::Number => number(bytes).map(Value::Number),
        Kind::Text => std::str::from_utf8(bytes).ok().map(Value::Text),
    }
}

/// An address in its one spelling (RFC 5952 for IPv6).
#[must_use]
pub fn address(bytes: &[u8]) -> Option<Ipv6Addr> {
    let text = std::str::from_utf8(bytes).ok()?;
    match text.parse().ok()? {
        // It has but one.
        IpAddr::V4(address) => Some(address.to_ipv6_mapped()),
        IpAddr::V6(address) => {
            (address.to_ipv4_mapped().is_none() && address.to_string() == text).then_some(address)
        }
    }
}

/// Writes a value as it stood in the line.
pub fn write(value: Value<'_>, out: &mut Vec<u8>) {
    let mut text = [0; 20];
    match value {
        Value::Address(address) => match address.to_canonical() {
            IpAddr::V4(address) => {
                for (nth, octet) in address.octets().into_iter().enumerate() {
                    if nth > 0 {
                        out.push(b'.');
                    }
                    out.extend_from_slice(decimal(octet.into(), &mut text));
                }
            }
            IpAddr::V6(address) => out.extend_from_slice(address.to_string().as_bytes()),
        },
        Value::Port(port) => out.extend_from_slice(decimal(port.into(), &mut text)),
        Value::Number(number) => {
            out.extend_from_slice(decimal(u64::try_from(number).unwrap_or(0), &mut text));
        }
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
    }
}

/// Fields that have columns. In shapes a field stands by its place here, and columns stand in this order: in layout 1 it
/// stays as it is, whatever [`Field`] comes to be.
pub const FIELD_COLUMNS: [Field; 20] = [
    Field::SrcIp,
    Field::DstIp,
    Field::SrcPort,
    Field::DstPort,
    Field::Proto,
    Field::Action,
    Field::User,
    Field::Duration,
    Field::Session,
    Field::Rule,
    Field::BytesSent,
    Field::BytesReceived,
    Field::Bytes,
    Field::Service,
    Field::Url,
    Field::Message,
    Field::Event,
    Field::Device,
    Field::Host,
    Field::App,
];

/// The number of a field in shapes; none where it has no column.
pub(crate) fn number_of(field: Field) -> Option<u8> {
    FIELD_COLUMNS.iter().position(|one| *one == field).and_then(|nth| u8::try_from(nth).ok())
}

/// Places of columns.
pub mod place {
    use super::{FIELD_COLUMNS, Field, NUMBERS, TEXTS, number_of};

    /// When the line was received, in microseconds of UTC.
    pub const RECEIVED: usize = 0;
    /// Who sent it.
    pub const PEER: usize = 1;
    /// The sender's port.
    pub const PEER_PORT: usize = 2;
    /// Which part of a long line it is.
    pub const PART: usize = 3;
    /// When the device says that it happened.
    pub const TIME: usize = 4;
    /// When the session began; nothing where it is its end less its duration.
    pub const BEGINS: usize = 5;
    /// When it ended.
    pub const ENDS: usize = 6;
    /// Facility times eight, and severity.
    pub const PRIORITY: usize = 7;
    /// Whose way of writing it is.
    pub const DIALECT: usize = 8;
    /// Log-on or log-off, beginning or end of a connection: `on`, `off`, `opened`, `closed`.
    pub const MARK: usize = 9;
    /// The first field.
    pub const FIELDS: usize = 10;
    /// The line's shape.
    pub const SHAPE: usize = FIELDS + FIELD_COLUMNS.len();
    /// The first number.
    pub const FIRST_NUMBER: usize = SHAPE + 1;
    /// The first text.
    pub const FIRST_TEXT: usize = FIRST_NUMBER + NUMBERS;
    /// What has no column.
    pub const REST: usize = FIRST_TEXT + TEXTS;
    /// How many columns there are.
    pub const COUNT: usize = REST + 1;

    /// The column of a field; none where it has none.
    #[must_use]
    pub fn of(field: Field) -> Option<usize> {
        number_of(field).map(|nth| FIELDS + usize::from(nth))
    }
}

/// The columns of layout 1.
pub static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut columns = vec![
        Column::new("received", moment(), false),
        Column::new("peer", DataType::FixedSizeBinary(16), false),
        Column::new("peer_port", DataType::UInt32, false),
        Column::new("part", DataType::UInt32, false),
        Column::new("time", moment(), true),
        Column::new("begins", moment(), true),
        Column::new("ends", moment(), true),
        Column::new("priority", DataType::UInt32, true),
        Column::new("dialect", DataType::Utf8, true),
        Column::new("mark", DataType::Utf8, true),
    ];
    columns.extend(FIELD_COLUMNS.into_iter().filter_map(|field| {
        let kind = match kind(field)? {
            Kind::Address => DataType::FixedSizeBinary(16),
            Kind::Port => DataType::UInt32,
            Kind::Number => DataType::Int64,
            Kind::Text => DataType::Utf8,
        };
        Some(Column::new(field.name(), kind, true))
    }));
    columns.push(Column::new("shape", DataType::UInt32, false));
    columns.extend((0..NUMBERS).map(|nth| Column::new(format!("n{nth:02}"), DataType::Int64, true)));
    columns.extend((0..TEXTS).map(|nth| Column::new(format!("t{nth:02}"), DataType::Binary, true)));
    columns.push(Column::new("rest", DataType::Binary, true));
    Arc::new(Schema::new(columns))
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_column_holds_gives_back_the_bytes() {
        let cases: [(Field, &str, bool); 14] = [
            (Field::SrcIp, "192.0.2.1", true),
            (Field::SrcIp, "192.0.2.01", false),
            (Field::SrcIp, "192.0.2.256", false),
            (Field::SrcIp, "192.0.2", false),
            (Field::SrcIp, "2001:db8::1", true),
            (Field::SrcIp, "2001:DB8::1", false),
            (Field::SrcIp, "::ffff:192.0.2.1", false),
            (Field::DstPort, "443", true),
            (Field::DstPort, "0443", false),
            (Field::DstPort, "65536", false),
            (Field::Session, "0", true),
            (Field::Session, "", false),
            (Field::Session, "1000000000000000000", false),
            (Field::User, "王小明", true),
        ];
        for (field, text, held) in cases {
            let found = value(field, text.as_bytes());
            assert_eq!(found.is_some(), held, "{text}");
            if let Some(value) = found {
                let mut out = Vec::new();
                write(value, &mut out);
                assert_eq!(out, text.as_bytes());
            }
        }
    }

    #[test]
    fn fields_have_a_kind_where_they_have_a_column() {
        for field in Field::ALL {
            assert_eq!(kind(field).is_some(), number_of(field).is_some(), "{field}");
        }
        assert_eq!((number_of(Field::SrcIp), number_of(Field::App)), (Some(0), Some(19)));
    }

    #[test]
    fn places_are_those_of_the_schema() {
        assert_eq!(SCHEMA.fields().len(), place::COUNT);
        assert_eq!(SCHEMA.field(place::SHAPE).name(), "shape");
        assert_eq!(SCHEMA.field(place::REST).name(), "rest");
        assert_eq!(SCHEMA.field(place::of(Field::SrcIp).unwrap()).name(), "src_ip");
        assert_eq!(place::of(Field::Time), None);
    }
}
