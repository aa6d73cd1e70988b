//! Secrets of people, each sealed under its owner's own data key.
//!
//! Invariants: nothing that is here is in clear in a row, in a log line or in a `Debug` form; the key gone, the secret is
//! gone; a secret moved to another person or another use does not open; what is compared and then written is done in one
//! turn of the one who writes.
//! Does not: know the data key beyond one call.

use crate::door::SignIn;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use desk::Refused;
use model::{Instant, PersonId, Told};
use proof::seal::DataKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Sql, StoreError};
use zeroize::Zeroizing;

/// Uses of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What was handed over to set factors anew.
    Pass,
    /// The password's hash, and those before it.
    Password,
    /// Recovery codes that are left, as digests.
    Recovery,
    /// The secret of one-time codes.
    Totp,
}

const NONCE: usize = 24;

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Password => "password",
            Self::Recovery => "recovery",
            Self::Totp => "totp",
        }
    }
}

impl SignIn {
    /// A secret; none where there is none, or its owner's data was destroyed.
    pub(crate) fn secret<T: DeserializeOwned>(
        &self,
        person: PersonId,
        kind: Kind,
    ) -> Result<Option<T>, Refused> {
        let sealed = self.desk().read(|sql, _| sql.secret(person, kind.word()))?;
        let (Some(sealed), Some(key)) = (sealed, self.desk().person_key(person)?) else { return Ok(None) };
        open(&key, person, kind, &sealed).map(Some)
    }

    /// Puts a secret in the place of the one before.
    pub(crate) fn set_secret<T: Serialize>(
        &self,
        person: PersonId,
        kind: Kind,
        secret: &T,
        now: Instant,
    ) -> Result<(), Refused> {
        let key = self.desk().person_key(person)?.ok_or_else(destroyed)?;
        let sealed = seal(&key, person, kind, secret, self.draw().bytes()?)?;
        self.desk().state(move |sql| sql.set_secret(person, kind.word(), sealed, now))
    }

    /// Takes a secret away; says whether there was one.
    pub(crate) fn drop_secret(&self, person: PersonId, kind: Kind) -> Result<bool, Refused> {
        self.desk().state(move |sql| sql.drop_secret(person, kind.word()))
    }

    /// Looks at a secret and changes it in one turn: what `take` says yes to is written before anybody else looks. None
    /// where there is none.
    pub(crate) fn take_from<T: Serialize + DeserializeOwned>(
        &self,
        person: PersonId,
        kind: Kind,
        now: Instant,
        take: impl FnOnce(&mut T) -> Result<bool, Refused> + Send + 'static,
    ) -> Result<Option<bool>, Refused> {
        let Some(key) = self.desk().person_key(person)? else { return Ok(None) };
        let nonce = self.draw().bytes()?;
        self.desk().state(move |sql| Ok(taken(sql, &key, nonce, (person, kind, now), take)))?
    }
}

fn taken<T: Serialize + DeserializeOwned>(
    sql: &mut Sql,
    key: &DataKey,
    nonce: [u8; NONCE],
    (person, kind, now): (PersonId, Kind, Instant),
    take: impl FnOnce(&mut T) -> Result<bool, Refused>,
) -> Result<Option<bool>, Refused> {
    let Some(sealed) = sql.secret(person, kind.word())? else { return Ok(None) };
    let mut secret: T = open(key, person, kind, &sealed)?;
    let right = take(&mut secret)?;
    if right {
        sql.set_secret(person, kind.word(), seal(key, person, kind, &secret, nonce)?, now)?;
    }
    Ok(Some(right))
}

/// What the seal is bound to.
fn bound(person: PersonId, kind: Kind) -> Vec<u8> {
    format!("ward-secret/v1\n{person}\n{}\n", kind.word()).into_bytes()
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.secret_bytes().into())
}

fn seal<T: Serialize>(
    key: &DataKey,
    person: PersonId,
    kind: Kind,
    secret: &T,
    nonce: [u8; NONCE],
) -> Result<Vec<u8>, Refused> {
    let plain = Zeroizing::new(serde_json::to_vec(secret).map_err(|_| damaged(person))?);
    let payload = Payload { msg: &plain, aad: &bound(person, kind) };
    let data = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| damaged(person))?;
    Ok([nonce.as_slice(), &data].concat())
}

fn open<T: DeserializeOwned>(
    key: &DataKey,
    person: PersonId,
    kind: Kind,
    sealed: &[u8],
) -> Result<T, Refused> {
    let (nonce, data) = sealed.split_first_chunk::<NONCE>().ok_or_else(|| damaged(person))?;
    let payload = Payload { msg: data, aad: &bound(person, kind) };
    let plain = cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| damaged(person))?;
    let plain = Zeroizing::new(plain);
    serde_json::from_slice(&plain).map_err(|_| damaged(person))
}

fn damaged(person: PersonId) -> Refused {
    StoreError::damaged("state.door_secret", person.to_string()).into()
}

fn destroyed() -> Refused {
    Refused::Failed(Told::new(
        "該員之個人資料已銷毀，不得設定登入驗證",
        "The person's data was destroyed; no factor can be set",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_person_and_its_use_alone() {
        let (key, other) = (DataKey::from_bytes([1; 32]), DataKey::from_bytes([2; 32]));
        let [wang, chen] = [3, 4].map(|byte| PersonId::from_bytes([byte; 16]));
        let sealed = seal(&key, wang, Kind::Totp, &"secret", [5; NONCE]).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        let open = |key, person, kind| open::<String>(key, person, kind, &sealed);
        assert_eq!(open(&key, wang, Kind::Totp).unwrap(), "secret");
        assert!(open(&other, wang, Kind::Totp).is_err());
        assert!(open(&key, chen, Kind::Totp).is_err());
        assert!(open(&key, wang, Kind::Password).is_err());
    }
}
