//! A town of three units that lives by the pack, and what of it is looked at.

use crate::pack;
use model::{Clock as _, RecordId, UnitId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use store::Evaluation;
use testkit::{Acting, House};

/// The town: the city, a bureau, and a section below it.
pub(crate) struct Town {
    pub(crate) house: House,
    pub(crate) units: [UnitId; 3],
    pub(crate) clerks: [Acting; 3],
    pub(crate) heads: [Acting; 3],
    pub(crate) chief: Acting,
}

impl Town {
    pub(crate) fn new(seed: u64, url: Option<&str>) -> Self {
        Self::with(seed, url, &pack::files())
    }

    pub(crate) fn with(seed: u64, url: Option<&str>, files: &[(String, String)]) -> Self {
        let mut house = House::with_pack(seed, &pack::source(files), url).unwrap();
        house.at("2025-01-06T01:00").unwrap();
        let city = house.unit("100", None).unwrap();
        let bureau = house.unit("110", Some(city)).unwrap();
        let section = house.unit("111", Some(bureau)).unwrap();
        let units = [city, bureau, section];
        let names = ["wang", "chen", "lin", "huang", "wu", "tsai"];
        let mut person = |nth: usize, role| house.person(names[nth], role, units[nth % 3]).unwrap();
        let clerks = [person(0, "clerk"), person(1, "clerk"), person(2, "clerk")];
        let heads = [person(3, "head"), person(4, "head"), person(5, "head")];
        let chief = house.person("chou", "chief", city).unwrap();
        Self { house, units, clerks, heads, chief }
    }

    /// A job of a unit.
    pub(crate) fn job(&mut self, unit: usize, fill: &[(&str, Json)]) -> RecordId {
        let name = [("name", json!("一般"))];
        let fill: Vec<(&str, Json)> = if fill.iter().any(|(field, _)| *field == "name") {
            fill.to_vec()
        } else {
            name.into_iter().chain(fill.iter().cloned()).collect()
        };
        self.house.open(self.clerks[unit], "job", "file", &fill).unwrap()
    }

    pub(crate) fn close(&mut self, unit: usize, job: RecordId) {
        self.house.take(self.heads[unit], job, "close", Outcome::Done, &[]).unwrap();
    }

    /// A statement that a clause does not apply, approved.
    pub(crate) fn waive(&mut self, unit: usize, clause: &str, until: &str) -> RecordId {
        let fill = [("about", json!(clause)), ("until", json!(until))];
        let waiver = self.house.open(self.heads[unit], "waiver", "file", &fill).unwrap();
        self.house.take(self.chief, waiver, "approve", Outcome::Done, &[]).unwrap();
        waiver
    }

    /// So much time passes.
    pub(crate) fn later(&self, minutes: u64) {
        let now = self.house.clock.now();
        self.house.clock.set(now.plus(std::time::Duration::from_secs(minutes * 60)));
    }

    /// A figure as it was recorded last.
    pub(crate) fn found(&self, clause: &str, check: &str, unit: Option<usize>) -> Option<Evaluation> {
        let (clause, check) = (clause.parse().unwrap(), check.parse().unwrap());
        let unit = unit.map(|unit| self.units[unit]);
        self.house.desk.read(|sql, _| sql.evaluation(&clause, &check, unit, None)).unwrap()
    }

    pub(crate) fn figure(&self, clause: &str, check: &str, unit: Option<usize>) -> store::Figure {
        self.found(clause, check, unit).unwrap_or_else(|| panic!("{clause} {check} was not recorded")).figure
    }

    /// Everything recorded last.
    pub(crate) fn last(&self) -> Vec<Evaluation> {
        self.house.desk.read(|sql, _| sql.evaluations_last()).unwrap()
    }

    /// All cases of a register.
    pub(crate) fn cases(&self, register: &str) -> Vec<casework::Case> {
        let rows = self.house.desk.read(|sql, _| sql.rows("SELECT record FROM record ORDER BY opened", &[]));
        let records = rows.unwrap().into_iter().map(|row| row.text(0).unwrap().parse::<RecordId>().unwrap());
        let cases = records.map(|record| self.house.case(record).unwrap());
        cases.filter(|case| case.register.as_str() == register).collect()
    }
}
