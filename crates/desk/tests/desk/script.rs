//! A day in the yards, step by step: what tests of crashes and faults cut off somewhere.

use crate::yard::People;
use casework::EntryNumber;
use desk::{Asker, Keeping, Order, Refused, Sent, Way, Ways};
use model::{Evidence, RecordId};
use regulation::Outcome;
use serde_json::json;
use std::sync::{Arc, Mutex};
use testkit::House;

/// A day that is being lived.
pub(crate) struct Day {
    pub(crate) house: House,
    people: People,
    permit: Option<RecordId>,
    second: Option<RecordId>,
    /// What was acknowledged: record, revision at least.
    pub(crate) acknowledged: Vec<(RecordId, u32)>,
    /// What has left, by the number of the entry that asked.
    pub(crate) sent: Arc<Mutex<Vec<u64>>>,
}

/// How many steps the day has.
pub(crate) const STEPS: usize = 14;

/// The gate: it opens, and remembers what it was asked by.
struct Gate(Arc<Mutex<Vec<u64>>>);

impl Way for Gate {
    fn send(&self, attempt: &store::Attempt) -> Sent {
        self.0.lock().unwrap().push(attempt.entry);
        Sent::Done("開".to_owned())
    }
}

pub(crate) fn ways(sent: &Arc<Mutex<Vec<u64>>>) -> Ways {
    let gate: Arc<dyn Way> = Arc::new(Gate(Arc::clone(sent)));
    ["open_gate".to_owned(), "print_label".to_owned()].map(|hook| (hook, Arc::clone(&gate))).into()
}

impl Day {
    pub(crate) fn of(house: House, people: People) -> Self {
        let (acknowledged, sent) = (Vec::new(), Arc::default());
        Self { house, people, permit: None, second: None, acknowledged, sent }
    }

    /// Checks that a house knows all that was acknowledged.
    pub(crate) fn check(&self, house: &House, context: &str) {
        for (record, revision) in &self.acknowledged {
            let case = house.case(*record);
            let case =
                case.unwrap_or_else(|_| panic!("{context}: {record} was acknowledged and is not there"));
            assert!(
                case.revision >= *revision,
                "{context}: {record} is at {}, not {revision}",
                case.revision
            );
        }
    }

    /// Lives the whole day, as far as it goes; gives the refusals.
    pub(crate) fn live(&mut self) -> Vec<Refused> {
        (0..STEPS).filter_map(|step| self.step(step).err()).collect()
    }

    /// One step of the day.
    pub(crate) fn step(&mut self, step: usize) -> Result<(), Refused> {
        let People { operators, heads, safety, .. } = self.people;
        let permit = self.permit.unwrap_or(RecordId::from_bytes([0; 16]));
        let take = |day: &mut Self, who, step: &str, outcome, fill: &[(&str, serde_json::Value)]| {
            day.house.take(who, permit, step, outcome, fill).map(drop)
        };
        match step {
            0 => {
                let file = |name: &str, keeping| {
                    self.house.desk.put_file(name, format!("{name}之內容").as_bytes(), keeping)
                };
                let stored = |name: &str, keeping| {
                    let stored = file(name, keeping).map_err(Refused::File)?;
                    Ok::<_, Refused>(json!([{
                        "digest": stored.digest, "kind": stored.kind, "name": name,
                        "size": stored.size.to_string(),
                    }]))
                };
                let mut fill = vec![
                    ("subject", json!("挖掘")),
                    ("site", json!(self.people.sites[0].to_string())),
                    ("starts", json!("2025-05-01")),
                    ("helpers", json!([operators[1].person.to_string()])),
                    ("secret", json!("管線圖")),
                ];
                fill.push(("papers", stored("說明.txt", Keeping::Clear)?));
                fill.push(("plan", stored("圖說.txt", Keeping::Sealed)?));
                self.permit =
                    Some(self.house.open(operators[0].with(Evidence::Otp), "permit", "file", &fill)?);
            }
            1 => take(self, heads[0], "approve", Outcome::Approve, &[])?,
            2 => drop(self.house.tick()?),
            3 => take(self, heads[1], "approve", Outcome::Return, &[])?,
            4 => {
                let notices = "SELECT entry FROM notice ORDER BY entry";
                let notices = self.house.desk.read(|sql, _| sql.rows(notices, &[]))?;
                for row in notices {
                    let notice = EntryNumber(u64::try_from(row.int(0).unwrap()).unwrap());
                    // Some are for others.
                    let _ =
                        self.house.desk.ask(Asker::Person(operators[0].actor()), Order::ReadNotice(notice));
                }
            }
            5 => take(self, operators[0], "refile", Outcome::Done, &[("subject", json!("開挖"))])?,
            6 => take(self, heads[0], "approve", Outcome::Approve, &[])?,
            7 => take(self, heads[1], "approve", Outcome::Approve, &[])?,
            8 => drop(self.house.desk.send(&ways(&self.sent))?),
            9 => take(self, safety, "check", Outcome::Done, &[])?,
            10 => take(self, operators[1], "check", Outcome::Done, &[])?,
            11 => {
                let operator = operators[0].with(Evidence::Otp);
                let fill = [
                    ("subject", json!("植樹")),
                    ("site", json!(self.people.sites[1].to_string())),
                    ("starts", json!("2025-05-02")),
                ];
                self.second = Some(self.house.open(operator, "permit", "file", &fill)?);
            }
            12 => {
                let unit = model::UnitId::from_bytes([77; 16]);
                let (names, code) = (identity::Names::new("西區", "West"), identity::Code::new("W"));
                let (names, code) = (names.unwrap(), code.unwrap());
                let superior = Some(self.people.city);
                let command = identity::Command::CreateUnit { unit, names, code, superior };
                self.house.desk.ask(Asker::Console, Order::Identity(command))?;
            }
            _ => take(self, operators[1], "close", Outcome::Done, &[("report", json!("完工"))])?,
        }
        self.remember();
        Ok(())
    }

    /// Notes how far the records have come.
    fn remember(&mut self) {
        for record in self.permit.into_iter().chain(self.second) {
            if let Ok(case) = self.house.case(record) {
                self.acknowledged.push((record, case.revision));
            }
        }
    }
}
