//! A checkpoint that is read is spelled again as it was.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(head) = proof::checkpoint::SignedCheckpoint::parse(bytes) {
        assert_eq!(head.to_bytes(), bytes);
        assert_eq!(head.unverified().text(), head.note().unverified_text());
    }
});
