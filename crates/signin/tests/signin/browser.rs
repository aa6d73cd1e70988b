//! What a page does with a browser: options in, answers out.

use crate::town::{Town, away};
use serde_json::Value as Json;
use signin::{NewSession, Refusal, Session};
use testkit::{Chance, HOST, Registering, SoftAuthenticator};

/// Registers a passkey for the owner of a session.
pub(crate) fn register(town: &Town, session: &Session, signer: &SoftAuthenticator) -> Result<(), Refusal> {
    register_as(town, session, signer, &Registering::right(HOST))
}

pub(crate) fn register_as(
    town: &Town,
    session: &Session,
    signer: &SoftAuthenticator,
    how: &Registering,
) -> Result<(), Refusal> {
    let offer = town.signin.begin_passkey(session, town.now())?;
    let challenge = offer.options["challenge"].as_str().unwrap();
    let answer = signer.registers(challenge, how);
    town.signin.finish_passkey(session, &offer.token, &answer, town.now()).map(drop)
}

/// Signs in with a passkey alone.
pub(crate) fn log_on(town: &Town, signer: &mut SoftAuthenticator) -> Result<NewSession, Refusal> {
    log_on_with(town, signer, |answer| answer)
}

/// The same with an answer that was tampered with.
pub(crate) fn log_on_with(
    town: &Town,
    signer: &mut SoftAuthenticator,
    change: impl Fn(Json) -> Json,
) -> Result<NewSession, Refusal> {
    let ask = town.signin.passkey_ask(None, town.now())?;
    let answer = change(signer.logs_on(&challenge(&ask.options)));
    town.signin.passkey(&ask.token, &answer, &away(), town.now())
}

pub(crate) fn challenge(options: &Json) -> [u8; 32] {
    let bytes = proof::base64::decode_url(options["challenge"].as_str().unwrap()).unwrap();
    bytes.try_into().unwrap()
}

/// An authenticator of each algorithm.
pub(crate) fn signers(town: &Town, login: &str) -> [SoftAuthenticator; 3] {
    let mut chance = Chance::new(8);
    let person = town.id(login);
    [
        SoftAuthenticator::es256(person, HOST, &mut chance),
        SoftAuthenticator::eddsa(person, HOST, &mut chance),
        SoftAuthenticator::rs256(person, HOST, &mut chance),
    ]
}
