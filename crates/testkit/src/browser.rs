//! What a browser hands a page when its authenticator has answered, in the JSON form of WebAuthn.
//!
//! Does not: check what it is asked; a test asks for answers that must be refused as well.
//! Source: WebAuthn Level 3 §5.1 (JSON forms), §6.1, §6.5.4; RFC 8949.

use crate::SoftAuthenticator;
use proof::base64::encode_url;
use proof::hash::Hash;
use proof::signature::Key;
use serde_json::{Value, json};

/// User present and verified, with the credential's key; WebAuthn §6.1.
const REGISTERED: u8 = 0x45;

/// What may be wrong with a registration.
#[derive(Debug, Clone)]
pub struct Registering {
    /// What the browser says was done.
    pub operation: &'static str,
    /// The page's origin.
    pub origin: String,
    /// The name the authenticator was asked for.
    pub relying_party: String,
    /// Flags of the authenticator data.
    pub flags: u8,
    /// Is the page inside another's?
    pub cross_origin: bool,
}

impl Registering {
    /// All as it should be.
    #[must_use]
    pub fn right(relying_party: &str) -> Self {
        Self {
            operation: "webauthn.create",
            origin: format!("https://{relying_party}"),
            relying_party: relying_party.to_owned(),
            flags: REGISTERED,
            cross_origin: false,
        }
    }
}

impl SoftAuthenticator {
    /// What a browser answers to `navigator.credentials.create`.
    #[must_use]
    pub fn registers(&self, challenge: &str, how: &Registering) -> Value {
        let client = json!({
            "challenge": challenge, "crossOrigin": how.cross_origin, "origin": how.origin, "type": how.operation,
        });
        let id = &self.credential().credential;
        let relying_party = Hash::of(&[how.relying_party.as_bytes()]);
        let length = u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes();
        let data = [
            relying_party.as_bytes().as_slice(),
            &[how.flags, 0, 0, 0, 0],
            &[0; 16],
            &length,
            id,
            &self.cose_key(),
        ]
        .concat();
        // {"fmt": "none", "attStmt": {}, "authData": bytes}
        let object = [
            b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".as_slice(),
            &u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes(),
            &data,
        ]
        .concat();
        json!({
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "id": encode_url(id),
            "rawId": encode_url(id),
            "response": {
                "attestationObject": encode_url(&object),
                "clientDataJSON": encode_url(client.to_string().as_bytes()),
                "transports": ["internal"],
            },
            "type": "public-key",
        })
    }

    /// What a browser answers to `navigator.credentials.get`.
    pub fn logs_on(&mut self, challenge: &[u8; 32]) -> Value {
        let passkey = self.answer(challenge);
        let person = self.credential().person;
        json!({
            "id": encode_url(&passkey.credential),
            "rawId": encode_url(&passkey.credential),
            "response": {
                "authenticatorData": encode_url(&passkey.authenticator_data),
                "clientDataJSON": encode_url(&passkey.client_data),
                "signature": encode_url(&passkey.signature),
                "userHandle": encode_url(person.as_bytes()),
            },
            "type": "public-key",
        })
    }

    /// The public key in COSE's form.
    fn cose_key(&self) -> Vec<u8> {
        if let Key::Rs256(key) = &self.credential().key {
            // DER of 2048 bits and 65537: 9 bytes, modulus, 2 bytes, exponent.
            let modulus = key.as_der().get(9..265).unwrap_or_default();
            // {1: 3, 3: -257, -1: n, -2: e}
            let head = b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00".as_slice();
            return [head, modulus, b"\x21\x43\x01\x00\x01"].concat();
        }
        let spelled = serde_json::to_value(self.credential()).unwrap_or_default();
        let key =
            spelled.get("key").and_then(Value::as_str).and_then(proof::base64::decode).unwrap_or_default();
        match key.split_at_checked(33) {
            // An uncompressed point: {1: 2, 3: -7, -1: 1, -2: x, -3: y}
            Some(([4, x @ ..], y)) => {
                [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), x, b"\x22\x58\x20", y].concat()
            }
            // {1: 1, 3: -8, -1: 6, -2: x}
            _ => [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20".as_slice(), &key].concat(),
        }
    }
}
