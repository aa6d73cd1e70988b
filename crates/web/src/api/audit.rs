//! The ledger, for tokens with the right `audit` whose owner a policy lets look into it: its head, its entries, proofs,
//! bundles and policy to take along, the verification of the installation.
//!
//! What is under seal, and what is about a record, is given as far as the token reads that record.

use super::named;
use super::shape::{Octets, Text};
use super::story::ActorShape;
use crate::audit::entries::{EntriesAsked, found};
use crate::audit::entry::{Inside, inside, proof_file, read};
use crate::audit::verifying::{Last, SHOWN, begin};
use crate::audit::{admitted, bundle, cosigned, last_time, published};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::query::Query;
use axum::extract::Path;
use axum::http::StatusCode;
use ledger::cosign::{RECENT, Standing, standing};
use ledger::verify::Finding;
use model::{Actor, Instant, Told};
use proof::checkpoint::SignedCheckpoint;
use proof::entry::Entry;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// The ledger as it was published last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LedgerShape {
    /// Its name.
    origin: String,
    /// How many entries the head covers.
    size: String,
    /// Root of the tree over them, base64.
    root: String,
    /// Time of the last one.
    time: Option<String>,
    /// On whose word the head stands: `witnessed`, `outdated`, `host-alone`, `not-believed`.
    standing: &'static str,
    /// The same in a sentence.
    told: Text,
    /// Up to which entry the tables have come.
    position: String,
    /// The witnesses of the policy.
    witnesses: Vec<WitnessShape>,
    /// The verification of the installation.
    verification: VerificationShape,
}

/// A witness.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WitnessShape {
    /// Its name within the policy.
    name: String,
    /// When it cosigned this head; null where it has not.
    at: Option<String>,
}

/// The verification of the whole installation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerificationShape {
    /// The one that runs.
    running: Option<RunningShape>,
    /// The last one since the program was started; null: the result is not known.
    last: Option<VerifiedShape>,
}

/// A verification that runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunningShape {
    /// When it began.
    began: String,
    /// How many files it has judged.
    files: u64,
    /// Of how many.
    of: u64,
}

/// A verification that is over.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VerifiedShape {
    /// When it began.
    began: String,
    /// When it ended.
    ended: String,
    /// What it gave: `good`; `wrong`; `undone`, files that cannot be read, or a verification that fell over.
    verdict: &'static str,
    /// How many files there were.
    files: u64,
    /// How many findings.
    count: u64,
    /// The first ones.
    findings: Vec<FindingShape>,
    /// What is to be known beside, or why it could not be done.
    remarks: Vec<Text>,
}

/// Something that is not as it must be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FindingShape {
    /// The file.
    path: String,
    /// The byte.
    byte: Option<u64>,
    /// The entry.
    entry: Option<String>,
    /// What is wrong.
    what: Text,
}

/// A page of entries, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    /// The entries that fit.
    entries: Vec<EntryShape>,
    /// The first entry that was looked at; before it one goes on. Null at the beginning of the ledger.
    next: Option<String>,
}

/// An entry's head.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryShape {
    /// Its number.
    number: String,
    /// Its time.
    time: String,
    /// What happened.
    #[schema(example = "step.signed/1")]
    kind: String,
    /// What it happened to.
    subject: String,
    /// Who acted.
    by: ActorShape,
    /// In which session; of an application the token's id stands there.
    session: Option<String>,
    /// At which terminal.
    terminal: Option<String>,
    /// The unit it belongs to.
    unit: Option<String>,
    /// The form, with its version.
    form: Option<String>,
    /// Hash of what it holds, base64.
    hash: String,
    /// Is what it holds under seal?
    sealed: bool,
    /// Is it signed?
    signed: bool,
}

/// An entry with what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryWhole {
    /// Its head.
    #[serde(flatten)]
    head: EntryShape,
    /// What it holds; null where it is withheld.
    #[schema(value_type = Option<Object>)]
    body: Option<Json>,
    /// Why it is: `not-yours`, `destroyed`.
    withheld: Option<&'static str>,
    /// The statement that was signed. Why somebody decided as they did is told with the body alone.
    #[schema(value_type = Option<Object>)]
    statement: Option<Json>,
}

/// The head of the ledger, on whose word it stands, and how the installation was verified.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    responses((status = 200, body = LedgerShape)))]
pub(super) async fn ledger(cx: Cx) -> PageResult {
    cx.run(|cx| {
        cx.look(admitted)?;
        let note = published(cx)?;
        let signed = SignedCheckpoint::parse(&note).map_err(PageError::failed)?;
        let checkpoint = signed.unverified();
        let (word, told) = match standing(&cx.site.oversight().policy, &note, cx.now(), RECENT) {
            Ok(standing) => (word(&standing), standing.told()),
            Err(error) => {
                let zh = format!("已公布之檢查點不可採信：{error}");
                ("not-believed", Told::new(zh, format!("The published head cannot be believed: {error}")))
            }
        };
        let witness = |(name, at): (String, Option<Instant>)| WitnessShape { name, at: at.map(text) };
        let shape = LedgerShape {
            origin: checkpoint.origin.clone(),
            size: checkpoint.size.to_string(),
            root: checkpoint.root.to_string(),
            time: last_time(cx, checkpoint.size)?.map(text),
            standing: word,
            told: told.into(),
            position: cx.seen().position.to_string(),
            witnesses: cosigned(cx, &note).into_iter().map(witness).collect(),
            verification: verification(cx),
        };
        given::json(StatusCode::OK, &shape)
    })
    .await
}

/// Begins the verification of the installation, unless one runs; what it gives is told with the head of the ledger.
#[utoipa::path(post, path = "/api/v1/audit/verification", tag = "audit",
    responses((status = 202, body = VerificationShape)))]
pub(super) async fn verify(cx: Cx) -> PageResult {
    cx.run(|cx| {
        begin(cx)?;
        given::json(StatusCode::ACCEPTED, &verification(cx))
    })
    .await
}

/// The policy by which proofs and bundles are judged: keys of the ledger, witnesses, quorum.
#[utoipa::path(get, path = "/api/v1/audit/policy", tag = "audit",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn policy(cx: Cx) -> PageResult {
    bundle::policy(cx).await
}

/// Entries, the newest first, 50 at a time. A bounded stretch of the ledger is looked at each time, so that fewer may come.
#[utoipa::path(get, path = "/api/v1/audit/entries", tag = "audit",
    params(("kind" = Option<String>, Query, description = "a kind, or the group before its dot"),
        ("about" = Option<String>, Query, description = "what they are about: an id"),
        ("by" = Option<String>, Query, description = "who acted: a name, an account or an id"),
        ("before" = Option<String>, Query, description = "only those before this one")),
    responses((status = 200, body = Entries)))]
pub(super) async fn entries(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        let size = cx.site.desk().reader().size().map_err(PageError::failed)?;
        let (found, from) = cx.look(|look| {
            admitted(look)?;
            found(look, &EntriesAsked::read(look, &query, size))
        })?;
        let shape = |(number, bytes): &(u64, Vec<u8>)| {
            Ok(EntryShape::of(*number, &Entry::parse(bytes).map_err(PageError::failed)?))
        };
        let entries = found.iter().map(shape).collect::<Result<_, PageError>>()?;
        given::json(StatusCode::OK, &Entries { entries, next: (from > 0).then(|| from.to_string()) })
    })
    .await
}

/// An entry.
#[utoipa::path(get, path = "/api/v1/audit/entries/{entry}", tag = "audit",
    params(("entry" = String, Path, description = "its number")),
    responses((status = 200, body = EntryWhole)))]
pub(super) async fn entry(cx: Cx, Path(number): Path<String>) -> PageResult {
    let number: u64 = named(&number)?;
    cx.run(move |cx| {
        cx.look(admitted)?;
        let bytes = read(cx, number)?;
        let entry = Entry::parse(&bytes).map_err(PageError::failed)?;
        let (body, withheld) = match inside(cx, &entry)? {
            Inside::Here(body) => (Some(body), None),
            Inside::Destroyed => (None, Some("destroyed")),
            Inside::NotTheirs => (None, Some("not-yours")),
        };
        let statement = entry.signature().map(|signature| serde_json::to_value(&signature.statement));
        let statement = statement.transpose().map_err(PageError::failed)?.map(|mut statement| {
            if let Some(members) = statement.as_object_mut().filter(|_| body.is_none()) {
                members.remove("reason");
            }
            statement
        });
        let whole = EntryWhole { head: EntryShape::of(number, &entry), body, withheld, statement };
        given::json(StatusCode::OK, &whole)
    })
    .await
}

/// The proof of an entry, as a file that `ward proof check` takes.
#[utoipa::path(get, path = "/api/v1/audit/entries/{entry}/proof", tag = "audit",
    params(("entry" = String, Path, description = "its number")),
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn proof(cx: Cx, Path(number): Path<String>) -> PageResult {
    let number: u64 = named(&number)?;
    cx.run(move |cx| proof_file(cx, number)).await
}

/// Everything that happened to a record, with its proof, as a file that `ward proof check` takes.
#[utoipa::path(get, path = "/api/v1/audit/records/{record}/bundle", tag = "audit",
    params(("record" = String, Path, description = "its id")),
    responses((status = 200, body = Octets, content_type = "application/octet-stream")))]
pub(super) async fn of_record(cx: Cx, Path(record): Path<String>) -> PageResult {
    let record = named(&record)?;
    cx.run(move |cx| bundle::file_of(cx, record)).await
}

fn text(at: Instant) -> String {
    at.to_string()
}

const fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::HostAlone => "host-alone",
        Standing::Outdated { .. } => "outdated",
        Standing::Witnessed { .. } => "witnessed",
    }
}

fn verification(cx: &Cx) -> VerificationShape {
    let verifying = cx.site.verifying();
    let (state, (files, of)) = (verifying.state(), verifying.far());
    VerificationShape {
        running: state.began.map(|began| RunningShape { began: text(began), files, of }),
        last: state.last.as_ref().map(VerifiedShape::of),
    }
}

impl VerifiedShape {
    fn of(last: &Last) -> Self {
        let undone = |told: &Told| (("undone", 0, 0), Vec::new(), vec![told.clone().into()]);
        let finding = |finding: &Finding| FindingShape {
            path: finding.path.clone(),
            byte: finding.at_byte,
            entry: finding.entry.map(|entry| entry.to_string()),
            what: finding.what.clone().into(),
        };
        let ((verdict, files, count), findings, remarks) = match &last.result {
            Err(told) => undone(told),
            Ok(report) => {
                let verdict = match (report.is_good(), report.is_undone()) {
                    (true, _) => "good",
                    (false, true) => "undone",
                    (false, false) => "wrong",
                };
                let findings = report.findings.kept().iter().take(SHOWN).map(finding).collect();
                let remarks = report.remarks.iter().cloned().map(Text::from).collect();
                ((verdict, report.files, report.findings.count()), findings, remarks)
            }
        };
        let (began, ended) = (text(last.began), text(last.ended));
        Self { began, ended, verdict, files, count, findings, remarks }
    }
}

impl EntryShape {
    fn of(number: u64, entry: &Entry<'_>) -> Self {
        let (session, terminal) = match entry.actor() {
            Actor::Machine { .. } => (None, None),
            Actor::Person(person) => (person.session, person.terminal),
        };
        Self {
            session: session.map(|session| session.to_string()),
            terminal: terminal.map(|terminal| terminal.to_string()),
            number: number.to_string(),
            time: text(entry.time()),
            kind: entry.kind().to_owned(),
            subject: entry.subject().to_owned(),
            by: ActorShape::of(&entry.actor()),
            unit: entry.unit().map(|unit| unit.to_string()),
            form: entry.form().map(ToOwned::to_owned),
            hash: entry.content_hash().to_string(),
            sealed: entry.sealed().is_some(),
            signed: entry.signature().is_some(),
        }
    }
}
