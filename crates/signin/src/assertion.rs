//! Signing in with a passkey: what the browser is asked, and its answer as the ledger's verifier reads it.
//!
//! Invariant: the answer is checked by the same code as signatures over statements; here is only what a log-on has beside.
//! Source: WebAuthn Level 3 §5.5 (options), §7.2 (verifying).

use crate::registration::descriptor;
use data_encoding::BASE64URL_NOPAD;
use model::PersonId;
use proof::signature::Passkey;
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// What a browser answers, as its JSON form has it.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "rawId")]
    raw_id: String,
    response: Response,
}

#[derive(Deserialize)]
struct Response {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    signature: String,
    #[serde(rename = "userHandle", default)]
    user: Option<String>,
}

/// An answer to a challenge.
pub(crate) struct Answer {
    /// What the verifier reads.
    pub(crate) passkey: Passkey,
    /// Whose the authenticator says it is.
    user: Option<Vec<u8>>,
}

/// What a page hands to `navigator.credentials.get`, in the form of `parseRequestOptionsFromJSON`. Without ids the browser
/// offers what it has for the name.
pub(crate) fn options(relying_party: &str, challenge: &[u8; 32], ids: &[Vec<u8>], timeout_ms: u64) -> Json {
    let allowed: Vec<Json> = ids.iter().map(|id| descriptor(id)).collect();
    json!({
        "allowCredentials": allowed,
        "challenge": BASE64URL_NOPAD.encode(challenge),
        "rpId": relying_party,
        "timeout": timeout_ms,
        "userVerification": "required",
    })
}

impl Answer {
    /// Reads a browser's answer.
    ///
    /// # Errors
    /// What it is not.
    pub(crate) fn read(json: &Json) -> Result<Self, &'static str> {
        let written = Written::deserialize(json).map_err(|_| "it is not an answer")?;
        let decode = |text: &str| {
            BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).map_err(|_| "it is not base64url")
        };
        let response = &written.response;
        let passkey = Passkey {
            authenticator_data: decode(&response.authenticator_data)?,
            batch: None,
            client_data: decode(&response.client_data)?,
            credential: decode(&written.raw_id)?,
            signature: decode(&response.signature)?,
        };
        let user = response.user.as_deref().filter(|user| !user.is_empty()).map(decode).transpose()?;
        Ok(Self { passkey, user })
    }

    /// Does the authenticator say it is this person's? It must where the browser chose it by itself.
    pub(crate) fn is_of(&self, person: PersonId, chosen_by_browser: bool) -> bool {
        match &self.user {
            Some(user) => user.as_slice() == person.as_bytes(),
            None => !chosen_by_browser,
        }
    }

    /// How often the authenticator has signed, as it says; 0 where it does not count.
    pub(crate) fn counter(&self) -> u32 {
        let bytes = self.passkey.authenticator_data.get(33..37).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    }
}
