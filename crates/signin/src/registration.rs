//! Registering a passkey: what the browser is asked, and the check of its answer.
//!
//! Owns: the options, in the JSON form browsers read; the check of client data and authenticator data; the key that comes
//! of it, as the ledger knows keys.
//! Invariants: the person was verified; the answer is to our challenge, on a page of ours, for our name; only the
//! algorithms the ledger knows are taken.
//! Does not: ask for attestation. Which make an authenticator is of matters to no rule here, and a statement of it would
//! be one more thing that tells people apart; one that comes unasked is neither looked at nor kept.
//! Source: WebAuthn Level 3 §5.4 (options), §7.1 (registering), §6.5.1.1 (COSE keys); RFC 9053; RFC 8230 (RSA);
//! ADR 0008.

use crate::cbor;
use crate::config::Site;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use model::PersonId;
use proof::hash::Hash;
use proof::signature::{Credential, RsaKey};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Longest id of a credential (WebAuthn §7.1).
const LONGEST_ID: usize = 1_023;
/// Bits of the flags, WebAuthn §6.1.
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const CREDENTIAL_INCLUDED: u8 = 0x40;
/// COSE's numbers of the algorithms.
const EDDSA: i64 = -8;
const ES256: i64 = -7;
const RS256: i64 = -257;

/// What a browser answers, as its JSON form has it.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "rawId")]
    raw_id: String,
    #[serde(rename = "type")]
    of: String,
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    attestation: String,
}

/// The members of client data that matter.
#[derive(Deserialize)]
pub(crate) struct ClientData {
    #[serde(rename = "type")]
    pub(crate) operation: String,
    pub(crate) challenge: String,
    pub(crate) origin: String,
    #[serde(rename = "crossOrigin", default)]
    pub(crate) cross_origin: bool,
}

/// What a page hands to `navigator.credentials.create`, in the form of `parseCreationOptionsFromJSON`.
pub(crate) fn options(
    site: &Site,
    relying_party: &str,
    challenge: &[u8; 32],
    (person, login, name): (PersonId, &str, &str),
    known: &[Vec<u8>],
    timeout_ms: u64,
) -> Json {
    let exclude: Vec<Json> = known.iter().map(|id| descriptor(id)).collect();
    json!({
        "attestation": "none",
        "authenticatorSelection": { "residentKey": "preferred", "userVerification": "required" },
        "challenge": BASE64URL_NOPAD.encode(challenge),
        "excludeCredentials": exclude,
        "pubKeyCredParams": [
            { "alg": EDDSA, "type": "public-key" },
            { "alg": ES256, "type": "public-key" },
            { "alg": RS256, "type": "public-key" },
        ],
        "rp": { "id": relying_party, "name": site.name },
        "timeout": timeout_ms,
        "user": {
            "displayName": name,
            "id": BASE64URL_NOPAD.encode(person.as_bytes()),
            "name": login,
        },
    })
}

pub(crate) fn descriptor(id: &[u8]) -> Json {
    json!({ "id": BASE64URL_NOPAD.encode(id), "type": "public-key" })
}

/// The credential a browser's answer makes.
///
/// # Errors
/// What does not hold.
pub(crate) fn check(
    answer: &Json,
    challenge: &[u8; 32],
    person: PersonId,
    site: &Site,
    relying_party: &str,
) -> Result<Credential, &'static str> {
    let answer: Answer = Answer::deserialize(answer).map_err(|_| "it is not a registration")?;
    holds(answer.of == "public-key", "it is not a public key")?;
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes());
    let client = decode(&answer.response.client_data).map_err(|_| "the client data is not base64url")?;
    check_client_data(&client, "webauthn.create", challenge, &[site.origin()])?;
    let object = decode(&answer.response.attestation).map_err(|_| "the attestation is not base64url")?;
    let object = cbor::whole(&object).ok_or("the attestation is not CBOR")?;
    let data = cbor::named_bytes(&object, "authData").ok_or("there is no authenticator data")?;
    let (id, key) = credential(data, relying_party)?;
    let raw_id = decode(&answer.raw_id).map_err(|_| "the id is not base64url")?;
    holds(raw_id == id, "it has two ids")?;
    let members = json!({
        "alg": key.alg,
        "credential": BASE64URL_NOPAD.encode(id),
        "key": BASE64.encode(&key.bytes),
        "origins": [site.origin()],
        "person": person,
        "rp": relying_party,
    });
    serde_json::from_value(members).map_err(|_| "its public key is none")
}

/// Was the browser asked this, on a page of ours?
pub(crate) fn check_client_data(
    client_data: &[u8],
    operation: &str,
    challenge: &[u8; 32],
    origins: &[String],
) -> Result<(), &'static str> {
    let client: ClientData =
        serde_json::from_slice(client_data).map_err(|_| "the client data is not JSON")?;
    holds(client.operation == operation, "it answers something else")?;
    holds(client.challenge == BASE64URL_NOPAD.encode(challenge), "it answers another challenge")?;
    holds(origins.contains(&client.origin), "it was given to a page of another origin")?;
    holds(!client.cross_origin, "it was given to a page inside another's")
}

/// A public key as the ledger spells keys.
struct LedgerKey {
    alg: &'static str,
    bytes: Vec<u8>,
}

/// Id and key out of authenticator data.
fn credential<'d>(data: &'d [u8], relying_party: &str) -> Result<(&'d [u8], LedgerKey), &'static str> {
    let short = "the authenticator data is too short";
    let (for_name, rest) = data.split_first_chunk::<32>().ok_or(short)?;
    holds(Hash::of(&[relying_party.as_bytes()]).as_bytes() == for_name, "it was made for another name")?;
    let ([flags, ..], rest) = rest.split_first_chunk::<5>().ok_or(short)?;
    holds(flags & USER_PRESENT != 0, "nobody was present")?;
    holds(flags & USER_VERIFIED != 0, "the person was not verified")?;
    holds(flags & CREDENTIAL_INCLUDED != 0, "no key came with it")?;
    let (_model, rest) = rest.split_first_chunk::<16>().ok_or(short)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(short)?;
    let length = usize::from(u16::from_be_bytes(*length));
    holds((1..=LONGEST_ID).contains(&length), "its id is too long")?;
    let (id, rest) = rest.split_at_checked(length).ok_or(short)?;
    // Extensions may follow the key; none is asked for.
    let (key, _extensions) = cbor::first(rest).ok_or("the key is not CBOR")?;
    Ok((id, cose_key(&key).ok_or("its key is of an algorithm that is not taken")?))
}

/// A COSE key as the ledger spells keys: an uncompressed point, 32 bytes, or DER.
fn cose_key(key: &ciborium::Value) -> Option<LedgerKey> {
    let number = |at: i64| cbor::numbered(key, at).and_then(cbor::whole_number);
    let bytes = |at: i64| cbor::numbered(key, at)?.as_bytes();
    let coordinate = |at: i64| bytes(at).filter(|bytes| bytes.len() == 32);
    match (number(1)?, number(3)?) {
        (2, ES256) if number(-1)? == 1 => {
            let bytes = [[4].as_slice(), coordinate(-2)?, coordinate(-3)?].concat();
            Some(LedgerKey { alg: "ES256", bytes })
        }
        (1, EDDSA) if number(-1)? == 6 => Some(LedgerKey { alg: "EdDSA", bytes: coordinate(-2)?.clone() }),
        (3, RS256) => {
            let key = RsaKey::new(bytes(-1)?, bytes(-2)?)?;
            Some(LedgerKey { alg: "RS256", bytes: key.as_der().to_vec() })
        }
        _ => None,
    }
}

const fn holds(it: bool, what: &'static str) -> Result<(), &'static str> {
    if it { Ok(()) } else { Err(what) }
}
