//! The first start.

use crate::town::{CHEAP, PASSWORD, Town, away, console, details, names, over, site};
use model::Clock as _;
use signin::{Config, Founding, Refusal, SignIn, Weakness};
use std::time::Duration;
use testkit::House;

fn new() -> (House, SignIn) {
    let house = House::with_pack(21, &crate::town::pack(), None).unwrap();
    let signin = over(&house, 4, Config { site: site(), cost: CHEAP, ..Config::default() });
    (house, signin)
}

fn founding(role: &str) -> Founding {
    let unit = Some(names("臺中市政府", "Taichung City Government"));
    Founding { unit, details: details("mayor.aide"), role: role.parse().unwrap() }
}

#[test]
fn a_link_makes_the_first_steward_once() {
    let (house, signin) = new();
    let now = || house.clock.now();
    let former = signin.first_link(now()).unwrap().unwrap();
    let link = signin.first_link(now()).unwrap().unwrap();
    assert!(matches!(signin.check_first_link(&former, now()), Err(Refusal::Stale)));
    signin.check_first_link(&link, now()).unwrap();
    let found = |link: &str, role: &str, password: &str| {
        signin.found(link, &founding(role), password, &console(), now())
    };
    assert!(matches!(found("guess", "steward", PASSWORD), Err(Refusal::Stale)));
    let weak = found(&link, "steward", "Sunshine2024");
    assert!(matches!(&weak, Err(Refusal::Password(faults)) if *faults == [Weakness::Common]), "{weak:?}");
    assert!(house.desk.seen().roster.root().is_none(), "nothing is made before it will do");
    assert!(matches!(found(&link, "staff", PASSWORD), Err(Refusal::Input(_))));
    let founded = found(&link, "steward", PASSWORD).unwrap();
    assert_eq!(founded.recovery_codes.len(), 10);
    assert!(founded.session.enrolling);
    assert!(matches!(signin.check_first_link(&link, now()), Err(Refusal::Begun)));
    assert!(matches!(found(&link, "steward", PASSWORD), Err(Refusal::Begun)));
    assert!(signin.first_link(now()).unwrap().is_none());
    let seen = house.desk.seen();
    let steward = seen.roster.person(founded.person).unwrap();
    assert_eq!(steward.holdings[0].role.to_string(), "steward");
    assert_eq!(seen.roster.people().count(), 1, "what was made before is made use of");
    let begun = signin.begin("mayor.aide", PASSWORD, &away(), now()).unwrap();
    let signin::Begun::Session(session) = begun else { panic!("{begun:?}") };
    let offer = signin.begin_totp(&session.session, now()).unwrap();
    let code = crate::town::code_of(&offer.secret, now());
    signin.confirm_totp(&session.session, &offer.token, &code, now()).unwrap();
    let signin::Begun::SecondFactor(pending) = signin.begin("mayor.aide", PASSWORD, &away(), now()).unwrap()
    else {
        panic!("no second factor")
    };
    signin.recovery_code(&pending.token, &founded.recovery_codes[0], &away(), now()).unwrap();
}

#[test]
fn a_link_ends_after_a_day_and_outlives_a_restart() {
    let (mut house, signin) = new();
    let link = signin.first_link(house.clock.now()).unwrap().unwrap();
    house.reopen().unwrap();
    let signin = over(&house, 6, signin.config().clone());
    signin.check_first_link(&link, house.clock.now()).unwrap();
    house.clock.pass(Duration::from_secs(24 * 3_600));
    assert!(matches!(signin.check_first_link(&link, house.clock.now()), Err(Refusal::Stale)));
}

#[test]
fn where_somebody_administers_there_is_no_link() {
    let mut town = Town::new();
    assert!(town.signin.first_link(town.now()).unwrap().is_some(), "nobody can sign in yet");
    town.settle("wang.ming");
    assert!(town.signin.is_new(town.now()).unwrap(), "a clerk administers nothing");
    town.settle("lin.wei");
    assert!(town.signin.first_link(town.now()).unwrap().is_none());
}
