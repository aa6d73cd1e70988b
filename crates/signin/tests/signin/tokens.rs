//! Tokens of applications.

use crate::town::{Town, away, console, shows};
use identity::{Command, Line, Right};
use signin::{LOCAL_CONSOLE, LONGEST_TOKEN, Place, Refusal, TokenAsk};
use std::time::Duration;

fn ask(town: &Town, days: u64) -> TokenAsk {
    let registers = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect();
    TokenAsk {
        name: Line::new("排程匯入").unwrap(),
        read: registers(&["fault", "room"]),
        file: registers(&["fault"]),
        rights: [].into(),
        expires_at: town.now().plus(Duration::from_secs(days * 24 * 3_600)),
    }
}

#[test]
fn a_token_reads_and_files_where_it_says_until_it_ends() {
    let town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let issued = town.signin.issue_token(&session, &ask(&town, 30), town.now()).unwrap();
    assert!(issued.secret.starts_with("ward_"));
    let found = town.signin.application(&issued.secret, &away(), town.now()).unwrap().unwrap();
    assert_eq!((found.token, found.person), (issued.token, session.person));
    assert_eq!(found.file.iter().map(ToString::to_string).collect::<Vec<_>>(), ["fault"]);
    assert_eq!(found.read.len(), 2);
    let listed = town.signin.tokens(Some(session.person)).unwrap();
    assert!(listed[0].used_at.is_some() && listed[0].revoked_at.is_none());
    for wrong in ["", "ward_", "ward_AAAA", &issued.secret[5..], &issued.secret.to_uppercase()] {
        assert!(town.signin.application(wrong, &away(), town.now()).unwrap().is_none(), "{wrong}");
    }
    town.pass(30 * 24 * 3_600);
    assert!(town.signin.application(&issued.secret, &away(), town.now()).unwrap().is_none());
    let entries = town.entries(session.person);
    let entry = entries.iter().find(|entry| entry["kind"] == "token.issued/1").unwrap();
    assert_eq!(entry["body"]["read"], serde_json::json!(["fault", "room"]));
    assert_eq!(entry["body"].get("rights"), None);
    assert!(!entry.to_string().contains(issued.secret.as_str()));
}

#[test]
fn a_token_has_the_rights_that_were_asked_for_and_its_entry_names_them() {
    let town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let asked = TokenAsk { rights: [Right::Audit, Right::People].into(), ..ask(&town, 30) };
    let issued = town.signin.issue_token(&session, &asked, town.now()).unwrap();
    let found = town.signin.application(&issued.secret, &away(), town.now()).unwrap().unwrap();
    assert_eq!(found.rights, asked.rights);
    assert_eq!(town.signin.tokens(Some(session.person)).unwrap()[0].asked, asked);
    let entries = town.entries(session.person);
    let entry = entries.iter().find(|entry| entry["kind"] == "token.issued/1").unwrap();
    assert_eq!(entry["body"]["rights"], serde_json::json!(["audit", "people"]));
}

#[test]
fn a_token_works_where_its_owner_does_and_nowhere_else() {
    let mut town = Town::settled();
    let own = town.terminal(1, Some(town.office), false);
    town.terminal(2, Some(town.centre), false);
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let issued = town.signin.issue_token(&session, &ask(&town, 30), town.now()).unwrap();
    let at = |place: &Place| town.signin.application(&issued.secret, place, town.now()).unwrap();
    let terminal = |place: &Place| at(place).map(|found| found.terminal);
    assert_eq!(terminal(&away()), Some(None));
    assert_eq!(terminal(&console()), Some(Some(LOCAL_CONSOLE)));
    assert_eq!(terminal(&shows(1)), Some(Some(own)));
    // At another unit's terminal it counts for nothing, nor with a certificate that no terminal has.
    assert_eq!((terminal(&shows(2)), terminal(&shows(9))), (None, None));
}

#[test]
fn a_token_counts_for_a_year_at_most_and_may_do_something() {
    let town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let issue = |asked: TokenAsk| town.signin.issue_token(&session, &asked, town.now());
    let longest = LONGEST_TOKEN.as_secs() / (24 * 3_600);
    assert!(matches!(issue(ask(&town, longest + 1)), Err(Refusal::Input(_))));
    assert!(matches!(issue(ask(&town, 0)), Err(Refusal::Input(_))));
    let nothing = TokenAsk { read: [].into(), file: [].into(), ..ask(&town, 1) };
    assert!(matches!(issue(nothing.clone()), Err(Refusal::Input(_))));
    issue(TokenAsk { rights: [Right::Clauses].into(), ..nothing }).unwrap();
    let unknown = TokenAsk { file: ["no_such_register".parse().unwrap()].into(), ..ask(&town, 1) };
    let Err(Refusal::Input(told)) = issue(unknown) else { panic!("it was issued") };
    assert!(told.en.contains("no_such_register"), "{told}");
    issue(ask(&town, longest - 1)).unwrap();
}

#[test]
fn a_token_ends_with_its_owner_and_when_it_is_revoked() {
    let town = Town::settled();
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    let issue = || town.signin.issue_token(&session, &ask(&town, 30), town.now()).unwrap();
    let (first, second, third) = (issue(), issue(), issue());
    let counts = |issued: &signin::Issued| {
        town.signin.application(&issued.secret, &away(), town.now()).unwrap().is_some()
    };
    town.signin.revoke_token(&session, first.token, town.now()).unwrap();
    assert_eq!([&first, &second, &third].map(counts), [false, true, true]);
    assert!(matches!(town.signin.revoke_token(&session, first.token, town.now()), Err(Refusal::Nothing)));
    let other = town.sign_in("lin.wei", &away()).unwrap().session;
    assert!(matches!(town.signin.revoke_token(&other, second.token, town.now()), Err(Refusal::Nothing)));
    let clerk = town.acting("wang.ming");
    let theirs = town.signin.issue_token(&other, &ask(&town, 30), town.now()).unwrap();
    assert!(matches!(town.signin.revoke_token_of(&clerk, theirs.token, town.now()), Err(Refusal::Desk(_))));
    assert!(counts(&theirs));
    town.signin.revoke_token_of(&town.acting("lin.wei"), second.token, town.now()).unwrap();
    assert_eq!([&first, &second, &third].map(counts), [false, false, true]);
    town.house.identity(Command::RecordLeaving { person: session.person }).unwrap();
    assert_eq!([&first, &second, &third].map(counts), [false; 3]);
}
