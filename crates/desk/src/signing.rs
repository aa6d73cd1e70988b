//! What a person signs: the statement over a command, made from a rehearsal; and the command with the signature.
//!
//! Invariant: the statement says what the command would record, to the byte; between the two nothing is chosen but the
//! nonce, the salt and the evidence.
//! Source: `docs/format.md` §7; clause 26.2.1.

use crate::desk::Desk;
use crate::order::Refused;
use casework::{Command, Signed};
use model::{Evidence, Person};
use proof::hash::Hash;
use proof::signature::{Evidence as Carried, Factor, Otp, Previous, Reason, Signature, Statement};

/// A statement that waits for its signature.
#[derive(Debug, Clone, PartialEq)]
pub struct ToSign {
    /// What is to be signed.
    pub statement: Statement,
    /// Joined to the body of the entry that will carry it.
    pub salt: [u8; 16],
}

impl Desk {
    /// What a person would sign for a command, with evidence of this grade; none where it takes no signature.
    ///
    /// # Errors
    /// Why the command would be refused.
    pub fn to_sign(
        &self,
        person: &Person,
        command: &Command,
        evidence: Evidence,
    ) -> Result<Option<ToSign>, Refused> {
        let (record, step, reason) = match command {
            Command::Open { record, step, .. } => (*record, step, None),
            Command::Take { record, step, reason, .. } => (*record, step, reason.as_deref()),
            _ => return Ok(None),
        };
        // What is recorded says how it was signed, so that the rehearsal has to know.
        let rehearsed = with_signature(command.clone(), blank(person, evidence));
        let Some(asked) = self.rehearse(person.clone(), rehearsed)? else { return Ok(None) };
        let salt: [u8; 16] = self.draw()?;
        let bound = match command {
            Command::Take { .. } => self.case(record)?.and_then(|case| case.bound),
            _ => None,
        };
        let (content, previous) = match (&asked.body, bound) {
            (Some(body), _) => (proof::entry::content_hash(Some(&salt), body), Previous::Itself),
            (None, Some(bound)) => (bound.hash.0, Previous::Entry(bound.entry.0)),
            (None, None) => (Hash::of(&[]), Previous::Itself),
        };
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        let reason = match reason {
            None => Reason::None,
            Some(text) if asked.private => Reason::hashed(&salt, text),
            Some(text) => Reason::Text(text.to_owned()),
        };
        let statement = Statement {
            content,
            ledger: self.origin().to_owned(),
            nonce: self.draw()?,
            on_behalf: person.acting_for,
            outcome: asked.outcome,
            pack: asked.pack,
            previous,
            reason,
            record: record.to_string(),
            signer: person.person,
            step: step.to_string(),
        };
        Ok(Some(ToSign { statement, salt }))
    }
}

impl ToSign {
    /// The command with this signature.
    #[must_use]
    pub fn sign(self, command: Command, carried: Carried) -> Command {
        let evidence = match carried {
            Carried::Otp(_) => Evidence::Otp,
            Carried::Passkey(_) => Evidence::Passkey,
        };
        let carried = Signature { evidence: carried, statement: self.statement.clone() };
        let signed = Signed { statement: self.statement, evidence, salt: Some(self.salt), carried };
        with_signature(command, Some(signed))
    }
}

fn with_signature(mut command: Command, with: Option<Signed>) -> Command {
    if let Command::Open { signed, .. } | Command::Take { signed, .. } = &mut command {
        *signed = with.map(Box::new);
    }
    command
}

/// A signature that says nothing, of a grade.
fn blank(person: &Person, evidence: Evidence) -> Option<Signed> {
    if evidence == Evidence::None {
        return None;
    }
    let statement = Statement {
        content: Hash::of(&[]),
        ledger: String::new(),
        nonce: [0; 16],
        on_behalf: None,
        outcome: "done".to_owned(),
        pack: String::new(),
        previous: Previous::Itself,
        reason: Reason::None,
        record: String::new(),
        signer: person.person,
        step: String::new(),
    };
    let carried =
        Signature { evidence: Carried::Otp(Otp { factor: Factor::Totp }), statement: statement.clone() };
    Some(Signed { statement, evidence, salt: None, carried })
}
