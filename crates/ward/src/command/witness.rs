//! `ward witness …`: a process of its own, at another agency, that cosigns heads it has proven consistent.
//!
//! Serves C2SP tlog-witness (`POST /add-checkpoint`), the last head of each log it watches (`/<id>/checkpoint`, id as on
//! its page) and a page for people.

use crate::http;
use crate::installation::{self, MasterArgs};
use crate::machine::SystemClock;
use crate::told::{Refused, tell};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use clap::{Args, Subcommand};
use ledger::disk::{Disk, Folder};
use ledger::entropy::MachineEntropy;
use ledger::keyfile::KeyFile;
use ledger::lock::FolderLock;
use ledger::master::Argon2Cost;
use ledger::witness::{self, MOST_REQUEST_BYTES, Witness as Cosigning, WitnessError};
use model::{Clock as _, Instant, Told};
use proof::note::KeyKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

const KEY: &str = "keys/witness.key";

#[derive(Debug, Subcommand)]
pub(crate) enum Witness {
    /// 建立見證人。Make a witness.
    Init(Init),
    /// 登錄要見證的帳本（或其新金鑰）。Add a log, or a new key of one.
    AddLog(AddLog),
    /// 註記舊金鑰的止點。Note the end of a log's old key.
    EndKey(EndKey),
    /// 啟動見證人。Run it.
    Run(Run),
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// 見證人資料夾。The witness's folder.
    #[arg(long, default_value = "ward-witness")]
    data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    master: MasterArgs,
    /// 名稱，例如 witness.audit.example.gov.tw。Its name.
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct AddLog {
    #[command(flatten)]
    place: Place,
    /// 帳本公鑰。The log's public key.
    key: String,
}

#[derive(Debug, Args)]
pub(crate) struct EndKey {
    #[command(flatten)]
    place: Place,
    /// 舊金鑰（名稱+代號）。The old key, name+id.
    key: String,
    /// 其所簽最大筆數。The largest size it signed.
    size: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    master: MasterArgs,
    /// 位址。Where it listens.
    #[arg(long, default_value = "127.0.0.1:8441")]
    listen: SocketAddr,
}

pub(crate) fn run(command: Witness) -> anyhow::Result<ExitCode> {
    match command {
        Witness::Init(args) => init(&args),
        Witness::AddLog(args) => add_log(&args),
        Witness::EndKey(args) => {
            let _lock = lock_logs(&args.place)?;
            witness::end_key(disk(&args.place), &args.key, args.size).map_err(refused)?;
            Ok(ExitCode::SUCCESS)
        }
        Witness::Run(args) => serve(&args),
    }
}

#[expect(clippy::print_stdout, reason = "the public key is the output")]
fn init(args: &Init) -> anyhow::Result<ExitCode> {
    let data = &args.place.data;
    let disk = disk(&args.place);
    installation::make_private_folder(data)?;
    let _lock = FolderLock::acquire(data).map_err(|error| Refused::misuse(error.told()))?;
    let entropy = &mut MachineEntropy;
    if disk.list("")?.is_some_and(|names| names.iter().any(|name| name != "lock")) {
        return Err(refused(WitnessError::Exists));
    }
    let secret = args.master.new_secret(data, entropy)?;
    let master =
        secret.new_key(Argon2Cost::DEFAULT, entropy).map_err(|error| Refused::misuse(error.told()))?;
    // The key comes first: a name that no key can have leaves nothing behind.
    let key = KeyFile::create(disk.as_ref(), KEY, &args.name, KeyKind::Witness, &master, entropy);
    let key = key.map_err(|error| Refused::misuse(error.told()))?;
    witness::create(Arc::clone(&disk)).map_err(refused)?;
    println!("{}", key.verifier());
    Ok(ExitCode::SUCCESS)
}

fn add_log(args: &AddLog) -> anyhow::Result<ExitCode> {
    let key =
        args.key.parse().map_err(|error| Refused::say(format!("公鑰有誤：{error}"), format!("{error}")))?;
    let _lock = lock_logs(&args.place)?;
    witness::add_log(disk(&args.place), &key).map_err(refused)?;
    Ok(ExitCode::SUCCESS)
}

/// The list of logs has a lock of its own, so that it can be changed beside a witness at work, by one at a time.
fn lock_logs(place: &Place) -> anyhow::Result<FolderLock> {
    let logs = place.data.join("logs");
    if !logs.is_dir() {
        return Err(refused(WitnessError::NotMade));
    }
    FolderLock::acquire(&logs).map_err(|error| Refused::misuse(error.told()))
}

fn serve(args: &Run) -> anyhow::Result<ExitCode> {
    let data = &args.place.data;
    if !data.is_dir() {
        return Err(refused(WitnessError::NotMade));
    }
    let _lock = FolderLock::acquire(data).map_err(|error| Refused::misuse(error.told()))?;
    let disk = disk(&args.place);
    let key = installation::open_key(disk.as_ref(), KEY, &args.master.secret(data)?)?;
    let witness = Arc::new(Cosigning::open(disk, key).map_err(refused)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(listen(args.listen, witness))?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the address is the output: whoever started this reads it")]
async fn listen(address: SocketAddr, witness: Arc<Cosigning>) -> anyhow::Result<()> {
    let listener = http::bind(address).await?;
    let address = listener.local_addr()?;
    let stop = http::stop_asked()?;
    println!("http://{address}/");
    tell(&Told::new(
        format!("見證人 {} 已啟動：http://{address}/", witness.key().name()),
        format!("Witness {} is running: http://{address}/", witness.key().name()),
    ));
    let routes = Router::new()
        .route("/", get(page))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{id}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(MOST_REQUEST_BYTES))
        .with_state(witness);
    axum::serve(listener, routes).with_graceful_shutdown(stop).await?;
    Ok(())
}

async fn add_checkpoint(State(witness): State<Arc<Cosigning>>, body: Bytes) -> Response {
    let now = SystemClock.now();
    let answer = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, now)).await;
    let Ok(answer) = answer else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
}

async fn checkpoint(State(witness): State<Arc<Cosigning>>, Path(id): Path<String>) -> Response {
    match tokio::task::spawn_blocking(move || witness.checkpoint(&id)).await {
        Ok(Ok(Some(head))) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], head).into_response(),
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn page(State(witness): State<Arc<Cosigning>>) -> Response {
    match tokio::task::spawn_blocking(move || render(&witness)).await {
        Ok(Ok(page)) => ([(header::CONTENT_SECURITY_POLICY, http::PAGE_POLICY)], Html(page)).into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn render(witness: &Cosigning) -> Result<String, WitnessError> {
    let mut rows = String::new();
    for log in witness.logs()? {
        let last = match &log.last {
            Ok(Some(last)) => {
                let micros = i64::try_from(last.at_seconds).unwrap_or(0).saturating_mul(1_000_000);
                let at = Instant::from_micros(micros).unwrap_or(Instant::EPOCH);
                format!("{} 筆 <span lang=\"en\">entries</span><br>{at}", last.size)
            }
            Ok(None) => "尚未副署 <span lang=\"en\">nothing yet</span>".to_owned(),
            Err(error) => http::escape(&error.told().to_string()),
        };
        let refused = if log.refused.is_empty() {
            String::new()
        } else {
            format!(
                "<br><strong>已拒絕矛盾之檢查點 {} 份</strong> <span lang=\"en\">contradicting heads refused</span>",
                log.refused.len()
            )
        };
        let origin = http::escape(&log.origin);
        rows += &format!(
            "<tr><th scope=\"row\">{origin}</th><td>{last}{refused}</td><td><a href=\"/{}/checkpoint\">checkpoint</a></td></tr>",
            log.id
        );
    }
    let body = format!(
        "<h1>見證人 <span lang=\"en\">Witness</span></h1><p>{}</p><table>{rows}</table>",
        http::escape(&witness.key().to_string())
    );
    Ok(http::page("見證人 Witness", &body))
}

fn disk(place: &Place) -> Arc<dyn Disk> {
    Arc::new(Folder::new(&place.data))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn refused(error: WitnessError) -> anyhow::Error {
    Refused::misuse(error.told())
}
