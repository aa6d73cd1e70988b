//! `ward key new` and `ward note sign`: key files that people keep, and what they sign with them.

use crate::installation::{folder_of, open_key};
use crate::told::Refused;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use ledger::entropy::MachineEntropy;
use ledger::keyfile::KeyFile;
use ledger::master::{Argon2Cost, MasterSecret};
use proof::note::{KeyKind, Note as SignedNote};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zeroize::Zeroizing;

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// 製作監護人金鑰檔，以通行密語保護（自標準輸入讀取一行）。Make a steward's key file under a passphrase.
    New(New),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Note {
    /// 以金鑰檔簽署文書，於檔末加上簽章。Sign a note with a key file; the signature is added to the file.
    Sign(Sign),
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// 名稱，例如 ward.taichung.gov.tw/steward/chen。Name of the key.
    name: String,
    /// 金鑰檔。The key file.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// 文書。The note.
    file: PathBuf,
    /// 金鑰檔。The key file.
    #[arg(long)]
    key: PathBuf,
}

#[expect(clippy::print_stdout, reason = "the public key is the output")]
pub(crate) fn run(command: &Key) -> anyhow::Result<ExitCode> {
    let Key::New(args) = command;
    let secret = passphrase()?;
    let entropy = &mut MachineEntropy;
    let master =
        secret.new_key(Argon2Cost::DEFAULT, entropy).map_err(|error| Refused::misuse(error.told()))?;
    let (folder, name) = folder_of(&args.out)?;
    let key = KeyFile::create(&folder, &name, &args.name, KeyKind::Ledger, &master, entropy);
    println!("{}", key.map_err(|error| Refused::misuse(error.told()))?.verifier());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn run_note(command: &Note) -> anyhow::Result<ExitCode> {
    let Note::Sign(args) = command;
    let bytes = std::fs::read(&args.file).with_context(|| args.file.display().to_string())?;
    let (folder, name) = folder_of(&args.key)?;
    let key = open_key(&folder, &name, &passphrase()?)?;
    let signed = sign(&bytes, &key)?;
    replace(&args.file, signed.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// The note with one more signature; a text without any becomes a note.
fn sign(bytes: &[u8], key: &proof::note::SignerKey) -> anyhow::Result<String> {
    let note = match SignedNote::parse(bytes) {
        Ok(mut note) => {
            note.add(key.sign(note.unverified_text(), 0));
            note
        }
        Err(_) => {
            let text = std::str::from_utf8(bytes)?;
            SignedNote::new(text, vec![key.sign(text, 0)]).map_err(|error| super::proof::refused(&error))?
        }
    };
    Ok(note.to_string())
}

fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let (folder, name) = folder_of(path)?;
    Ok(ledger::disk::replace(&folder, &name, content)?)
}

fn passphrase() -> anyhow::Result<MasterSecret> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().read_line(&mut line)?;
    let text = Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned());
    MasterSecret::from_passphrase(text).map_err(|error| Refused::misuse(error.told()))
}
