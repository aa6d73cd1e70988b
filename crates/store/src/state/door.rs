//! State of the door: sessions, sealed secrets, failures, passkeys as last used, tokens, what people are to be told.
//!
//! Invariants: no cookie, no token and no secret is in clear in a row; what is compared and then written is done by
//! the one who writes the tables, so that nothing is used up twice.
//! Does not: know what a secret is, nor when a session is over (`signin` does).

use crate::error::StoreError;
use crate::projection::parsed;
use crate::sql::{Row, Sql, Value};
use model::{DataKeyId, Instant, PersonId, SessionId, TokenId};

/// How often something failed in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How often.
    pub count: u32,
    /// When it last did.
    pub last_at: Instant,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub person: PersonId,
    /// When it was opened.
    pub opened_at: Instant,
    /// When something was last asked for in it, to a minute.
    pub seen_at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// The rest, as JSON.
    pub body: String,
}

/// A token of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Which.
    pub token: TokenId,
    /// Who answers for it.
    pub person: PersonId,
    /// It does not count from this moment on.
    pub expires_at: Instant,
    /// When it was last used, to a minute.
    pub used_at: Option<Instant>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// The rest, as JSON.
    pub body: String,
}

/// Columns of a session.
const SESSION: &str = "SELECT session, person, opened_at, seen_at, ended_at, body FROM state.door_session";
/// Columns of a token.
const TOKEN: &str = "SELECT token, person, expires_at, used_at, revoked_at, body FROM state.door_token";

impl Sql {
    /// A person's data key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn person_key(&mut self, person: PersonId) -> Result<Option<DataKeyId>, StoreError> {
        let text = "SELECT body FROM identity WHERE kind = 'key' AND id = $1";
        let row = self.row(text, &[person.to_string().into()])?;
        row.map(|row| parsed(&row, 0, "identity")).transpose()
    }

    /// A sealed secret of a person.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn secret(&mut self, person: PersonId, kind: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let text = "SELECT sealed FROM state.door_secret WHERE person = $1 AND kind = $2";
        let row = self.row(text, &[person.to_string().into(), kind.into()])?;
        Ok(row.and_then(|row| row.bytes(0).map(ToOwned::to_owned)))
    }

    /// The kinds of secrets a person has, with the time each was last changed.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn secrets_of(&mut self, person: PersonId) -> Result<Vec<(String, Instant)>, StoreError> {
        let text = "SELECT kind, changed_at FROM state.door_secret WHERE person = $1 ORDER BY kind";
        let rows = self.rows(text, &[person.to_string().into()])?;
        let one = |row: &Row| {
            let kind = row.text(0).unwrap_or_default().to_owned();
            Ok((kind, parsed(row, 1, "state.door_secret")?))
        };
        rows.iter().map(one).collect()
    }

    /// Puts a sealed secret in the place of the one before.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn set_secret(
        &mut self,
        person: PersonId,
        kind: &str,
        sealed: Vec<u8>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO state.door_secret (person, kind, sealed, changed_at) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (person, kind) DO UPDATE SET sealed = excluded.sealed, \
                    changed_at = excluded.changed_at";
        let values = [person.to_string().into(), kind.into(), Value::Bytes(sealed), now.to_string().into()];
        self.run(text, &values).map(drop)
    }

    /// Takes a secret away; says whether there was one.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn drop_secret(&mut self, person: PersonId, kind: &str) -> Result<bool, StoreError> {
        let text = "DELETE FROM state.door_secret WHERE person = $1 AND kind = $2";
        Ok(self.run(text, &[person.to_string().into(), kind.into()])? > 0)
    }

    /// How often what this digest stands for has failed.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn failures(&mut self, digest: &str) -> Result<Option<Failures>, StoreError> {
        let text = "SELECT failures, last_at FROM state.door_failure WHERE digest = $1";
        let row = self.row(text, &[digest.into()])?;
        let one = |row: Row| {
            let count = row.int(0).and_then(|count| u32::try_from(count).ok()).unwrap_or(u32::MAX);
            Ok(Failures { count, last_at: parsed(&row, 1, "state.door_failure")? })
        };
        row.map(one).transpose()
    }

    /// Sets how often it has failed.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn set_failures(&mut self, digest: &str, failures: Failures) -> Result<(), StoreError> {
        let text = "INSERT INTO state.door_failure (digest, failures, last_at) VALUES ($1, $2, $3) \
                    ON CONFLICT (digest) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at";
        let values = [digest.into(), u64::from(failures.count).into(), failures.last_at.to_string().into()];
        self.run(text, &values).map(drop)
    }

    /// Forgets failures.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn forget_failures(&mut self, digest: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM state.door_failure WHERE digest = $1", &[digest.into()]).map(drop)
    }

    /// Forgets failures, and sessions and words to people, that lie so long back; gives how many rows went.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn forget_at_door(&mut self, failed: Instant, ended: Instant) -> Result<u64, StoreError> {
        let old = "DELETE FROM state.door_failure WHERE last_at < $1";
        let mut gone = self.run(old, &[failed.to_string().into()])?;
        for text in [
            "DELETE FROM state.door_session WHERE ended_at < $1",
            "DELETE FROM state.door_word WHERE at < $1",
            "DELETE FROM state.door_token WHERE expires_at < $1",
        ] {
            gone += self.run(text, &[ended.to_string().into()])?;
        }
        Ok(gone)
    }

    /// Takes down a use of a passkey whose counter stands at `counter`; false where it has not risen though it counts.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn passkey_used(&mut self, credential: &str, counter: u32, now: Instant) -> Result<bool, StoreError> {
        let text = "SELECT counter FROM state.door_passkey WHERE credential = $1";
        let last = self.row(text, &[credential.into()])?.and_then(|row| row.int(0)).unwrap_or(0);
        // Passkeys that live on several devices do not count, and say 0 each time.
        if i64::from(counter) <= last && (counter, last) != (0, 0) {
            return Ok(false);
        }
        let text = "INSERT INTO state.door_passkey (credential, counter, used_at) VALUES ($1, $2, $3) \
                    ON CONFLICT (credential) DO UPDATE SET counter = excluded.counter, used_at = excluded.used_at";
        self.run(text, &[credential.into(), u64::from(counter).into(), now.to_string().into()])?;
        Ok(true)
    }

    /// When a passkey was last used to sign in.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn passkey_last_used(&mut self, credential: &str) -> Result<Option<Instant>, StoreError> {
        let text = "SELECT used_at FROM state.door_passkey WHERE credential = $1";
        let row = self.row(text, &[credential.into()])?;
        row.map(|row| parsed(&row, 0, "state.door_passkey")).transpose()
    }

    /// Keeps a new session under the digest of its cookie.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn add_session(&mut self, digest: &str, session: &SessionRow) -> Result<(), StoreError> {
        let text = "INSERT INTO state.door_session (session, digest, person, opened_at, seen_at, body) \
                    VALUES ($1, $2, $3, $4, $5, $6)";
        let values = [
            session.session.to_string().into(),
            digest.into(),
            session.person.to_string().into(),
            session.opened_at.to_string().into(),
            session.seen_at.to_string().into(),
            session.body.clone().into(),
        ];
        self.run(text, &values).map(drop)
    }

    /// The session of a cookie's digest, ended or not.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn session_of(&mut self, digest: &str) -> Result<Option<SessionRow>, StoreError> {
        let row = self.row(&format!("{SESSION} WHERE digest = $1"), &[digest.into()])?;
        row.as_ref().map(session).transpose()
    }

    /// A session by its id, ended or not.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn session(&mut self, session: SessionId) -> Result<Option<SessionRow>, StoreError> {
        let row = self.row(&format!("{SESSION} WHERE session = $1"), &[session.to_string().into()])?;
        row.as_ref().map(self::session).transpose()
    }

    /// Sessions that have not ended: one person's, or everybody's; those opened first come first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn open_sessions(&mut self, person: Option<PersonId>) -> Result<Vec<SessionRow>, StoreError> {
        let rows = match person {
            Some(person) => self.rows(
                &format!("{SESSION} WHERE ended_at IS NULL AND person = $1 ORDER BY opened_at, session"),
                &[person.to_string().into()],
            )?,
            None => {
                self.rows(&format!("{SESSION} WHERE ended_at IS NULL ORDER BY opened_at, session"), &[])?
            }
        };
        rows.iter().map(session).collect()
    }

    /// A person's sessions, ended ones included, the newest first.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn sessions_of(&mut self, person: PersonId, most: usize) -> Result<Vec<SessionRow>, StoreError> {
        let text = format!("{SESSION} WHERE person = $1 ORDER BY opened_at DESC, session LIMIT $2");
        let rows = self.rows(&text, &[person.to_string().into(), most.into()])?;
        rows.iter().map(session).collect()
    }

    /// Notes that something was asked for in a session.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn session_seen(&mut self, session: SessionId, now: Instant) -> Result<(), StoreError> {
        let text = "UPDATE state.door_session SET seen_at = $2 WHERE session = $1 AND ended_at IS NULL";
        self.run(text, &[session.to_string().into(), now.to_string().into()]).map(drop)
    }

    /// Ends a session; false where it had ended already.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn end_session(&mut self, session: SessionId, now: Instant, body: &str) -> Result<bool, StoreError> {
        let text =
            "UPDATE state.door_session SET ended_at = $2, body = $3 WHERE session = $1 AND ended_at IS NULL";
        Ok(self.run(text, &[session.to_string().into(), now.to_string().into(), body.into()])? > 0)
    }

    /// Something a person is to be told about their account.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn add_word(
        &mut self,
        person: PersonId,
        at: Instant,
        kind: &str,
        body: &str,
    ) -> Result<(), StoreError> {
        let text = "INSERT INTO state.door_word (person, at, kind, body) VALUES ($1, $2, $3, $4) \
                    ON CONFLICT (person, at, kind) DO NOTHING";
        let values = [person.to_string().into(), at.to_string().into(), kind.into(), body.into()];
        self.run(text, &values).map(drop)
    }

    /// Forgets what a person was told of a kind.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn drop_words(&mut self, person: PersonId, kind: &str) -> Result<(), StoreError> {
        let text = "DELETE FROM state.door_word WHERE person = $1 AND kind = $2";
        self.run(text, &[person.to_string().into(), kind.into()]).map(drop)
    }

    /// What a person is to be told about their account, the newest first: when, and the rest as JSON.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn words(&mut self, person: PersonId) -> Result<Vec<(Instant, String)>, StoreError> {
        let text = "SELECT at, body FROM state.door_word WHERE person = $1 ORDER BY at DESC, kind";
        let rows = self.rows(text, &[person.to_string().into()])?;
        let one =
            |row: &Row| Ok((parsed(row, 0, "state.door_word")?, row.text(1).unwrap_or_default().to_owned()));
        rows.iter().map(one).collect()
    }

    /// A person has read what they were told up to a moment.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn words_read(&mut self, person: PersonId, until: Instant) -> Result<(), StoreError> {
        let text = "DELETE FROM state.door_word WHERE person = $1 AND at <= $2";
        self.run(text, &[person.to_string().into(), until.to_string().into()]).map(drop)
    }

    /// The digest of the link of the first start, and the moment from which it does not count.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn first_link(&mut self) -> Result<Option<(String, Instant)>, StoreError> {
        let row = self.row("SELECT digest, until FROM state.door_first WHERE one = 1", &[])?;
        let one =
            |row: Row| Ok((row.text(0).unwrap_or_default().to_owned(), parsed(&row, 1, "state.door_first")?));
        row.map(one).transpose()
    }

    /// Puts a link of the first start in the place of the one before; none takes it away.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn set_first_link(&mut self, link: Option<(&str, Instant)>) -> Result<(), StoreError> {
        let Some((digest, until)) = link else {
            return self.run("DELETE FROM state.door_first WHERE one = 1", &[]).map(drop);
        };
        let text = "INSERT INTO state.door_first (one, digest, until) VALUES (1, $1, $2) \
                    ON CONFLICT (one) DO UPDATE SET digest = excluded.digest, until = excluded.until";
        self.run(text, &[digest.into(), until.to_string().into()]).map(drop)
    }

    /// Keeps a new token under its digest.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn add_token(&mut self, digest: &str, token: &TokenRow) -> Result<(), StoreError> {
        let text = "INSERT INTO state.door_token (token, digest, person, expires_at, body) \
                    VALUES ($1, $2, $3, $4, $5)";
        let values = [
            token.token.to_string().into(),
            digest.into(),
            token.person.to_string().into(),
            token.expires_at.to_string().into(),
            token.body.clone().into(),
        ];
        self.run(text, &values).map(drop)
    }

    /// The token of a digest, revoked or not.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn token_of(&mut self, digest: &str) -> Result<Option<TokenRow>, StoreError> {
        let row = self.row(&format!("{TOKEN} WHERE digest = $1"), &[digest.into()])?;
        row.as_ref().map(token).transpose()
    }

    /// Tokens, one person's or everybody's, revoked ones included.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn tokens(&mut self, person: Option<PersonId>) -> Result<Vec<TokenRow>, StoreError> {
        let rows = match person {
            Some(person) => self.rows(
                &format!("{TOKEN} WHERE person = $1 ORDER BY expires_at, token"),
                &[person.to_string().into()],
            )?,
            None => self.rows(&format!("{TOKEN} ORDER BY expires_at, token"), &[])?,
        };
        rows.iter().map(token).collect()
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn token_used(&mut self, token: TokenId, now: Instant) -> Result<(), StoreError> {
        let text = "UPDATE state.door_token SET used_at = $2 WHERE token = $1";
        self.run(text, &[token.to_string().into(), now.to_string().into()]).map(drop)
    }

    /// Revokes a token; false where it was revoked already, or is not there.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn revoke_token(&mut self, token: TokenId, now: Instant) -> Result<bool, StoreError> {
        let text = "UPDATE state.door_token SET revoked_at = $2 WHERE token = $1 AND revoked_at IS NULL";
        Ok(self.run(text, &[token.to_string().into(), now.to_string().into()])? > 0)
    }
}

fn session(row: &Row) -> Result<SessionRow, StoreError> {
    let table = "state.door_session";
    Ok(SessionRow {
        session: parsed(row, 0, table)?,
        person: parsed(row, 1, table)?,
        opened_at: parsed(row, 2, table)?,
        seen_at: parsed(row, 3, table)?,
        ended_at: row.text(4).map(|_| parsed(row, 4, table)).transpose()?,
        body: row.text(5).unwrap_or_default().to_owned(),
    })
}

fn token(row: &Row) -> Result<TokenRow, StoreError> {
    let table = "state.door_token";
    let at = |column: usize| row.text(column).map(|_| parsed(row, column, table)).transpose();
    Ok(TokenRow {
        token: parsed(row, 0, table)?,
        person: parsed(row, 1, table)?,
        expires_at: parsed(row, 2, table)?,
        used_at: at(3)?,
        revoked_at: at(4)?,
        body: row.text(5).unwrap_or_default().to_owned(),
    })
}
