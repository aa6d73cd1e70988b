//! Lines that are kept: small files become larger ones, what is found is proven away from the host, and asked in SQL.

use crate::City;
use crate::lines::firewall;
use std::fmt::Write as _;
use std::path::PathBuf;

impl City {
    /// Imports a file of so many lines, numbered from one on.
    fn imports(&self, from: usize, count: usize) {
        let text = (from..from + count).fold(String::new(), |mut text, nth| {
            writeln!(text, "{}", firewall(nth, &format!("10.1.{}.{}", nth / 250 % 250, nth % 250))).unwrap();
            text
        });
        std::fs::write(self.path().join("fw.log"), text).unwrap();
        self.good(&["import", "--data", "data", "fw.log"], "");
    }

    /// Files of lines, without their indexes.
    fn files_of_lines(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.path().join("data/lines/import/files")).unwrap();
        let mut files: Vec<PathBuf> = folder.map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|end| end == "parquet"));
        files.sort();
        files
    }

    fn asks(&self, statement: &str) -> Vec<String> {
        self.good(&["query", "--data", "data", statement], "")
    }
}

#[test]
fn small_files_become_one_with_the_same_lines() {
    let city = City::new();
    for nth in 0..15 {
        city.imports(nth * 40, 40);
    }
    assert_eq!(city.files_of_lines().len(), 15);
    city.imports(600, 40);
    // The next time those that were merged go.
    city.imports(640, 40);
    let files = city.files_of_lines();
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_string_lossy()).collect();
    assert_eq!(names, ["00000000000000000000-0000640.parquet", "00000000000000000640-0000040.parquet"]);
    assert_eq!(
        city.asks("SELECT count(*), count(DISTINCT session) FROM lines"),
        ["count(*),count(DISTINCT lines.session)", "680,680"]
    );
    let found = city.good(&["trace", "--data", "data", "10.1.1.7", "--json"], "").concat();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!((&found["count"], &found["lines"][0]["number"]), (&1.into(), &257.into()));
    city.verify();
    city.good(&["rebuild", "--data", "data", "--compare"], "");
    // A byte of it is missed as one of any other file.
    let content = std::fs::read(&files[0]).unwrap();
    let mut changed = content.clone();
    changed[content.len() / 2] ^= 1;
    std::fs::write(&files[0], &changed).unwrap();
    assert_eq!(city.ward(&["verify", "--data", "data"], "").status.code(), Some(1));
    std::fs::write(&files[0], &content).unwrap();
    city.verify();
}

#[test]
fn what_is_found_is_proven_away_from_the_host() {
    let city = City::new();
    city.imports(0, 12_000);
    city.good(&["trace", "--data", "data", "10.1.0.0/19", "--most", "0", "--bundle", "lines.bundle"], "");
    let check = ["proof", "check", "away/lines.bundle", "--policy", "away/policy"];
    std::fs::create_dir(city.path().join("away")).unwrap();
    for (from, to) in [("lines.bundle", "away/lines.bundle"), ("data/policy", "away/policy")] {
        std::fs::copy(city.path().join(from), city.path().join(to)).unwrap();
    }
    let data = city.path().join("data");
    let hidden = city.path().join("elsewhere");
    std::fs::rename(&data, &hidden).unwrap();
    let said = city.good(&check, "").join("\n");
    assert!(said.contains("8000"), "{said}");
    let bundle = std::fs::read(city.path().join("away/lines.bundle")).unwrap();
    for at in [bundle.len() / 3, bundle.len() / 2, bundle.len() - 40] {
        let mut changed = bundle.clone();
        changed[at] ^= 1;
        std::fs::write(city.path().join("away/lines.bundle"), changed).unwrap();
        assert_eq!(city.ward(&check, "").status.code(), Some(1), "byte {at}");
    }
    std::fs::rename(&hidden, &data).unwrap();
    let refused = city.refused(&["trace", "--data", "data", "10.1.0.0/16", "--bundle", "all.bundle"], "", 2);
    assert!(refused.contains("12000") && refused.contains("10000"), "{refused}");
    let none = city.refused(&["trace", "--data", "data", "192.0.2.255", "--bundle", "none.bundle"], "", 2);
    assert!(none.contains("計 0 筆"), "{none}");
}

#[test]
fn lines_are_asked_in_sql_and_each_statement_is_entered() {
    let city = City::new();
    city.imports(0, 1_000);
    let grouped = city.asks(
        "SELECT action, count(*) AS n FROM lines WHERE in_network(src_ip, '10.1.2.0/24') GROUP BY action",
    );
    assert_eq!(grouped, ["action,n", "accept,250"]);
    let cut = city.asks("SELECT number FROM lines ORDER BY number");
    assert_eq!(cut.len(), 1_001);
    let wrong = city.refused(&["query", "--data", "data", "DELETE FROM lines"], "", 2);
    assert!(wrong.contains("SELECT"), "{wrong}");
    let entries = city.good(&["ledger", "read", "0..5", "--data", "data"], "").concat();
    assert!(entries.contains("sql SELECT number FROM lines ORDER BY number"), "{entries}");
    assert!(!entries.contains("DELETE FROM lines"));
    city.verify();
}
