//! Appending from the console: JSON lines in, acknowledged numbers out.
//!
//! A line is `{"kind": …, "subject": …, "body": {…}}`, optionally with `unit`, `form` and `"sealed": true`, which puts
//! the body under a data key of its own. Lines go in batches; the first bad line ends it, named by number, and what was
//! acknowledged before stays and is said.

use crate::acts::{Answer, Request};
use crate::installation::{self, MasterArgs};
use crate::socket;
use crate::told::{Refused, told_of};
use ledger::Ledger;
use ledger::entropy::{Entropy, MachineEntropy};
use ledger::vault::{Vault, VaultError};
use model::{Actor, DataKeyId, Told, UnitId};
use proof::entry::{Body, Draft, Encoded};
use proof::seal::DataKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::BufRead;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines and bytes of a batch; a batch is all or nothing.
const MOST_LINES: usize = 1024;
const MOST_BYTES: usize = 1 << 20;

/// One line of input.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// What happened.
    kind: String,
    /// What it happened to.
    subject: String,
    /// The particulars.
    body: serde_json::Map<String, serde_json::Value>,
    /// The unit charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<UnitId>,
    /// Form and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<String>,
    /// The body is to be sealed.
    #[serde(default)]
    sealed: bool,
}

/// The ledger and the data keys of the process that holds the folder: what appending needs.
#[derive(Clone)]
pub(crate) struct Holder {
    pub(crate) ledger: Ledger,
    pub(crate) keys: Arc<dyn FreshKeys>,
}

/// Who makes data keys, durable before they are used.
pub(crate) trait FreshKeys: Send + Sync {
    fn fresh(&self, entropy: &mut dyn Entropy) -> Result<(DataKeyId, DataKey), VaultError>;
}

impl FreshKeys for Mutex<Vault> {
    fn fresh(&self, entropy: &mut dyn Entropy) -> Result<(DataKeyId, DataKey), VaultError> {
        self.lock().unwrap_or_else(PoisonError::into_inner).new_key(entropy)
    }
}

impl FreshKeys for desk::Vaulted {
    fn fresh(&self, entropy: &mut dyn Entropy) -> Result<(DataKeyId, DataKey), VaultError> {
        Self::fresh(self, entropy)
    }
}

impl Line {
    /// Refuses kinds that only engines append.
    fn free(&self) -> Result<(), Told> {
        if !store::is_reserved(&self.kind) {
            return Ok(());
        }
        Err(Told::new(
            format!(
                "「{}」類紀錄由系統依規則寫入，不得自行附加；單位及人員請用 ward unit、ward person，規範請用 ward pack publish",
                self.kind
            ),
            format!(
                "entries of kind {:?} are written by Ward's own rules and by nobody else; for units and people use ward unit and ward person, for packs ward pack publish",
                self.kind
            ),
        ))
    }

    /// The entry it asks for, not sealed yet.
    fn draft(&self) -> Draft {
        Draft {
            actor: Actor::machine("console"),
            kind: self.kind.clone(),
            subject: self.subject.clone(),
            unit: self.unit,
            form: self.form.clone(),
            body: Body::Clear { value: self.body.clone().into(), salt: None },
            signature: None,
        }
    }
}

/// An entry of the console's own making.
pub(crate) fn own(kind: &str, subject: &str, body: Value) -> anyhow::Result<Encoded> {
    let draft = Draft {
        actor: Actor::machine("console"),
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        unit: None,
        form: None,
        body: Body::Clear { value: body, salt: None },
        signature: None,
    };
    draft.encode().map_err(|error| Refused::misuse(no_entry(&error)))
}

impl Holder {
    /// Appends these lines, all or none.
    pub(crate) fn append(&self, lines: &[Line]) -> Result<(u64, u64), Told> {
        let batch: Result<Vec<_>, Told> = lines.iter().map(|line| self.encode(line)).collect();
        let range = self.ledger.append(batch?).map_err(|error| error.told())?;
        Ok((range.start, range.end))
    }

    fn encode(&self, line: &Line) -> Result<Encoded, Told> {
        line.free()?;
        let draft = line.draft();
        let draft = if line.sealed { self.seal(draft)? } else { draft };
        draft.encode().map_err(|error| no_entry(&error))
    }

    /// Under a data key of its own, which is durable before the entry is appended.
    fn seal(&self, draft: Draft) -> Result<Draft, Told> {
        let entropy = &mut MachineEntropy;
        let (mut salt, mut nonce) = ([0; 16], [0; 24]);
        entropy.fill(&mut salt).and_then(|()| entropy.fill(&mut nonce)).map_err(|error| error.told())?;
        let (id, key) = self.keys.fresh(entropy).map_err(|error| error.told())?;
        let Body::Clear { value, .. } = draft.body else { return Ok(draft) };
        let draft = Draft { body: Body::Clear { value, salt: Some(salt) }, ..draft };
        proof::seal::seal(draft, &key, id, nonce)
            .map_err(|error| Told::new(format!("無法封存：{error}"), format!("Cannot be sealed: {error}")))
    }
}

fn no_entry(error: &proof::entry::EntryError) -> Told {
    Told::new(format!("不成紀錄：{error}"), format!("Not an entry: {error}"))
}

/// Where batches go: to a ledger opened here, or to the process that has it open.
enum Target<'a> {
    Here(Holder),
    There(&'a Path),
}

pub(crate) fn run(data: &Path, master: &MasterArgs, input: impl BufRead) -> anyhow::Result<ExitCode> {
    let Some(opening) = installation::open(data, master)? else {
        return append_all(&Target::There(data), input).map(|()| ExitCode::SUCCESS);
    };
    let (holder, _lock) = opening.into_holder();
    let ledger = holder.ledger.clone();
    let done = append_all(&Target::Here(holder), input);
    ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
    done.map(|()| ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "acknowledged numbers are the output")]
fn append_all(target: &Target<'_>, input: impl BufRead) -> anyhow::Result<()> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    let send = |batch: &mut Vec<Line>| -> anyhow::Result<()> {
        if !batch.is_empty() {
            let (first, end) = append(target, std::mem::take(batch))?;
            println!("{first}..{end}");
        }
        Ok(())
    };
    for (at, text) in input.lines().enumerate() {
        let parsed = text.map_err(anyhow::Error::from).and_then(|text| {
            bytes += text.len();
            let line: Line = serde_json::from_str(&text)?;
            line.free().map_err(Refused::misuse)?;
            line.draft().encode().map_err(|error| Refused::misuse(no_entry(&error)))?;
            Ok(line)
        });
        match parsed {
            Ok(line) => batch.push(line),
            Err(error) => {
                send(&mut batch)?;
                let told = told_of(&error);
                let form = "{\"kind\": …, \"subject\": …, \"body\": {…}}";
                return Err(Refused::say(
                    format!(
                        "第 {} 行：{}（每行應為 {form}）。之前各行已入帳，本行起未入帳。",
                        at + 1,
                        told.zh
                    ),
                    format!(
                        "Line {}: {} (a line is {form}). Lines before it are in the ledger; this one and later ones are not.",
                        at + 1,
                        told.en
                    ),
                ));
            }
        }
        if batch.len() >= MOST_LINES || bytes >= MOST_BYTES {
            send(&mut batch)?;
            bytes = 0;
        }
    }
    send(&mut batch)
}

fn append(target: &Target<'_>, lines: Vec<Line>) -> anyhow::Result<(u64, u64)> {
    match target {
        Target::Here(holder) => holder.append(&lines).map_err(Refused::wrong),
        Target::There(data) => match socket::ask(data, &Request::Append(lines))? {
            Answer::Appended(first, end) => Ok((first, end)),
            other => Err(other.unexpected()),
        },
    }
}
