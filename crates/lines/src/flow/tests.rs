//! Datagrams made by hand, as the standards say; what is missing of them; bounds; and whatever bytes come.

use super::*;
use proptest::prelude::*;

fn peer() -> SocketAddr {
    "192.0.2.1:2055".parse().unwrap()
}

fn short(value: u16) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

fn long(value: u32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

/// A set with its head.
fn set(id: u16, content: &[Vec<u8>]) -> Vec<u8> {
    let content = content.concat();
    [short(id), short(u16::try_from(content.len() + 4).unwrap()), content].concat()
}

/// A template of elements and their lengths.
fn template(id: u16, elements: &[(u16, u16)]) -> Vec<u8> {
    let elements: Vec<u8> =
        elements.iter().flat_map(|(id, length)| [short(*id), short(*length)].concat()).collect();
    [short(id), short(u16::try_from(elements.len() / 4).unwrap()), elements].concat()
}

/// 2026-11-20T02:11:12Z.
const TIME: u32 = 1_795_140_672;

fn version_9(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let head = [short(9), short(1), long(60_000), long(TIME), long(sequence), long(7)];
    [head.concat(), sets.concat()].concat()
}

fn ipfix(sequence: u32, sets: &[Vec<u8>]) -> Vec<u8> {
    let sets = sets.concat();
    let length = u16::try_from(sets.len() + 16).unwrap();
    [[short(10), short(length), long(TIME), long(sequence), long(7)].concat(), sets].concat()
}

fn texts(read: &Read) -> Vec<&str> {
    read.lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect()
}

#[test]
fn version_5_is_read_to_the_last_value() {
    let record = [
        vec![10, 0, 0, 1, 192, 0, 2, 9, 0, 0, 0, 0],
        [short(3), short(4), long(10), long(2_000), long(50_000), long(59_500)].concat(),
        [short(40_000), short(443), vec![0, 0x1b, 6, 0x20], short(64_512), short(0), vec![24, 0], short(0)]
            .concat(),
    ]
    .concat();
    let head = |sequence: u32, count: u16| {
        [
            short(5),
            short(count),
            long(60_000),
            long(TIME),
            long(500_000_000),
            long(sequence),
            vec![0, 7],
            short(0x4064),
        ]
        .concat()
    };
    let mut decoder = Decoder::default();
    let read = decoder.read(peer(), &[head(100, 2), record.clone(), record.clone()].concat());
    assert_eq!(
        texts(&read)[0],
        "{\"flow\":5,\"domain\":7,\"sequence\":100,\"time\":\"2026-11-20T02:11:12.500000Z\",\"src_ip\":\"10.0.0.1\",\
         \"src_port\":40000,\"dst_ip\":\"192.0.2.9\",\"dst_port\":443,\"proto\":6,\"bytes\":2000,\"packets\":10,\
         \"start\":\"2026-11-20T02:11:02.500000Z\",\"end\":\"2026-11-20T02:11:12.000000Z\",\"sampling\":100,\
         \"next_hop\":\"0.0.0.0\",\"input\":3,\"output\":4,\"tcp_flags\":27,\"tos\":32,\"src_as\":64512,\"dst_as\":0,\
         \"src_mask\":24,\"dst_mask\":0}"
    );
    assert_eq!((read.lines.len(), read.notes.len()), (2, 0));
    assert_eq!(decoder.read(peer(), &[head(102, 1), record.clone()].concat()).notes, [""; 0]);
    let read = decoder.read(peer(), &[head(110, 1), record.clone()].concat());
    assert_eq!(read.notes, ["flows from 192.0.2.1 version=5 domain=7 expected=103 came=110 missing=7"]);
    let read = decoder.read(peer(), &[head(103, 1), record.clone()].concat());
    assert_eq!(read.notes, ["flows from 192.0.2.1 version=5 domain=7 expected=111 came=103 back"]);
    // One that is shorter than it says is none.
    assert!(decoder.read(peer(), &[head(104, 2), record].concat()).lines.is_empty());
    assert_eq!(
        decoder.figures(),
        Figures { datagrams: 5, broken: 1, records: 5, missing: 7, waiting: 0, unread: 0 }
    );
}

const SMALL: [(u16, u16); 6] = [(8, 4), (12, 4), (7, 2), (11, 2), (22, 4), (40_000, 4)];

fn small(nth: u8, user: &[u8]) -> Vec<u8> {
    [vec![10, 0, 0, nth, 192, 0, 2, 9], short(1), short(2), long(30_000), user.to_vec()].concat()
}

#[test]
fn records_wait_for_their_template_and_are_read_once_it_comes() {
    let mut decoder = Decoder::default();
    let early = [small(1, b"lin\0"), small(2, b"a\"\\\n"), vec![0, 0]];
    assert_eq!(decoder.read(peer(), &version_9(1, &[set(300, &early)])), Read::default());
    assert_eq!(decoder.figures().waiting, 1);
    // Another process of the same exporter has templates of its own.
    let other =
        [[short(9), short(1), long(1), long(TIME), long(1), long(8)].concat(), set(300, &early)].concat();
    decoder.read(peer(), &other);
    let read = decoder.read(
        peer(),
        &version_9(2, &[set(0, &[template(300, &SMALL)]), set(300, &[small(3, b"\xff\xfe\0\0")])]),
    );
    assert_eq!(
        texts(&read),
        [
            "{\"flow\":9,\"domain\":7,\"sequence\":2,\"template\":300,\"time\":\"2026-11-20T02:11:12.000000Z\",\
             \"src_ip\":\"10.0.0.3\",\"src_port\":1,\"dst_ip\":\"192.0.2.9\",\"dst_port\":2,\
             \"start\":\"2026-11-20T02:10:42.000000Z\",\"i40000\":\"fffe0000\"}",
            "{\"flow\":9,\"domain\":7,\"sequence\":1,\"template\":300,\"time\":\"2026-11-20T02:11:12.000000Z\",\
             \"src_ip\":\"10.0.0.1\",\"src_port\":1,\"dst_ip\":\"192.0.2.9\",\"dst_port\":2,\
             \"start\":\"2026-11-20T02:10:42.000000Z\",\"user\":\"lin\"}",
            "{\"flow\":9,\"domain\":7,\"sequence\":1,\"template\":300,\"time\":\"2026-11-20T02:11:12.000000Z\",\
             \"src_ip\":\"10.0.0.2\",\"src_port\":1,\"dst_ip\":\"192.0.2.9\",\"dst_port\":2,\
             \"start\":\"2026-11-20T02:10:42.000000Z\",\"user\":\"a\\\"\\\\\\u000a\"}",
        ]
    );
    assert_eq!(read.notes, ["flows from 192.0.2.1 version=9 domain=7 template=300 known waited=1 unread=0"]);
    assert_eq!((decoder.figures().waiting, decoder.figures().records), (1, 3));
    let read = decoder.read(peer(), &version_9(5, &[]));
    assert_eq!(read.notes, ["flows from 192.0.2.1 version=9 domain=7 expected=3 came=5 missing=2"]);
}

#[test]
fn ipfix_is_read_with_options_values_of_any_length_and_of_other_enterprises() {
    let mut decoder = Decoder::default();
    let options = [short(256), short(2), short(1), short(143), short(4), short(160), short(8)].concat();
    let own = [short(0x8001), short(u16::MAX), long(29_305), short(0x8005), short(2), long(9)].concat();
    let mut records =
        [short(257), short(6), short(27), short(16), short(8), short(4), short(22), short(4)].concat();
    records.extend([short(82), short(u16::MAX)].concat());
    records.extend(own);
    let address: std::net::Ipv6Addr = "2001:db8::1".parse().unwrap();
    let record = [
        address.octets().to_vec(),
        vec![0; 4],
        long(1_500),
        vec![4, b'e', b't', b'h', b'0'],
        vec![255, 0, 2, 1, 0],
        vec![0xab, 0xcd],
    ]
    .concat();
    let started = (u64::from(TIME) - 60) * 1_000;
    let read = decoder.read(
        peer(),
        &ipfix(
            0,
            &[
                set(3, &[options]),
                set(2, &[records]),
                set(257, std::slice::from_ref(&record)),
                set(256, &[long(1), started.to_be_bytes().to_vec()]),
                set(257, &[record.clone(), vec![0; 3]]),
            ],
        ),
    );
    assert_eq!(
        texts(&read),
        [
            "{\"flow\":10,\"domain\":7,\"sequence\":0,\"template\":257,\"time\":\"2026-11-20T02:11:12.000000Z\",\
             \"src_ip\":\"2001:db8::1\",\"i8\":\"00000000\",\"interface_name\":\"eth0\",\"reverse_bytes\":256,\
             \"e9.5\":\"abcd\",\"start_uptime\":1500}",
            "{\"flow\":10,\"domain\":7,\"sequence\":0,\"template\":256,\"options\":true,\
             \"time\":\"2026-11-20T02:11:12.000000Z\",\"i143\":\"00000001\",\
             \"exporter_start\":\"2026-11-20T02:10:12.000000Z\"}",
            "{\"flow\":10,\"domain\":7,\"sequence\":0,\"template\":257,\"time\":\"2026-11-20T02:11:12.000000Z\",\
             \"src_ip\":\"2001:db8::1\",\"start\":\"2026-11-20T02:10:13.500000Z\",\"i8\":\"00000000\",\
             \"interface_name\":\"eth0\",\"reverse_bytes\":256,\"e9.5\":\"abcd\"}",
        ]
    );
    assert_eq!(decoder.figures().broken, 0);
    // Numbered by all records, or by those that are no options, before it or with it.
    assert_eq!(decoder.read(peer(), &ipfix(3, &[set(257, std::slice::from_ref(&record))])).notes, [""; 0]);
    let read = decoder.read(peer(), &ipfix(9, &[set(257, std::slice::from_ref(&record))]));
    assert_eq!(read.notes, ["flows from 192.0.2.1 version=10 domain=7 expected=4 came=9 missing=5"]);
    // A template that is withdrawn is not known any more.
    assert!(
        decoder
            .read(peer(), &ipfix(10, &[set(2, &[short(257), short(0)]), set(257, &[record])]))
            .lines
            .is_empty()
    );
    assert_eq!(decoder.figures().waiting, 1);
}

#[test]
fn an_exporter_that_counts_a_datagram_with_its_own_records_has_no_gaps_but_real_ones() {
    let mut decoder = Decoder::default();
    let mut said = Vec::new();
    let mut sent = 0;
    for (nth, count) in [2u32, 3, 1, 4, 2, 2].into_iter().enumerate() {
        sent += count;
        // The fifth is lost.
        if nth == 4 {
            continue;
        }
        let records: Vec<Vec<u8>> = (0..count).map(|_| small(1, b"")).collect();
        said.extend(
            decoder
                .read(peer(), &ipfix(sent, &[set(2, &[template(300, &SMALL[..5])]), set(300, &records)]))
                .notes,
        );
    }
    assert_eq!(said, ["flows from 192.0.2.1 version=10 domain=7 expected=12 came=14 missing=2"]);
}

#[test]
fn what_strangers_send_takes_no_more_room_than_is_set() {
    let mut decoder = Decoder::default();
    let wide: Vec<(u16, u16)> = (0..4_000).map(|id| (id, 1)).collect();
    for nth in 0..30_u32 {
        for id in 0..20_u16 {
            decoder.read(
                SocketAddr::from(([10, 0, 0, 1], u16::try_from(nth).unwrap())),
                &version_9(u32::from(id), &[set(0, &[template(300 + id, &wide)])]),
            );
        }
    }
    assert!(decoder.elements <= MOST_ELEMENTS, "{}", decoder.elements);
    assert_eq!(decoder.elements, decoder.scopes.values().map(State::elements).sum::<usize>());
    let mut decoder = Decoder::default();
    for nth in 0..12_000_u32 {
        let from = SocketAddr::from(([10, 0, 0, 2], u16::try_from(nth % 4_500).unwrap()));
        decoder.read(from, &version_9(nth, &[set(300, &[vec![0; 100]])]));
    }
    assert!(decoder.scopes.len() <= MOST_SCOPES && decoder.waiting <= MOST_WAITING);
    assert_eq!(decoder.waiting, decoder.scopes.values().map(State::waiting).sum::<usize>());
    let figures = decoder.figures();
    assert_eq!(figures.waiting + figures.unread, 12_000);
    // Templates without a byte, and too many of them, are none.
    assert_eq!(decoder.read(peer(), &version_9(0, &[set(0, &[template(300, &[(8, 0)])])])), Read::default());
    assert_eq!(decoder.figures().broken, 1);
}

proptest! {
    #[test]
    fn whatever_comes_lines_are_json_and_the_same_again(
        datagrams in proptest::collection::vec((
            prop_oneof![Just(5u16), Just(9), Just(10)],
            any::<u32>(),
            proptest::collection::vec((
                prop_oneof![0u16..4, Just(256), Just(257)],
                proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(4), any::<u8>()], 0..80),
            ), 0..4),
        ), 1..8),
    ) {
        let datagrams: Vec<Vec<u8>> = datagrams.into_iter().map(|(version, sequence, sets)| {
            let sets: Vec<Vec<u8>> = sets.into_iter().map(|(id, content)| set(id, &[content])).collect();
            match version {
                5 => [short(5), sets.concat()].concat(),
                9 => version_9(sequence, &sets),
                _ => ipfix(sequence, &sets),
            }
        }).collect();
        let (mut one, mut other) = (Decoder::default(), Decoder::default());
        for datagram in &datagrams {
            let read = one.read(peer(), datagram);
            prop_assert_eq!(&read, &other.read(peer(), datagram));
            for line in &read.lines {
                let mut reader = crate::Reader::new();
                let record = reader.read(crate::Source::default(), model::Instant::EPOCH, line);
                prop_assert_eq!(record.dialect(), Some(crate::Dialect::Flow));
                let whole = crate::field::Span::of(0, line.len());
                let object = crate::pairs::members(line, whole, &mut Vec::new(), &mut |_, _| {});
                prop_assert!(object);
            }
        }
    }
}
