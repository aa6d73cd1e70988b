//! A passkey of somebody of the sample city, in software: it says yes to everything that is to be signed.
//!
//! Source: WebAuthn Level 3 §5.8.1, §6.1, §6.3.3; `docs/format.md` §7.

use anyhow::anyhow;
use desk::Desk;
use model::PersonId;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use proof::hash::Hash;
use proof::signature::{self, Credential, Key, Statement, challenge};
use std::sync::atomic::{AtomicU32, Ordering};

/// Host and origin of its pages.
const HOST: &str = "localhost";
/// User present and user verified, WebAuthn §6.1.
const PRESENT_AND_VERIFIED: u8 = 0x05;

pub(super) struct Passkey {
    secret: SigningKey,
    credential: Credential,
    /// Signatures made.
    counter: AtomicU32,
}

impl Passkey {
    pub(super) fn drawn(desk: &Desk, person: PersonId) -> anyhow::Result<Self> {
        let told = |refused: desk::Refused| anyhow!("{}", refused.told());
        let secret = loop {
            // All but one draw in 2³² is a number below the curve's order.
            if let Ok(secret) = SigningKey::from_slice(&desk.draw::<32>().map_err(told)?) {
                break secret;
            }
        };
        let key = Key::Es256(Box::new(*secret.verifying_key()));
        let id = desk.draw::<16>().map_err(told)?.to_vec();
        let (origins, rp) = (vec![format!("http://{HOST}")], HOST.to_owned());
        let credential = Credential { credential: id, key, origins, person, rp };
        Ok(Self { secret, credential, counter: AtomicU32::new(0) })
    }

    /// What the ledger knows of it.
    pub(super) const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Signs a statement.
    pub(super) fn sign(&self, statement: &Statement) -> anyhow::Result<signature::Passkey> {
        let challenge = challenge(statement).map_err(|error| anyhow!("{error}"))?;
        let client_data = format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"http://{HOST}","crossOrigin":false}}"#,
            proof::base64::encode_url(&challenge),
        );
        let client_data = client_data.into_bytes();
        let counter = self.counter.fetch_add(1, Ordering::SeqCst) + 1;
        let relying_party = Hash::of(&[HOST.as_bytes()]);
        let authenticator_data =
            [relying_party.as_bytes(), [PRESENT_AND_VERIFIED].as_slice(), &counter.to_be_bytes()].concat();
        let message = [authenticator_data.as_slice(), Hash::of(&[&client_data]).as_bytes()].concat();
        let signed: Signature = self.secret.sign(&message);
        Ok(signature::Passkey {
            authenticator_data,
            batch: None,
            client_data,
            credential: self.credential.credential.clone(),
            signature: signed.to_der().as_bytes().to_vec(),
        })
    }
}
