//! Signatures on a record: who signed, for whom, of which grade, over what; and which of them are void, and why.
//!
//! Invariant: the two grades are never shown as one, and a signature that does not hold is never shown as one that does.
//! Source: `docs/format.md` §7; `docs/pack.md`, "Flow" (what voids an approval).

use super::story::{Happened, SignatureCheck};
use crate::cx::Cx;
use crate::look::Look;
use crate::names::Named;
use casework::{Body, VoidCause};
use model::{Actor, Evidence, Instant, PersonId};
use proof::signature::{Grade, Previous};
use regulation::{Outcome, Register, StepId};

/// A signature, or a step somebody took without one where none was asked.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// The step.
    pub(crate) step: StepId,
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// Who.
    pub(crate) person: PersonId,
    /// For whom.
    pub(crate) acting_for: Option<PersonId>,
    /// In which role.
    pub(crate) role: String,
    /// When.
    pub(crate) at: Instant,
    /// Number of the entry that carries it.
    pub(crate) entry: u64,
    /// How it is supported, as the entry says.
    pub(crate) evidence: Evidence,
    /// What its check gave; none where nothing was signed.
    pub(crate) checked: Option<SignatureCheck>,
    /// The entry whose content it covers, and that content's hash.
    pub(crate) bound: Option<(u64, String)>,
    /// The hash of the statement that was signed; none where nothing was.
    pub(crate) statement: Option<String>,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Is the step complete by it?
    pub(crate) counted: bool,
    /// Why it is void.
    pub(crate) void: Option<VoidCause>,
}

impl Mark {
    /// Does the step still wait for others?
    pub(crate) const fn waits(&self) -> bool {
        !self.counted && self.void.is_none()
    }
}

/// Every act of a person on a record's steps, in order, and what has become of it.
pub(crate) fn marks(story: &[Happened]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for happened in story {
        match &happened.body {
            Body::Opened { step, .. } => marks.extend(mark(happened, step, Outcome::Done, None)),
            Body::Signed { step, outcome, reason, .. } => {
                marks.extend(mark(happened, step, *outcome, reason.clone()));
            }
            Body::Taken { step, outcome, .. } => {
                let open = marks.iter_mut().filter(|mark| !mark.counted && mark.void.is_none());
                open.filter(|mark| mark.step == *step && mark.outcome == *outcome)
                    .for_each(|mark| mark.counted = true);
            }
            Body::SignaturesVoided { cause, people } => {
                let open = marks.iter_mut().filter(|mark| !mark.counted && mark.void.is_none());
                open.filter(|mark| people.contains(&mark.person)).for_each(|mark| mark.void = Some(*cause));
            }
            Body::ApprovalVoided { step, cause, .. } => {
                let counted = marks.iter_mut().filter(|mark| mark.counted && mark.void.is_none());
                counted.filter(|mark| mark.step == *step).for_each(|mark| mark.void = Some(*cause));
            }
            _ => {}
        }
    }
    marks
}

fn mark(happened: &Happened, step: &StepId, outcome: Outcome, reason: Option<String>) -> Option<Mark> {
    let Actor::Person(person) = &happened.actor else { return None };
    let signed = happened.signed.as_ref();
    let evidence = match signed.map(|(signature, _)| &signature.evidence) {
        None => Evidence::None,
        Some(proof::signature::Evidence::Otp(_)) => Evidence::Otp,
        Some(proof::signature::Evidence::Passkey(_)) => Evidence::Passkey,
    };
    let bound = signed.map(|(signature, _)| {
        let entry = match signature.statement.previous {
            Previous::Entry(entry) => entry,
            Previous::Itself => happened.entry,
        };
        (entry, signature.statement.content.to_string())
    });
    Some(Mark {
        step: step.clone(),
        outcome,
        person: person.person,
        acting_for: person.acting_for,
        role: person.role.clone(),
        at: happened.at,
        entry: happened.entry,
        evidence,
        checked: signed.map(|(_, checked)| *checked),
        bound,
        statement: signed.and_then(|(signature, _)| hash(signature)),
        reason,
        counted: matches!(happened.body, Body::Opened { .. }),
        void: None,
    })
}

/// The hash by which a statement is signed. One of a batch is signed by that of the batch; its own tells it all the same.
fn hash(signature: &proof::signature::Signature) -> Option<String> {
    let challenge = proof::signature::challenge(&signature.statement).ok()?;
    Some(proof::hash::Hash::from_bytes(challenge).to_string())
}

/// A signature as pages show it.
#[derive(Debug, Clone)]
pub(crate) struct SignatureView {
    /// The step and its outcome.
    pub(crate) what: String,
    /// Who signed.
    pub(crate) who: String,
    /// For whom.
    pub(crate) principal: Option<String>,
    /// When, as people read it.
    pub(crate) at: String,
    /// Its grade in words, with the class of its pill and an icon.
    pub(crate) grade: (&'static str, &'static str, &'static str),
    /// What the check says.
    pub(crate) check: (&'static str, &'static str),
    /// The entry whose content it covers, with the hash.
    pub(crate) bound: Option<(Named, String)>,
    /// The entry that carries it.
    pub(crate) entry: Named,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Why it is void.
    pub(crate) void: Option<&'static str>,
    /// Does the step still wait for others?
    pub(crate) waits: bool,
}

/// Signatures, for a page: what was signed; acts without a signature are told by the history.
pub(crate) fn views(look: &Look<'_>, register: &Register, marks: &[Mark]) -> Vec<SignatureView> {
    let signed = marks.iter().filter(|mark| mark.evidence != Evidence::None);
    signed.map(|mark| view(look, register, mark)).collect()
}

fn view(look: &Look<'_>, register: &Register, mark: &Mark) -> SignatureView {
    let cx = look.cx;
    SignatureView {
        what: super::what(look, register, &mark.step, mark.outcome),
        who: look.person(mark.person),
        principal: mark.acting_for.map(|person| look.person(person)),
        at: cx.moment(mark.at),
        grade: grade(cx, mark.evidence),
        check: check(cx, mark.checked),
        bound: mark.bound.as_ref().map(|(entry, hash)| (super::entry(cx, *entry), hash.clone())),
        entry: super::entry(cx, mark.entry),
        reason: mark.reason.clone(),
        void: mark.void.map(|cause| super::void(cx, cause)),
        waits: mark.waits(),
    }
}

/// The two grades, in words that nobody takes for each other.
pub(crate) fn grade(cx: &Cx, evidence: Evidence) -> (&'static str, &'static str, &'static str) {
    match evidence {
        Evidence::Passkey => {
            (cx.language.of("本人簽章", "Signed by the person"), "grade-passkey", "fingerprint")
        }
        Evidence::Otp => (cx.language.of("系統證明", "Vouched by the server"), "grade-otp", "server"),
        Evidence::None => (cx.language.of("未簽章", "Not signed"), "grade-none", "minus"),
    }
}

/// What the check of a signature gave, in words, with the tone they are told in.
pub(crate) fn check(cx: &Cx, checked: Option<SignatureCheck>) -> (&'static str, &'static str) {
    let of = |zh, en| cx.language.of(zh, en);
    match checked {
        Some(SignatureCheck::Holds(Grade::Passkey)) => (of("已驗證簽章相符", "The signature holds"), "good"),
        Some(SignatureCheck::Holds(Grade::Otp)) => (
            of("僅由伺服器證明，無法獨立驗證", "Rests on the server alone; nobody else can check it"),
            "info",
        ),
        Some(SignatureCheck::Broken) => (of("簽章不符", "The signature does not hold"), "bad"),
        Some(SignatureCheck::NoCredential) => {
            (of("查無當時有效之金鑰，無法驗證", "No key was in force then; it cannot be checked"), "bad")
        }
        None => (of("未簽章", "Not signed"), "info"),
    }
}
