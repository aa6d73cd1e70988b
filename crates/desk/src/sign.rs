//! Signatures that commands carry: does their cryptography hold, under a key that counts?
//!
//! What a signature says is judged by casework; here only by whom it was made.
//! Source: `docs/format.md` §7; clause 26.2.1.

use crate::order::{KeyFault, Refused};
use casework::{Command, Signed};
use model::{Evidence, Person};
use proof::signature::Evidence as Carried;

/// Checks the signature a command carries, if any.
pub(crate) fn check(
    command: &Command,
    actor: &Person,
    people: &identity::State,
    origin: &str,
) -> Result<(), Refused> {
    let (Command::Open { signed, .. } | Command::Take { signed, .. }) = command else { return Ok(()) };
    let Some(signed) = signed else { return Ok(()) };
    check_signed(signed, actor, people, origin)
}

fn check_signed(
    signed: &Signed,
    actor: &Person,
    people: &identity::State,
    origin: &str,
) -> Result<(), Refused> {
    if signed.statement.ledger != origin {
        return Err(Refused::Key(KeyFault::OtherLedger));
    }
    match (&signed.carried.evidence, signed.evidence) {
        (Carried::Passkey(passkey), Evidence::Passkey) => {
            let found = people.authenticator(&passkey.credential);
            let (owner, authenticator) = found.ok_or(Refused::Key(KeyFault::Unregistered))?;
            if owner != actor.person {
                return Err(Refused::Key(KeyFault::SomebodyElses));
            }
            if authenticator.revoked_at.is_some() {
                return Err(Refused::Key(KeyFault::Revoked));
            }
            Ok(passkey.check(&signed.statement, &authenticator.credential)?)
        }
        // The session has seen the code; the server vouches, and everyone is shown that it does.
        (Carried::Otp(_), Evidence::Otp) => Ok(()),
        _ => Err(Refused::Key(KeyFault::OtherGrade)),
    }
}
