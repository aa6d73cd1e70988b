//! Outlets on the pages: who finds them, what is shown of each, that a test is an entry.

use crate::people::{Office, office};
use axum::http::StatusCode;
use desk::{Asker, Desk, Order};
use model::{Severity, Told};
use store::{AlarmSent, OutletAs, OutletSet, SentAnswer};
use web::{OutletStanding, OutletTrouble};

/// Outlets as the entries have them; `nms` is in trouble, `broken` fails.
pub(crate) struct Set(pub(crate) Desk);

impl web::Outlets for Set {
    fn standing(&self) -> Result<Vec<OutletStanding>, Told> {
        let read = self.0.read(|sql, _| {
            let mut standing = Vec::new();
            for row in sql.outlets()? {
                let waiting = sql.outlet_waiting(&row)?;
                let trouble = (row.name == "nms").then(|| OutletTrouble {
                    told: Told::new("未能送達", "not delivered"),
                    since: model::Instant::EPOCH,
                    times: 7,
                });
                standing
                    .push(OutletStanding { row, way: Told::new("電子郵件", "mail"), waiting, trouble });
            }
            Ok(standing)
        });
        read.map_err(|error: store::StoreError| Told::new(error.to_string(), error.to_string()))
    }

    fn test(&self, outlet: &str) -> Option<AlarmSent> {
        let known = self.0.read::<_, store::StoreError>(|sql, _| sql.outlet(outlet)).ok()??;
        let done = known.name != "broken";
        let answer = SentAnswer { en: format!("answer of {outlet}"), zh: format!("{outlet} 之回覆") };
        Some(AlarmSent {
            alarm: None,
            answer,
            done,
            outlet: outlet.to_owned(),
            through: None,
            what: "test".to_owned(),
        })
    }
}

/// Has outlets of these names set.
pub(crate) fn set(desk: &Desk, names: &[&str]) {
    let sets = names.iter().map(|name| {
        let set = OutletAs {
            waits: false,
            ends: *name != "broken",
            least: Severity::High,
            to: "mail.example:587 → duty@city.example".to_owned(),
            way: "mail".to_owned(),
        };
        OutletSet { outlet: (*name).to_owned(), set: Some(set) }
    });
    desk.ask(Asker::System, Order::Outlets(sets.collect())).unwrap();
}

fn steward(office: &Office) -> String {
    format!("cookie-of-{}", office.steward.person)
}

#[test]
fn whoever_looks_the_installation_over_sees_how_outlets_stand_and_tries_one() {
    let office = office();
    let empty = office.asked.get(&steward(&office), "/outlets");
    assert!(empty.status == StatusCode::OK && empty.text().contains("尚未設定任何告警輸出"));
    set(&office.asked.house.desk, &["broken", "duty", "nms"]);
    let page = office.asked.get(&steward(&office), "/outlets").text();
    assert!(page.contains("duty@city.example") && page.contains("尚未傳送或測試"), "{page}");
    assert!(page.contains("無法傳送") && page.contains("已試 7 次：未能送達"), "{page}");
    for name in ["duty", "broken"] {
        let answer = office.asked.post(office.steward.person, &format!("/outlets/{name}/test"), &[]);
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    }
    let page = office.asked.get(&steward(&office), "/outlets").text();
    assert!(
        page.contains("duty 之回覆") && page.contains("broken 之回覆") && page.contains("失敗"),
        "{page}"
    );
    let english = office.asked.get_english(&steward(&office), "/outlets").text();
    assert!(english.contains("answer of duty") && english.contains("cannot send since"), "{english}");
    let entered = office.asked.entered("alarm.sent/1");
    let told: Vec<(bool, &str)> = entered
        .iter()
        .map(|entry| (entry["body"]["done"] == true, entry["body"]["outlet"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(true, "duty"), (false, "broken")]);
    let steward = office.steward.person.to_string();
    assert!(entered.iter().all(|entry| entry["actor"].to_string().contains(&steward)), "{entered:?}");
    let answer = office.asked.post(office.steward.person, "/outlets/nobody/test", &[]);
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[test]
fn nobody_else_finds_them_or_tries_one() {
    let office = office();
    set(&office.asked.house.desk, &["duty"]);
    for one in [office.wang, office.head, office.chen] {
        let answer = office.asked.get(&format!("cookie-of-{}", one.person), "/outlets");
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(office.asked.post(one.person, "/outlets/duty/test", &[]).status, StatusCode::NOT_FOUND);
    }
    assert!(office.asked.entered("alarm.sent/1").is_empty());
}
