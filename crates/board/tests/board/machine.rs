//! Checks by what the system knows itself: alarms and outlets out of the tables, people, and what a running machine says.

use crate::pack;
use crate::town::Town;
use board::{Fact, Machines};
use casework::EntryNumber;
use model::{Clock as _, Instant, Severity, Told};
use regulation::{Decimal, Machine, Value};
use std::collections::BTreeMap;
use store::{
    AlarmFact, AlarmRaised, AlarmResolved, AlarmSent, OutletAs, OutletSet, ResponseAnswer, ResponseEffect,
    ResponseFact, SentAnswer, Verdict,
};

const CHECKS: &str = r#"
[[clause]]
id = "9"
article = "九"
title = { zh = "機器", en = "Machines" }
summary = { zh = "機器", en = "Machines" }
[[clause.check]]
id = "alarms"
label = { zh = "甲", en = "A" }
population = { machine = "alarm", where = "severity >= 3", within = "30 days" }
evidence = { share = "has(resolved_at) && resolved_at - raised_at <= hours(1)" }
freshness = "1 day"
goal = 100
[[clause.check]]
id = "outlets"
label = { zh = "乙", en = "B" }
population = { machine = "outlet" }
evidence = { share = "is_set && tested_at + days(35) > now" }
freshness = "1 day"
goal = 100
[[clause.check]]
id = "apart"
label = { zh = "丙", en = "C" }
population = { machine = "person", where = "'clerk' in roles" }
evidence = { share = "!('head' in roles)" }
freshness = "1 day"
goal = 100
[[clause.check]]
id = "heard"
label = { zh = "丁", en = "D" }
population = { machine = "source" }
evidence = { share = "counts && heard_at + hours(1) > now" }
freshness = "1 day"
goal = 100
[[clause.check]]
id = "lines"
label = { zh = "戊", en = "E" }
population = { machine = "source", where = "counts" }
evidence = { measure = "lines", of = "sum" }
freshness = "1 day"
[[clause.check]]
id = "denied"
label = { zh = "己", en = "F" }
population = { machine = "response", where = "!protected && what == 'deny'", within = "30 days" }
evidence = { share = "done && in_force" }
freshness = "1 day"
goal = 100
[[clause.check]]
id = "seconds"
label = { zh = "庚", en = "G" }
population = { machine = "response", where = "done", within = "30 days" }
evidence = { measure = "seconds", of = "worst" }
freshness = "1 day"
"#;

/// Acts that leave for a firewall.
const ACT: &str = r#"[register]
id = "act"
label = { zh = "處置", en = "Acts" }
clause = "9"
title = { zh = "{address}", en = "{address}" }
[register.list]
columns = ["address"]
[grade]
is = "open"
[retention]
keep = "5 years"
[reading]
units = "subtree"
[[field]]
id = "address"
kind = "text"
label = { zh = "位址", en = "Address" }
required = true
[[state]]
id = "standing"
label = { zh = "執行中", en = "Standing" }
end = "done"
[[step]]
id = "order"
label = { zh = "處置", en = "Act" }
by = [{ role = "clerk" }]
fields = ["address"]
to = "standing"
[[step.then]]
hook = "respond"
give = { act = "'deny'", target = "address" }
"#;

fn files() -> Vec<(String, String)> {
    let hook = "zone = \"Asia/Taipei\"\nday_ends = \"17:00\"\n";
    let more = format!(
        "{hook}\n[[hook]]\nid = \"respond\"\nlabel = {{ zh = \"處置\", en = \"Act\" }}\ngives = {{ act = \"text\", target = \"text\" }}\n"
    );
    let mut files = pack::changed(&[("pack.toml", hook, &more)]);
    files.push(("registers/act.toml".to_owned(), ACT.to_owned()));
    files.push(("clauses/machine.toml".to_owned(), CHECKS.to_owned()));
    // A clause that nothing cites would be a note; this one is served by what is there.
    files
}

/// A machine that knows these senders, or does not know.
struct Says(Result<Vec<Fact>, Told>);

impl Machines for Says {
    fn facts(&self, machine: &Machine, _: Instant) -> Result<Vec<Fact>, Told> {
        assert_eq!(machine.name, "source", "alarms, outlets and people are in the tables");
        self.0.clone()
    }
}

fn source(unit: model::UnitId, heard_at: Option<Instant>, lines: i64) -> Fact {
    let mut values = BTreeMap::from([
        ("counts", Value::Truth(true)),
        ("lines", Value::Number(Decimal::from_whole(lines).unwrap())),
    ]);
    values.extend(heard_at.map(|at| ("heard_at", Value::Moment(at))));
    Fact { at: None, record: None, unit: Some(unit), values }
}

impl Town {
    fn assess(&self, machine: &Says) {
        self.house.assess_with(machine).unwrap();
    }

    fn alarm(&self, severity: Severity, resolved: bool) {
        let (now, group) =
            (self.house.clock.now(), vec![("host".to_owned(), format!("{severity:?}{resolved}"))]);
        let raised = AlarmRaised {
            count: 1,
            first: now,
            group: group.clone(),
            last: now,
            lines: Vec::new(),
            rest: false,
            rule: "guessing".to_owned(),
            severity,
            unit: None,
        };
        let over = AlarmResolved {
            at: now,
            count: 1,
            first: now,
            group,
            last: now,
            latest: Vec::new(),
            lines: Vec::new(),
            rule: "guessing".to_owned(),
        };
        let mut facts = vec![AlarmFact::Raised(raised)];
        facts.extend(resolved.then_some(AlarmFact::Resolved(over)));
        self.house.alarms(facts).unwrap();
    }
}

#[test]
fn alarms_are_counted_by_when_they_were_entered() {
    let mut town = Town::with(31, None, &files());
    let quiet = Says(Ok(Vec::new()));
    town.assess(&quiet);
    assert_eq!(town.figure("9", "alarms", None).verdict, Verdict::Nobody, "none raised is nothing met");
    town.alarm(Severity::Low, false);
    town.alarm(Severity::High, true);
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "alarms", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::Met, 1, 1));
    town.alarm(Severity::Critical, false);
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "alarms", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::NotMet, 1, 2));
    // What belongs to no unit counts for all together alone.
    assert!(town.found("9", "alarms", Some(0)).is_none());
    town.later(31 * 24 * 60);
    town.assess(&quiet);
    assert_eq!(town.figure("9", "alarms", None).verdict, Verdict::Nobody);
    town.house.compare().unwrap();
}

#[test]
fn an_outlet_that_is_not_there_is_one_of_six_that_does_not_work() {
    let town = Town::with(32, None, &files());
    let quiet = Says(Ok(Vec::new()));
    town.assess(&quiet);
    let figure = town.figure("9", "outlets", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::NotMet, 0, 6));
    let ways = ["console", "file", "mail", "program", "snmp", "terminals"];
    let set = |way: &&str| OutletSet {
        outlet: format!("of_{way}"),
        set: Some(OutletAs {
            ends: true,
            least: Severity::Low,
            to: "x".into(),
            waits: false,
            way: (*way).to_owned(),
        }),
    };
    town.house.outlets(ways.iter().map(set).collect()).unwrap();
    let test = |way: &str, done: bool| AlarmSent {
        alarm: None,
        answer: SentAnswer { zh: "甲".into(), en: "a".into() },
        done,
        outlet: format!("of_{way}"),
        through: None,
        what: "test".into(),
    };
    let sent = ways.iter().map(|way| test(way, *way != "snmp")).collect();
    town.house.sent(sent).unwrap();
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "outlets", None);
    assert_eq!((figure.verdict, figure.good), (Verdict::NotMet, 5), "one test did not get through");
    town.house.sent(vec![test("snmp", true)]).unwrap();
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    assert_eq!(town.figure("9", "outlets", None).verdict, Verdict::Met);
    town.later(40 * 24 * 60);
    town.assess(&quiet);
    assert_eq!(town.figure("9", "outlets", None).good, 0, "a test of long ago shows nothing");
}

#[test]
fn what_firewalls_answered_counts_where_they_confirmed_it_and_rehearsals_do_not() {
    let mut town = Town::with(35, None, &files());
    let quiet = Says(Ok(Vec::new()));
    town.assess(&quiet);
    assert_eq!(town.figure("9", "denied", None).verdict, Verdict::Nobody);
    let answer = |asked: u64, seen: bool, dry: bool, ms: u64| {
        let effect = ResponseEffect { seen: Some(seen), ms: Some(ms), ..ResponseEffect::default() };
        ResponseFact::Done(ResponseAnswer {
            answer: SentAnswer { zh: "甲".into(), en: "a".into() },
            asked: EntryNumber(asked),
            dry,
            effect: Some(effect),
            firewall: "edge".into(),
            order: "act".into(),
            protected: false,
            record: model::RecordId::from_bytes([3; 16]),
            target: Some("192.0.2.1".into()),
            what: Some("deny".into()),
        })
    };
    town.house.responses(vec![answer(1, true, false, 40), answer(2, false, true, 90_000)]).unwrap();
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "denied", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::Met, 1, 1));
    town.house.responses(vec![answer(3, false, false, 2_100)]).unwrap();
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "denied", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::NotMet, 1, 2));
    let worst = town.figure("9", "seconds", None);
    assert_eq!((worst.verdict, worst.value.unwrap().to_string()), (Verdict::Figure, "3".to_owned()));
    town.house.compare().unwrap();
}

#[test]
fn an_act_that_no_firewall_answers_is_not_done_and_one_that_the_list_forbids_is_none() {
    let mut town = Town::with(36, None, &files());
    let quiet = Says(Ok(Vec::new()));
    let order = |town: &mut Town| {
        let fill = [("address", serde_json::json!("192.0.2.1"))];
        let record = town.house.open(town.clerks[0], "act", "order", &fill).unwrap();
        let asked = town.house.desk.outbox(10).unwrap().last().unwrap().entry;
        (record, asked)
    };
    let (record, asked) = order(&mut town);
    town.assess(&quiet);
    assert_eq!(town.figure("9", "denied", None).verdict, Verdict::Nobody, "it is on its way");
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "denied", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::NotMet, 0, 1));
    let answer = |record, asked, protected: bool| ResponseAnswer {
        answer: SentAnswer { zh: "甲".into(), en: "a".into() },
        asked: EntryNumber(asked),
        dry: false,
        effect: (!protected).then(|| ResponseEffect { seen: Some(true), ..ResponseEffect::default() }),
        firewall: "edge".into(),
        order: "act".into(),
        protected,
        record,
        target: Some("192.0.2.1".into()),
        what: Some("deny".into()),
    };
    let close = |town: &mut Town, record, asked, done| {
        let (hook, text) = ("respond".parse().unwrap(), "edge".to_owned());
        let asked = EntryNumber(asked);
        town.house.answered(casework::Command::Answer { record, hook, asked, done, text }).unwrap();
    };
    // One firewall has done it, and another is still silent.
    town.house.responses(vec![ResponseFact::Done(answer(record, asked, false))]).unwrap();
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "denied", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::NotMet, 1, 2));
    close(&mut town, record, asked, true);
    let (forbidden, asked) = order(&mut town);
    town.house.responses(vec![ResponseFact::Failed(answer(forbidden, asked, true))]).unwrap();
    close(&mut town, forbidden, asked, false);
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    let figure = town.figure("9", "denied", None);
    assert_eq!((figure.verdict, figure.good, figure.population), (Verdict::Met, 1, 1));
    // What nobody was there to do was not done.
    let (lost, asked) = order(&mut town);
    close(&mut town, lost, asked, false);
    town.later(2 * 24 * 60);
    town.assess(&quiet);
    assert_eq!(town.figure("9", "denied", None).verdict, Verdict::NotMet);
    town.house.compare().unwrap();
}

#[test]
fn people_count_in_their_units() {
    let town = Town::with(33, None, &files());
    town.assess(&Says(Ok(Vec::new())));
    let figure =
        |unit| town.found("9", "apart", unit).map(|found| (found.figure.good, found.figure.population));
    assert_eq!((figure(None), figure(Some(0)), figure(Some(2))), (Some((3, 3)), Some((3, 3)), Some((1, 1))));
}

#[test]
fn what_a_machine_does_not_know_is_not_met_and_is_asked_again_soon() {
    let mut town = Town::with(34, None, &files());
    town.house.assess().unwrap();
    let figure = town.figure("9", "heard", None);
    assert_eq!(figure.verdict, Verdict::NotComputed);
    assert!(figure.why.unwrap().en.contains("while the system runs"));
    town.assess(&Says(Err(Told::new("尚未開始", "not begun"))));
    town.later(2);
    town.assess(&Says(Err(Told::new("尚未開始", "not begun"))));
    assert_eq!(town.figure("9", "heard", None).why.unwrap().en, "not begun");
    let now = town.house.clock.now();
    let heard = vec![source(town.units[1], Some(now), 7), source(town.units[2], None, 0)];
    town.later(2);
    town.assess(&Says(Ok(heard)));
    let figure = |unit| town.figure("9", "heard", unit);
    assert_eq!((figure(None).verdict, figure(None).good, figure(None).population), (Verdict::NotMet, 1, 2));
    assert_eq!((figure(Some(2)).good, figure(Some(2)).population), (0, 1), "never heard is not heard");
    let sum = town.figure("9", "lines", None);
    assert_eq!((sum.verdict, sum.value.unwrap().to_string()), (Verdict::Figure, "7".to_owned()));
    // Nobody is told apart from nothing being known.
    town.later(2 * 24 * 60);
    town.assess(&Says(Ok(Vec::new())));
    assert_eq!(town.figure("9", "heard", None).verdict, Verdict::Nobody);
    town.house.compare().unwrap();
}
