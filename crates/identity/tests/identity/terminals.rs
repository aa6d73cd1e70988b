//! Terminals: registered once, removed once, and what they mean for administrators' roles.

use crate::city::{City, unit};
use identity::{Body, By, Command, Event, Fingerprint, LOCAL_CONSOLE, Refusal, State, Subject};
use model::{Actor, Instant, TerminalId};

fn id(number: u8) -> TerminalId {
    TerminalId::from_bytes([number; 16])
}

fn register(number: u8, certificate: u8, of: Option<u16>) -> Command {
    Command::RegisterTerminal {
        terminal: id(number),
        name: "櫃檯".parse().unwrap(),
        fingerprint: Fingerprint::from_bytes([certificate; 32]),
        unit: of.map(unit),
        management: false,
    }
}

#[test]
fn a_certificate_stands_for_one_terminal_until_that_is_removed() {
    let mut city = City::tiny();
    let refused = |city: &mut City, command: &Command, expected: Refusal| {
        assert_eq!(city.give(&By::Console, command).unwrap_err(), expected);
        let told = expected.told();
        assert!(!told.zh.starts_with("無法辦理") && told.en.is_ascii(), "{told}");
    };
    city.console(&register(1, 7, Some(3)));
    refused(&mut city, &register(1, 8, None), Refusal::IdTaken);
    refused(&mut city, &register(2, 7, None), Refusal::TerminalTaken(id(1)));
    refused(&mut city, &register(2, 8, Some(99)), Refusal::NoUnit(unit(99)));
    let console = Command::RegisterTerminal {
        terminal: LOCAL_CONSOLE,
        name: "x".parse().unwrap(),
        fingerprint: Fingerprint::from_bytes([9; 32]),
        unit: None,
        management: true,
    };
    refused(&mut city, &console, Refusal::IdTaken);
    city.console(&Command::RemoveTerminal { terminal: id(1) });
    refused(&mut city, &Command::RemoveTerminal { terminal: id(1) }, Refusal::NoTerminal(id(1)));
    city.console(&register(2, 7, None));
    let found = city.state.terminal_of(&Fingerprint::from_bytes([7; 32])).unwrap();
    assert_eq!((found.id, found.unit), (id(2), None));
    // What is kept gives the same again.
    assert_eq!(State::from(city.state.parts()), city.state);
}

#[test]
fn events_of_terminals_that_cannot_have_followed_are_refused() {
    let mut city = City::tiny();
    city.console(&register(1, 7, None));
    let event = |subject: Subject, body: Body| Event {
        subject,
        unit: None,
        actor: Actor::machine("console"),
        at: Instant::EPOCH,
        body,
        policy: None,
        private: false,
    };
    let terminal = |number| Subject::Terminal(id(number));
    let again = Body::TerminalRegistered {
        name: "x".parse().unwrap(),
        fingerprint: Fingerprint::from_bytes([8; 32]),
        unit: None,
        management: true,
    };
    let before = city.state.clone();
    for wrong in [
        event(terminal(1), again.clone()),
        event(terminal(2), Body::TerminalRemoved {}),
        event(terminal(1), Body::UnitClosed {}),
        event(Subject::Unit(unit(1)), again),
        event(Subject::Unit(unit(1)), Body::TerminalRemoved {}),
    ] {
        assert!(city.state.apply(&wrong).is_err(), "{wrong:?}");
        assert_eq!(city.state, before);
    }
    for subject in [terminal(1), Subject::Unit(unit(1))] {
        assert_eq!(subject.to_string().parse::<Subject>().unwrap(), subject);
    }
}
