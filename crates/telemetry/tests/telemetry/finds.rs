//! Finding: what is found is what a plain reckoning finds, in files, beyond them, and in both.

use crate::{chunk, firewall};
use lines::Source;
use model::Instant;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use telemetry::file::Table;
use telemetry::find::{Library, Listed, Wanted, each_of_block};
use telemetry::index::Key;
use telemetry::source::{Network, Sources};
use telemetry::traffic::Traffic;
use telemetry::{Batch, Block, Came, Chunk, Filed, Receiver, check, file_paths, merge};
use testkit::{Chance, SeededEntropy, TemporaryFolder};

struct Sent {
    second: i64,
    from: String,
    to: String,
    line: String,
}

struct Bed {
    folder: TemporaryFolder,
    receiver: Receiver,
    sent: Vec<Sent>,
    files: Vec<Filed>,
    batches: Vec<Batch>,
}

impl Bed {
    /// Lines of a few hosts over some hours, in files of some thousands, the last of them in none.
    fn new() -> Self {
        let folder = TemporaryFolder::new();
        let disk = Arc::new(ledger::disk::Folder::new(folder.path()));
        let source = Source { offset: 0 };
        let receiver =
            Receiver::open("fw", disk, Box::new(SeededEntropy::new(2)), (0, 0), Sources::new(source), 2)
                .unwrap();
        let mut bed = Self { folder, receiver, sent: Vec::new(), files: Vec::new(), batches: Vec::new() };
        let mut chance = Chance::new(11);
        for nth in 0..60 {
            let chunk = bed.lines(nth * 40, &mut chance);
            bed.receiver.intake().put(chunk, None).unwrap();
            bed.receiver.wait_for(bed.sent.len() as u64);
            if nth % 20 == 19 && nth < 50 {
                bed.file();
            }
        }
        bed
    }

    fn lines(&mut self, second: i64, chance: &mut Chance) -> Chunk {
        let from = self.sent.len();
        for nth in 0..300u64 {
            let host = |chance: &mut Chance| match chance.one_in(400) {
                true => "10.9.9.9".to_owned(),
                false => format!("10.{}.0.{}", chance.below(3), chance.below(40)),
            };
            let (from, to) = (host(chance), host(chance));
            let line = firewall(from_number(second, nth), &from, &to);
            self.sent.push(Sent { second, from, to, line });
        }
        chunk(second, &self.sent[from..].iter().map(|sent| sent.line.as_bytes()).collect::<Vec<_>>())
    }

    fn file(&mut self) {
        self.receiver.cut().unwrap();
        self.receiver.wait_until_cut();
        self.batches.extend(self.receiver.seal());
        self.receiver.entered(self.batches.last().map_or(0, |batch| batch.first + batch.count));
        let full = self.receiver.full().unwrap();
        let filed = self.receiver.file(&full).unwrap();
        self.receiver.filed(&filed).unwrap();
        self.files.push(filed);
    }

    fn listed(&self) -> Vec<Listed> {
        let one = |filed: &Filed| Listed {
            receiver: "fw".to_owned(),
            first: filed.first,
            count: filed.count,
            erased: 0,
            received: filed.received,
        };
        self.files.iter().map(one).collect()
    }

    fn tail(&self) -> Vec<(String, Arc<Block>)> {
        self.receiver.tail().into_iter().map(|block| ("fw".to_owned(), block)).collect()
    }

    fn library(&self) -> Library {
        Library::new(Path::new(self.folder.path()))
    }
}

fn from_number(second: i64, nth: u64) -> u64 {
    second.unsigned_abs() * 1_000 + nth
}

fn second(of: i64) -> Instant {
    Instant::from_micros((1_764_144_000 + of) * 1_000_000).unwrap()
}

#[test]
fn what_is_found_is_what_a_plain_reckoning_finds() {
    let bed = Bed::new();
    assert_eq!((bed.files.len(), bed.tail().is_empty()), (2, false));
    let (library, files, tail) = (bed.library(), bed.listed(), bed.tail());
    let asked = ["10.9.9.9", "10.1.0.7", "10.2.0.0/24", "10.0.0.0/8", "192.0.2.1", "::/0"];
    let spans =
        [(None, None), (Some(500), None), (Some(790), Some(1_650)), (None, Some(40)), (Some(9_000), None)];
    for address in asked {
        for (from, until) in spans {
            for most in [0, 7, 1_000] {
                let values = Wanted::address(address).unwrap();
                let within = |text: &str| {
                    let bytes =
                        text.parse::<std::net::Ipv4Addr>().unwrap().to_ipv6_mapped().octets().to_vec();
                    values.contains(&bytes)
                };
                let expected: Vec<(u64, &Sent)> = (0..)
                    .zip(&bed.sent)
                    .filter(|(_, sent)| within(&sent.from) || within(&sent.to))
                    .filter(|(_, sent)| from.is_none_or(|from| sent.second >= from))
                    .filter(|(_, sent)| until.is_none_or(|until| sent.second < until))
                    .collect();
                let wanted = Wanted {
                    key: Key::Address,
                    values: values.clone(),
                    from: from.map(second),
                    until: until.map(second),
                    most,
                };
                let found = library.find(&wanted, &files, &tail).unwrap();
                assert_eq!(found.count, expected.len() as u64, "{address} {from:?} {until:?}");
                let shown: Vec<(u64, &[u8])> =
                    found.lines.iter().map(|line| (line.number, line.bytes.as_slice())).collect();
                let newest: Vec<(u64, &[u8])> = expected
                    .iter()
                    .rev()
                    .take(most)
                    .map(|(number, sent)| (*number, sent.line.as_bytes()))
                    .collect();
                assert_eq!(shown, newest, "{address} {from:?} {until:?} {most}");
            }
        }
    }
}

#[test]
fn devices_are_found_by_the_name_they_give_themselves() {
    let bed = Bed::new();
    for (name, count) in [("TC-FW-01", bed.sent.len() as u64), ("TC-FW-0", 0), ("TC-FW-011", 0)] {
        let values = name.as_bytes().to_vec()..=name.as_bytes().to_vec();
        let wanted = Wanted { key: Key::Device, values, from: None, until: None, most: 3 };
        let found = bed.library().find(&wanted, &bed.listed(), &bed.tail()).unwrap();
        assert_eq!((found.count, found.lines.len()), (count, if count > 0 { 3 } else { 0 }));
    }
}

#[test]
fn addresses_and_networks_are_ranges_and_nonsense_is_none() {
    let range = |text: &str| Wanted::address(text).map(|range| (range.start().clone(), range.end().clone()));
    let (low, high) = range("10.1.0.0/16").unwrap();
    assert_eq!((&low[12..], &high[12..]), (&[10, 1, 0, 0][..], &[10, 1, 255, 255][..]));
    let (low, high) = range("2001:db8::1").unwrap();
    assert_eq!(low, high);
    assert_eq!(range("::/0").unwrap(), (vec![0; 16], vec![255; 16]));
    for wrong in ["", "10.1", "10.0.0.0/33", "10.0.0.0/x", "::/129", "wang"] {
        assert_eq!(range(wrong), None, "{wrong}");
    }
}

#[test]
fn traffic_is_what_a_plain_reckoning_gives() {
    let bed = Bed::new();
    let mut traffic = Traffic::within(second(500)..second(2_000));
    for file in &bed.listed() {
        bed.library().traffic(&mut traffic, file, Network::alone).unwrap();
    }
    for (_, block) in &bed.tail() {
        traffic.block(block, Network::alone).unwrap();
    }
    let within: Vec<&Sent> = bed.sent.iter().filter(|sent| (500..2_000).contains(&sent.second)).collect();
    let mut counts: BTreeMap<Ipv6Addr, u64> = BTreeMap::new();
    for sent in &within {
        *counts.entry(sent.from.parse::<Ipv4Addr>().unwrap().to_ipv6_mapped()).or_default() += 1;
    }
    let mut talkers: Vec<(Ipv6Addr, u64)> = counts.into_iter().collect();
    talkers.sort_by_key(|(address, count)| (std::cmp::Reverse(*count), *address));
    assert_eq!(traffic.senders().len(), 1);
    let sent = traffic.senders().values().next().unwrap();
    assert_eq!(sent.lines, within.len() as u64);
    assert_eq!(sent.talkers(talkers.len() + 1), talkers);
    assert_eq!((sent.first, sent.last), (second(520), second(1_960)));
}

#[test]
fn what_files_became_one_of_is_found_as_before_and_leads_to_the_same_roots() {
    let bed = Bed::new();
    let files = bed.listed();
    let library = bed.library();
    let tables: Vec<Table> = files.iter().map(|file| library.open(file).unwrap().table().clone()).collect();
    let (file, index) = merge::write("fw", &tables).unwrap();
    let [first, last] = [&files[0], &files[1]];
    let merged = Listed {
        count: first.count + last.count,
        received: (first.received.0, last.received.1),
        ..first.clone()
    };
    let within = bed.batches.iter().copied().filter(|batch| batch.first < merged.count).collect::<Vec<_>>();
    check::file(file.clone().into(), &index, &within).unwrap();
    let [path, index_path] = file_paths("fw", merged.first, merged.count, 0);
    let disk = ledger::disk::Folder::new(bed.folder.path());
    for (path, content) in [(path, &file), (index_path, &index)] {
        ledger::disk::Disk::write(&disk, &path, content).unwrap();
    }
    for address in ["10.9.9.9", "10.1.0.7", "10.2.0.0/24", "192.0.2.1"] {
        let values = Wanted::address(address).unwrap();
        let wanted = Wanted { key: Key::Address, values, from: None, until: None, most: 5_000 };
        let before = library.find(&wanted, &files, &[]).unwrap();
        assert_eq!(
            bed.library().find(&wanted, std::slice::from_ref(&merged), &[]).unwrap(),
            before,
            "{address}"
        );
    }
    // Those that do not follow one another never become one.
    assert!(merge::write("fw", &[tables[1].clone(), tables[0].clone()]).is_err());
}

#[test]
fn each_line_within_a_span_is_given_once_and_in_order_from_files_and_beyond_them() {
    let bed = Bed::new();
    let library = bed.library();
    // Whole files, a part of one, nothing, and what reaches into what is in no file.
    for (from, until) in [(0, 10_000), (100, 900), (5, 6), (900, 2_100), (10_000, 20_000)] {
        let span = second(from)..second(until);
        let mut given: Vec<(Instant, Vec<u8>)> = Vec::new();
        let mut take = |came: &Came, line: &[u8]| given.push((came.received, line.to_vec()));
        for file in bed.listed() {
            library.each(&file, &span, &mut take).unwrap();
        }
        for (_, block) in bed.tail() {
            each_of_block(&block, &span, &mut take).unwrap();
        }
        let wanted: Vec<(Instant, Vec<u8>)> = bed
            .sent
            .iter()
            .filter(|sent| (from..until).contains(&sent.second))
            .map(|sent| (second(sent.second), sent.line.clone().into_bytes()))
            .collect();
        assert_eq!(given, wanted, "{from} to {until}");
    }
}
