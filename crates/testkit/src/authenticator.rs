//! An authenticator in software: what a person's passkey would answer, without the person.
//!
//! Owns: [`SoftAuthenticator`], a key pair with the credential that makes it known, and its WebAuthn assertions.
//! Does not: ask anybody; what a browser makes of it stands in `browser`.
//! Source: WebAuthn Level 3 §5.8.1, §6.1, §6.3.3; `docs/format.md` §7.

use crate::Chance;
use model::PersonId;
use p256::ecdsa::signature::Signer as _;
use proof::hash::Hash;
use proof::json::JsonError;
use proof::signature::{Batch, Credential, Key, Passkey, RsaKey, Statement, batch_challenge, challenge};
use proof::tree::{self, Subtrees};
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use std::convert::Infallible;
use std::sync::Arc;

/// User present and user verified, WebAuthn §6.1.
const PRESENT_AND_VERIFIED: u8 = 0x05;

/// An authenticator in software that says yes to everything.
#[derive(Debug, Clone)]
pub struct SoftAuthenticator {
    secret: Secret,
    credential: Credential,
    /// Signatures made.
    counter: u32,
}

#[derive(Debug, Clone)]
enum Secret {
    Es256(Box<p256::ecdsa::SigningKey>),
    EdDsa(Box<ed25519_dalek::SigningKey>),
    Rs256(Arc<RsaKeyPair>),
}

/// The one RSA key of all authenticators in software: making one takes seconds, and nothing hangs on whose it is.
const RSA: &[u8] = include_bytes!("../../proof/vectors/rs256.pk8");

impl SoftAuthenticator {
    /// One that signs with ECDSA on P-256, for the relying party `rp` (a host name).
    #[must_use]
    pub fn es256(person: PersonId, rp: &str, chance: &mut Chance) -> Self {
        let secret = loop {
            // All but one draw in 2³² is a number below the curve's order.
            let mut bytes = [0; 32];
            chance.fill(&mut bytes);
            if let Ok(secret) = p256::ecdsa::SigningKey::from_slice(&bytes) {
                break secret;
            }
        };
        let key = Key::Es256(Box::new(*secret.verifying_key()));
        Self::new(person, rp, chance, Secret::Es256(Box::new(secret)), key)
    }

    /// One that signs with Ed25519, for the relying party `rp` (a host name).
    #[must_use]
    pub fn eddsa(person: PersonId, rp: &str, chance: &mut Chance) -> Self {
        let mut bytes = [0; 32];
        chance.fill(&mut bytes);
        let secret = ed25519_dalek::SigningKey::from_bytes(&bytes);
        let key = Key::EdDsa(Box::new(secret.verifying_key()));
        Self::new(person, rp, chance, Secret::EdDsa(Box::new(secret)), key)
    }

    /// One that signs with RSA, for the relying party `rp` (a host name).
    ///
    /// # Panics
    /// The bundled key does not read, which no test has seen.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the key is bundled")]
    pub fn rs256(person: PersonId, rp: &str, chance: &mut Chance) -> Self {
        let secret = RsaKeyPair::from_pkcs8(RSA).expect("the bundled key reads");
        let key = RsaKey::from_der(secret.public_key().as_ref()).expect("the bundled key is taken");
        Self::new(person, rp, chance, Secret::Rs256(Arc::new(secret)), Key::Rs256(key))
    }

    fn new(person: PersonId, rp: &str, chance: &mut Chance, secret: Secret, key: Key) -> Self {
        let mut id = vec![0; 16];
        chance.fill(&mut id);
        let origins = vec![format!("https://{rp}")];
        Self {
            secret,
            credential: Credential { credential: id, key, origins, person, rp: rp.to_owned() },
            counter: 0,
        }
    }

    /// What an entry `credential.added` says of it.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Signs one statement.
    ///
    /// # Errors
    /// The statement has no canonical form.
    pub fn sign(&mut self, statement: &Statement) -> Result<Passkey, JsonError> {
        Ok(self.answer(&challenge(statement)?))
    }

    /// Signs many statements at once, shown in this order; one assertion each, all from one answer.
    ///
    /// # Errors
    /// A statement has no canonical form.
    pub fn sign_together(&mut self, statements: &[Statement]) -> Result<Vec<Passkey>, JsonError> {
        let leaves = statements.iter().map(Statement::leaf).collect::<Result<Vec<_>, _>>()?;
        let answer = self.answer(&batch_challenge(&leaves));
        let size = leaves.len() as u64;
        let place = |index: u64| {
            let Ok(proof) = tree::prove_range(index, index + 1, size, &mut Leaves(&leaves));
            Passkey { batch: Some(Batch { index, proof, size }), ..answer.clone() }
        };
        Ok((0..size).map(place).collect())
    }

    /// Answers a challenge on a page of its relying party.
    pub fn answer(&mut self, challenge: &[u8; 32]) -> Passkey {
        let client_data = format!(
            r#"{{"type":"webauthn.get","challenge":"{}","origin":"https://{}","crossOrigin":false}}"#,
            proof::base64::encode_url(challenge),
            self.credential.rp,
        );
        self.answer_with(client_data.into_bytes(), PRESENT_AND_VERIFIED)
    }

    /// Signs any client data with any flags: answers that must be refused.
    pub fn answer_with(&mut self, client_data: Vec<u8>, flags: u8) -> Passkey {
        self.counter += 1;
        let relying_party = Hash::of(&[self.credential.rp.as_bytes()]);
        let authenticator_data =
            [relying_party.as_bytes(), [flags].as_slice(), &self.counter.to_be_bytes()].concat();
        let message = [authenticator_data.as_slice(), Hash::of(&[&client_data]).as_bytes()].concat();
        let signature = match &self.secret {
            Secret::Es256(secret) => {
                let signature: p256::ecdsa::Signature = secret.sign(&message);
                signature.to_der().as_bytes().to_vec()
            }
            Secret::EdDsa(secret) => secret.sign(&message).to_bytes().to_vec(),
            Secret::Rs256(secret) => {
                let mut signature = vec![0; secret.public().modulus_len()];
                // The randomness blinds and does not show; it fails where the system has none.
                let random = ring::rand::SystemRandom::new();
                let signed = secret.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature);
                if signed.is_ok() { signature } else { Vec::new() }
            }
        };
        let credential = self.credential.credential.clone();
        Passkey { authenticator_data, batch: None, client_data, credential, signature }
    }
}

/// Leaves in memory as a source of subtree hashes.
struct Leaves<'a>(&'a [Hash]);

impl Subtrees for Leaves<'_> {
    type Error = Infallible;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let first = usize::try_from(index << level).unwrap_or(usize::MAX);
        let leaves = self.0.get(first..first.saturating_add(1 << level)).unwrap_or_default();
        Ok(tree::root_of(leaves))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proof::signature::{Previous, Reason, SignatureError};

    fn person() -> PersonId {
        PersonId::from_bytes([3; 16])
    }

    fn authenticators() -> [SoftAuthenticator; 3] {
        let mut chance = Chance::new(9);
        let rp = "ward.example.org";
        [
            SoftAuthenticator::es256(person(), rp, &mut chance),
            SoftAuthenticator::eddsa(person(), rp, &mut chance),
            SoftAuthenticator::rs256(person(), rp, &mut chance),
        ]
    }

    fn statement(nonce: u8) -> Statement {
        Statement {
            content: Hash::of(&[b"content"]),
            ledger: "example.org/ledger".to_owned(),
            nonce: [nonce; 16],
            on_behalf: None,
            outcome: "approve".to_owned(),
            pack: "taichung-2001/1".to_owned(),
            previous: Previous::Entry(4),
            reason: Reason::None,
            record: "r".to_owned(),
            signer: person(),
            step: "head".to_owned(),
        }
    }

    #[test]
    fn what_it_signs_holds_under_its_credential_and_under_no_other() {
        let [first, second, third] = authenticators();
        let (statement, other) = (statement(1), statement(2));
        let pairs = [(first.clone(), second.clone()), (second, third.clone()), (third, first)];
        for (mut signer, stranger) in pairs {
            let passkey = signer.sign(&statement).unwrap();
            passkey.check(&statement, signer.credential()).unwrap();
            assert!(passkey.check(&other, signer.credential()).is_err());
            let as_theirs = Passkey { credential: stranger.credential.credential.clone(), ..passkey };
            assert!(as_theirs.check(&statement, stranger.credential()).is_err());
        }
    }

    #[test]
    fn statements_signed_together_hold_one_by_one_in_their_places() {
        for size in [1, 2, 3, 5, 8] {
            let statements: Vec<_> = (0..size).map(statement).collect();
            for mut signer in authenticators() {
                let passkeys = signer.sign_together(&statements).unwrap();
                for (at, (passkey, statement)) in passkeys.iter().zip(&statements).enumerate() {
                    passkey.check(statement, signer.credential()).unwrap();
                    let neighbour = &statements[(at + 1) % statements.len()];
                    assert_eq!(passkey.check(neighbour, signer.credential()).is_ok(), size == 1);
                }
            }
        }
    }

    #[test]
    fn an_answer_without_the_person_is_refused() {
        let [mut signer, ..] = authenticators();
        let good = signer.sign(&statement(1)).unwrap();
        let unverified = signer.answer_with(good.client_data, 0x01);
        let refused = unverified.check(&statement(1), signer.credential()).unwrap_err();
        assert!(matches!(refused, SignatureError::Assertion { what: "the person was not verified" }));
    }
}
