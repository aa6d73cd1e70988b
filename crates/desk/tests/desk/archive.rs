//! The little archive of the tiny pack: its people, and what they do.

use desk::Refused;
use model::{RecordId, UnitId};
use regulation::Outcome;
use serde_json::json;
use testkit::{Acting, House};

/// A house with the tiny pack and its people.
pub(crate) struct Archive {
    pub(crate) house: House,
    pub(crate) city: UnitId,
    pub(crate) clerk: Acting,
    pub(crate) keeper: Acting,
    pub(crate) head: Acting,
    pub(crate) director: Acting,
    pub(crate) auditor: Acting,
}

impl Archive {
    pub(crate) fn new(seed: u64) -> Self {
        Self::over(House::tiny(seed).unwrap())
    }

    pub(crate) fn on_postgres(seed: u64, url: &str) -> Self {
        let pack = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../regulation/tests/tiny");
        Self::over(House::with_pack(seed, &regulation::Folder::new(&pack), Some(url)).unwrap())
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
        Self { house, city, clerk, keeper, head, director, auditor }
    }

    /// A key in its place; its alarm code is sealed.
    pub(crate) fn key(&mut self, code: &str, alarm: &str) -> RecordId {
        let fill = [("code", json!(code))];
        let key = self.house.open(self.clerk, "key", "register", &fill).unwrap();
        let fill = [
            ("room", json!("三樓庫房")),
            ("keeper", json!(self.keeper.person.to_string())),
            ("alarm_code", json!(alarm)),
        ];
        self.house.take(self.head, key, "change", Outcome::Done, &fill).unwrap();
        key
    }

    pub(crate) fn loan(&mut self, key: RecordId, purpose: &str) -> Result<RecordId, Refused> {
        let fill = [
            ("key", json!(key.to_string())),
            ("borrower", json!(self.clerk.person.to_string())),
            ("starts", json!("2025-03-06")),
            ("until", json!("2025-03-10")),
            ("purpose", json!(purpose)),
        ];
        self.house.open(self.clerk, "loan", "file", &fill)
    }

    pub(crate) fn approve(&mut self, loan: RecordId) -> Result<desk::Done, Refused> {
        self.house.take(self.head, loan, "approve", Outcome::Approve, &[])
    }
}
