//! Whatever bytes come, what is read of a line lies within it, piece behind piece.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: (u32, &[u8])| {
    let received = model::Instant::from_micros(i64::from(input.0) * 1_000_000).unwrap();
    let mut reader = lines::Reader::new();
    let record = reader.read(lines::Source { offset: 28_800 }, received, input.1);
    let _ = (record.nine(), record.duration());
    for field in lines::Field::ALL {
        assert_eq!(record.span(field).is_some(), record.plain(field).is_some());
    }
    let end = record.pieces().fold(0, |end, piece| {
        assert!(piece.place.start() >= end && !piece.place.is_empty());
        piece.place.end()
    });
    assert!(end <= input.1.len() && record.body().end() <= input.1.len());
});
