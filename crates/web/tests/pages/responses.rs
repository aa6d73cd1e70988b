//! Acts against intruders on the page: who finds it, what stands and what it has stopped, what was answered and has ended;
//! an enforcer that does not answer is never shown as fine.

use crate::people::{Office, office};
use axum::http::StatusCode;
use casework::EntryNumber;
use desk::{Asker, Order};
use model::{Instant, RecordId, Told};
use respond::{Act, CaseName, Effect, Standing, Stands, What};
use store::{ResponseAnswer, ResponseEffect, ResponseEvent, ResponseFact, SentAnswer};
use testkit::Acting;

/// Two enforcers: one that answers, on whose firewall one address is denied, and one that was never heard.
pub(crate) struct Two;

const CASE: RecordId = RecordId::from_bytes([7; 16]);

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

impl web::Enforcers for Two {
    fn heard(&self) -> Vec<web::EnforcerHeard> {
        let what = What::Deny { target: "198.51.100.9".parse().unwrap() };
        let stands = Stands {
            id: 5,
            case: CaseName::new(&CASE.to_string()).unwrap(),
            act: Act { what, seconds: Some(3_600), confirm: None },
            since: at("2025-01-02T01:00:00.000000Z"),
            until: Some(at("2025-01-02T02:00:00.000000Z")),
            confirm_by: None,
            tripped: None,
        };
        let effect = Effect { seen: Some(true), packets: Some(4_321), ..Effect::default() };
        let standing = Standing {
            firewall: "edge".to_owned(),
            driver: "nftables".to_owned(),
            dry: false,
            epoch: Instant::EPOCH,
            last: 0,
            acts: vec![(stands, effect)],
            unseen: None,
        };
        let since = at("2025-01-02T00:30:00.000000Z");
        vec![
            web::EnforcerHeard {
                place: "/run/ward/enforce.sock".to_owned(),
                standing: Some((at("2025-01-02T01:30:00.000000Z"), standing)),
                silent: None,
            },
            web::EnforcerHeard {
                place: "fw-2.city.example:8443".to_owned(),
                standing: None,
                silent: Some((since, Told::new("無法連線", "it cannot be reached"))),
            },
        ]
    }
}

fn sees(office: &Office, who: Acting) -> (StatusCode, String) {
    let answer = office.asked.get(&format!("cookie-of-{}", who.person), "/responses");
    (answer.status, answer.text())
}

#[test]
fn what_stands_and_what_was_answered_is_shown_and_silence_is_no_good_news() {
    let office = office();
    let (status, page) = sees(&office, office.auditor);
    assert_eq!(status, StatusCode::OK, "{page}");
    for words in ["edge", "拒絕存取", "198.51.100.9", "防火牆確認生效", "封包 4321", "114/01/02 10:00:00"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    for words in ["fw-2.city.example:8443", "未回應", "起未獲回應，目前處置情形不明：無法連線"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Of one that was never heard it is not said that nothing stands.
    assert!(!page.contains("目前無任何處置") && page.contains("尚無紀錄"), "{page}");
    let answered = ResponseFact::Done(ResponseAnswer {
        answer: SentAnswer { en: "Denied".to_owned(), zh: "已拒絕".to_owned() },
        asked: EntryNumber(5),
        dry: false,
        effect: Some(ResponseEffect { ms: Some(12), ..ResponseEffect::default() }),
        firewall: "edge".to_owned(),
        order: "act".to_owned(),
        protected: false,
        record: CASE,
        target: Some("198.51.100.9".to_owned()),
        what: Some("deny".to_owned()),
    });
    let over = ResponseFact::Event(ResponseEvent {
        at: at("2025-01-02T02:00:00.000000Z"),
        by: None,
        differs: Vec::new(),
        effect: Some(ResponseEffect { packets: Some(77), ..ResponseEffect::default() }),
        epoch: Instant::EPOCH,
        firewall: "edge".to_owned(),
        number: 1,
        record: Some(CASE),
        what: "over".to_owned(),
    });
    office.asked.house.desk.ask(Asker::System, Order::Responses(vec![answered, over])).unwrap();
    let (_, page) = sees(&office, office.auditor);
    let place = |words: &str| page.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
    assert!(place("期滿解除") < place("已拒絕；自決定至生效 12 毫秒") && page.contains("封包 77"), "{page}");
    let english =
        office.asked.get_english(&format!("cookie-of-{}", office.auditor.person), "/responses").text();
    for words in ["Acts against intruders", "in force", "12 ms from the decision", "No answer since", "over"]
    {
        assert!(english.contains(words), "{words}: {english}");
    }
}

#[test]
fn what_was_seen_long_ago_is_not_how_it_stands_now() {
    let heard = web::Enforcers::heard(&Two);
    let seen = at("2025-01-02T01:30:00.000000Z");
    assert_eq!(heard[0].unknown(seen.plus(std::time::Duration::from_secs(5))), None);
    assert!(heard[0].unknown(seen.plus(std::time::Duration::from_secs(60))).is_some());
    assert!(heard[1].unknown(seen).is_some(), "one that is silent");
}

#[test]
fn who_does_not_see_the_alarms_of_the_whole_finds_nothing() {
    let office = office();
    for who in [office.head, office.wang, office.chen] {
        let (status, page) = sees(&office, who);
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(!page.contains("198.51.100.9"), "{page}");
    }
}
