//! The sealed form: what goes in comes out, and nothing else opens.

use super::*;
use proptest::prelude::*;
use std::io::Cursor;

const ID: DataKeyId = DataKeyId::from_bytes([5; 16]);

fn key() -> DataKey {
    DataKey::from_bytes([7; 32])
}

fn sealed_in(pieces: &[&[u8]]) -> Vec<u8> {
    let mut sealer = Sealer::new(&key(), ID, [9; PREFIX_BYTES]);
    let mut stored = Vec::new();
    for piece in pieces {
        sealer.put(piece, &mut stored).unwrap();
    }
    sealer.finish(&mut stored).unwrap();
    stored
}

fn sealed(content: &[u8]) -> Vec<u8> {
    sealed_in(&[content])
}

fn opened_with(stored: &[u8], key: &DataKey, id: DataKeyId) -> Result<Vec<u8>, OpenError> {
    let mut opener = Opener::new(Cursor::new(stored), key, id)?;
    let mut content = Vec::new();
    while let Some(piece) = opener.piece()? {
        content.extend_from_slice(&piece);
    }
    Ok(content)
}

fn opened(stored: &[u8]) -> Result<Vec<u8>, OpenError> {
    opened_with(stored, &key(), ID)
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// Lengths at which chunks and blocks begin and end.
const LENGTHS: [usize; 13] =
    [0, 1, 1022, 1023, 1024, 1025, 64_511, 64_512, 65_535, 65_536, 65_537, 131_072, 200_000];

#[test]
fn every_length_goes_there_and_back_and_tells_little() {
    for length in LENGTHS {
        let stored = sealed(&content(length));
        assert_eq!(opened(&stored).unwrap(), content(length), "{length}");
        let padded = length / BLOCK_BYTES * BLOCK_BYTES + BLOCK_BYTES;
        let chunks = padded.div_ceil(CHUNK_BYTES);
        assert_eq!(stored.len(), HEADER_BYTES + padded + chunks * TAG_BYTES, "{length}");
    }
}

#[test]
fn the_form_is_the_one_on_the_page() {
    let stored = sealed(b"abc");
    assert_eq!(&stored[..8], b"WARDATT1");
    assert_eq!(stored[8..24], [5; 16]);
    assert_eq!(stored[24..43], [9; 19]);
    let mut nonce = [9; 24];
    nonce[19..].copy_from_slice(&[0, 0, 0, 0, 1]);
    let cipher = XChaCha20Poly1305::new(&Key::from([7; 32]));
    let payload = Payload { msg: &stored[43..], aad: &stored[..43] };
    let plain = cipher.decrypt(&XNonce::from(nonce), payload).unwrap();
    assert_eq!(plain.len(), 1024);
    assert_eq!(&plain[..5], b"abc\x80\0");
    assert!(plain[5..].iter().all(|byte| *byte == 0));
}

#[test]
fn each_changed_byte_is_refused() {
    let stored = sealed(&content(1500));
    for at in 0..stored.len() {
        for bit in [1, 0x80] {
            let mut changed = stored.clone();
            changed[at] ^= bit;
            let error = opened(&changed).unwrap_err();
            match at {
                0..8 => assert!(matches!(error, OpenError::NotSealed)),
                8..24 => assert!(matches!(error, OpenError::OtherKey { .. })),
                _ => assert!(matches!(error, OpenError::Broken { at: 43 }), "{at}: {error}"),
            }
        }
    }
}

#[test]
fn each_cut_is_refused() {
    let stored = sealed(&content(2500));
    for length in 0..stored.len() {
        assert!(opened(&stored[..length]).is_err(), "{length}");
    }
    let three = sealed(&content(150_000));
    for chunks in 0..3 {
        let cut = &three[..HEADER_BYTES + chunks * STORED_CHUNK_BYTES];
        let error = opened(cut).unwrap_err();
        let at = HEADER_BYTES + chunks.saturating_sub(1) * STORED_CHUNK_BYTES;
        assert!(matches!(error, OpenError::Broken { at: found } if found == at as u64), "{chunks}: {error}");
    }
}

#[test]
fn chunks_cannot_be_dropped_moved_repeated_or_added() {
    let stored = sealed(&content(4 * CHUNK_BYTES + 10));
    let chunk = |n: usize| {
        let from = HEADER_BYTES + n * STORED_CHUNK_BYTES;
        &stored[from..stored.len().min(from + STORED_CHUNK_BYTES)]
    };
    let joined = |order: &[usize]| {
        let chunks = order.iter().map(|n| chunk(*n));
        std::iter::once(&stored[..HEADER_BYTES]).chain(chunks).collect::<Vec<_>>().concat()
    };
    assert!(opened(&joined(&[0, 1, 2, 3, 4])).is_ok());
    for order in [
        &[0, 1, 2, 3][..],
        &[0, 1, 2, 4],
        &[1, 2, 3, 4],
        &[1, 0, 2, 3, 4],
        &[0, 1, 1, 2, 3, 4],
        &[0, 1, 2, 3, 4, 4],
        &[0, 1, 2, 3, 3, 4],
        &[4],
        &[],
    ] {
        assert!(opened(&joined(order)).is_err(), "{order:?}");
    }
    for added in [&b"x"[..], chunk(0), &[0; 1040]] {
        assert!(opened(&[&stored, added].concat()).is_err());
    }
}

#[test]
fn chunks_of_another_file_under_the_same_key_do_not_fit() {
    let one = sealed(&content(70_000));
    let mut sealer = Sealer::new(&key(), ID, [8; PREFIX_BYTES]);
    let mut other = Vec::new();
    sealer.put(&content(70_000), &mut other).unwrap();
    sealer.finish(&mut other).unwrap();
    let at = HEADER_BYTES + STORED_CHUNK_BYTES;
    assert!(opened(&[&one[..at], &other[at..]].concat()).is_err());
    assert!(opened(&[&one[..HEADER_BYTES], &other[HEADER_BYTES..]].concat()).is_err());
}

#[test]
fn another_key_does_not_open_it() {
    let stored = sealed(b"abc");
    let other = DataKey::from_bytes([8; 32]);
    assert!(matches!(opened_with(&stored, &other, ID), Err(OpenError::Broken { at: 43 })));
    let id = DataKeyId::from_bytes([6; 16]);
    assert!(matches!(opened_with(&stored, &key(), id), Err(OpenError::OtherKey { .. })));
}

#[test]
fn what_was_sealed_must_end_as_the_format_says() {
    let seal_raw = |plain: &[u8]| {
        let mut sealer = Sealer::new(&key(), ID, [9; PREFIX_BYTES]);
        let mut stored = Vec::new();
        sealer.begin(&mut stored);
        sealer.chunk.extend_from_slice(plain);
        sealer.seal(End::Last, &mut stored).unwrap();
        stored
    };
    let mut good = vec![0; 1024];
    good[10] = END;
    assert_eq!(opened(&seal_raw(&good)).unwrap(), vec![0; 10]);
    let longer = [good.as_slice(), &[0; 1024]].concat();
    let short = &good[..1023];
    for plain in [&[0; 1024][..], &[1; 1024], &longer, short, &[], &[END]] {
        assert!(matches!(opened(&seal_raw(plain)), Err(OpenError::Padding)), "{}", plain.len());
    }
}

#[test]
fn chunks_are_counted_to_the_end() {
    let mut sealer = Sealer::new(&key(), ID, [9; PREFIX_BYTES]);
    sealer.stream.next = Some(u32::MAX);
    let mut stored = Vec::new();
    sealer.put(&content(CHUNK_BYTES + 1), &mut stored).unwrap();
    assert!(matches!(sealer.finish(&mut stored), Err(SealError::TooLong)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_whatever_pieces_it_comes_it_is_the_same_file(
        length in 0..180_000_usize,
        cuts in proptest::collection::vec(0..180_000_usize, 0..6),
    ) {
        let content = content(length);
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(length)).collect();
        cuts.extend([0, length]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|ends| &content[ends[0]..ends[1]]).collect();
        let stored = sealed_in(&pieces);
        prop_assert_eq!(&stored, &sealed(&content));
        prop_assert_eq!(opened(&stored).unwrap(), content);
    }
}
