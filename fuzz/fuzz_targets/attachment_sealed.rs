//! A sealed file opens to what was sealed, and does not open at all once anything in it was changed.
#![no_main]
use attachment::sealed::{Opener, Sealer};
libfuzzer_sys::fuzz_target!(|input: (&[u8], usize, u8, &[u8])| {
    let (content, at, bits, added) = input;
    let (key, id) = (proof::seal::DataKey::from_bytes([7; 32]), model::DataKeyId::from_bytes([5; 16]));
    let (mut sealer, mut stored) = (Sealer::new(&key, id, [9; 19]), Vec::new());
    sealer.put(content, &mut stored).and_then(|()| sealer.finish(&mut stored)).unwrap();
    let place = at % stored.len();
    stored[place] ^= bits;
    stored.extend_from_slice(added);
    let opened = Opener::new(&stored[..], &key, id).and_then(|mut opener| {
        let mut whole = Vec::new();
        while let Some(piece) = opener.piece()? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    });
    assert_eq!(opened.ok().as_deref(), (bits == 0 && added.is_empty()).then_some(content));
});
