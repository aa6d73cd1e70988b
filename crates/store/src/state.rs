//! State: what is neither in the ledger nor computed from it: sealed secrets, sessions and tokens, drafts, saved views,
//! attempts to send, texts of files, when senders of lines were heard, what they had sent of lines that went.
//!
//! No entry is lost with it, but nobody signs in without it: it is backed up, and what is changed there is durable.

mod answered;
mod door;
mod drafts;
mod heard;
mod traffic;
mod views;

pub use answered::Answered;
pub use door::{Failures, SessionRow, TokenRow};
pub use drafts::Draft;
pub use traffic::TrafficGone;
pub use views::SavedView;

use crate::error::StoreError;
use crate::projection::parsed;
use crate::sql::{Row, Sql};
use model::{DataKeyId, Instant, PersonId, RecordId, Told};

/// Something that is to leave Ward, with how often it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The entry that asked: the key under which the other side sees it, as often as it is sent.
    pub entry: u64,
    /// The record it was asked for.
    pub record: RecordId,
    /// The way out.
    pub hook: String,
    /// What it is given, as JSON.
    pub give: String,
    /// How often it was tried.
    pub tries: u32,
}

/// A file that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// `sha256:` and the digest of the stored bytes, in hexadecimal.
    pub digest: String,
    /// Bytes in clear.
    pub size: u64,
    /// What it is.
    pub kind: String,
    /// The data key it is sealed under.
    pub key: Option<DataKeyId>,
    /// When it was stored.
    pub at: Instant,
    /// Its text, where it has one and is not sealed.
    pub text: Option<String>,
    /// Why its text could not be read, where that was tried.
    pub unread: Option<Told>,
}

impl Sql {
    /// What is to be sent now: asked for, not answered, and not tried just before.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn outbox(&mut self, now: Instant, most: usize) -> Result<Vec<Attempt>, StoreError> {
        let text = "SELECT a.entry, a.record, a.hook, a.give, COALESCE(t.tries, 0) FROM ask a \
                    LEFT JOIN state.attempt t ON t.entry = a.entry \
                    WHERE a.answered IS NULL AND (t.next_at IS NULL OR t.next_at <= $1) ORDER BY a.entry LIMIT $2";
        let rows = self.rows(text, &[now.to_string().into(), most.into()])?;
        rows.iter()
            .map(|row| {
                attempt(row).ok_or_else(|| StoreError::damaged("ask", format!("entry {:?}", row.int(0))))
            })
            .collect()
    }

    /// Notes an attempt that failed, and when the next one is.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn tried(&mut self, entry: u64, next: Instant, told: &str) -> Result<(), StoreError> {
        let text = "INSERT INTO state.attempt (entry, tries, next_at, told) VALUES ($1, 1, $2, $3) \
                    ON CONFLICT (entry) DO UPDATE SET tries = attempt.tries + 1, next_at = excluded.next_at, \
                    told = excluded.told";
        self.run(text, &[entry.into(), next.to_string().into(), told.into()]).map(drop)
    }

    /// Notes a stored file; of one that is known only that it was handed in again.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn file_stored(&mut self, file: &Stored) -> Result<(), StoreError> {
        let text = "INSERT INTO state.stored (digest, size, kind, data_key, stored_at) VALUES ($1, $2, $3, $4, $5) \
                    ON CONFLICT (digest) DO UPDATE SET stored_at = excluded.stored_at";
        let key = file.key.map(|key| key.to_string());
        let values = [
            file.digest.clone().into(),
            file.size.into(),
            file.kind.clone().into(),
            key.into(),
            file.at.to_string().into(),
        ];
        self.run(text, &values)?;
        if let Some(told) = &file.unread {
            let text = "INSERT INTO state.file_unread (digest, zh, en) VALUES ($1, $2, $3) \
                        ON CONFLICT (digest) DO UPDATE SET zh = excluded.zh, en = excluded.en";
            let (zh, en) = (told.zh.as_str().into(), told.en.as_str().into());
            self.run(text, &[file.digest.clone().into(), zh, en])?;
        }
        let Some(body) = file.text.as_ref().filter(|_| file.key.is_none()) else { return Ok(()) };
        let text =
            "INSERT INTO state.file_text (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
        self.run(text, &[file.digest.clone().into(), body.clone().into()]).map(drop)
    }

    /// Notes who has handed a stored file in; what they handed in until `since` is forgotten.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn file_handed_in(
        &mut self,
        person: PersonId,
        file: &Stored,
        since: Instant,
    ) -> Result<(), StoreError> {
        let person = person.to_string();
        let text = "DELETE FROM state.handed_in WHERE person = $1 AND at <= $2";
        self.run(text, &[person.clone().into(), since.to_string().into()])?;
        let text = "INSERT INTO state.handed_in (person, digest, at) VALUES ($1, $2, $3) \
                    ON CONFLICT (person, digest) DO UPDATE SET at = excluded.at";
        self.run(text, &[person.into(), file.digest.clone().into(), file.at.to_string().into()]).map(drop)
    }

    /// Bytes of what somebody has handed in since then and no record holds.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn loose_bytes(&mut self, person: PersonId, since: Instant) -> Result<u64, StoreError> {
        let text = "SELECT CAST(COALESCE(SUM(stored.size), 0) AS BIGINT) FROM state.handed_in AS handed \
                    JOIN state.stored AS stored ON stored.digest = handed.digest \
                    WHERE handed.person = $1 AND handed.at > $2 \
                    AND NOT EXISTS (SELECT 1 FROM file_use WHERE file_use.digest = handed.digest)";
        let row = self.row(text, &[person.to_string().into(), since.to_string().into()])?;
        Ok(row.and_then(|row| row.int(0)).and_then(|sum| u64::try_from(sum).ok()).unwrap_or(0))
    }

    /// Forgets a stored file.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn file_forgotten(&mut self, digest: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM state.file_text WHERE digest = $1", &[digest.into()])?;
        self.run("DELETE FROM state.file_unread WHERE digest = $1", &[digest.into()])?;
        self.run("DELETE FROM state.handed_in WHERE digest = $1", &[digest.into()])?;
        self.run("DELETE FROM state.stored WHERE digest = $1", &[digest.into()]).map(drop)
    }

    /// The data key a stored file is sealed under: outer none where the file is unknown.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn file_key(&mut self, digest: &str) -> Result<Option<Option<DataKeyId>>, StoreError> {
        let row = self.row("SELECT data_key FROM state.stored WHERE digest = $1", &[digest.into()])?;
        Ok(row.map(|row| row.text(0).and_then(|text| text.parse().ok())))
    }

    /// What was noted of a stored file: bytes in clear, kind, the data key it is sealed under. None where it is unknown.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn stored_file(
        &mut self,
        digest: &str,
    ) -> Result<Option<(u64, String, Option<DataKeyId>)>, StoreError> {
        let row =
            self.row("SELECT size, kind, data_key FROM state.stored WHERE digest = $1", &[digest.into()])?;
        let known = |row: &Row| {
            Some((row.entry(0)?, row.text(1)?.to_owned(), row.text(2).and_then(|text| text.parse().ok())))
        };
        Ok(row.as_ref().and_then(known))
    }

    /// Why the text of a stored file could not be read, so that it is not found by its text; none where it could, or was
    /// not tried.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn file_unread(&mut self, digest: &str) -> Result<Option<Told>, StoreError> {
        let row = self.row("SELECT zh, en FROM state.file_unread WHERE digest = $1", &[digest.into()])?;
        Ok(row.and_then(|row| Some(Told::new(row.text(0)?, row.text(1)?))))
    }

    /// Forgets drafts that nobody came back to, and answers that nobody asks for again.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn forget_old(&mut self, now: Instant) -> Result<(), StoreError> {
        let (drafts, answers) = (now.minus(drafts::KEPT).to_string(), now.minus(answered::KEPT).to_string());
        self.run("DELETE FROM state.draft WHERE kept_at < $1", &[drafts.into()])?;
        self.run("DELETE FROM state.answered WHERE at < $1", &[answers.into()]).map(drop)
    }

    /// Stored files that were handed in last before a moment and that nothing speaks of: no record holds or held them, no
    /// published pack lies in them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn files_unheld(&mut self, before: Instant, most: usize) -> Result<Vec<String>, StoreError> {
        let text = "SELECT s.digest FROM state.stored s WHERE s.stored_at < $1 \
                    AND NOT EXISTS (SELECT 1 FROM file_use u WHERE u.digest = s.digest) \
                    AND NOT EXISTS (SELECT 1 FROM published p WHERE p.archive = s.digest) \
                    ORDER BY s.digest LIMIT $2";
        let rows = self.rows(text, &[before.to_string().into(), most.into()])?;
        Ok(rows.iter().filter_map(|row| row.text(0).map(ToOwned::to_owned)).collect())
    }

    /// All files that the state knows or something speaks of.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn files_known(&mut self) -> Result<Vec<String>, StoreError> {
        let text = "SELECT digest FROM state.stored UNION SELECT digest FROM file_use \
                    UNION SELECT archive FROM published";
        let rows = self.rows(text, &[])?;
        Ok(rows.iter().filter_map(|row| row.text(0).map(ToOwned::to_owned)).collect())
    }

    /// Stored files that are sealed under data keys of which the ledger says that they are destroyed, each with its key.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn files_under_destroyed_keys(&mut self) -> Result<Vec<(String, DataKeyId)>, StoreError> {
        let text = "SELECT s.digest, s.data_key FROM state.stored s JOIN destroyed_key d ON d.data_key = s.data_key \
                    ORDER BY s.digest";
        let rows = self.rows(text, &[])?;
        rows.iter().map(|row| Ok((parsed(row, 0, "stored")?, parsed(row, 1, "stored")?))).collect()
    }

    /// The record and the hook of an entry that asked for something and was not answered yet.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn awaited(&mut self, entry: u64) -> Result<Option<(RecordId, String)>, StoreError> {
        let row =
            self.row("SELECT record, hook FROM ask WHERE entry = $1 AND answered IS NULL", &[entry.into()])?;
        row.map(|row| Ok((parsed(&row, 0, "ask")?, row.text(1).unwrap_or_default().to_owned()))).transpose()
    }

    /// Records of a register that were opened by these entries.
    ///
    /// # Errors
    /// `Unavailable`, `Damaged`.
    pub fn opened_by(
        &mut self,
        entries: &std::ops::Range<u64>,
        register: &regulation::RegisterId,
    ) -> Result<Vec<RecordId>, StoreError> {
        let text =
            "SELECT record FROM record WHERE opened >= $1 AND opened < $2 AND register = $3 ORDER BY opened";
        let values = [entries.start.into(), entries.end.into(), register.to_string().into()];
        self.rows(text, &values)?.iter().map(|row| parsed(row, 0, "record")).collect()
    }

    /// Of how many destroyed data keys what deleted rows left behind was overwritten.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn scrubbed(&mut self) -> Result<u64, StoreError> {
        let row = self.row("SELECT keys FROM state.scrubbed WHERE one = 1", &[])?;
        Ok(row.and_then(|row| row.entry(0)).unwrap_or(0))
    }

    /// Digests of files that only this record holds or held.
    ///
    /// # Errors
    /// `Unavailable`.
    pub fn files_of_record_alone(&mut self, record: RecordId) -> Result<Vec<String>, StoreError> {
        let text = "SELECT DISTINCT u.digest FROM file_use u JOIN record r ON r.opened = u.opened WHERE r.record = $1 \
                    AND NOT EXISTS (SELECT 1 FROM file_use o WHERE o.digest = u.digest AND o.opened <> u.opened) \
                    ORDER BY u.digest";
        let rows = self.rows(text, &[record.to_string().into()])?;
        Ok(rows.iter().filter_map(|row| row.text(0).map(ToOwned::to_owned)).collect())
    }
}

fn attempt(row: &Row) -> Option<Attempt> {
    Some(Attempt {
        entry: row.entry(0)?,
        record: row.text(1)?.parse().ok()?,
        hook: row.text(2)?.to_owned(),
        give: row.text(3)?.to_owned(),
        tries: u32::try_from(row.int(4)?).ok()?,
    })
}
