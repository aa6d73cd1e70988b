//! A path that is read is the one spelling of its tile.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(path) = std::str::from_utf8(bytes)
        && let Ok(tile) = proof::tile::Tile::from_path(path)
    {
        assert_eq!(tile.path(), path);
    }
});
