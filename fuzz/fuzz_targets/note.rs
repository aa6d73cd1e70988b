//! A note that is read is spelled again as it was.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = proof::note::Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
});
