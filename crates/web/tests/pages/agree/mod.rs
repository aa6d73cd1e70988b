//! Whoever may read a record finds it in lists, counts, searches, files, events and by the API; whoever may not, nowhere.
//!
//! Random towns (`town`): a tree of units, people of random roles who stand in for one another, are cleared or not, sit
//! at a management terminal or not; records of random grades that wait for somebody. What each may read is decided there
//! for each record by the plain rules of the regulation (`Town::reads`), and compared with what every way of asking
//! gives (`reader`), asked as people and applications ask, over HTTP.
//! A failure prints the seed of its town.

mod reader;
mod town;

use reader::{Reader, Told};
use town::Making;

const REGISTERS: [&str; 3] = ["key", "loan", "report"];

/// So many random towns agree.
fn agree(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let town = Making::of(seed).settled();
        let (mut reading, mut hidden) = (0, 0);
        for person in &town.people {
            let reader = Reader::of(&town, person);
            for Told { way, given, decided } in reader.everywhere() {
                assert_eq!(given, decided, "town {seed}, {way}, by {person:?}: {:#?}", town.records);
            }
            let theirs = reader.decided(|_| true).len();
            (reading, hidden) = (reading + theirs, hidden + town.records.len() - theirs);
        }
        // A town in which all read all, or nobody anything, would show nothing.
        assert!(reading > 20 && hidden > 20, "town {seed}: {reading} are read and {hidden} are not");
    }
}

#[test]
fn every_way_of_asking_gives_what_is_decided_of_each_record() {
    agree(0..if std::env::var_os("WARD_SOAK").is_some() { 40 } else { 2 });
}
