//! Facts on their way into the ledger: drafted, sealed under the data key of what they are about, spelled.
//!
//! Invariant: a private body never leaves this file in clear.

use crate::keys::{Vaulted, draw};
use crate::order::Refused;
use ledger::entropy::Entropy;
use model::{DataKeyId, Told};
use proof::entry::{Body as EntryBody, Draft, Encoded, EntryError};
use proof::seal::DataKey;
use std::collections::HashMap;
use store::{Fact, Projection};

/// Entries of facts, private ones sealed, each with its data key.
pub(crate) fn seal_all(
    facts: &[Fact],
    projection: &Projection,
    vault: &Vaulted,
    entropy: &mut dyn Entropy,
) -> Result<Vec<(Option<DataKeyId>, Encoded)>, Refused> {
    let mut made: HashMap<String, (DataKeyId, DataKey)> = HashMap::new();
    let mut ready = Vec::with_capacity(facts.len());
    for fact in facts {
        let draft = fact.draft().map_err(|error| encoded(EntryError::Json(error)))?;
        if !fact.is_private() {
            ready.push((None, draft.encode().map_err(encoded)?));
            continue;
        }
        if !made.contains_key(&draft.subject) {
            let key = own_key(fact, projection, vault, entropy)?;
            made.insert(draft.subject.clone(), key);
        }
        let Some((id, key)) = made.get(&draft.subject) else { continue };
        let sealed = seal(draft, *id, key, entropy)?;
        ready.push((Some(*id), sealed.encode().map_err(encoded)?));
    }
    Ok(ready)
}

/// The data key of what a fact is about; a fresh one where it has none.
fn own_key(
    fact: &Fact,
    projection: &Projection,
    vault: &Vaulted,
    entropy: &mut dyn Entropy,
) -> Result<(DataKeyId, DataKey), Refused> {
    let found = match fact {
        Fact::Case(event) => match event.record() {
            Some(record) => projection.record_key(record)?,
            None => None,
        },
        Fact::Identity(event) => match event.subject {
            identity::Subject::Person(person) => projection.person_key(person),
            identity::Subject::Terminal(_) | identity::Subject::Unit(_) => None,
        },
        _ => None,
    };
    let failed = |error: ledger::vault::VaultError| Refused::Failed(error.told());
    let Some(id) = found else { return vault.fresh(entropy).map_err(failed) };
    match store::Keys::key(vault, id).map_err(failed)? {
        ledger::vault::KeyState::Here(key) => Ok((id, key)),
        _ => Err(Refused::Failed(Told::new(
            format!("金鑰庫沒有 {id}，內容可能已核准銷毀"),
            format!("The vault has no key {id}; the content may have been destroyed"),
        ))),
    }
}

fn seal(draft: Draft, id: DataKeyId, key: &DataKey, entropy: &mut dyn Entropy) -> Result<Draft, Refused> {
    let EntryBody::Clear { value, salt } = draft.body else { return Ok(draft) };
    let salt = match salt {
        Some(salt) => salt,
        None => draw(entropy).map_err(Refused::Failed)?,
    };
    let nonce = draw(entropy).map_err(Refused::Failed)?;
    let draft = Draft { body: EntryBody::Clear { value, salt: Some(salt) }, ..draft };
    proof::seal::seal(draft, key, id, nonce).map_err(|error| {
        Refused::Failed(Told::new(format!("無法封存：{error}"), format!("Cannot be sealed: {error}")))
    })
}

fn encoded(error: EntryError) -> Refused {
    match error {
        EntryError::TooLong { bytes } => Refused::TooLarge { bytes },
        error => Refused::Failed(Told::new(
            format!("無法成為帳本紀錄：{error}"),
            format!("It does not make an entry: {error}"),
        )),
    }
}
