//! Sessions: their limits, what ends them, who may end whose.

use crate::town::{Town, away, console, shows};
use identity::Command;
use signin::{Ended, Refusal, Sessions as _};

fn why(town: &Town, login: &str) -> Option<Ended> {
    town.signin.sessions_of(town.id(login)).unwrap()[0].ended.map(|(_, why)| why)
}

#[test]
fn a_session_ends_idle_after_half_an_hour_and_in_any_case_after_twelve_hours() {
    let town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    let open = || town.signin.session(&new.cookie, &away(), town.now()).is_some();
    for _ in 0..24 {
        town.pass(29 * 60);
        assert!(open());
    }
    // 11 h 36 min
    town.pass(24 * 60);
    assert!(!open());
    assert_eq!(why(&town, "wang.ming"), Some(Ended::Lasted));
    let other = town.sign_in("wang.ming", &away()).unwrap();
    town.pass(30 * 60);
    assert!(town.signin.session(&other.cookie, &away(), town.now()).is_none());
    assert_eq!(why(&town, "wang.ming"), Some(Ended::Idle));
}

#[test]
fn to_ask_whether_a_session_is_open_is_no_use_of_it() {
    let town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    let is_open = || town.signin.is_open(&new.session, town.now());
    for _ in 0..29 {
        town.pass(60);
        assert!(is_open());
    }
    town.pass(60);
    assert!(!is_open(), "idle, however often it was asked");
    let other = town.sign_in("wang.ming", &away()).unwrap();
    assert!(town.signin.is_open(&other.session, town.now()));
    town.signin.sign_out(&other.cookie, town.now()).unwrap();
    assert!(!town.signin.is_open(&other.session, town.now()));
}

#[test]
fn a_page_that_asks_of_its_own_accord_keeps_no_session_open() {
    let town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    let glance = || town.signin.glance(&new.cookie, &away(), town.now());
    for _ in 0..29 {
        town.pass(60);
        assert_eq!(glance(), Some(new.session.clone()));
    }
    town.pass(60);
    assert_eq!(glance(), None, "idle, however often a page has asked");
    assert_eq!(why(&town, "wang.ming"), Some(Ended::Idle));
}

#[test]
fn what_is_over_is_ended_without_being_asked_for() {
    let town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    assert_eq!(town.signin.tick(town.now()).unwrap(), 0);
    town.pass(31 * 60);
    assert_eq!(town.signin.tick(town.now()).unwrap(), 1);
    assert_eq!(town.signin.tick(town.now()).unwrap(), 0);
    let entries = town.entries(town.id("wang.ming"));
    let last = entries.last().unwrap();
    assert_eq!(last["kind"], "session.ended/1");
    assert_eq!(last["body"]["why"], "idle");
    assert_eq!(last["body"]["session"], new.session.id.to_string());
    assert_eq!(last["actor"]["machine"], "sign-in");
}

#[test]
fn signing_out_leaving_and_a_role_that_ends_close_it_at_once() {
    let town = Town::settled();
    let ends = |login: &str, end: &dyn Fn(&str)| {
        let new = town.sign_in(login, &away()).unwrap();
        assert!(town.signin.session(&new.cookie, &away(), town.now()).is_some());
        end(&new.cookie);
        assert!(town.signin.session(&new.cookie, &away(), town.now()).is_none());
        why(&town, login)
    };
    let out = ends("wang.ming", &|cookie| town.signin.sign_out(cookie, town.now()).unwrap());
    assert_eq!(out, Some(Ended::SignedOut));
    let role_ended = ends("wang.ming", &|_| {
        let (person, role, unit) = (town.id("wang.ming"), "staff".parse().unwrap(), Some(town.office));
        town.house.identity(Command::EndRole { person, role, unit, from: None }).unwrap();
    });
    assert_eq!(role_ended, Some(Ended::RoleEnded));
    let left = ends("chen.yu", &|_| {
        town.house.identity(Command::RecordLeaving { person: town.id("chen.yu") }).unwrap();
    });
    assert_eq!(left, Some(Ended::Left));
}

#[test]
fn a_role_that_comes_does_not_end_it_and_one_that_runs_out_does() {
    let town = Town::settled();
    let (person, role, unit) = (town.id("wang.ming"), "operator".parse().unwrap(), Some(town.office));
    let until = Some(town.now().plus(std::time::Duration::from_secs(1_200)));
    let new = town.sign_in("wang.ming", &away()).unwrap();
    town.house.identity(Command::GrantRole { person, role, unit, from: None, until }).unwrap();
    assert!(town.signin.session(&new.cookie, &away(), town.now()).is_some());
    let with_role = town.sign_in("wang.ming", &away()).unwrap();
    town.pass(1_200);
    assert!(town.signin.session(&with_role.cookie, &away(), town.now()).is_none());
    assert_eq!(why(&town, "wang.ming"), Some(Ended::RoleEnded));
    assert!(town.signin.session(&new.cookie, &away(), town.now()).is_some());
}

#[test]
fn a_cookie_shown_at_another_terminal_ends_the_session() {
    let mut town = Town::settled();
    town.terminal(1, Some(town.office), false);
    town.terminal(2, Some(town.office), false);
    for elsewhere in [shows(2), away(), console(), shows(9)] {
        let new = town.sign_in("wang.ming", &shows(1)).unwrap();
        assert!(town.signin.session(&new.cookie, &shows(1), town.now()).is_some());
        assert!(town.signin.session(&new.cookie, &elsewhere, town.now()).is_none());
        assert_eq!(why(&town, "wang.ming"), Some(Ended::AnotherTerminal));
        assert!(town.signin.session(&new.cookie, &shows(1), town.now()).is_none());
    }
}

#[test]
fn one_ends_ones_own_sessions_and_those_of_others_where_a_policy_permits_it() {
    let town = Town::settled();
    let (first, second) =
        (town.sign_in("wang.ming", &away()).unwrap(), town.sign_in("wang.ming", &away()).unwrap());
    let person = town.id("wang.ming");
    let open = |cookie: &str| town.signin.session(cookie, &away(), town.now()).is_some();
    town.signin.end_one(person, first.session.id, town.now()).unwrap();
    assert!(!open(&first.cookie) && open(&second.cookie));
    assert!(matches!(town.signin.end_one(person, first.session.id, town.now()), Err(Refusal::Nothing)));
    let other = town.id("lin.wei");
    assert!(matches!(town.signin.end_one(other, second.session.id, town.now()), Err(Refusal::Nothing)));
    let refused = town.signin.end_all_of(&town.acting("wang.ming"), town.id("lin.wei"), town.now());
    assert!(matches!(refused, Err(Refusal::Nothing)), "{refused:?}");
    town.sign_in("lin.wei", &away()).unwrap();
    let refused = town.signin.end_all_of(&town.acting("wang.ming"), town.id("lin.wei"), town.now());
    assert!(matches!(refused, Err(Refusal::Desk(_))), "{refused:?}");
    assert_eq!(town.signin.end_all_of(&town.acting("lin.wei"), person, town.now()).unwrap(), 1);
    assert!(!open(&second.cookie));
    assert_eq!(why(&town, "wang.ming"), Some(Ended::ByOther));
}

#[test]
fn sessions_outlive_a_restart_and_no_cookie_lies_in_the_tables() {
    let mut town = Town::settled();
    let new = town.sign_in("wang.ming", &away()).unwrap();
    town.house.reopen().unwrap();
    town.signin = crate::town::over(&town.house, 6, town.signin.config().clone());
    let found = town.signin.session(&new.cookie, &away(), town.now()).unwrap();
    assert_eq!(found.id, new.session.id);
    town.house.desk.close();
    let secret = town.secret(town.id("wang.ming")).to_owned();
    for file in std::fs::read_dir(town.house.data.join("store")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in
            [new.cookie.as_bytes(), secret.as_bytes(), b"$argon2id$", crate::town::PASSWORD.as_bytes()]
        {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret));
        }
    }
}

#[test]
fn secrets_go_with_the_key_of_their_owner() {
    let town = Town::settled();
    let person = town.id("wang.ming");
    let key = town.house.desk.read(|sql, _| sql.person_key(person)).unwrap().unwrap();
    assert!(town.pending("wang.ming", &away()).is_ok());
    town.house.desk.vault().vault().destroy(key).unwrap();
    assert!(matches!(town.pending("wang.ming", &away()), Err(Refusal::NotIn)));
}

#[test]
fn what_is_kept_of_it_forgets_what_lies_far_back() {
    let town = Town::settled();
    town.sign_in("wang.ming", &away()).unwrap();
    town.pass(31 * 60);
    town.signin.tick(town.now()).unwrap();
    let listed = || town.signin.sessions_of(town.id("wang.ming")).unwrap().len();
    assert_eq!(listed(), 2);
    town.pass(91 * 24 * 3_600);
    town.signin.tick(town.now()).unwrap();
    assert_eq!(listed(), 0);
}
