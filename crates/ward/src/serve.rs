//! `ward serve`: the running system: ledger, tables and desk open, what comes with time done, heads witnessed.
//!
//! HTTP, read only: `/ledger/…` is the C2SP tlog-tiles interface, `/healthz` says whether anything is taken, `/` shows
//! the state to people. Acts at the console come in by the socket (`socket`).
//! Order at the end: pages, the pacemaker, the desk, the ledger.

mod page;

use crate::http::{self, Witnesses};
use crate::installation::Working;
use crate::machine::SystemClock;
use crate::office::{Office, Pacemaker, Recovery};
use crate::socket;
use crate::told::{Refused, tell};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use ledger::objects::CHECKPOINT;
use model::{Clock as _, Told};
use proof::tile::Tile;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Start the system.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    working: Working,
    /// 網頁位址。Where pages are served.
    #[arg(long, default_value = "127.0.0.1:8440")]
    listen: SocketAddr,
    /// 見證人使用之憑證機構（PEM，https 時）。Authority of the witnesses' certificates, PEM, for https.
    #[arg(long)]
    witness_ca: Option<PathBuf>,
}

impl Serve {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let data = self.working.folder();
        let Some(office) = Office::open(&self.working, Recovery::Told)? else {
            let path = data.join("lock").display().to_string();
            return Err(Refused::misuse(ledger::error::OpenError::Locked { path }.told()));
        };
        if office.desk.seen().packs.current().is_none() {
            tell(&desk::Refused::NoPack.told());
        }
        let witnesses = Witnesses::start(&office.ledger, &office.policy, self.witness_ca.as_deref())?;
        // No way out of Ward is there yet; what is asked for waits, and is shown.
        let pacemaker = Pacemaker::start(office.desk.clone(), desk::Ways::new());
        let served = self.until_asked_to_stop(&office);
        pacemaker.stop();
        let closed = office.close();
        witnesses.join();
        // The name is of no use without the process; a new one replaces it anyway.
        let _ = std::fs::remove_file(socket::path(data));
        served.and(closed).map(|()| ExitCode::SUCCESS)
    }

    /// Answers tools and serves pages.
    fn until_asked_to_stop(&self, office: &Office) -> anyhow::Result<()> {
        socket::listen(self.working.folder(), office)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(serve(self.listen, office.clone()))
    }
}

#[expect(clippy::print_stdout, reason = "the address is the output: whoever started this reads it")]
async fn serve(listen: SocketAddr, served: Office) -> anyhow::Result<()> {
    let listener = http::bind(listen).await?;
    let address = listener.local_addr()?;
    // Heard from now on, before anybody knows that it runs.
    let stop = http::stop_asked()?;
    println!("http://{address}/");
    tell(&Told::new(format!("城防已啟動：http://{address}/"), format!("Ward is running: http://{address}/")));
    axum::serve(listener, routes(served)).with_graceful_shutdown(stop).await?;
    Ok(())
}

fn routes(served: Office) -> Router {
    Router::new()
        .route("/", get(status))
        .route("/healthz", get(health))
        .route("/ledger/checkpoint", get(checkpoint))
        .route("/ledger/tile/{*path}", get(tile))
        .with_state(served)
}

async fn status(State(served): State<Office>) -> Response {
    let now = SystemClock.now();
    let page = tokio::task::spawn_blocking(move || page::status(&served, now)).await;
    match page {
        Ok(page) => ([(header::CONTENT_SECURITY_POLICY, http::PAGE_POLICY)], Html(page)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// 200 while commands and entries are taken, 503 and the reason once they are not.
async fn health(State(served): State<Office>) -> Response {
    let stopped = tokio::task::spawn_blocking(move || served.stopped()).await;
    match stopped {
        Ok(None) => (StatusCode::OK, "ok\n").into_response(),
        Ok(Some(told)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{told}\n")).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn checkpoint(State(served): State<Office>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    file(served, CHECKPOINT.to_owned(), headers).await
}

async fn tile(State(served): State<Office>, Path(path): Path<String>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    // Only the one spelling of a tile's path reaches the disk.
    match Tile::from_path(&format!("tile/{path}")) {
        Ok(tile) => file(served, tile.path(), headers).await,
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(served: Office, path: String, headers: [(header::HeaderName, &'static str); 2]) -> Response {
    match tokio::task::spawn_blocking(move || served.objects.fetch(&path)).await {
        Ok(Ok(Some(content))) => (headers, content).into_response(),
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
