//! A journal file is read or refused without panic, and its records are in order.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut records = Vec::new();
    let _ = ledger::journal::read_segment(0, "fuzz", bytes, &mut records);
    let mut next = 0;
    for record in records {
        assert_eq!(record.first, next);
        next += u64::from(record.count);
    }
});
