//! The little archive of the tiny pack: its people, and what they do.

use desk::{Done, Refused};
use model::{RecordId, UnitId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use testkit::{Acting, CrashDisk, House, Remains};

/// A house with the tiny pack and its people.
pub(crate) struct Archive {
    pub(crate) house: House,
    pub(crate) people: People,
}

/// The people of the archive.
#[derive(Clone, Copy)]
pub(crate) struct People {
    pub(crate) city: UnitId,
    pub(crate) archive: UnitId,
    pub(crate) clerk: Acting,
    pub(crate) keeper: Acting,
    pub(crate) head: Acting,
    pub(crate) director: Acting,
    pub(crate) auditor: Acting,
}

/// An archive in memory, made once and opened as often as tests want one.
static GROUND: LazyLock<(Remains, People)> = LazyLock::new(|| {
    let disk = CrashDisk::new();
    let house = House::on_disk(7, &regulation::Folder::new(&tiny()), Arc::new(disk.clone())).unwrap();
    let archive = Archive::over(house);
    archive.house.desk.close();
    (archive.house.remains(disk).unwrap(), archive.people)
});

/// Where the tiny pack lies.
pub(crate) fn tiny() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../regulation/tests/tiny")
}

impl Archive {
    pub(crate) fn new(seed: u64) -> Self {
        Self::over(House::tiny(seed).unwrap())
    }

    /// One whose ledger lies in memory.
    pub(crate) fn quick() -> Self {
        Self { house: GROUND.0.house().unwrap(), people: GROUND.1 }
    }

    /// What every quick one is opened from.
    pub(crate) fn ground() -> (Remains, People) {
        GROUND.clone()
    }

    pub(crate) fn over(mut house: House) -> Self {
        house.at("2025-03-03T01:00").unwrap();
        let city = house.unit("C", None).unwrap();
        let archive = house.unit("A", Some(city)).unwrap();
        let clerk = house.person("wang", "clerk", archive).unwrap();
        let keeper = house.person("chen", "clerk", archive).unwrap();
        let head = house.person("lin", "head", archive).unwrap();
        let director = house.person("chang", "head", city).unwrap();
        let auditor = house.person("wu", "auditor", city).unwrap();
        Self { house, people: People { city, archive, clerk, keeper, head, director, auditor } }
    }

    /// A key in its place; its alarm code is sealed.
    pub(crate) fn key(&mut self, code: &str, alarm: &str) -> RecordId {
        let People { clerk, keeper, head, .. } = self.people;
        let key = self.house.open(clerk, "key", "register", &[("code", json!(code))]).unwrap();
        let fill = [
            ("room", json!("三樓庫房")),
            ("keeper", json!(keeper.person.to_string())),
            ("alarm_code", json!(alarm)),
        ];
        self.house.take(head, key, "change", Outcome::Done, &fill).unwrap();
        key
    }

    /// What is filled in for a loan.
    pub(crate) fn loan_of(&self, key: RecordId, purpose: &str) -> Vec<(&'static str, Json)> {
        vec![
            ("key", json!(key.to_string())),
            ("borrower", json!(self.people.clerk.person.to_string())),
            ("starts", json!("2025-03-06")),
            ("until", json!("2025-03-10")),
            ("purpose", json!(purpose)),
        ]
    }

    pub(crate) fn loan(&mut self, key: RecordId, purpose: &str) -> Result<RecordId, Refused> {
        let fill = self.loan_of(key, purpose);
        self.house.open(self.people.clerk, "loan", "file", &fill)
    }

    pub(crate) fn approve(&mut self, loan: RecordId) -> Result<Done, Refused> {
        self.house.take(self.people.head, loan, "approve", Outcome::Approve, &[])
    }

    /// Borrower and keeper give the key back.
    pub(crate) fn give_back(&mut self, loan: RecordId) -> Result<Done, Refused> {
        let fill = [("condition", json!("good"))];
        self.house.take(self.people.clerk, loan, "give_back", Outcome::Done, &fill)?;
        self.house.take(self.people.keeper, loan, "give_back", Outcome::Done, &[])
    }
}
