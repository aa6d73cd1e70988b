//! An entry that is read is canonical JSON, and its lazy parts can be read.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = proof::entry::Entry::parse(bytes) {
        assert_eq!(proof::json::check(bytes), Ok(()));
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(proof::json::to_canonical(&value).unwrap(), bytes);
        let _ = (entry.actor(), entry.body(), entry.unit(), entry.content_hash());
    }
});
