//! The numbers by which devices count what they send.

use super::{SOURCE, received};
use lines::{Field, Reader};

#[test]
fn numbers_of_devices_are_read_where_devices_write_them() {
    for (line, number) in [
        ("<189>52: R1: 000051: *Nov 20 10:11:12.123: %SYS-5-CONFIG_I: Configured", Some(52)),
        ("<189>52: 000051: Nov 20 10:11:12: %SYS-5-CONFIG_I: Configured", Some(52)),
        ("<189>000051: Nov 20 10:11:12.123: %SYS-5-CONFIG_I: Configured", Some(51)),
        ("<189>52: %SYS-5-CONFIG_I: Configured", Some(52)),
        ("<189>Nov 20 10:11:13 R1 000051: Nov 20 10:11:12.123: %SYS-5-CONFIG_I: Configured", Some(51)),
        ("<13>1 2026-11-20T10:11:12Z fw app - - [meta sequenceId=\"29\"] x", Some(29)),
        (
            "<13>1 2026-11-20T10:11:12Z fw app - - [a@1 b=\"c\"][meta ip=\"10.0.0.1\" sequenceId=\"7\"] x",
            Some(7),
        ),
        // What others may choose is none, nor is what the standard does not let be.
        ("<13>1 2026-11-20T10:11:12Z fw app - - [a@1 b=\"[meta sequenceId=\\\"5\\\"\\]\"] x", None),
        ("<13>1 2026-11-20T10:11:12Z fw app - - - [meta sequenceId=\"5\"]", None),
        ("<13>1 2026-11-20T10:11:12Z fw app - - [meta sequenceId=\"2147483648\"] x", None),
        ("<13>1 2026-11-20T10:11:12Z fw app - - [meta xsequenceId=\"5\"] x", None),
        ("<38>Nov 20 10:11:12 gw-1 sshd[812]: 5: session opened", None),
        ("<13>52: something", None),
    ] {
        let mut reader = Reader::new();
        assert_eq!(reader.read(SOURCE, received(), line.as_bytes()).sequence(), number, "{line}");
    }
    let mut reader = Reader::new();
    let named = b"<189>52: R1: 000051: *Nov 20 10:11:12.123: %SYS-5-CONFIG_I: Configured";
    let record = reader.read(SOURCE, received(), named);
    assert_eq!(record.text(Field::Host), Some(b"R1".as_slice()));
    assert!(record.time().is_some());
    assert_eq!(
        reader.read(SOURCE, received(), b"<13>x").sequence(),
        None,
        "nothing of one line is left for the next"
    );
}
