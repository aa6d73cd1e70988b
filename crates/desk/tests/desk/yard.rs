//! The yards: a second invented regulation, with all that a flow can ask, and a city of two yards that lives by it.

use desk::{Done, Refused};
use model::{Evidence, RecordId, UnitId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use testkit::{Acting, CrashDisk, House, Remains};

/// A house with the pack of the yards and its people.
pub(crate) struct Yard {
    pub(crate) house: House,
    pub(crate) people: People,
}

/// The people of the yards. Each is named by the role they mostly act in; `both` is head and operator.
#[derive(Clone, Copy)]
pub(crate) struct People {
    pub(crate) city: UnitId,
    pub(crate) north: UnitId,
    pub(crate) south: UnitId,
    pub(crate) operators: [Acting; 2],
    pub(crate) heads: [Acting; 2],
    pub(crate) both: Acting,
    pub(crate) safety: Acting,
    pub(crate) network: Acting,
    pub(crate) director: Acting,
    pub(crate) southern: [Acting; 2],
    /// Two sites of the north, one of the south.
    pub(crate) sites: [RecordId; 3],
}

static GROUND: LazyLock<(Remains, People)> = LazyLock::new(|| {
    let disk = CrashDisk::new();
    let house = House::on_disk(11, &regulation::Folder::new(&folder()), Arc::new(disk.clone())).unwrap();
    let yard = Yard::over(house);
    yard.house.desk.close();
    (yard.house.remains(disk).unwrap(), yard.people)
});

/// Where the pack lies.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/desk/yard")
}

impl Yard {
    /// One whose ledger lies in memory.
    pub(crate) fn quick() -> Self {
        Self { house: GROUND.0.house().unwrap(), people: GROUND.1 }
    }

    /// What every quick one is opened from.
    pub(crate) fn ground() -> (Remains, People) {
        GROUND.clone()
    }

    pub(crate) fn over(house: House) -> Self {
        Self::at(house, "2025-03-03T01:00")
    }

    /// The city as of a moment.
    pub(crate) fn at(mut house: House, moment: &str) -> Self {
        house.at(moment).unwrap();
        let city = house.unit("C", None).unwrap();
        let north = house.unit("N", Some(city)).unwrap();
        let south = house.unit("S", Some(city)).unwrap();
        let mut person = |login, role, unit| house.person(login, role, unit).unwrap();
        let operators = [person("wang", "operator", north), person("chen", "operator", north)];
        let heads = [person("lin", "head", north), person("chang", "head", north)];
        let both = person("huang", "head", north);
        let safety = person("wu", "safety_officer", north);
        let network = person("tsai", "network", north);
        let director = person("chou", "director", city);
        let southern = [person("lee", "operator", south), person("ho", "head", south)];
        house.grant(both.person, "operator", north).unwrap();
        let mut site = |head: Acting, name: &str, keeper: Acting| {
            let fill = [
                ("name", json!(name)),
                ("keeper", json!(keeper.person.to_string())),
                ("gate_code", json!(format!("門{name}4711"))),
            ];
            house.open(head, "site", "register", &fill).unwrap()
        };
        let sites = [
            site(heads[0], "東場", operators[1]),
            site(heads[0], "西場", both),
            site(southern[1], "南場", southern[0]),
        ];
        let people =
            People { city, north, south, operators, heads, both, safety, network, director, southern, sites };
        Self { house, people }
    }

    /// What is filled in for a permit.
    pub(crate) fn permit_of(&self, site: usize, subject: &str, starts: &str) -> Vec<(&'static str, Json)> {
        vec![
            ("subject", json!(subject)),
            ("site", json!(self.people.sites[site].to_string())),
            ("starts", json!(starts)),
            ("helpers", json!([self.people.operators[1].person.to_string()])),
            ("secret", json!(format!("{subject}之機密"))),
        ]
    }

    pub(crate) fn permit(
        &mut self,
        who: Acting,
        site: usize,
        subject: &str,
        starts: &str,
    ) -> Result<RecordId, Refused> {
        let fill = self.permit_of(site, subject, starts);
        self.house.open(who.with(Evidence::Otp), "permit", "file", &fill)
    }

    pub(crate) fn take(
        &mut self,
        who: Acting,
        record: RecordId,
        step: &str,
        outcome: Outcome,
        fill: &[(&str, Json)],
    ) -> Result<Done, Refused> {
        self.house.take(who, record, step, outcome, fill)
    }
}
