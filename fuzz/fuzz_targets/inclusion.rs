//! A proof of one entry that is read is spelled again as it was.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = proof::inclusion::Inclusion::parse(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
    }
});
