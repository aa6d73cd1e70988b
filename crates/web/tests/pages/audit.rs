//! The audit area: for whom it is, what it shows, what it gives to take along, and that this is checked by others.

use crate::people::{Office, office};
use axum::http::StatusCode;
use model::Clock as _;
use proof::inclusion::Inclusion;
use proof::policy::Policy;
use testkit::Acting;

impl Office {
    fn see(&self, who: Acting, path: &str) -> crate::site::Answer {
        self.asked.get(&format!("cookie-of-{}", who.person), path)
    }

    fn shown(&self, path: &str) -> String {
        let answer = self.see(self.auditor, path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    }

    fn policy(&self) -> Policy {
        let answer = self.see(self.auditor, "/audit/policy");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"ward-policy\"; filename*=UTF-8''ward-policy"
        );
        Policy::parse(&answer.text()).unwrap()
    }
}

#[test]
fn who_may_not_look_into_the_ledger_finds_nothing_there() {
    let office = office();
    for path in ["/audit", "/audit/entries", "/audit/entries/0", "/audit/entries/0/proof", "/audit/policy"] {
        assert_eq!(office.see(office.wang, path).status, StatusCode::NOT_FOUND, "{path}");
        assert_ne!(office.see(office.auditor, path).status, StatusCode::NOT_FOUND, "{path}");
    }
    let begun = office.asked.post(office.wang.person, "/audit/verify", &[]);
    assert_eq!(begun.status, StatusCode::NOT_FOUND);
}

#[test]
fn the_head_is_never_called_good_without_witnesses() {
    let office = office();
    let page = office.shown("/audit");
    assert!(page.contains("notice-warning") && !page.contains("notice-good"), "{page}");
    assert!(page.contains("尚未執行驗證，結果未知"), "{page}");
}

#[test]
fn entries_are_listed_backwards_filtered_and_followed() {
    let office = office();
    let size = office.asked.house.reader().size().unwrap();
    let page = office.shown("/audit/entries");
    assert!(page.contains(&format!("/audit/entries/{}\"", size - 1)), "{page}");
    let people = office.shown("/audit/entries?kind=person");
    assert_eq!(people.matches("人員登錄").count(), 5, "{people}");
    let none = office.shown("/audit/entries?kind=clock");
    assert!(none.contains("沒有符合的紀錄"));
    let jump = office.see(office.auditor, "/audit/entries?number=3");
    assert_eq!((jump.status, jump.header("location")), (StatusCode::SEE_OTHER, "/audit/entries/3"));
}

#[test]
fn what_somebody_did_who_has_left_is_found_and_nobody_is_told_apart_from_nothing() {
    let office = office();
    let sent = [("zh", "甲"), ("en", "A"), ("code", "A1")];
    let path = format!("/units/{}/create", office.steward.unit);
    assert_eq!(office.asked.post(office.steward.person, &path, &sent).status, StatusCode::SEE_OTHER);
    let by = |words: &str| office.shown(&format!("/audit/entries?by={words}"));
    let here = by("shih");
    assert!(here.contains("單位設立") && here.contains("shih先生") && !here.contains("已離職"), "{here}");
    let person = office.steward.person;
    office.asked.house.identity(identity::Command::RecordLeaving { person }).unwrap();
    for words in ["shih", "SHIH", &person.to_string()] {
        let left = by(words);
        assert!(left.contains("單位設立") && left.contains("（已離職）"), "{words}: {left}");
    }
    // Somebody who has done nothing is known; nobody is told to be nobody.
    let idle = by("wang");
    assert!(idle.contains("wang先生") && idle.contains("沒有符合的紀錄"), "{idle}");
    assert!(by("nobody").contains("查無此人"));
}

#[test]
fn an_entry_says_in_which_role_at_which_terminal_and_in_which_session_somebody_acted() {
    let office = office();
    let (steward, terminal) = (office.steward, model::TerminalId::from_bytes([5; 16]));
    let name = identity::Line::new("資訊室一號").unwrap();
    let fingerprint = identity::Fingerprint::from_bytes([7; 32]);
    let register =
        identity::Command::RegisterTerminal { terminal, name, fingerprint, unit: None, management: true };
    office.asked.house.identity(register).unwrap();
    office.asked.sign_in_at(steward.person, Some(terminal));
    let sent = [("zh", "甲"), ("en", "A"), ("code", "A1")];
    let path = format!("/units/{}/create", steward.unit);
    assert_eq!(office.asked.post(steward.person, &path, &sent).status, StatusCode::SEE_OTHER);
    let list = office.shown("/audit/entries?kind=unit.created&by=shih");
    let lead = list.split("class=\"title\" href=\"/audit/entries/").nth(1).unwrap();
    let number = lead.split('"').next().unwrap();
    let page = office.shown(&format!("/audit/entries/{number}"));
    let session = model::SessionId::from_bytes(*steward.person.as_bytes()).to_string();
    let role = office.asked.house.desk.seen().packs.current().unwrap().roles["steward"].label.zh().to_owned();
    for told in ["資訊室一號", session.as_str(), role.as_str()] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(office.shown("/audit/entries?kind=session").contains("沒有符合的紀錄"));
}

#[test]
fn log_ons_are_listed_with_the_terminal_they_came_from() {
    let mut office = office();
    let (door, now) = (office.asked.door.clone(), office.asked.house.clock.now());
    let (terminal, fingerprint) =
        (model::TerminalId::from_bytes([5; 16]), identity::Fingerprint::from_bytes([7; 32]));
    let name = identity::Line::new("第一閱覽台").unwrap();
    let register =
        identity::Command::RegisterTerminal { terminal, name, fingerprint, unit: None, management: true };
    office.asked.house.identity(register).unwrap();
    let place = web::Place { address: None, certificate: Some(fingerprint), agent: None };
    let ask = door.passkey_ask(None, now).unwrap();
    let chen = office.chen.person;
    let answer = office.asked.house.signer(chen).unwrap().logs_on(&crate::site::challenge(&ask.options));
    door.passkey(&ask.token, &answer, &place, now).unwrap();
    let page = office.shown("/audit/entries?kind=session");
    assert!(page.contains("登入") && page.contains("第一閱覽台") && page.contains("chen先生"), "{page}");
    assert!(!office.shown("/audit/entries?kind=session.ended").contains("第一閱覽台"));
    // At the machine itself there is no terminal to register.
    let ask = door.passkey_ask(None, now).unwrap();
    let answer = office.asked.house.signer(chen).unwrap().logs_on(&crate::site::challenge(&ask.options));
    let here =
        web::Place { address: Some(std::net::Ipv4Addr::LOCALHOST.into()), certificate: None, agent: None };
    door.passkey(&ask.token, &answer, &here, now).unwrap();
    assert!(office.shown("/audit/entries?kind=session").contains("主機本身"));
}

#[test]
fn an_entry_is_shown_as_far_as_it_is_for_whoever_looks_and_proven() {
    let office = office();
    let (reader, position) = (office.asked.house.reader(), office.asked.house.desk.seen().position);
    // Heads are published beside; this one covers what has been done.
    while reader.size().unwrap() < position {
        std::thread::yield_now();
    }
    let size = reader.size().unwrap();
    let kind = |number: u64| {
        let bytes = reader.entry(number).unwrap();
        proof::entry::Entry::parse(&bytes).unwrap().kind().to_owned()
    };
    let person = (0..size).find(|number| kind(*number).starts_with("person.registered")).unwrap();
    let page = office.shown(&format!("/audit/entries/{person}"));
    assert!(
        page.contains("內容不在您可檢視的範圍") && !page.contains("house.example"),
        "personal data is sealed: {page}"
    );
    let proof = office.see(office.auditor, &format!("/audit/entries/{person}/proof"));
    let inclusion = Inclusion::parse(&proof.body).unwrap();
    assert_eq!(inclusion.index, person);
    let head = office.policy().judge(&inclusion.head).unwrap();
    assert!(head.checkpoint().size > person);
    let mut changed = proof.body.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let holds = Inclusion::parse(&changed).is_ok_and(|proof| proof.check(&office.policy()).is_ok());
    assert!(!holds);
    assert_eq!(office.see(office.auditor, &format!("/audit/entries/{size}")).status, StatusCode::NOT_FOUND);
}

#[test]
fn the_installation_is_verified_from_the_page() {
    let office = office();
    let begun = office.asked.post(office.auditor.person, "/audit/verify", &[]);
    assert_eq!(begun.status, StatusCode::SEE_OTHER);
    // It runs beside; the page tells when it is over.
    let looks = (0..20_000).map(|_| office.shown("/audit"));
    let page = looks.into_iter().find(|page| !page.contains("<progress")).unwrap();
    assert!(page.contains("驗證通過"), "{page}");
}
