//! State of the door, on both databases: what is compared before it is written, what is forgotten when.

use crate::bed::{Bed, On, on_both};
use model::{Instant, PersonId, SessionId, TokenId};
use std::time::Duration;
use store::{Answered, Draft, Failures, SessionRow, Sql, StoreError, TokenRow};

fn person(byte: u8) -> PersonId {
    PersonId::from_bytes([byte; 16])
}

fn session(byte: u8, of: PersonId, at: Instant) -> SessionRow {
    let (session, body) = (SessionId::from_bytes([byte; 16]), format!("{{\"number\":{byte}}}"));
    SessionRow { session, person: of, opened_at: at, seen_at: at, ended_at: None, body }
}

fn later(at: Instant, seconds: u64) -> Instant {
    at.plus(Duration::from_secs(seconds))
}

/// Asks the one who writes.
fn ask<T>(bed: &Bed, ask: impl FnOnce(&mut Sql) -> Result<T, StoreError>) -> T {
    bed.tables.ask(ask).unwrap()
}

fn a_session_is_found_by_its_digest_and_ends_once(on: On) {
    let bed = Bed::new(on, 61).unwrap();
    let now = bed.now();
    let (wang, chen) = (person(1), person(2));
    for (byte, of) in [(1, wang), (2, wang), (3, chen)] {
        let row = session(byte, of, later(now, byte.into()));
        ask(&bed, |sql| sql.add_session(&format!("digest{byte}"), &row));
    }
    assert_eq!(ask(&bed, |sql| sql.session_of("digest2")), Some(session(2, wang, later(now, 2))));
    assert_eq!(ask(&bed, |sql| sql.session_of("digest9")), None);
    let (id, seen) = (SessionId::from_bytes([2; 16]), later(now, 90));
    ask(&bed, |sql| sql.session_seen(id, seen));
    assert!(ask(&bed, |sql| sql.end_session(id, later(now, 100), "{}")));
    assert!(!ask(&bed, |sql| sql.end_session(id, later(now, 200), "{\"second\":true}")));
    ask(&bed, |sql| sql.session_seen(id, later(now, 300)));
    let found = ask(&bed, |sql| sql.session_of("digest2")).unwrap();
    assert_eq!((found.seen_at, found.ended_at, found.body.as_str()), (seen, Some(later(now, 100)), "{}"));
    assert_eq!(ask(&bed, |sql| sql.session(id)), Some(found));
    assert_eq!(ask(&bed, |sql| sql.session(SessionId::from_bytes([9; 16]))), None);
    let ids =
        |rows: Vec<SessionRow>| -> Vec<u8> { rows.iter().map(|row| row.session.as_bytes()[0]).collect() };
    assert_eq!(ids(ask(&bed, |sql| sql.open_sessions(None))), [1, 3]);
    assert_eq!(ids(ask(&bed, |sql| sql.open_sessions(Some(wang)))), [1]);
    assert_eq!(ids(ask(&bed, |sql| sql.sessions_of(wang, 9))), [2, 1]);
    assert_eq!(ids(ask(&bed, |sql| sql.sessions_of(wang, 1))), [2]);
    // A cookie is one session's.
    let twice = session(4, chen, now);
    assert!(bed.tables.ask(|sql| sql.add_session("digest1", &twice)).is_err());
}

fn a_secret_is_its_owners_and_stands_once_a_kind(on: On) {
    let bed = Bed::new(on, 62).unwrap();
    let now = bed.now();
    let (wang, chen) = (person(1), person(2));
    ask(&bed, |sql| sql.set_secret(wang, "totp", vec![1, 0, 255], now));
    ask(&bed, |sql| sql.set_secret(wang, "totp", vec![2], later(now, 5)));
    ask(&bed, |sql| sql.set_secret(wang, "password", vec![3], now));
    assert_eq!(ask(&bed, |sql| sql.secret(wang, "totp")), Some(vec![2]));
    assert_eq!(ask(&bed, |sql| sql.secret(chen, "totp")), None);
    let kinds = ask(&bed, |sql| sql.secrets_of(wang));
    assert_eq!(kinds, [("password".to_owned(), now), ("totp".to_owned(), later(now, 5))]);
    assert!(ask(&bed, |sql| sql.drop_secret(wang, "totp")));
    assert!(!ask(&bed, |sql| sql.drop_secret(wang, "totp")));
}

fn a_counter_that_counts_must_rise(on: On) {
    let bed = Bed::new(on, 63).unwrap();
    let now = bed.now();
    let used = |key: &str, counter: u32| ask(&bed, |sql| sql.passkey_used(key, counter, now));
    assert_eq!([0, 0, 0].map(|counter| used("none", counter)), [true; 3]);
    assert_eq!(
        [1, 2, 2, 1, 0, 3].map(|counter| used("some", counter)),
        [true, true, false, false, false, true]
    );
    assert!(used("large", u32::MAX) && !used("large", u32::MAX));
    assert_eq!(ask(&bed, |sql| sql.passkey_last_used("some")), Some(now));
    assert_eq!(ask(&bed, |sql| sql.passkey_last_used("other")), None);
}

fn failures_words_and_what_ended_are_forgotten_in_time(on: On) {
    let bed = Bed::new(on, 64).unwrap();
    let now = bed.now();
    let failures = |count| Failures { count, last_at: later(now, count.into()) };
    for count in [1, 2] {
        ask(&bed, |sql| sql.set_failures("account", failures(count)));
    }
    assert_eq!(ask(&bed, |sql| sql.failures("account")), Some(failures(2)));
    ask(&bed, |sql| sql.forget_failures("account"));
    assert_eq!(ask(&bed, |sql| sql.failures("account")), None);
    ask(&bed, |sql| sql.set_failures("old", failures(3)));
    let (row, wang) = (session(1, person(1), now), person(1));
    ask(&bed, |sql| sql.add_session("ended", &row));
    ask(&bed, |sql| sql.end_session(row.session, later(now, 10), "{}"));
    ask(&bed, |sql| sql.add_session("open", &session(2, wang, now)));
    for (at, kind) in [(now, "tries"), (later(now, 50), "tries"), (later(now, 50), "locked")] {
        ask(&bed, |sql| sql.add_word(wang, at, kind, "{}"));
        // The second time it says nothing new.
        ask(&bed, |sql| sql.add_word(wang, at, kind, "{}"));
    }
    assert_eq!(ask(&bed, |sql| sql.words(wang)).len(), 3);
    assert_eq!(ask(&bed, |sql| sql.forget_at_door(later(now, 4), later(now, 20))), 3);
    assert_eq!(ask(&bed, |sql| sql.failures("old")), None);
    assert_eq!(ask(&bed, |sql| sql.session_of("ended")), None);
    assert!(ask(&bed, |sql| sql.session_of("open")).is_some());
    assert_eq!(ask(&bed, |sql| sql.words(wang)).len(), 2);
    ask(&bed, |sql| sql.drop_words(wang, "tries"));
    ask(&bed, |sql| sql.words_read(wang, later(now, 49)));
    assert_eq!(ask(&bed, |sql| sql.words(wang)), [(later(now, 50), "{}".to_owned())]);
    ask(&bed, |sql| sql.words_read(wang, later(now, 50)));
    assert_eq!(ask(&bed, |sql| sql.words(wang)), []);
}

fn a_token_is_revoked_once_and_the_first_link_is_one(on: On) {
    let bed = Bed::new(on, 65).unwrap();
    let now = bed.now();
    let token = TokenId::from_bytes([1; 16]);
    let row = TokenRow {
        token,
        person: person(1),
        expires_at: later(now, 100),
        used_at: None,
        revoked_at: None,
        body: "{}".to_owned(),
    };
    ask(&bed, |sql| sql.add_token("digest", &row));
    assert_eq!(ask(&bed, |sql| sql.token_of("digest")), Some(row));
    ask(&bed, |sql| sql.token_used(token, now));
    assert!(ask(&bed, |sql| sql.revoke_token(token, later(now, 1))));
    assert!(!ask(&bed, |sql| sql.revoke_token(token, later(now, 2))));
    let tokens = ask(&bed, |sql| sql.tokens(Some(person(1))));
    assert_eq!((tokens[0].used_at, tokens[0].revoked_at), (Some(now), Some(later(now, 1))));
    assert_eq!(ask(&bed, |sql| sql.tokens(None)).len(), 1);
    assert_eq!(ask(&bed, |sql| sql.tokens(Some(person(2)))), []);
    assert_eq!(ask(&bed, |sql| sql.first_link()), None);
    ask(&bed, |sql| sql.set_first_link(Some(("one", now))));
    ask(&bed, |sql| sql.set_first_link(Some(("two", later(now, 1)))));
    assert_eq!(ask(&bed, |sql| sql.first_link()), Some(("two".to_owned(), later(now, 1))));
    ask(&bed, |sql| sql.set_first_link(None));
    assert_eq!(ask(&bed, |sql| sql.first_link()), None);
}

fn what_is_changed_there_is_on_the_disk_when_it_returns(on: On) {
    let bed = Bed::new(on, 66).unwrap();
    let (question, answer) = match on {
        On::Sqlite => ("PRAGMA state.synchronous", "2"),
        On::Postgres => ("SHOW synchronous_commit", "on"),
    };
    let now = bed.now();
    let wang = person(1);
    let told = ask(&bed, |sql| {
        sql.durably(|sql| {
            sql.add_word(wang, now, "tries", "{}")?;
            sql.row(question, &[])
        })
    });
    let told = told.unwrap();
    assert_eq!(told.text(0).map(ToOwned::to_owned).or(told.int(0).map(|n| n.to_string())).unwrap(), answer);
    assert_eq!(ask(&bed, |sql| sql.words(wang)).len(), 1);
    // All of it or nothing.
    let failed = bed.tables.ask(|sql| {
        sql.durably(|sql| {
            sql.words_read(wang, now)?;
            sql.add_session("digest", &session(1, wang, now))?;
            sql.add_session("digest", &session(2, wang, now))
        })
    });
    assert!(failed.is_err());
    assert_eq!(ask(&bed, |sql| sql.words(wang)).len(), 1);
    assert_eq!(ask(&bed, |sql| sql.session_of("digest")), None);
}

fn an_answer_counts_for_a_day_and_a_draft_for_a_season(on: On) {
    let bed = Bed::new(on, 67).unwrap();
    let now = bed.now();
    let answer = |body: &str| Answered { digest: "d".into(), status: 201, body: body.into() };
    let note = |body: &str, at: Instant| ask(&bed, |sql| sql.note_answer("key", &answer(body), at));
    let found = |at: Instant| ask(&bed, |sql| sql.answered("key", at)).map(|answered| answered.body);
    note("first", now);
    note("second", later(now, 86_400));
    assert_eq!(found(later(now, 86_400)).as_deref(), Some("first"));
    assert_eq!(found(later(now, 86_401)), None);
    note("third", later(now, 86_401));
    assert_eq!(found(later(now, 86_401)).as_deref(), Some("third"));
    let draft = Draft { form: "/f".into(), record: None, pairs: "a=b".into(), kept_at: now };
    ask(&bed, |sql| sql.keep_draft(person(1), &draft));
    let season = 90 * 86_400;
    ask(&bed, |sql| sql.forget_old(later(now, season)));
    assert_eq!(ask(&bed, |sql| sql.draft(person(1), "/f")), Some(draft));
    assert_eq!(ask(&bed, |sql| sql.row("SELECT 1 FROM state.answered", &[])), None);
    ask(&bed, |sql| sql.forget_old(later(now, season + 1)));
    assert_eq!(ask(&bed, |sql| sql.draft(person(1), "/f")), None);
}

on_both!(
    a_counter_that_counts_must_rise,
    a_secret_is_its_owners_and_stands_once_a_kind,
    a_session_is_found_by_its_digest_and_ends_once,
    a_token_is_revoked_once_and_the_first_link_is_one,
    an_answer_counts_for_a_day_and_a_draft_for_a_season,
    failures_words_and_what_ended_are_forgotten_in_time,
    what_is_changed_there_is_on_the_disk_when_it_returns,
);
