//! The small parts of an installation: lock, socket, policy, signing keys, vault.
//!
//! Owns: a verifier for each. What is sealed is opened where the master key is at hand; where it is not, form and
//! checksum are all there is to see, and a remark says so.
//! Source: `docs/format.md` §8.1, §10.

use super::ledger::{Keys, SealKey};
use super::{Context, Finding, Got, Outcome, Progress, Verifier, unreadable, words};
use crate::disk::Disk;
use crate::keyfile::{KeyFile, KeyFileError};
use crate::master::MasterSecret;
use crate::vault::{KeyState, Sight, VaultError};
use model::DataKeyId;
use proof::checkpoint::SignedCheckpoint;
use proof::policy::Policy;
use std::sync::OnceLock;

const LOCK: &str = "lock";
const SOCKET: &str = "socket";
pub(super) const POLICY: &str = "policy";
const KEY_FOLDER: &str = "keys/";
const NEXT_KEY: &str = "keys/ledger.key.next";
const VAULT_FOLDER: &str = "vault/";
const VAULT_FILES: [&str; 3] = ["vault/keys", "vault/backups", "vault/destroying"];

/// Whether something other than an ordinary file may stand here.
pub(super) fn may_be_special(path: &str) -> bool {
    path == SOCKET
}

/// Whether this is an installation, and not a copy of its published ledger.
fn is_installation(context: &Context<'_>) -> bool {
    let own = |folder: &String| [KEY_FOLDER, VAULT_FOLDER].contains(&folder.as_str());
    context.files.has(LOCK) || context.files.folders().iter().any(own)
}

/// Lock, socket and policy.
///
/// The policy is the operator's own configuration: it must be readable as one, and what it says is judged where it is
/// used. No signature covers it, so that a changed comment in it is nobody's concern.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainFiles;

impl Verifier for PlainFiles {
    fn name(&self) -> &'static str {
        "installation"
    }

    fn owns(&self, path: &str) -> bool {
        [LOCK, SOCKET, POLICY].contains(&path)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        for path in [LOCK, SOCKET, POLICY].into_iter().filter(|path| context.files.has(path)) {
            let content = match context.read(path) {
                Got::Here(content) => content,
                Got::Missing => continue,
                Got::Unreadable(error) => {
                    outcome.findings.add(unreadable(path, &error));
                    continue;
                }
            };
            progress.done(1, content.len() as u64);
            if path == POLICY {
                let policy = std::str::from_utf8(&content).map_err(|error| error.to_string());
                let policy = policy.and_then(|text| Policy::parse(text).map_err(|error| error.to_string()));
                if let Err(what) = policy {
                    outcome.findings.add(Finding::bytes(path, words::policy(&what)));
                }
            } else if path == SOCKET || !content.is_empty() {
                outcome.findings.add(Finding::bytes(path, words::not_empty()).at(0));
            }
        }
        outcome
    }
}

/// The signing keys.
#[derive(Debug, Clone, Copy)]
pub struct KeyFiles<'a> {
    master: Option<&'a MasterSecret>,
}

impl<'a> KeyFiles<'a> {
    /// Opens them where the master key is at hand.
    #[must_use]
    pub const fn new(master: Option<&'a MasterSecret>) -> Self {
        Self { master }
    }

    fn judge(&self, context: &Context<'_>, path: &str) -> Result<Option<Finding>, KeyFileError> {
        let file = KeyFile::read(context.disk, path)?;
        if let Some(master) = self.master {
            file.open(master)?;
        }
        if path != KeyFile::LEDGER {
            return Ok(None);
        }
        // The journal may show a change of key that is not published yet; then the key is the next one's business.
        let Got::Here(head) = context.read("ledger/checkpoint") else { return Ok(None) };
        let Ok(head) = SignedCheckpoint::parse(&head) else { return Ok(None) };
        let key = file.verifier();
        let other = head.note().signatures().iter().find(|line| line.name == key.name());
        let changing = context.live
            || context.files.has(NEXT_KEY)
            || context.files.below("ledger/journal/0").count() > 0;
        let in_use = head.note().claims(key) || other.is_none() || changing;
        Ok((!in_use).then(|| Finding::meaning(path, words::key_not_in_use(&key.short()))))
    }
}

impl Verifier for KeyFiles<'_> {
    fn name(&self) -> &'static str {
        "keys"
    }

    fn owns(&self, path: &str) -> bool {
        [KEY_FOLDER, KeyFile::LEDGER, NEXT_KEY].contains(&path)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        if is_installation(context) && !context.files.has(KeyFile::LEDGER) && !context.live {
            outcome.findings.add(Finding::bytes(KeyFile::LEDGER, words::missing()));
        }
        for path in [KeyFile::LEDGER, NEXT_KEY].into_iter().filter(|path| context.files.has(path)) {
            progress.done(1, 0);
            match self.judge(context, path) {
                Ok(None) => {}
                Ok(Some(finding)) => outcome.findings.add(finding),
                Err(KeyFileError::Disk(error)) => outcome.findings.add(unreadable(path, &error)),
                // Beside a running writer a file may have given way to another name.
                Err(KeyFileError::Missing { .. }) if context.live => {}
                Err(error) => outcome.findings.add(Finding::bytes(path, error.told())),
            }
        }
        outcome
    }
}

/// The vault: its files, and what became of each data key.
pub struct VaultFiles<'a> {
    disk: &'a dyn Disk,
    master: Option<&'a MasterSecret>,
    /// Looked at when it is first asked for: then every entry that is judged has its key in it.
    sight: OnceLock<Result<Sight, VaultError>>,
}

impl<'a> VaultFiles<'a> {
    /// The vault on this disk; its keys are opened where the master key is at hand.
    #[must_use]
    pub const fn new(disk: &'a dyn Disk, master: Option<&'a MasterSecret>) -> Self {
        Self { disk, master, sight: OnceLock::new() }
    }

    fn sight(&self) -> &Result<Sight, VaultError> {
        self.sight.get_or_init(|| Sight::look(self.disk, self.master))
    }
}

impl Keys for VaultFiles<'_> {
    fn state(&self, key: DataKeyId) -> SealKey {
        match self.sight().as_ref().map(|sight| sight.key(key)) {
            Ok(Some(KeyState::Here(key))) => SealKey::Here(key),
            Ok(Some(KeyState::Destroyed)) => SealKey::Destroyed,
            Ok(Some(KeyState::Unknown)) => SealKey::Unknown,
            // A damaged vault is a finding of its own, and no reason to doubt the entries.
            Ok(None) | Err(_) => SealKey::Unseen,
        }
    }
}

impl Verifier for VaultFiles<'_> {
    fn name(&self) -> &'static str {
        "vault"
    }

    fn owns(&self, path: &str) -> bool {
        path == VAULT_FOLDER || VAULT_FILES.contains(&path)
    }

    fn run(&self, context: &Context<'_>, progress: &dyn Progress) -> Outcome {
        let mut outcome = Outcome::default();
        let there = VAULT_FILES.into_iter().filter(|path| context.files.has(path)).count() as u64;
        progress.done(there, 0);
        match self.sight() {
            Err(VaultError::NoVault { .. }) if !is_installation(context) => {}
            Err(error) => outcome.findings.add(vault_finding(error)),
            Ok(sight) => {
                if let Some(at) = sight.torn_at().filter(|_| !context.live) {
                    outcome.findings.add(Finding::bytes("vault/keys", words::torn_slot()).at(at));
                }
                if sight.is_destroying() && !context.live {
                    outcome.findings.add(Finding::bytes("vault/destroying", words::destroying()));
                }
                if self.master.is_none() {
                    outcome.remarks.push(words::vault_closed());
                }
            }
        }
        outcome
    }
}

fn vault_finding(error: &VaultError) -> Finding {
    match error {
        VaultError::Disk(source) => unreadable("vault/keys", source),
        VaultError::Slot { path, at, .. } => Finding::bytes(path, error.told()).at(*at),
        VaultError::Header { path, .. } | VaultError::WrongMaster { path } => {
            Finding::bytes(path, error.told()).at(0)
        }
        VaultError::Register { .. } => Finding::bytes("vault/backups", error.told()),
        VaultError::Intent { .. } => Finding::bytes("vault/destroying", error.told()),
        _ => Finding::bytes("vault/keys", error.told()),
    }
}
