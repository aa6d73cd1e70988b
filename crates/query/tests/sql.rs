//! Statements are answered as a plain reckoning answers them, over files and what is in none yet, within limits.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test may fail, and damages files on purpose"
)]

use ledger::disk::Folder;
use lines::{Part, Source};
use model::Instant;
use query::{Answer, Limits, QueryError, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use telemetry::find::{Library, Listed};
use telemetry::source::Sources;
use telemetry::{Came, Chunk, Receiver};
use testkit::{Chance, SeededEntropy, TemporaryFolder};

const LIMITS: Limits = Limits { memory: 64 << 20, time: Duration::from_secs(120), rows: 10_000 };
/// 2026-11-26 08:00 in Taiwan.
const BEGIN: i64 = 1_795_651_200;

struct Sent {
    second: i64,
    from: String,
    to: String,
    action: &'static str,
    user: Option<String>,
    line: String,
}

struct Bed {
    _folder: TemporaryFolder,
    snapshot: Snapshot,
    sent: Vec<Sent>,
}

impl Bed {
    /// Lines of a day in two files, and some in none.
    fn new() -> Self {
        let folder = TemporaryFolder::new();
        let disk = Arc::new(Folder::new(folder.path()));
        let entropy = Box::new(SeededEntropy::new(5));
        let sources = Sources::new(Source { offset: 28_800 });
        let receiver = Receiver::open("fw", disk, entropy, (0, 0), sources, 1).unwrap();
        let (mut sent, mut files, mut chance) = (Vec::new(), Vec::new(), Chance::new(3));
        for part in 0..3 {
            for nth in 0..4 {
                let second = i64::from(part * 4 + nth) * 600;
                let here: Vec<Sent> = (0..1_500).map(|_| line(second, &mut chance)).collect();
                let received = Instant::from_micros((BEGIN + second) * 1_000_000).unwrap();
                let mut chunk = Chunk::new(Came::from_peer(received, "192.0.2.7:514".parse().unwrap()));
                here.iter().for_each(|sent| chunk.push(sent.line.as_bytes(), Part::Whole));
                sent.extend(here);
                receiver.intake().put(chunk, None).unwrap();
            }
            receiver.wait_for(sent.len() as u64);
            if part < 2 {
                receiver.cut().unwrap();
                receiver.wait_until_cut();
                receiver.entered(receiver.seal().last().map_or(0, |batch| batch.first + batch.count));
                let filed = receiver.file(&receiver.full().unwrap()).unwrap();
                receiver.filed(&filed).unwrap();
                files.push(Listed {
                    receiver: "fw".to_owned(),
                    first: filed.first,
                    count: filed.count,
                    erased: 0,
                    received: filed.received,
                });
            }
        }
        let tail = receiver.tail().into_iter().map(|block| ("fw".to_owned(), block)).collect();
        let library = Arc::new(Library::new(folder.path()));
        Self { _folder: folder, snapshot: Snapshot { library, files, tail }, sent }
    }

    fn ask(&self, statement: &str) -> Answer {
        query::ask(statement, self.snapshot.clone(), &LIMITS).unwrap()
    }

    fn refused(&self, statement: &str, limits: &Limits) -> QueryError {
        query::ask(statement, self.snapshot.clone(), limits).unwrap_err()
    }

    /// The one value of the one row.
    fn one(&self, statement: &str) -> String {
        let answer = self.ask(statement);
        assert_eq!((answer.rows.len(), answer.columns.len()), (1, 1), "{statement}");
        answer.rows.concat().pop().flatten().unwrap()
    }

    fn count(&self, of: impl Fn(&Sent) -> bool) -> String {
        self.sent.iter().filter(|sent| of(sent)).count().to_string()
    }
}

fn line(second: i64, chance: &mut Chance) -> Sent {
    let host = |chance: &mut Chance| format!("10.{}.0.{}", chance.below(3), chance.below(40));
    let (from, to) = (host(chance), host(chance));
    let action = *chance.pick(&["accept", "deny", "close"]).unwrap();
    let user = chance.one_in(50).then(|| format!("user{}", chance.below(5)));
    let named = user.as_ref().map_or(String::new(), |user| format!(" user=\"{user}\""));
    let (hour, minute) = (8 + second / 3_600, second / 60 % 60);
    let line = format!(
        "<189>date=2026-11-26 time={hour:02}:{minute:02}:00 devname=\"FW-{}\" devid=\"FG1\" logid=\"0000000013\" \
         type=\"traffic\" srcip={from} srcport={} dstip={to} dstport=443 proto=6 action=\"{action}\"{named} \
         duration=30 sentbyte={}",
        chance.below(2),
        1_024 + chance.below(60_000),
        chance.below(100_000),
    );
    Sent { second, from, to, action, user, line }
}

#[test]
fn counts_and_groups_are_those_of_a_plain_reckoning() {
    let bed = Bed::new();
    assert_eq!((bed.snapshot.files.len(), bed.snapshot.tail.is_empty()), (2, false));
    assert_eq!(bed.one("SELECT count(*) FROM lines"), bed.count(|_| true));
    let grouped = bed.ask("SELECT action, count(*) AS n FROM lines GROUP BY action ORDER BY action");
    assert_eq!(grouped.columns, ["action", "n"]);
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    bed.sent.iter().for_each(|sent| *expected.entry(sent.action).or_default() += 1);
    let expected: Vec<Vec<Option<String>>> = expected
        .into_iter()
        .map(|(action, count)| vec![Some(action.to_owned()), Some(count.to_string())])
        .collect();
    assert_eq!(grouped.rows, expected);
}

#[test]
fn groups_by_addresses_are_those_of_their_texts() {
    let bed = Bed::new();
    // A text that is put together is no column, and its groups are made of texts.
    for (column, rest) in [
        ("src_ip", "FROM lines"),
        ("src_ip", "FROM lines l WHERE dst_port = 443 AND proto IS NOT NULL"),
        ("sender", "FROM lines"),
        ("src_ip", "FROM (SELECT * FROM lines WHERE number > 100) AS later"),
        ("src_ip", "FROM lines WHERE dst_ip = '10.1.0.5'"),
    ] {
        let ask = |grouped: &str| {
            let statement = format!(
                "SELECT {grouped} AS who, count(*) AS times, count(DISTINCT dst_ip) AS peers, max(number) {rest} \
                 GROUP BY {grouped} HAVING count(*) > 1 ORDER BY times DESC, who LIMIT 50"
            );
            bed.ask(&statement)
        };
        let answer = ask(column);
        assert!(!answer.rows.is_empty(), "{column} {rest}");
        assert_eq!(answer, ask(&format!("{column} || ''")), "{column} {rest}");
    }
    let pairs = bed.ask("SELECT src_ip, dst_ip, count(*) FROM lines GROUP BY dst_ip, src_ip ORDER BY 1, 2");
    let texts = bed.ask("SELECT src_ip || '' AS src_ip, dst_ip || '' AS dst_ip, count(*) FROM lines GROUP BY 1, 2 ORDER BY 1, 2");
    assert_eq!(pairs.rows, texts.rows);
    let distinct = |column: &str| bed.one(&format!("SELECT count(DISTINCT {column}) FROM lines"));
    assert_eq!(distinct("src_ip"), distinct("(src_ip || '')"));
}

#[test]
fn conditions_that_the_index_answers_find_what_all_rows_say() {
    let bed = Bed::new();
    let cases: [(&str, String); 9] = [
        ("src_ip = '10.1.0.7'", bed.count(|sent| sent.from == "10.1.0.7")),
        (
            "'10.1.0.7' = src_ip AND action = 'deny'",
            bed.count(|sent| sent.from == "10.1.0.7" && sent.action == "deny"),
        ),
        (
            "src_ip = '10.1.0.7' OR dst_ip = '10.2.0.3'",
            bed.count(|sent| sent.from == "10.1.0.7" || sent.to == "10.2.0.3"),
        ),
        (
            "src_ip IN ('10.1.0.7', '10.0.0.1')",
            bed.count(|sent| ["10.1.0.7", "10.0.0.1"].contains(&sent.from.as_str())),
        ),
        ("src_ip NOT IN ('10.1.0.7')", bed.count(|sent| sent.from != "10.1.0.7")),
        ("in_network(dst_ip, '10.2.0.0/16')", bed.count(|sent| sent.to.starts_with("10.2."))),
        ("src_ip = 'no address'", "0".to_owned()),
        ("\"user\" = 'user3'", bed.count(|sent| sent.user.as_deref() == Some("user3"))),
        (
            "received >= '2026-11-26T00:30:00Z' AND received < '2026-11-26T01:10:00Z'",
            bed.count(|sent| (1_800..4_200).contains(&sent.second)),
        ),
    ];
    for (condition, expected) in cases {
        let said = bed.one(&format!("SELECT count(*) FROM lines WHERE {condition}"));
        assert_eq!(said, expected, "{condition}");
        // The same, in words that no index answers.
        let plain = condition
            .replace("src_ip", "(src_ip || '')")
            .replace("received", "(received + interval '0' day)");
        assert_eq!(bed.one(&format!("SELECT count(*) FROM lines WHERE {plain}")), expected, "{plain}");
    }
}

#[test]
fn a_line_comes_as_it_was_sent_with_its_number_and_moments() {
    let bed = Bed::new();
    let answer = bed.ask("SELECT number, line, sender, severity, begins, ends FROM lines ORDER BY number");
    assert_eq!((answer.rows.len(), answer.cut), (10_000, true));
    for (row, sent) in answer.rows.iter().zip(&bed.sent) {
        assert_eq!(row[1].as_deref(), Some(sent.line.as_str()));
        let ended = Instant::from_micros((BEGIN + sent.second) * 1_000_000).unwrap();
        let begun = ended.minus(Duration::from_secs(30));
        let seconds = |moment: Instant| moment.to_string().replace(".000000", "");
        let expected = ["192.0.2.7", "5", &seconds(begun), &seconds(ended)].map(|text| Some(text.to_owned()));
        assert_eq!(row[2..], expected);
    }
    let numbers = answer.rows.iter().map(|row| row[0].clone().unwrap());
    assert!(numbers.eq((0..10_000).map(|number: u64| number.to_string())));
}

#[test]
fn what_is_no_query_is_refused_and_says_why() {
    let bed = Bed::new();
    for statement in [
        "",
        "SELEC 1",
        "SELECT * FROM people",
        "SELECT no_such FROM lines",
        "DELETE FROM lines",
        "INSERT INTO lines (receiver) VALUES ('x')",
        "CREATE TABLE t AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "COPY lines TO '/tmp/lines.csv'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT 1; SELECT 2",
    ] {
        let error = bed.refused(statement, &LIMITS);
        assert!(matches!(error, QueryError::Statement(_)), "{statement}: {error:?}");
    }
    assert!(matches!(bed.refused("SELECT 1 / 0", &LIMITS), QueryError::Failed(_)));
    let error = bed.refused("SELECT count(*) FROM lines WHERE in_network(src_ip, 'ten')", &LIMITS);
    assert!(error.to_string().contains("10.1.0.0/16"), "{error}");
}

#[test]
fn a_query_ends_at_its_limits() {
    let bed = Bed::new();
    let little = Limits { memory: 64 << 10, ..LIMITS };
    let error = bed.refused("SELECT line FROM lines ORDER BY line", &little);
    assert!(matches!(error, QueryError::Memory(memory) if memory == 64 << 10), "{error:?}");
    let short = Limits { time: Duration::from_millis(50), ..LIMITS };
    let endless = "SELECT count(*) FROM lines a, lines b WHERE a.line < b.line || a.line";
    assert!(matches!(bed.refused(endless, &short), QueryError::Time(_)));
    let few = Limits { rows: 3, ..LIMITS };
    let answer = query::ask("SELECT line FROM lines", bed.snapshot.clone(), &few).unwrap();
    assert_eq!((answer.rows.len(), answer.cut), (3, true));
}

#[test]
fn a_damaged_file_is_told_by_its_path() {
    let bed = Bed::new();
    let [path, _] = telemetry::file_paths("fw", 0, 6_000, 0);
    let path = bed._folder.path().join(path);
    std::fs::write(&path, b"nothing of the kind").unwrap();
    let error = bed.refused("SELECT count(*) FROM lines", &LIMITS);
    assert!(matches!(&error, QueryError::Lines(text) if text.contains("-0006000.parquet")), "{error:?}");
}
