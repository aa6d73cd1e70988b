//! Lines are erased: nothing of them is left but their leaves, and everything else is as it was.

use crate::{chunk, firewall};
use lines::Source;
use model::RecordId;
use proof::hash::Hash;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use telemetry::check::CheckError;
use telemetry::column::place;
use telemetry::erase::{self, Without};
use telemetry::file::{self, About, FileError, Part, Stored, Stretch, Table};
use telemetry::index::{Index, Key};
use telemetry::{Batch, Block, Maker, Row, SaltKey, check, merge};

const FIRST: u64 = 40;
const CASE: RecordId = RecordId::from_bytes([5; 16]);

/// Lines in a file, with the batches of their roots.
struct Filed {
    table: Table,
    batches: Vec<Batch>,
}

/// A file of these lines, in batches of seven.
fn filed(first: u64, key: SaltKey, lines: &[Vec<u8>]) -> Filed {
    let (mut blocks, mut batches, mut next): (Vec<Arc<Block>>, Vec<Batch>, u64) =
        (Vec::new(), Vec::new(), first);
    for (second, some) in lines.chunks(7).enumerate() {
        let some: Vec<&[u8]> = some.iter().map(Vec::as_slice).collect();
        let chunk = chunk(second as i64, &some);
        let block = Maker::default().block(next, &chunk, &key, Source { offset: 0 }).unwrap();
        let root = proof::tree::root_of(&block.leaves);
        batches.push(Batch { first: next, count: some.len() as u64, root });
        next += some.len() as u64;
        blocks.push(Arc::new(block));
    }
    let stretch = Stretch::new(first, lines.len() as u64, &key);
    let bytes = file::write(About::of("fw", vec![stretch]), || Ok(Part::of_all(&blocks))).unwrap();
    Filed { table: opened(bytes), batches }
}

fn opened(bytes: Vec<u8>) -> Table {
    Table::open(Stored::Memory(bytes.into())).unwrap()
}

fn erased(table: &Table, lines: &[u64]) -> Without {
    erase::write(table, &lines.iter().map(|line| (*line, CASE)).collect()).unwrap()
}

/// Lines of a file by number, and of each what it is made of.
fn lines_of(table: &Table) -> BTreeMap<u64, Vec<u8>> {
    let (mut lines, mut next) = (BTreeMap::new(), table.about().range().start);
    for columns in table.rows(None, &[], 100).unwrap() {
        let columns = columns.unwrap();
        for at in 0..columns.num_rows() {
            let row = Row { columns: &columns, shapes: table.shapes(), at };
            lines.insert(next, row.line().unwrap());
            next += 1;
        }
    }
    lines
}

fn firewalls(count: u64) -> Vec<Vec<u8>> {
    (0..count).map(|nth| firewall(nth, &format!("10.1.0.{nth}"), "192.0.2.9").into_bytes()).collect()
}

#[test]
fn nothing_of_an_erased_line_is_left_but_its_leaf_and_its_neighbours_lead_to_the_same_roots() {
    let mut lines = firewalls(30);
    // One with a text of its own that no other line has, in its shape as well.
    lines[11] = b"<13>app: patient wang-da-ming was here, room 7".to_vec();
    let Filed { table, batches } = filed(FIRST, SaltKey::from_bytes([9; 32]), &lines);
    let without = erased(&table, &[FIRST + 3, FIRST + 11]);
    assert_eq!(
        check::file(without.file.clone().into(), &without.index, &batches).unwrap(),
        without.erased,
        "its roots are those it had"
    );
    let new = opened(without.file.clone());
    for (number, line) in lines_of(&new) {
        let gone = [FIRST + 3, FIRST + 11].contains(&number);
        let was = &lines[usize::try_from(number - FIRST).unwrap()];
        assert_eq!(line, if gone { Vec::new() } else { was.clone() }, "{number}");
    }
    // Neither text nor shape nor address of it is anywhere.
    let shapes = new.shapes().concat();
    assert!(!shapes.windows(7).any(|some| some == b"patient"), "{}", String::from_utf8_lossy(&shapes));
    let index = Index::open(without.index.clone().into()).unwrap();
    let stands = |address: &str| {
        let bytes = address.parse::<std::net::Ipv4Addr>().unwrap().to_ipv6_mapped().octets();
        index.find(Key::Address, &bytes).unwrap().map(|posting| posting.lines)
    };
    assert_eq!((stands("10.1.0.3"), stands("10.1.0.4"), stands("192.0.2.9")), (None, Some(1), Some(28)));
    assert!(index.range(Key::Device, Bound::Unbounded, Bound::Unbounded).unwrap().len() == 1);
    // Who has the file cannot try what the line said: neither the key of its salt nor the salt is there.
    let part = &new.about().parts[0];
    assert_eq!((part.key.as_ref(), part.salts(FIRST + 3..FIRST + 4)), (None, Some(vec![[0; 16]])));
    let key = SaltKey::from_bytes([9; 32]);
    assert_eq!(part.salts(FIRST..FIRST + 3), Some(key.salts(FIRST, 3)));
    // What is gone does not go again.
    let again = erase::write(&new, &BTreeMap::from([(FIRST + 3, CASE)]));
    assert!(matches!(again, Err(CheckError::Range(_))), "{again:?}");
}

#[test]
fn what_is_said_to_be_erased_must_be_blank_and_under_its_root() {
    let lines = firewalls(20);
    let Filed { table, batches } = filed(FIRST, SaltKey::from_bytes([9; 32]), &lines);
    let without = erased(&table, &[FIRST + 3]);
    let new = opened(without.file.clone());
    let parts = || new.parts();
    // With another leaf.
    let mut about = new.about().clone();
    about.erased[0].leaf = Hash::of(&[b"another"]).to_string();
    let bytes = file::write(about, parts).unwrap();
    let told = check::file(bytes.into(), &without.index, &batches);
    assert!(matches!(told, Err(CheckError::Root(batch)) if batch == batches[0]), "{told:?}");
    // With the line still there.
    let about = new.about().clone();
    let bytes = file::write(about, || table.parts()).unwrap();
    let told = check::file(bytes.into(), &without.index, &batches);
    assert!(matches!(told, Err(CheckError::Left(line)) if line == FIRST + 3), "{told:?}");
    // With the key of its salt.
    let about = About { parts: table.about().parts.clone(), ..new.about().clone() };
    assert!(matches!(file::write(about, parts), Err(FileError::About)));
    // Blank, and not said to be erased.
    let about = About { erased: Vec::new(), ..new.about().clone() };
    let bytes = file::write(about, parts).unwrap();
    assert!(check::file(bytes.into(), &without.index, &batches).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn erasing_in_any_order_before_and_after_merging_comes_to_the_same(
        texts in proptest::collection::vec("[ -~]{0,60}", 20..60),
        picked in proptest::collection::vec(any::<proptest::sample::Index>(), 1..6),
    ) {
        let lines: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        let half = lines.len() / 2;
        let one = filed(0, SaltKey::from_bytes([1; 32]), &lines[..half]);
        let other = filed(half as u64, SaltKey::from_bytes([2; 32]), &lines[half..]);
        let batches: Vec<Batch> = one.batches.iter().chain(&other.batches).copied().collect();
        let gone: BTreeSet<u64> = picked.iter().map(|picked| picked.index(lines.len()) as u64).collect();
        // After merging, all at once.
        let (merged, _) = merge::write("fw", &[one.table.clone(), other.table.clone()]).unwrap();
        let after = erased(&opened(merged), &gone.iter().copied().collect::<Vec<_>>());
        prop_assert_eq!(&check::file(after.file.clone().into(), &after.index, &batches).unwrap(), &after.erased);
        // One by one, then merged.
        let mut halves = [one.table, other.table];
        for line in gone.iter().rev() {
            let of = &mut halves[usize::from(*line >= half as u64)];
            *of = opened(erased(of, &[*line]).file);
        }
        let (before, index) = merge::write("fw", &halves).unwrap();
        prop_assert_eq!(&check::file(before.clone().into(), &index, &batches).unwrap(), &after.erased);
        prop_assert_eq!(&index, &after.index);
        let (before, after) = (opened(before), opened(after.file));
        prop_assert_eq!(lines_of(&before), lines_of(&after));
        prop_assert_eq!(before.about().parts.clone(), after.about().parts.clone());
        for columns in after.rows(None, &[place::PEER], 1_000).unwrap() {
            prop_assert!(columns.unwrap().num_rows() > 0);
        }
    }
}
