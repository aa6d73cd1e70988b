//! Terminals: of one's own unit, of another one, management terminals, the console.

use crate::town::{Town, away, console, shows};
use desk::{Asker, Order};
use identity::{Command, Refusal as Identity};
use signin::{Denied, Ended, Fingerprint, LOCAL_CONSOLE, Refusal, Sessions as _};

#[test]
fn a_terminal_of_another_unit_is_refused_and_the_ledger_says_so() {
    let mut town = Town::settled();
    let own = town.terminal(1, Some(town.office), false);
    let others = town.terminal(2, Some(town.centre), false);
    town.terminal(3, None, false);
    let new = town.sign_in("wang.ming", &shows(1)).unwrap();
    assert_eq!(new.session.terminal, Some(own));
    let refused = town.sign_in("wang.ming", &shows(2));
    assert!(matches!(refused, Err(Refusal::Terminal(Denied::OtherUnit))), "{refused:?}");
    let refused = town.sign_in("wang.ming", &shows(9));
    assert!(matches!(refused, Err(Refusal::Terminal(Denied::UnknownTerminal))), "{refused:?}");
    town.sign_in("wang.ming", &shows(3)).unwrap();
    // Whoever comes to hold a role there may.
    town.house.grant(town.id("wang.ming"), "staff", town.centre).unwrap();
    town.sign_in("wang.ming", &shows(2)).unwrap();
    let refusals: Vec<String> = town
        .entries(town.id("wang.ming"))
        .iter()
        .filter(|entry| entry["kind"] == "sign-in.refused/1")
        .map(|entry| entry["body"]["why"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(refusals, ["other-unit", "unknown-terminal"]);
    let about = town.entries(town.id("wang.ming"));
    let refused = about.iter().find(|entry| entry["body"]["why"] == "other-unit").unwrap();
    assert_eq!(refused["body"]["terminal"], others.to_string());
}

#[test]
fn an_administrators_role_is_used_at_management_terminals_and_the_console_once_terminals_are_known() {
    let mut town = Town::settled();
    assert!(!town.signin.enforces_terminals());
    let act = |town: &Town, place: &signin::Place| {
        let session = town.sign_in("lin.wei", place).unwrap().session;
        let mut actor = town.acting("lin.wei");
        (actor.session, actor.terminal) = (Some(session.id), session.terminal);
        let (person, home) = (town.id("wang.ming"), town.office);
        let mut details = crate::town::details("wang.ming");
        details.title = identity::Line::new(&format!("科員 {}", session.id)).unwrap();
        let order = Order::Identity(Command::ChangePerson { person, details, home });
        town.house.desk.ask(Asker::Person(actor), order)
    };
    act(&town, &away()).unwrap();
    town.terminal(1, Some(town.centre), false);
    let managing = town.terminal(2, Some(town.office), true);
    assert!(town.signin.enforces_terminals());
    for place in [away(), shows(1)] {
        let refused = act(&town, &place).unwrap_err();
        let is = matches!(&refused, desk::Refused::Identity(Identity::NotManagementTerminal { .. }));
        assert!(is, "{refused:?}");
        assert!(refused.told().zh.contains("管理終端機"));
    }
    act(&town, &shows(2)).unwrap();
    act(&town, &console()).unwrap();
    town.house.identity(Command::RemoveTerminal { terminal: managing }).unwrap();
    let refused = town.sign_in("lin.wei", &shows(2));
    assert!(matches!(refused, Err(Refusal::Terminal(Denied::UnknownTerminal))));
    // Removing what is left does not open what was closed.
    assert!(act(&town, &away()).is_err());
}

#[test]
fn sessions_at_a_terminal_that_is_removed_end() {
    let mut town = Town::settled();
    let terminal = town.terminal(1, Some(town.office), false);
    let new = town.sign_in("wang.ming", &shows(1)).unwrap();
    town.house.identity(Command::RemoveTerminal { terminal }).unwrap();
    assert!(town.signin.session(&new.cookie, &shows(1), town.now()).is_none());
    let sessions = town.signin.sessions_of(town.id("wang.ming")).unwrap();
    assert_eq!(sessions[0].ended.map(|(_, why)| why), Some(Ended::TerminalRemoved));
}

#[test]
fn a_certificate_is_one_terminals_and_terminals_are_registered_by_whoever_a_policy_permits() {
    let mut town = Town::settled();
    town.terminal(1, Some(town.office), false);
    let register = |town: &mut Town, number: u8, who: &str| {
        let terminal = model::TerminalId::from_bytes(town.house.draw());
        let fingerprint = Fingerprint::from_bytes([number; 32]);
        let (name, unit, management) = (identity::Line::new("櫃檯").unwrap(), Some(town.office), false);
        let command = Command::RegisterTerminal { terminal, name, fingerprint, unit, management };
        let mut actor = town.acting(who);
        actor.terminal = Some(LOCAL_CONSOLE);
        town.house.desk.ask(Asker::Person(actor), Order::Identity(command)).map_err(|refused| refused.code())
    };
    assert_eq!(register(&mut town, 1, "lin.wei").unwrap_err(), "refused-identity");
    assert_eq!(register(&mut town, 2, "wang.ming").unwrap_err(), "refused-identity");
    register(&mut town, 2, "lin.wei").unwrap();
    // The tables made anew from the ledger know the same terminals.
    let known = town.house.desk.seen().roster.terminals().cloned().collect::<Vec<_>>();
    town.house.compare().unwrap();
    assert_eq!(town.house.desk.seen().roster.terminals().cloned().collect::<Vec<_>>(), known);
    assert_eq!(known.len(), 2);
}
