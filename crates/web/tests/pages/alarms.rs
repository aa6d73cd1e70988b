//! Alarms: who sees them, how they stand, that somebody answers for one, that an open page hears of it at once.

use crate::people::{Office, office};
use crate::site::attribute;
use axum::http::StatusCode;
use desk::{Asker, Desk, Order};
use model::{Instant, Severity, Told, UnitId};
use store::{AlarmCalled, AlarmFact, AlarmLine, AlarmName, AlarmRaised, AlarmResolved};
use testkit::Acting;

/// Rules of which one waits; the alarm about 198.51.100.9 has grown since it was entered.
pub(crate) struct Standing;

impl web::Watching for Standing {
    fn grown(&self, alarm: &AlarmName) -> Option<(u64, Instant)> {
        let guessed = alarm.group.iter().any(|(_, value)| value == "198.51.100.9");
        guessed.then(|| (4_321, alarm.first.plus(std::time::Duration::from_secs(60))))
    }

    fn rules(&self) -> web::RulesAtWork {
        let waiting = vec![("unproxied_egress".to_owned(), vec!["proxies".to_owned()])];
        web::RulesAtWork { at_work: 22, waiting, refused: Vec::new() }
    }

    fn unopened(&self, _: u64) -> Option<Told> {
        None
    }

    fn trouble(&self) -> Option<Told> {
        None
    }
}

/// An alarm as the rules would find it.
fn found(address: &str, first: &str, severity: Severity) -> AlarmRaised {
    let first: Instant = first.parse().unwrap();
    AlarmRaised {
        count: 5,
        first,
        group: vec![("src_ip".to_owned(), address.to_owned())],
        last: first,
        lines: (0..5).map(|n| AlarmLine { n, receiver: "syslog-tcp".to_owned() }).collect(),
        rest: false,
        rule: "password_guessing".to_owned(),
        severity,
        unit: None,
    }
}

const FIRST: &str = "2024-12-31T01:02:03.000000Z";

/// Raises an alarm about an address; gives its number.
pub(crate) fn raise(desk: &Desk, address: &str, severity: Severity) -> u64 {
    let fact = AlarmFact::Raised(found(address, FIRST, severity));
    desk.ask(Asker::System, Order::Alarms(vec![fact])).unwrap().entries.start
}

/// The same of something that is a unit's.
pub(crate) fn raise_of(desk: &Desk, address: &str, unit: UnitId) -> u64 {
    let fact = AlarmFact::Raised(AlarmRaised { unit: Some(unit), ..found(address, FIRST, Severity::High) });
    desk.ask(Asker::System, Order::Alarms(vec![fact])).unwrap().entries.start
}

fn resolve(desk: &Desk, address: &str) {
    let raised = found(address, FIRST, Severity::High);
    let fact = AlarmFact::Resolved(AlarmResolved {
        at: "2024-12-31T01:20:00.000000Z".parse().unwrap(),
        count: 9,
        first: raised.first,
        group: raised.group,
        last: raised.last,
        latest: Vec::new(),
        lines: raised.lines,
        rule: raised.rule,
    });
    desk.ask(Asker::System, Order::Alarms(vec![fact])).unwrap();
}

impl Office {
    /// Somebody of a role, in the unit of the head, signed in.
    fn joins_as(&mut self, role: &'static str) -> Acting {
        let person = self.asked.house.person("hsu", role, self.head.unit).unwrap();
        self.asked.sign_in(person.person);
        person
    }

    fn sees(&self, who: Acting, path: &str) -> (StatusCode, String) {
        let answer = self.asked.get(&format!("cookie-of-{}", who.person), path);
        (answer.status, answer.text())
    }
}

#[test]
fn who_is_not_in_charge_finds_no_alarms() {
    let office = office();
    let alarm = raise(&office.asked.house.desk, "198.51.100.9", Severity::High);
    for path in ["/alarms", "/alarms/export?format=csv", "/alarms/wall", &format!("/alarms/{alarm}")] {
        let (status, text) = office.sees(office.wang, path);
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(!text.contains("198.51.100.9"), "{path}");
    }
    let sent = office.asked.post(office.wang.person, &format!("/alarms/{alarm}/acknowledge"), &[]);
    assert_eq!(sent.status, StatusCode::NOT_FOUND);
    assert!(office.asked.entered("alarm.acknowledged/1").is_empty());
}

#[test]
fn the_worst_that_stands_comes_first_and_what_has_grown_is_told() {
    let office = office();
    let desk = &office.asked.house.desk;
    raise(desk, "192.0.2.77", Severity::Low);
    raise(desk, "198.51.100.9", Severity::Critical);
    raise(desk, "203.0.113.5", Severity::High);
    resolve(desk, "203.0.113.5");
    let (status, page) = office.sees(office.auditor, "/alarms");
    assert_eq!(status, StatusCode::OK);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    assert!(at("198.51.100.9") < at("192.0.2.77") && at("192.0.2.77") < at("203.0.113.5"));
    assert!(at("同一來源猜測密碼") < at("198.51.100.9"));
    assert!(page.contains("4321") && page.contains("危急") && page.contains("已解除"), "{page}");
    assert!(
        page.contains("<code>unproxied_egress</code>") && page.contains("<code>proxies</code>"),
        "{page}"
    );
    let (_, open) = office.sees(office.auditor, "/alarms?state=open&severity=high");
    assert!(open.contains("198.51.100.9") && !open.contains("192.0.2.77") && !open.contains("203.0.113.5"));
    let (_, found) = office.sees(office.auditor, "/alarms?q=192.0.2");
    assert!(found.contains("192.0.2.77") && !found.contains("198.51.100.9"));
    let (_, wall) = office.sees(office.auditor, "/alarms/wall");
    assert!(wall.contains("198.51.100.9") && !wall.contains("203.0.113.5"), "{wall}");
    let (_, file) = office.sees(office.auditor, "/alarms/export?format=csv");
    assert_eq!(file.matches("同一來源猜測密碼").count(), 3, "{file}");
}

#[test]
fn after_a_storm_the_pages_answer_and_show_no_more_than_a_page_holds() {
    let many = if std::env::var_os("WARD_SOAK").is_some() { 100_000 } else { 2_000 };
    let office = office();
    let address = |nth: usize| format!("10.{}.{}.{}", nth / 62_500, nth / 250 % 250, nth % 250);
    let addresses: Vec<String> = (0..many).map(address).collect();
    for some in addresses.chunks(500) {
        let facts = some.iter().map(|one| AlarmFact::Raised(found(one, FIRST, Severity::High))).collect();
        office.asked.house.desk.ask(Asker::System, Order::Alarms(facts)).unwrap();
    }
    let last = addresses.last().unwrap();
    for path in ["/alarms", "/alarms?state=open&severity=high", "/alarms/wall", &format!("/alarms?q={last}")]
    {
        let (status, page) = office.sees(office.auditor, path);
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(page.contains(last.as_str()) && page.len() < 400_000, "{path}: {} bytes", page.len());
    }
    let (_, found) = office.sees(office.auditor, &format!("/alarms?q={last}"));
    assert!(!found.contains("10.0.0.1<"), "the one that is looked for");
    let (_, page) = office.sees(office.auditor, "/alarms");
    let counted = if many == 2_000 { "2,000" } else { "100,000" };
    assert!(page.contains(counted) || page.contains(&many.to_string()), "how many there are is said: {page}");
}

#[test]
fn one_alarm_tells_what_is_to_be_done_and_leads_to_its_lines_and_whoever_did_it() {
    let office = office();
    let alarm = raise(&office.asked.house.desk, "198.51.100.9", Severity::High);
    let (status, page) = office.sees(office.auditor, &format!("/alarms/{alarm}"));
    assert_eq!(status, StatusCode::OK);
    for there in [
        "查明來源",
        "/trace/lines/syslog-tcp/0",
        "/trace?q=198.51.100.9",
        "/clauses/27.2.1",
        "4,321",
        &format!("/audit/entries/{alarm}"),
    ] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("/acknowledge"), "an auditor answers for nothing");
    assert_eq!(office.sees(office.auditor, "/alarms/999999").0, StatusCode::NOT_FOUND);
    let refused = office.asked.post(office.auditor.person, &format!("/alarms/{alarm}/acknowledge"), &[]);
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
}

#[test]
fn an_alarm_leads_to_the_form_of_what_is_done_with_its_address_and_why() {
    let mut office = office();
    let admin = office.joins_as("network_admin");
    let alarm = raise_of(&office.asked.house.desk, "198.51.100.9", office.head.unit);
    let page = format!("/alarms/{alarm}");
    let form = "/registers/response/new/do?";
    assert!(!office.sees(office.head, &page).1.contains(form), "a head orders nothing");
    let (status, text) = office.sees(admin, &page);
    assert_eq!(status, StatusCode::OK);
    let address =
        text.split("href=\"").find(|rest| rest.starts_with(form)).unwrap_or_else(|| panic!("{text}"));
    let address = address.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&");
    let (status, filled) = office.sees(admin, &address);
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        attribute(filled.split("name=\"f.address\"").nth(1).unwrap(), "value").unwrap(),
        "198.51.100.9"
    );
    assert!(filled.contains(&format!("告警第 {alarm} 筆「同一來源猜測密碼」")), "{filled}");
}

#[test]
fn a_unit_sees_its_own_alarms_and_no_others() {
    let office = office();
    let desk = &office.asked.house.desk;
    let (theirs, others) = (office.head.unit, office.chen.unit);
    let [own, other, nobodys] = [
        raise_of(desk, "198.51.100.9", theirs),
        raise_of(desk, "192.0.2.77", others),
        raise(desk, "203.0.113.5", Severity::High),
    ];
    let addresses = ["198.51.100.9", "192.0.2.77", "203.0.113.5"];
    for (who, seen) in [(office.head, [true, false, false]), (office.auditor, [true, true, true])] {
        for path in ["/alarms", "/alarms/export?format=csv", "/alarms/wall"] {
            let (status, text) = office.sees(who, path);
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(addresses.map(|address| text.contains(address)), seen, "{path}: {text}");
        }
        let found = [own, other, nobodys].map(|alarm| office.sees(who, &format!("/alarms/{alarm}")).0);
        let wanted = seen.map(|seen| if seen { StatusCode::OK } else { StatusCode::NOT_FOUND });
        assert_eq!(found, wanted);
    }
    // A list hears of what it shows alone.
    let cookie = format!("cookie-of-{}", office.head.person);
    let (_, page) = office.sees(office.head, "/alarms");
    let listening = attribute(page.split("<body").nth(1).unwrap(), "data-live").unwrap();
    let mut own = 0;
    let (_, next) = office.asked.hears(&listening, &cookie, || {
        raise_of(desk, "192.0.2.78", others);
        own = raise_of(desk, "198.51.100.10", theirs);
    });
    assert_eq!(next, format!("event: alarms\ndata: {own}\n\n"));
}

#[test]
fn whoever_a_policy_lets_settles_an_alarm_with_a_reason_and_stands_for_it() {
    let mut office = office();
    let admin = office.joins_as("it_head");
    let alarm = raise_of(&office.asked.house.desk, "198.51.100.9", office.head.unit);
    let (path, page) = (format!("/alarms/{alarm}/settle"), format!("/alarms/{alarm}"));
    assert!(!office.sees(office.head, &page).1.contains(&path), "a head looks on");
    assert_eq!(
        office.asked.post(office.head.person, &path, &[("reason", "誤報")]).status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        office.asked.post(office.wang.person, &path, &[("reason", "誤報")]).status,
        StatusCode::NOT_FOUND
    );
    assert!(office.sees(admin, &page).1.contains(&path));
    let unsaid = office.asked.post(admin.person, &path, &[("reason", "  ")]);
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsaid.text().contains("請敘明理由"), "{}", unsaid.text());
    assert!(office.asked.entered("alarm.settled/1").is_empty());
    let done = office.asked.post(admin.person, &path, &[("reason", "本人忘記密碼")]);
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(office.asked.entered("alarm.settled/1").len(), 1);
    let (_, after) = office.sees(office.head, &page);
    assert!(
        after.contains("本人忘記密碼") && after.contains("hsu先生") && after.contains("已解除"),
        "{after}"
    );
    let twice = office.asked.post(admin.person, &path, &[("reason", "再一次")]);
    assert_eq!(twice.status, StatusCode::NOT_FOUND);
    assert_eq!(office.asked.entered("alarm.settled/1").len(), 1);
}

#[test]
fn an_open_list_hears_of_another_alarm_at_once() {
    let office = office();
    let cookie = format!("cookie-of-{}", office.auditor.person);
    let (_, page) = office.sees(office.auditor, "/alarms");
    let body = page.split("<body").nth(1).unwrap();
    let listening = attribute(body, "data-live").unwrap();
    assert!(listening.starts_with("/events?alarms=all&mark="), "{listening}");
    let mut raised = 0;
    let (_, next) = office.asked.hears(&listening, &cookie, || {
        raised = raise(&office.asked.house.desk, "198.51.100.9", Severity::High);
    });
    assert_eq!(next, format!("event: alarms\ndata: {raised}\n\n"));
    // Who may not see alarms hears nothing of them.
    let stranger = office.asked.begins(&listening, &format!("cookie-of-{}", office.wang.person));
    assert!(!stranger.contains(&raised.to_string()), "{stranger}");
}

#[test]
fn who_is_called_for_an_alarm_finds_it_first_in_their_work_until_somebody_answers() {
    let mut office = office();
    let operator = office.joins_as("operator");
    let unit = office.head.unit;
    let desk = &office.asked.house.desk;
    let (alarm, other) = (raise_of(desk, "198.51.100.9", unit), raise_of(desk, "198.51.100.10", unit));
    let path = format!("/alarms/{alarm}");
    assert!(!office.sees(operator, "/").1.contains(&path));
    let call = |alarm: u64, to: Vec<model::PersonId>| AlarmCalled {
        alarm: casework::EntryNumber(alarm),
        call: 1,
        rule: "password_guessing".to_owned(),
        to,
    };
    let calls = vec![call(alarm, vec![operator.person]), call(other, vec![office.head.person])];
    desk.ask(Asker::System, Order::CallForAlarms(calls)).unwrap();
    let (_, work) = office.sees(operator, "/");
    let at = |text: &str| work.find(text).unwrap_or_else(|| panic!("{text}: {work}"));
    assert!(at("告警呼叫") < at(&path) && work.contains("認領並處理"), "{work}");
    assert!(!work.contains(&format!("/alarms/{other}")), "what calls somebody else: {work}");
    let english = office.asked.get_english(&format!("cookie-of-{}", operator.person), "/").text();
    assert!(english.contains("Alarms you are called for"), "{english}");
    let sent = office.asked.post(operator.person, &format!("{path}/acknowledge"), &[]);
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert!(!office.sees(operator, "/").1.contains(&path));
}
