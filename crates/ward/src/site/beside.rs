//! What stands beside the pages: the ledger's head and hashes for anybody, its entries for few, health, figures.

use crate::machine::SystemClock;
use crate::metrics::{self, Metrics, Token};
use crate::office::Office;
use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ledger::objects::CHECKPOINT;
use model::{Clock as _, Instant};
use proof::tile::Tile;

/// What these routes know.
#[derive(Clone)]
pub(crate) struct Beside {
    pub(crate) office: Office,
    pub(crate) metrics: Metrics,
    pub(crate) token: Token,
    pub(crate) started: Instant,
}

/// The routes: the ledger's files behind the pages' outermost layer, health and figures behind none.
pub(crate) fn routes(beside: Beside) -> (Router<web::Site>, Router) {
    let files = Router::new()
        .route("/ledger/checkpoint", get(checkpoint))
        .route("/ledger/tile/{*path}", get(tile))
        .with_state(beside.clone());
    let own = Router::new().route("/healthz", get(health)).route("/metrics", get(figures)).with_state(beside);
    (files, own)
}

/// 200 while commands and entries are taken, 503 and the reason once they are not.
async fn health(State(beside): State<Beside>) -> Response {
    let stopped = tokio::task::spawn_blocking(move || beside.office.stopped()).await;
    match stopped {
        Ok(None) => (StatusCode::OK, "ok\n").into_response(),
        Ok(Some(told)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{told}\n")).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Who may not see the figures finds nothing here.
async fn figures(
    State(beside): State<Beside>,
    came: Option<Extension<web::Came>>,
    headers: HeaderMap,
) -> Response {
    if !beside.token.admits(came.as_deref(), &headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page = move || metrics::page(&beside.metrics, &beside.office, beside.started, SystemClock.now());
    match tokio::task::spawn_blocking(page).await {
        Ok(text) => metrics::answer(text),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn checkpoint(State(beside): State<Beside>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    file(beside, CHECKPOINT.to_owned(), headers).await
}

/// Hashes are for everybody. Entries hold bodies in clear, of which pages ask who reads them: beside pages they are given
/// to this machine itself and to whoever bears the token for figures.
async fn tile(
    State(beside): State<Beside>,
    came: Option<Extension<web::Came>>,
    asked: HeaderMap,
    Path(path): Path<String>,
) -> Response {
    if path.starts_with("entries/") && !beside.token.admits(came.as_deref(), &asked) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    // Only the one spelling of a tile's path reaches the disk.
    match Tile::from_path(&format!("tile/{path}")) {
        Ok(tile) => file(beside, tile.path(), headers).await,
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn file(beside: Beside, path: String, headers: [(HeaderName, &'static str); 2]) -> Response {
    match tokio::task::spawn_blocking(move || beside.office.objects.fetch(&path)).await {
        Ok(Ok(Some(content))) => (headers, content).into_response(),
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
