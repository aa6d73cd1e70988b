//! A bundle of entries that is read is framed again as it was.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((width, bytes)) = bytes.split_first() else { return };
    if let Ok(entries) = proof::tile::entries(bytes, u16::from(*width)) {
        let mut framed = Vec::new();
        entries.iter().for_each(|entry| proof::tile::put_entry(&mut framed, entry));
        assert_eq!(framed, bytes);
    }
});
