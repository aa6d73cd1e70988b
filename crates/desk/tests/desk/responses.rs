//! What enforcers answer, and what happens on firewalls: entered once, by the system alone, and the same in tables made anew.

use casework::EntryNumber;
use desk::{Asker, Order, Refused};
use model::{Instant, RecordId};
use store::{ResponseAnswer, ResponseEffect, ResponseEvent, ResponseFact, ResponseSeen, SentAnswer};
use testkit::House;

fn done(asked: u64, firewall: &str) -> ResponseFact {
    let effect =
        ResponseEffect { flows: Some(2), ms: Some(12), seen: Some(true), ..ResponseEffect::default() };
    ResponseFact::Done(ResponseAnswer {
        answer: SentAnswer { en: "Done".to_owned(), zh: "已執行".to_owned() },
        asked: EntryNumber(asked),
        dry: false,
        effect: Some(effect),
        firewall: firewall.to_owned(),
        order: "act".to_owned(),
        protected: false,
        record: RecordId::from_bytes([7; 16]),
        target: Some("192.0.2.1".to_owned()),
        what: Some("deny".to_owned()),
    })
}

fn failed(asked: u64) -> ResponseFact {
    let ResponseFact::Done(answer) = done(asked, "edge") else { panic!("not done") };
    let answer = ResponseAnswer { effect: None, ..answer };
    ResponseFact::Failed(answer)
}

fn event(epoch: u8, number: u64) -> ResponseFact {
    ResponseFact::Event(ResponseEvent {
        at: Instant::EPOCH,
        by: None,
        differs: vec!["- 192.0.2.1".to_owned()],
        effect: None,
        epoch: Instant::from_micros(epoch.into()).unwrap(),
        firewall: "edge".to_owned(),
        number,
        record: None,
        what: "restored".to_owned(),
    })
}

#[test]
fn an_answer_is_entered_once_for_each_firewall_and_an_event_once_and_in_order() {
    let mut house = House::tiny(1).unwrap();
    let enter = |house: &House, facts: Vec<ResponseFact>| {
        let done = house.desk.ask(Asker::System, Order::Responses(facts)).unwrap();
        done.entries.end - done.entries.start
    };
    // Twice at once, and once more later; another firewall's is another.
    assert_eq!(enter(&house, vec![done(5, "edge"), done(5, "edge"), done(5, "inner")]), 2);
    assert_eq!(enter(&house, vec![failed(5), failed(6)]), 1);
    // An epoch of its own counts from the beginning.
    assert_eq!(enter(&house, vec![event(1, 1), event(1, 2), event(1, 1)]), 2);
    assert_eq!(enter(&house, vec![event(1, 2), event(1, 3), event(2, 1)]), 2);
    let read = house.desk.read(|sql, _| {
        Ok::<_, store::StoreError>((
            sql.responses_to(EntryNumber(5))?,
            sql.responses_latest(10)?,
            sql.response_seen("edge")?,
            sql.response_events_latest(3)?,
        ))
    });
    let (to, latest, seen, events) = read.unwrap();
    let rows: Vec<(&str, bool)> = to.iter().map(|row| (row.answer.firewall.as_str(), row.done)).collect();
    assert_eq!(rows, [("edge", true), ("inner", true)]);
    let ResponseFact::Done(whole) = done(5, "edge") else { panic!("not done") };
    assert_eq!(to[0].answer, whole);
    assert_eq!((latest.len(), latest[0].done), (3, false));
    assert_eq!(seen, Some(ResponseSeen { epoch: Instant::from_micros(2).unwrap(), number: 1 }));
    let told: Vec<_> = events.iter().map(|event| (&*event.firewall, &*event.what, &*event.differs)).collect();
    assert_eq!(told, [("edge", "restored", "- 192.0.2.1"); 3]);
    house.compare().unwrap();

    let refused = house.desk.ask(Asker::Console, Order::Responses(vec![done(9, "edge")]));
    assert!(matches!(refused, Err(Refused::NotForAsker)));
}
