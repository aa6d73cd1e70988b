//! A stream of RELP gives the same frames, and the same end, in one piece and byte by byte.
#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let read = |step: usize| {
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        for piece in input.chunks(step.max(1)) {
            buffer.extend_from_slice(piece);
            let mut rest = buffer.as_slice();
            loop {
                match lines::RelpFrame::next(&mut rest) {
                    Ok(Some(frame)) => {
                        found.push((frame.number, frame.command.to_vec(), frame.data.to_vec()));
                    }
                    Ok(None) => break,
                    Err(broken) => return (found, Some(broken)),
                }
            }
            buffer = rest.to_vec();
        }
        (found, None)
    };
    assert_eq!(read(1), read(input.len()));
});
