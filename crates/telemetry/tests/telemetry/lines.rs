//! Lines taken apart and put together: to the byte, whatever they are, through a file and back.

use crate::{chunk, firewall};
use lines::{Field, Source};
use proptest::prelude::*;
use std::sync::Arc;
use telemetry::column::{Value, place};
use telemetry::file::{self, About, Part, Stored, Stretch, Table};
use telemetry::index::Keys;
use telemetry::{Batch, Block, Chunk, Maker, Row, SaltKey, check, index};

const KEY: SaltKey = SaltKey::from_bytes([9; 32]);
const SOURCE: Source = Source { offset: 8 * 3_600 };

fn block(first: u64, chunk: &Chunk) -> Block {
    Maker::default().block(first, chunk, &KEY, SOURCE).unwrap()
}

/// Through a file and back.
fn round(chunk: &Chunk) -> Vec<Vec<u8>> {
    let block = block(5, chunk);
    let (stretch, blocks) = (Stretch::new(5, chunk.count() as u64, &KEY), [Arc::new(block.clone())]);
    let bytes = file::write(About::of("test", vec![stretch]), || Ok(Part::of_all(&blocks))).unwrap();
    let batch = Batch { first: 5, count: chunk.count() as u64, root: proof::tree::root_of(&block.leaves) };
    check::file(bytes.clone().into(), &index::build(&[Keys::of(&block.columns)]), &[batch]).unwrap();
    let table = Table::open(Stored::Memory(bytes.into())).unwrap();
    let mut lines = Vec::new();
    for columns in table.rows(None, &[], 100).unwrap() {
        let columns = columns.unwrap();
        for at in 0..columns.num_rows() {
            lines.push(Row { columns: &columns, shapes: table.shapes(), at }.line().unwrap());
        }
    }
    lines
}

#[test]
fn fields_stand_in_their_columns_and_the_line_is_given_back() {
    let line = firewall(4_242, "10.1.2.3", "2001:db8::9");
    let chunk = chunk(0, &[line.as_bytes()]);
    let block = block(0, &chunk);
    let row = Row { columns: &block.columns, shapes: &block.shapes, at: 0 };
    assert_eq!(row.line().as_deref(), Some(line.as_bytes()));
    assert_eq!(row.value(Field::SrcIp), Some(Value::Address("::ffff:10.1.2.3".parse().unwrap())));
    assert_eq!(row.value(Field::DstIp), Some(Value::Address("2001:db8::9".parse().unwrap())));
    assert_eq!(row.value(Field::DstPort), Some(Value::Port(443)));
    assert_eq!(row.value(Field::Session), Some(Value::Number(4_242)));
    assert_eq!(row.value(Field::Device), Some(Value::Text("TC-FW-01")));
    assert_eq!(block.nine, 1);
}

#[test]
fn lines_of_one_kind_come_to_have_one_shape() {
    let lines: Vec<String> =
        (0..500).map(|nth| firewall(nth, &format!("10.0.{}.{}", nth % 7, nth % 250), "192.0.2.9")).collect();
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let chunk = chunk(0, &lines);
    // What changes and what stays is learnt from the first of them.
    let mut maker = Maker::default();
    let first = maker.block(0, &chunk, &KEY, SOURCE).unwrap();
    assert!(first.shapes.len() < 8, "{} shapes", first.shapes.len());
    assert_eq!(maker.block(500, &chunk, &KEY, SOURCE).unwrap().shapes.len(), 1);
    assert_eq!(round(&chunk), lines);
}

#[test]
fn strange_lines_are_given_back() {
    let long = vec![b'7'; 60_000];
    let lines: [&[u8]; 16] = [
        b"",
        b"\0",
        b"\0\x01\x02 \0\0 a=\0",
        b"12:34:56 007 0 00 18446744073709551616 -5 1.5e9",
        b"24:00:00 23:59:60 1:02:03 12:34:567",
        b"a=1 b=\"2 x\" c=\"3\" d='4' e= f",
        b"srcip=010.1.1.1 dstip=1.2.3.4.5 srcport=0443 dstport=99999",
        b"\xFF\xFE\xA4\xA4\xA4\xE5 user=\xA4\xFD",
        "使用者=王小明 帳號=\"wang 1\" ：１２３".as_bytes(),
        b"{\"a\":{\"b\":[1,2,{\"c\":\"d\\\"e\"}]},\"n\":12345678901234567890}",
        b"<34>1 2026-11-26T00:00:00.123456+08:00 h app 12 ID [a b=\"c\\]\"] \xEF\xBB\xBFtext",
        b"CEF:0|V|P|1|2|n\\|ame|3|src=1.2.3.4 dst=::1 spt=1 msg=a\\=b c",
        b"date=2026-02-30 time=25:61:61 devname=x type=traffic",
        b"\r\n\t \x0B",
        b"sentbyte=000 rcvdbyte=999999999999999999 sessionid=1000000000000000000",
        &long,
    ];
    assert_eq!(round(&chunk(0, &lines)), lines);
}

#[test]
fn a_line_beyond_the_shapes_of_a_block_stands_as_one_piece() {
    let word = |nth: usize| -> String {
        (0..3).map(|at| char::from(b'a' + (nth / 26usize.pow(at) % 26) as u8)).collect()
    };
    let lines: Vec<String> = (0..2_000).map(|nth| format!("{} says {}", word(nth), word(nth * 7))).collect();
    let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let chunk = chunk(0, &lines);
    assert!(block(0, &chunk).shapes.len() <= 257);
    assert_eq!(round(&chunk), lines);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-z]{1,6}=[0-9]{1,12} ".prop_map(String::into_bytes),
        "[a-z]{1,6}=\"[ -~]{0,9}\" ".prop_map(String::into_bytes),
        "(srcip|dstip|src|dst)=[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3} "
            .prop_map(String::into_bytes),
        "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] ".prop_map(String::into_bytes),
        "<[0-9]{1,3}>".prop_map(String::into_bytes),
        "(sshd|sudo)\\[[0-9]{1,5}\\]: ".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

/// Values of which the next line has mostly others of the same kind.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..30u32).prop_map(|number| number.to_string()),
        1 => Just("007".to_owned()),
        1 => Just("12:34:56".to_owned()),
        1 => Just(String::new()),
        1 => Just("-".to_owned()),
        1 => Just("a\" b=7".to_owned()),
        1 => (0..5u32).prop_map(|part| format!("10.0.0.{part}")),
    ]
}

proptest! {
    #[test]
    fn a_line_is_given_back_with_the_same_fields_whatever_came_before(
        values in proptest::collection::vec([value(), value(), value(), value()], 1..20),
    ) {
        let lines: Vec<String> = values
            .iter()
            .map(|[a, b, c, d]| {
                format!("<{a}>date=2026-11-26 time=10:00:01 type=\"traffic\" srcip={b} srcport={c} n={d} msg=\"{c}\" [{a}]")
            })
            .collect();
        let lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        let together = block(0, &chunk(0, &lines));
        for (at, line) in lines.iter().enumerate() {
            let alone = block(at as u64, &chunk(0, &[line]));
            let row = Row { columns: &together.columns, shapes: &together.shapes, at };
            prop_assert_eq!(row.line(), Some(line.to_vec()));
            for column in 0..place::SHAPE {
                prop_assert_eq!(&together.columns.column(column).slice(at, 1), alone.columns.column(column));
            }
        }
    }

    #[test]
    fn any_lines_are_given_back(
        lines in proptest::collection::vec(proptest::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat()), 1..20),
    ) {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let chunk = chunk(0, &lines);
        let block = block(7, &chunk);
        for (at, line) in lines.iter().enumerate() {
            let row = Row { columns: &block.columns, shapes: &block.shapes, at };
            let given = row.line();
            prop_assert_eq!(given.as_deref(), Some(*line));
        }
        prop_assert_eq!(round(&chunk), lines);
    }
}
