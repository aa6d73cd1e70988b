//! Rows of cases: a case as JSON, its sealed fields apart, under the record's data key.
//!
//! Invariants: no value of a sealed field is in clear in a row; the same case gives the same row, so that tables
//! rebuilt are the same, byte for byte (the nonce is drawn from key and content, and never serves two contents).
//! Source: `docs/adr/0012-store.md`.

use casework::Case;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use proof::seal::DataKey;
use regulation::{FieldId, Register};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// A row: the case without its sealed fields, and those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) json: String,
    pub(crate) sealed: Option<Vec<u8>>,
    /// The case without its sealed fields, where it has any.
    pub(crate) open: Option<Case>,
}

/// Why a row does not read, or cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RowError {
    #[error("not a case")]
    Json(#[from] serde_json::Error),
    #[error("sealed fields, and no data key")]
    NoKey,
    #[error("the sealed fields do not open")]
    Broken,
}

const NONCE: usize = 24;

/// Values of sealed fields, filled in and reckoned.
type Sealed = [BTreeMap<FieldId, Json>; 2];

/// The row of a case of a register.
pub(crate) fn write(case: &Case, register: &Register, key: Option<&DataKey>) -> Result<Body, RowError> {
    let is_sealed = |id: &FieldId| seals(register, id);
    if !needs_key(case, register) {
        return Ok(Body { json: serde_json::to_string(case)?, sealed: None, open: None });
    }
    let mut open = case.clone();
    let take = |from: &mut BTreeMap<FieldId, Json>| {
        let (sealed, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(from).into_iter().partition(|(id, _)| is_sealed(id));
        *from = rest;
        sealed
    };
    let sealed: Sealed = [take(&mut open.content.0), take(&mut open.reckoned.0)];
    let key = key.ok_or(RowError::NoKey)?;
    let plain = Zeroizing::new(serde_json::to_vec(&sealed)?);
    let record = case.record.to_string();
    let nonce = nonce(key, &record, &plain);
    let payload = Payload { msg: &plain, aad: record.as_bytes() };
    let data = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| RowError::Broken)?;
    let json = serde_json::to_string(&open)?;
    Ok(Body { json, sealed: Some([&nonce[..], &data].concat()), open: Some(open) })
}

/// Has a case values of sealed fields?
pub(crate) fn needs_key(case: &Case, register: &Register) -> bool {
    case.content.0.keys().chain(case.reckoned.0.keys()).any(|id| seals(register, id))
}

fn seals(register: &Register, field: &FieldId) -> bool {
    register.field(field.as_str()).is_some_and(|field| field.sealed)
}

/// The case of a row.
pub(crate) fn read(json: &str, sealed: Option<&[u8]>, key: Option<&DataKey>) -> Result<Case, RowError> {
    let mut case: Case = serde_json::from_str(json)?;
    let Some(sealed) = sealed else { return Ok(case) };
    let key = key.ok_or(RowError::NoKey)?;
    let (nonce, data) = sealed.split_first_chunk::<NONCE>().ok_or(RowError::Broken)?;
    let record = case.record.to_string();
    let payload = Payload { msg: data, aad: record.as_bytes() };
    let plain = cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| RowError::Broken)?;
    let plain = Zeroizing::new(plain);
    let [content, reckoned]: Sealed = serde_json::from_slice(&plain)?;
    case.content.0.extend(content);
    case.reckoned.0.extend(reckoned);
    Ok(case)
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.secret_bytes().into())
}

/// Another one for another content, the same for the same.
fn nonce(key: &DataKey, record: &str, plain: &[u8]) -> [u8; NONCE] {
    let mut digest = Sha256::new_with_prefix(b"ward-row-nonce/1\n");
    digest.update(key.secret_bytes());
    digest.update(record);
    digest.update(plain);
    let digest: [u8; 32] = digest.finalize().into();
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(digest.first_chunk::<NONCE>().unwrap_or(&[0; NONCE]));
    nonce
}
