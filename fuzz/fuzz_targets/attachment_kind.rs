//! A file is judged by name and bytes without panic, whatever they are, and within its limits.
#![no_main]
libfuzzer_sys::fuzz_target!(|file: (&str, &[u8])| {
    let limits = attachment::kind::Limits { entries: 100, inflated: 1 << 20, ratio: 100, free: 1 << 16 };
    if attachment::check(file.0, file.1, &limits) == Ok(attachment::Kind::Pdf) {
        assert!(file.1.starts_with(b"%PDF-"));
    }
});
