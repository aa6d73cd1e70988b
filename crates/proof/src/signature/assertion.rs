//! The answer of an authenticator, and the credential under which it must hold.
//!
//! Owns: credentials, the check of a WebAuthn assertion: client data, authenticator data, signature.
//! Does not: register credentials, check attestation, compare sign counters.
//! Source: WebAuthn Level 3 §5.8.1 (client data), §6.1 (authenticator data), §7.2 (verification), whose steps
//! that concern a log-on rather than a signature do not apply; `docs/format.md` §7.

use super::statement::{challenge, challenge_of_root};
use super::{RsaKey, SignatureError, Statement};
use crate::hash::Hash;
use crate::{base64, tree};
use model::PersonId;
use serde::{Deserialize, Serialize};

/// The assertion by which a statement was signed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkey {
    /// Hash of the relying party, flags, counter.
    #[serde(deserialize_with = "base64::member::bytes::deserialize")]
    pub authenticator_data: Vec<u8>,
    /// Where the statement stands among those signed at once; none when it was signed alone.
    #[serde(default)]
    pub batch: Option<Batch>,
    /// JSON made by the browser.
    #[serde(deserialize_with = "base64::member::bytes::deserialize")]
    pub client_data: Vec<u8>,
    /// Id of the credential.
    #[serde(deserialize_with = "base64::member::url::deserialize")]
    pub credential: Vec<u8>,
    /// ES256: DER; EdDSA: 64 bytes; RS256: as many bytes as the modulus.
    #[serde(deserialize_with = "base64::member::bytes::deserialize")]
    pub signature: Vec<u8>,
}

/// A statement's place in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Its number, from 0.
    pub index: u64,
    /// Range proof (§8.4) of its leaf alone.
    #[serde(with = "hashes")]
    pub proof: Vec<Hash>,
    /// How many were signed.
    pub size: u64,
}

/// A person's authenticator as an entry of kind `credential.added` makes it known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct Credential {
    /// Id of the credential.
    pub credential: Vec<u8>,
    /// Its public key.
    pub key: Key,
    /// Origins of pages it may answer to, `https://ward.example.org`.
    pub origins: Vec<String>,
    /// Whose it is.
    pub person: PersonId,
    /// Id of the relying party: the host name.
    pub rp: String,
}

/// Public key of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// ECDSA on P-256 with SHA-256.
    Es256(Box<p256::ecdsa::VerifyingKey>),
    /// Ed25519.
    EdDsa(Box<ed25519_dalek::VerifyingKey>),
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256(RsaKey),
}

/// Why members do not make a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The key is not what the algorithm asks for.
    #[error("the key is not {0}")]
    Key(&'static str),
    /// No origin, no credential id, or no relying party: nothing could ever be signed.
    #[error("{0} is empty")]
    Empty(&'static str),
}

impl Passkey {
    /// Checks that the owner of `credential` has signed `statement`.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self, statement: &Statement, credential: &Credential) -> Result<(), SignatureError> {
        if self.credential != credential.credential {
            return Err(SignatureError::Credential { member: "credential" });
        }
        if statement.signer != credential.person {
            return Err(SignatureError::Credential { member: "person" });
        }
        self.check_answer(&self.challenge(statement)?, credential)
    }

    /// Checks that the owner of `credential` has answered `challenge`, which is no statement's: a log-on. Of what a
    /// log-on asks beside, the sign counter is the caller's to look at.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check_challenge(
        &self,
        challenge: &[u8; 32],
        credential: &Credential,
    ) -> Result<(), SignatureError> {
        if self.credential != credential.credential {
            return Err(SignatureError::Credential { member: "credential" });
        }
        self.check_answer(challenge, credential)
    }

    fn check_answer(&self, challenge: &[u8; 32], credential: &Credential) -> Result<(), SignatureError> {
        self.check_client_data(challenge, credential)?;
        self.check_authenticator_data(credential)?;
        let client_data = Hash::of(&[&self.client_data]);
        let message = [&self.authenticator_data, client_data.as_bytes().as_slice()].concat();
        if credential.key.holds(&message, &self.signature) {
            Ok(())
        } else {
            Err(SignatureError::Assertion { what: "the signature is not by the credential's key" })
        }
    }

    fn challenge(&self, statement: &Statement) -> Result<[u8; 32], SignatureError> {
        let Some(batch) = &self.batch else { return Ok(challenge(statement)?) };
        let root = tree::check_range(batch.index, &[statement.leaf()?], batch.size, &batch.proof)
            .map_err(SignatureError::Batch)?;
        Ok(challenge_of_root(batch.size, &root))
    }

    fn check_client_data(&self, challenge: &[u8; 32], credential: &Credential) -> Result<(), SignatureError> {
        let client: ClientData =
            serde_json::from_slice(&self.client_data).map_err(SignatureError::ClientData)?;
        let asked = |fits: bool, what| if fits { Ok(()) } else { Err(SignatureError::Assertion { what }) };
        asked(client.operation == "webauthn.get", "it is not the answer to a request for a signature")?;
        asked(client.challenge == base64::encode_url(challenge), "another challenge was signed")?;
        asked(credential.origins.contains(&client.origin), "it was given to a page of another origin")?;
        asked(!client.cross_origin, "it was given to a page inside another's")
    }

    fn check_authenticator_data(&self, credential: &Credential) -> Result<(), SignatureError> {
        let asked = |fits: bool, what| if fits { Ok(()) } else { Err(SignatureError::Assertion { what }) };
        let Some((relying_party, [flags, _, _, _, _, ..])) =
            self.authenticator_data.split_first_chunk::<32>()
        else {
            return asked(false, "the authenticator data is too short");
        };
        asked(
            Hash::of(&[credential.rp.as_bytes()]).as_bytes() == relying_party,
            "it was made for another relying party",
        )?;
        asked(flags & USER_PRESENT != 0, "nobody was present")?;
        asked(flags & USER_VERIFIED != 0, "the person was not verified")
    }
}

/// Bits of the flags, WebAuthn §6.1.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

impl Key {
    /// The key's algorithm as a credential names it.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => ES256,
            Self::EdDsa(_) => EDDSA,
            Self::Rs256(_) => RS256,
        }
    }

    /// Whether `signature` over `message` holds under this key. The high half of an ECDSA signature's second
    /// number is let through: authenticators make both, and nothing here rests on a signature's uniqueness.
    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(key) => {
                use p256::ecdsa::signature::Verifier;
                p256::ecdsa::Signature::from_der(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Self::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::Rs256(key) => key.holds(message, signature),
        }
    }

    fn parse(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, CredentialError> {
        match algorithm {
            Algorithm::Es256 => {
                let refused = CredentialError::Key("an uncompressed point of P-256");
                if bytes.len() != 65 {
                    return Err(refused);
                }
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(|_| refused)?;
                Ok(Self::Es256(Box::new(key)))
            }
            Algorithm::EdDsa => {
                let refused = CredentialError::Key("a point of Ed25519 of full order");
                let key: &[u8; 32] = bytes.try_into().map_err(|_| refused.clone())?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| refused.clone())?;
                if key.is_weak() { Err(refused) } else { Ok(Self::EdDsa(Box::new(key))) }
            }
            Algorithm::Rs256 => {
                let key = RsaKey::from_der(bytes);
                key.map(Self::Rs256).ok_or(CredentialError::Key("a key of RSA of 2048 bits or more, in DER"))
            }
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Es256(key) => key.to_sec1_point(false).as_bytes().to_vec(),
            Self::EdDsa(key) => key.as_bytes().to_vec(),
            Self::Rs256(key) => key.as_der().to_vec(),
        }
    }
}

const ES256: &str = "ES256";
const EDDSA: &str = "EdDSA";
const RS256: &str = "RS256";

/// The members of client data that matter; browsers add others, and WebAuthn asks that they be passed over.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    operation: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// A credential's members as they are spelled.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    alg: Algorithm,
    #[serde(with = "base64::member::url")]
    credential: Vec<u8>,
    #[serde(with = "base64::member::bytes")]
    key: Vec<u8>,
    origins: Vec<String>,
    person: PersonId,
    rp: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Algorithm {
    #[serde(rename = "ES256")]
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
    #[serde(rename = "RS256")]
    Rs256,
}

impl TryFrom<Members> for Credential {
    type Error = CredentialError;

    fn try_from(members: Members) -> Result<Self, CredentialError> {
        let Members { alg, credential, key, origins, person, rp } = members;
        let some = |there: bool, member| if there { Ok(()) } else { Err(CredentialError::Empty(member)) };
        some(!credential.is_empty(), "credential")?;
        some(!origins.is_empty(), "origins")?;
        some(!rp.is_empty(), "rp")?;
        Ok(Self { credential, key: Key::parse(alg, &key)?, origins, person, rp })
    }
}

impl From<Credential> for Members {
    fn from(credential: Credential) -> Self {
        let Credential { credential, key, origins, person, rp } = credential;
        let alg = match &key {
            Key::Es256(_) => Algorithm::Es256,
            Key::EdDsa(_) => Algorithm::EdDsa,
            Key::Rs256(_) => Algorithm::Rs256,
        };
        Self { alg, credential, key: key.bytes(), origins, person, rp }
    }
}

/// A list of hashes in base64.
mod hashes {
    use crate::base64;
    use crate::hash::Hash;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(hashes: &[Hash], to: S) -> Result<S::Ok, S::Error> {
        hashes.iter().map(|hash| base64::encode(hash.as_bytes())).collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Hash>, D::Error> {
        let hash = |text: &String| base64::decode_array(text).map(Hash::from_bytes);
        let hashes = Vec::<String>::deserialize(from)?.iter().map(hash).collect::<Option<Vec<_>>>();
        hashes.ok_or_else(|| de::Error::custom("not base64 of 32 bytes"))
    }
}
