//! Signatures on paper: boxes filled by who has signed, empty ones for who is still to sign; and the record of signatures
//! in XML.
//!
//! Invariants: the two grades of evidence never look alike; what does not hold, or is void, is shown as such; a box is
//! empty only where a signature may still come.

use crate::error::PageError;
use crate::look::Look;
use crate::records::{self, Happened, Mark, Opened, grade, marks};
use casework::Case;
use model::{Evidence, Instant, PersonId};
use paper::{Seal, Signature, SignatureBox, SignatureRecord};
use regulation::{Register, RoleId, Signers, StateId, Step, Who};
use std::collections::BTreeSet;

/// Boxes of a record: each signature in order, with who opened it before them, then those that may still come.
pub(super) fn boxes(
    look: &Look<'_>,
    case: &Case,
    register: &Register,
    story: &[Happened],
) -> Vec<SignatureBox> {
    let mut boxes = Vec::new();
    for mark in marks(story) {
        let opens = register.flow.step(mark.step.as_str()).is_some_and(Step::opens);
        if mark.evidence == Evidence::None && !opens {
            continue;
        }
        let role = role(look, &mark.role);
        boxes.push(SignatureBox {
            role: in_role(look, &mark, role, register),
            seal: Some(seal(look, register, &mark)),
        });
    }
    boxes.extend(awaited(look, case, register));
    boxes
}

/// Boxes of an empty form: who opens it, and whoever signs on the way.
pub(super) fn empty_boxes(look: &Look<'_>, register: &Register) -> Vec<SignatureBox> {
    let signs = |step: &&Step| step.opens() || signs(step);
    register.flow.steps.iter().filter(signs).map(|step| empty(look, step)).collect()
}

/// Is the step one that is signed and leads on?
fn signs(step: &Step) -> bool {
    step.sign != Evidence::None && step.outcomes.iter().any(|(outcome, _)| outcome.is_forward())
}

/// Steps to be signed that are reached from where the case stands by what leads on, and were not taken before.
fn awaited(look: &Look<'_>, case: &Case, register: &Register) -> Vec<SignatureBox> {
    if case.ending.is_some() || casework::rests(case, register) {
        return Vec::new();
    }
    let mut reached: BTreeSet<&StateId> = [&case.state].into();
    let mut steps: Vec<&Step> = Vec::new();
    loop {
        let next =
            register.flow.steps.iter().filter(|step| step.from.iter().any(|state| reached.contains(state)));
        let next: Vec<&Step> = next.filter(|step| !steps.iter().any(|one| one.id == step.id)).collect();
        if next.is_empty() {
            break;
        }
        for step in next {
            let forward = step.outcomes.iter().filter(|(outcome, _)| outcome.is_forward());
            reached.extend(forward.map(|(_, state)| state));
            steps.push(step);
        }
    }
    let open = steps.into_iter().filter(|step| signs(step) && !case.taken.contains_key(&step.id));
    open.map(|step| empty(look, step)).collect()
}

fn empty(look: &Look<'_>, step: &Step) -> SignatureBox {
    let label = look.cx.label(&step.label);
    let roles = roles(look, step);
    let role = if roles.is_empty() { label.to_owned() } else { format!("{label}{}", look.cx.beside(&roles)) };
    SignatureBox { role, seal: None }
}

/// Who may take a step, by roles.
fn roles(look: &Look<'_>, step: &Step) -> String {
    let rules: Vec<&regulation::ActorRule> = match &step.signers {
        Signers::People { by, .. } => by.iter().collect(),
        Signers::Seats { seats, .. } => seats.iter().map(|seat| &seat.rule).collect(),
    };
    let mut names: Vec<String> = Vec::new();
    for rule in rules {
        if let Who::Role { role: id, .. } = &rule.who {
            let name = look.role(id);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let more = names.len() > MOST_ROLES;
    names.truncate(MOST_ROLES);
    let named = names.join(look.cx.t("、", ", "));
    if more { format!("{named}{}", look.cx.t("等", " and others")) } else { named }
}

/// More roles than these are not named in a box.
const MOST_ROLES: usize = 3;

fn role(look: &Look<'_>, word: &str) -> String {
    word.parse::<RoleId>().map_or_else(|_| word.to_owned(), |role| look.role(&role))
}

fn in_role(look: &Look<'_>, mark: &Mark, role: String, register: &Register) -> String {
    format!("{}{}", look.step(register, &mark.step), look.cx.beside(&role))
}

fn seal(look: &Look<'_>, register: &Register, mark: &Mark) -> Seal {
    let cx = look.cx;
    let step = register.flow.step(mark.step.as_str());
    let check = records::check(cx, mark.checked).0;
    Seal {
        name: look.person(mark.person),
        acting_for: mark.acting_for.map(|person| look.person(person)),
        outcome: records::outcome(cx, step, mark.outcome).to_owned(),
        at: cx.moment(mark.at),
        evidence: grade(cx, mark.evidence).0.to_owned(),
        check: if mark.evidence == Evidence::None { String::new() } else { check.to_owned() },
        digest: mark.statement.clone(),
        entry: records::entry(cx, mark.entry).text,
        reason: mark.reason.clone(),
        void: mark.void.map(|cause| records::void(cx, cause).to_owned()),
    }
}

/// The record of the signatures on a record, beside the PDF of this name and digest.
///
/// # Errors
/// The ledger cannot be read.
pub(super) fn record(
    look: &Look<'_>,
    opened: &Opened<'_>,
    story: &[Happened],
    (at, paper): (Instant, (String, [u8; 32])),
) -> Result<SignatureRecord, PageError> {
    let (case, register) = (&*opened.case, opened.register);
    let marks = marks(story);
    let signed = marks.iter().filter(|mark| mark.evidence != Evidence::None);
    Ok(SignatureRecord {
        record: case.record.to_string(),
        number: case.number.clone(),
        title: look.title(case),
        grade: look.grade(&case.grade),
        origin: look.cx.site.desk().origin().to_owned(),
        at,
        paper,
        signatures: signed
            .filter_map(|mark| signature(look, register, mark).transpose())
            .collect::<Result<_, _>>()?,
    })
}

fn signature(look: &Look<'_>, register: &Register, mark: &Mark) -> Result<Option<Signature>, PageError> {
    let evidence = match mark.evidence {
        Evidence::None => return Ok(None),
        Evidence::Otp => paper::Evidence::OneTimePassword,
        Evidence::Passkey => paper::Evidence::Passkey,
    };
    let bytes = look.cx.site.desk().reader().entry(mark.entry).map_err(PageError::failed)?;
    let person = |person: PersonId| (person.to_string(), look.person(person));
    Ok(Some(Signature {
        signer: person(mark.person),
        acting_for: mark.acting_for.map(person),
        role: mark.role.clone(),
        step: (mark.step.to_string(), look.step(register, &mark.step)),
        outcome: mark.outcome.word().to_owned(),
        at: mark.at,
        statement: mark.statement.clone().unwrap_or_default(),
        covers: mark.bound.clone().unwrap_or_default(),
        evidence,
        check: records::check(look.cx, mark.checked).0.to_owned(),
        entry: (mark.entry, proof::hash::leaf_hash(&bytes).to_string()),
        reason: mark.reason.clone(),
        void: mark.void.map(|cause| records::void(look.cx, cause).to_owned()),
    }))
}
