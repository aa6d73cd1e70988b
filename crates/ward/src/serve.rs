//! `ward serve`: the running system. Today it is the ledger: open, publish, have it witnessed, let it be read.
//!
//! HTTP, read only: `/ledger/…` is the C2SP tlog-tiles interface, `/healthz` says whether entries are taken, `/` shows
//! the state to people. Entries come in by the socket (`socket`).

mod page;

use crate::command::Data;
use crate::http::{self, Witnesses};
use crate::installation::{self, MasterArgs};
use crate::machine::SystemClock;
use crate::socket;
use crate::told::{Refused, tell};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use ledger::Ledger;
use ledger::objects::{CHECKPOINT, Objects};
use model::{Clock as _, Told};
use proof::policy::Policy;
use proof::tile::Tile;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Start the system.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    master: MasterArgs,
    /// 網頁位址。Where pages are served.
    #[arg(long, default_value = "127.0.0.1:8440")]
    listen: SocketAddr,
    /// 見證人使用之憑證機構（PEM，https 時）。Authority of the witnesses' certificates, PEM, for https.
    #[arg(long)]
    witness_ca: Option<PathBuf>,
}

/// What pages need.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) ledger: Ledger,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) policy: Arc<Policy>,
}

impl Serve {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let Some(opening) = installation::open(&self.data.data, &self.master)? else {
            let path = self.data.data.join("lock").display().to_string();
            return Err(Refused::misuse(ledger::error::OpenError::Locked { path }.told()));
        };
        opening.say_what_was_found();
        let (objects, policy) = (Arc::clone(&opening.objects), opening.policy.clone());
        let (holder, _lock) = opening.into_holder();
        let ledger = holder.ledger.clone();
        let witnesses = Witnesses::start(&ledger, &policy, self.witness_ca.as_deref())?;
        socket::listen(&self.data.data, &holder)?;
        let served = Served { ledger: ledger.clone(), objects, policy: Arc::new(policy) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(serve(self.listen, served))?;
        drop(runtime);
        ledger.close().map_err(|reason| Refused::wrong(reason.told()))?;
        witnesses.join();
        // The name is of no use without the process; a new one replaces it anyway.
        let _ = std::fs::remove_file(socket::path(&self.data.data));
        Ok(ExitCode::SUCCESS)
    }
}

#[expect(clippy::print_stdout, reason = "the address is the output: whoever started this reads it")]
async fn serve(listen: SocketAddr, served: Served) -> anyhow::Result<()> {
    let listener = http::bind(listen).await?;
    let address = listener.local_addr()?;
    println!("http://{address}/");
    tell(&Told::new(format!("城防已啟動：http://{address}/"), format!("Ward is running: http://{address}/")));
    axum::serve(listener, routes(served)).with_graceful_shutdown(http::stop_asked()).await?;
    Ok(())
}

fn routes(served: Served) -> Router {
    Router::new()
        .route("/", get(status))
        .route("/healthz", get(health))
        .route("/ledger/checkpoint", get(checkpoint))
        .route("/ledger/tile/{*path}", get(tile))
        .with_state(served)
}

async fn status(State(served): State<Served>) -> Response {
    let now = SystemClock.now();
    let page = tokio::task::spawn_blocking(move || page::status(&served, now)).await;
    match page {
        Ok(page) => ([(header::CONTENT_SECURITY_POLICY, http::PAGE_POLICY)], Html(page)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// 200 while entries are taken, 503 and the reason once they are not.
async fn health(State(served): State<Served>) -> Response {
    match served.ledger.stopped() {
        None => (StatusCode::OK, "ok\n").into_response(),
        Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reason.told())).into_response(),
    }
}

async fn checkpoint(State(served): State<Served>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    file(served, CHECKPOINT.to_owned(), headers).await
}

async fn tile(State(served): State<Served>, Path(path): Path<String>) -> Response {
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

async fn file(served: Served, path: String, headers: [(header::HeaderName, &'static str); 2]) -> Response {
    match tokio::task::spawn_blocking(move || served.objects.fetch(&path)).await {
        Ok(Ok(Some(content))) => (headers, content).into_response(),
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
