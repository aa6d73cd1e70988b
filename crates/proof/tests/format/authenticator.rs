//! An authenticator in software: answers challenges as a passkey in a browser does.
//!
//! Never: draws randomness (ECDSA nonces are those of RFC 6979), keeps a counter.
//! Source: WebAuthn Level 3 §5.8.1, §6.1, §6.3.3.

use crate::fixture::person;
use model::PersonId;
use p256::ecdsa::signature::Signer;
use proof::base64;
use proof::hash::Hash;
use proof::signature::{Batch, Credential, Evidence, Passkey, Statement, batch_challenge, challenge};
use proof::tree::{self, Subtrees};
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const RP: &str = "ward.example.gov.tw";
pub(crate) const ORIGIN: &str = "https://ward.example.gov.tw";

#[derive(Clone)]
pub(crate) struct Authenticator {
    key: Secret,
    pub(crate) credential: Vec<u8>,
    owner: PersonId,
}

#[derive(Clone)]
enum Secret {
    Es256(p256::ecdsa::SigningKey),
    EdDsa(ed25519_dalek::SigningKey),
    Rs256(Arc<RsaKeyPair>),
}

/// What an answer says; a test bends it.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) client: Value,
    pub(crate) rp: String,
    pub(crate) flags: u8,
}

impl Answer {
    pub(crate) fn to(challenge: &[u8; 32]) -> Self {
        let client = json!({ "type": "webauthn.get", "challenge": base64::encode_url(challenge),
            "origin": ORIGIN, "crossOrigin": false, "other_keys_can_be_added_here": "do not compare" });
        Self { client, rp: RP.to_owned(), flags: 0x05 }
    }
}

impl Authenticator {
    pub(crate) fn es256(number: u8) -> Self {
        let key = p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap();
        Self { key: Secret::Es256(key), credential: vec![number; 20], owner: person(number) }
    }

    pub(crate) fn ed_dsa(number: u8) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&[number; 32]);
        Self { key: Secret::EdDsa(key), credential: vec![number, 0xed], owner: person(number) }
    }

    /// There is one key of RSA, made by OpenSSL.
    pub(crate) fn rs256(number: u8) -> Self {
        let key = RsaKeyPair::from_pkcs8(include_bytes!("../../vectors/rs256.pk8")).unwrap();
        Self { key: Secret::Rs256(Arc::new(key)), credential: vec![number, 0x25], owner: person(number) }
    }

    /// Body of its `credential.added`.
    pub(crate) fn body(&self) -> Value {
        let (algorithm, key) = match &self.key {
            Secret::Es256(key) => ("ES256", key.verifying_key().to_sec1_point(false).as_bytes().to_vec()),
            Secret::EdDsa(key) => ("EdDSA", key.verifying_key().as_bytes().to_vec()),
            Secret::Rs256(key) => ("RS256", key.public_key().as_ref().to_vec()),
        };
        json!({ "alg": algorithm, "credential": base64::encode_url(&self.credential),
            "key": base64::encode(&key), "origins": [ORIGIN], "person": self.owner.to_string(), "rp": RP })
    }

    pub(crate) fn public(&self) -> Credential {
        serde_json::from_value(self.body()).unwrap()
    }

    pub(crate) fn give(&self, answer: &Answer) -> Passkey {
        // Vectors come out the same whatever serde_json is built with.
        let mut client = answer.client.clone();
        client.sort_all_objects();
        let client_data = serde_json::to_vec(&client).unwrap();
        let mut authenticator_data = Hash::of(&[answer.rp.as_bytes()]).as_bytes().to_vec();
        authenticator_data.extend_from_slice(&[answer.flags, 0, 0, 0, 0]);
        let signature = self.sign(&authenticator_data, &client_data);
        Passkey {
            authenticator_data,
            batch: None,
            client_data,
            credential: self.credential.clone(),
            signature,
        }
    }

    pub(crate) fn sign(&self, authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let message = [authenticator_data, Hash::of(&[client_data]).as_bytes()].concat();
        match &self.key {
            Secret::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(&message);
                signature.to_der().as_bytes().to_vec()
            }
            Secret::EdDsa(key) => {
                use ed25519_dalek::Signer;
                key.sign(&message).to_bytes().to_vec()
            }
            Secret::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // It blinds; the signature is always the same.
                let random = ring::rand::SystemRandom::new();
                key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// Evidence for one statement.
    pub(crate) fn evidence(&self, statement: &Statement) -> Evidence {
        Evidence::Passkey(Box::new(self.give(&Answer::to(&challenge(statement).unwrap()))))
    }

    /// Evidence for each of many statements, signed at once.
    pub(crate) fn batch(&self, statements: &[Statement]) -> Vec<Passkey> {
        let leaves: Vec<_> = statements.iter().map(|statement| statement.leaf().unwrap()).collect();
        let answer = Answer::to(&batch_challenge(&leaves));
        (0..leaves.len() as u64)
            .map(|index| {
                let proof = range_proof(index, index + 1, &leaves);
                Passkey {
                    batch: Some(Batch { index, proof, size: leaves.len() as u64 }),
                    ..self.give(&answer)
                }
            })
            .collect()
    }
}

/// Range proof in the tree over `leaves`.
pub(crate) fn range_proof(first: u64, end: u64, leaves: &[Hash]) -> Vec<Hash> {
    struct Leaves<'a>(&'a [Hash]);
    impl Subtrees for Leaves<'_> {
        type Error = std::convert::Infallible;

        fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error> {
            let (from, to) = ((index << level) as usize, ((index + 1) << level) as usize);
            Ok(tree::root_of(&self.0[from..to]))
        }
    }
    let Ok(proof) = tree::prove_range(first, end, leaves.len() as u64, &mut Leaves(leaves));
    proof
}
