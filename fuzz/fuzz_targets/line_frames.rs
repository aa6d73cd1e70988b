//! A stream gives the same messages in one piece and byte by byte.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let read = |step: usize| {
        let (mut framer, mut buffer, mut found) =
            (lines::Framer::new(input.0.into()), Vec::new(), Vec::new());
        for piece in input.1.chunks(step.max(1)) {
            buffer.extend_from_slice(piece);
            let mut rest = buffer.as_slice();
            while let Some(frame) = framer.next(&mut rest) {
                found.push((frame.bytes.to_vec(), frame.part));
            }
            buffer = rest.to_vec();
        }
        found.extend(framer.end(&buffer).map(|frame| (frame.bytes.to_vec(), frame.part)));
        found
    };
    assert_eq!(read(1), read(input.1.len()));
});
