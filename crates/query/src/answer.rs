//! Asking: a statement is planned, run within its limits, and answered in texts.

use crate::group::GroupByBytes;
use crate::network;
use crate::table::{Lines, Snapshot};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::time::Duration;
use telemetry::file::PAGE;
use telemetry::find::FindError;

/// Threads that work at a query.
const WORKERS: usize = 2;
/// Bytes of all texts of an answer.
const MOST_TEXT: usize = 32 << 20;

/// What a query may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory for what is sorted, grouped and joined.
    pub memory: usize,
    /// How long it may work.
    pub time: Duration,
    /// Rows of its answer; of more the first are given.
    pub rows: usize,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows; where there is no value, none.
    pub rows: Vec<Vec<Option<String>>>,
    /// Were there more rows than were to be given?
    pub cut: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The statement does not read, names what is not there, or is no query.
    #[error("{0}")]
    Statement(String),
    /// It takes more memory than it may.
    #[error("the query takes more than {0} bytes of memory")]
    Memory(usize),
    /// It takes longer than it may.
    #[error("the query takes longer than {0:?}")]
    Time(Duration),
    /// Lines do not read.
    #[error("{0}")]
    Lines(String),
    /// Something in a row cannot be reckoned with, as a division by zero.
    #[error("{0}")]
    Failed(String),
}

/// Asks a statement of all lines.
///
/// # Errors
/// [`QueryError`].
pub fn ask(statement: &str, snapshot: Snapshot, limits: &Limits) -> Result<Answer, QueryError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("query")
        .enable_time()
        .build()
        .map_err(|error| QueryError::Failed(error.to_string()))?;
    let asked = async {
        let work = tokio::spawn(run(statement.to_owned(), snapshot, *limits));
        let abort = work.abort_handle();
        let ended = tokio::time::timeout(limits.time, work).await;
        abort.abort();
        match ended {
            Ok(Ok(answer)) => answer.map_err(|error| failed(&error, limits)),
            Ok(Err(error)) => Err(QueryError::Failed(error.to_string())),
            Err(_) => Err(QueryError::Time(limits.time)),
        }
    };
    let answer = runtime.block_on(asked);
    // What was given up ends when it next comes to a batch.
    runtime.shutdown_background();
    answer
}

async fn run(statement: String, snapshot: Snapshot, limits: Limits) -> Result<Answer, DataFusionError> {
    let settings = SessionConfig::new()
        .with_target_partitions(WORKERS)
        .with_information_schema(true)
        .with_batch_size(PAGE);
    let nothing_on_disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(limits.memory)))
        .with_disk_manager_builder(nothing_on_disk)
        .build_arc()?;
    let context = SessionContext::new_with_config_rt(settings, runtime);
    context.register_table("lines", Arc::new(Lines { snapshot, shares: WORKERS, numbers: Vec::new() }))?;
    context.add_optimizer_rule(Arc::new(GroupByBytes));
    context.register_udf(network::function());
    let queries_alone =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(&statement, queries_alone).await?;
    let columns = frame.schema().fields().iter().map(|column| column.name().clone()).collect();
    let mut answer = Answer { columns, ..Answer::default() };
    let (mut batches, mut text) = (frame.execute_stream().await?, 0);
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let options = FormatOptions::default();
        let cells = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let cells = cells.collect::<Result<Vec<_>, _>>()?;
        for at in 0..batch.num_rows() {
            if answer.rows.len() >= limits.rows || text > MOST_TEXT {
                answer.cut = true;
                return Ok(answer);
            }
            let row = batch.columns().iter().zip(&cells).map(|(column, cell)| {
                column.is_valid(at).then(|| cell.value(at).try_to_string()).transpose()
            });
            let row = row.collect::<Result<Vec<Option<String>>, _>>()?;
            text += row.iter().flatten().map(String::len).sum::<usize>();
            answer.rows.push(row);
        }
    }
    Ok(answer)
}

fn failed(error: &DataFusionError, limits: &Limits) -> QueryError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => QueryError::Memory(limits.memory),
        DataFusionError::External(source) if source.downcast_ref::<FindError>().is_some() => {
            QueryError::Lines(source.to_string())
        }
        DataFusionError::SQL(error, _) => QueryError::Statement(error.to_string()),
        root @ (DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Diagnostic(..)) => QueryError::Statement(root.strip_backtrace()),
        root => QueryError::Failed(root.strip_backtrace()),
    }
}
