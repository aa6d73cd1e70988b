//! Signing in at the console: breaking the glass, opening an account again, which factors somebody has.
//!
//! Whoever sits at the machine may do this for anybody; it is an entry, and everybody who administers is told.

use super::{Done, Refusal, named};
use crate::office::Office;
use clap::Args;
use desk::Asker;
use ledger::entropy::MachineEntropy;
use serde::{Deserialize, Serialize};
use signin::{Config, Parts, SignIn};

/// Have a person's factors set anew: breaking the glass.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recover {
    /// 人員之帳號名稱。The person, by account name.
    person: String,
}

/// Open an account again after too many failed tries.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unlock {
    /// 人員（帳號名稱或識別碼）。The person, by account name or id.
    person: String,
}

/// Which factors a person has.
#[derive(Debug, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Factors {
    /// 人員（帳號名稱或識別碼）。The person, by account name or id.
    person: String,
}

/// What is to be handed over.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pass {
    pub(crate) pass: String,
    pub(crate) until: String,
}

/// The factors of a person.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) otp_at: Option<String>,
    /// Passkeys that count, whatever the name they belong to.
    pub(crate) passkeys: usize,
    pub(crate) recovery_left: usize,
    /// Sessions open now.
    pub(crate) sessions: usize,
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass").field("until", &self.until).finish_non_exhaustive()
    }
}

/// Signing in as the console needs it; what waits for second halves is kept by the one pages use.
fn signin(office: &Office) -> SignIn {
    let (desk, entropy) = (office.desk.clone(), Box::new(MachineEntropy));
    SignIn::new(Parts { desk, entropy, config: Config::default() })
}

pub(crate) fn recover(office: &Office, recover: &Recover) -> Result<Pass, Refusal> {
    let seen = office.desk.seen();
    let person = named::person(&seen.roster, &recover.person)?;
    let login = person.details.as_ref().map_or(recover.person.as_str(), |details| details.login.as_str());
    let handed = signin(office).break_glass(login, named::now()).map_err(|refusal| of(&refusal))?;
    Ok(Pass { pass: handed.code, until: handed.until.to_string() })
}

pub(crate) fn unlock(office: &Office, unlock: &Unlock) -> Result<Done, Refusal> {
    let person = named::person(&office.desk.seen().roster, &unlock.person)?.id;
    let done = signin(office).unlock(&Asker::Console, person, named::now());
    let entries = done.map_err(|refusal| of(&refusal))?.entries;
    Ok(Done { first: entries.start, end: entries.end, subject: person.to_string() })
}

pub(crate) fn factors(office: &Office, factors: &Factors) -> Result<Row, Refusal> {
    let seen = office.desk.seen();
    let person = named::person(&seen.roster, &factors.person)?;
    let signin = signin(office);
    let found = signin.factors(person.id).map_err(|refusal| of(&refusal))?;
    let sessions = signin.sessions_of(person.id).map_err(|refusal| of(&refusal))?;
    Ok(Row {
        password_at: found.password_at.map(|at| at.to_string()),
        otp_at: found.otp_at.map(|at| at.to_string()),
        passkeys: person.keys.iter().filter(|key| key.revoked_at.is_none()).count(),
        recovery_left: found.recovery_left,
        sessions: sessions.iter().filter(|one| one.ended.is_none()).count(),
    })
}

fn of(refusal: &signin::Refusal) -> Refusal {
    match refusal {
        signin::Refusal::Desk(refused) => Refusal::of(refused),
        refusal => Refusal::by_rule(refusal.told()),
    }
}
