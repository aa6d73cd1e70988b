//! Reading: files and blocks one after the other, as rows of the table.

use crate::column::{Column, Rows};
use crate::wanted::pages;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use std::sync::Arc;
use telemetry::Block;
use telemetry::find::{FindError, Library, Listed};

/// Where rows come from.
#[derive(Clone)]
pub(crate) enum Source {
    File(Listed),
    Block(String, Arc<Block>),
}

/// A share of a table's sources, read one after the other.
#[derive(Clone)]
pub(crate) struct Share {
    pub(crate) schema: SchemaRef,
    pub(crate) columns: Arc<[Column]>,
    pub(crate) library: Arc<Library>,
    pub(crate) conditions: Arc<[Expr]>,
    pub(crate) sources: Vec<Source>,
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} sources", self.sources.len())
    }
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

impl PartitionStream for Share {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let share = self.clone();
        let batches = self.sources.clone().into_iter().flat_map(move |source| {
            share.read(&source).unwrap_or_else(|error| Box::new(std::iter::once(Err(error))))
        });
        let stream = futures_util::stream::iter(batches);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream))
    }
}

impl Share {
    fn read(&self, source: &Source) -> Result<Batches> {
        match source {
            Source::File(file) => self.file(file),
            Source::Block(receiver, block) => {
                let rows = Rows {
                    library: &self.library,
                    receiver,
                    first: block.first,
                    columns: &block.columns,
                    taken: None,
                    shapes: &block.shapes,
                    erased: &[],
                };
                Ok(Box::new(std::iter::once(Ok(rows.as_table(&self.schema, &self.columns)?))))
            }
        }
    }

    fn file(&self, file: &Listed) -> Result<Batches> {
        let opened = self.library.open(file).map_err(external)?;
        let pages = pages(&self.conditions, opened.index());
        let pages = pages.map_err(|source| external(opened.broken(source)))?;
        if pages.as_ref().is_some_and(std::collections::BTreeSet::is_empty) {
            return Ok(Box::new(std::iter::empty()));
        }
        let taken = taken(&self.columns);
        let read = opened.pages(pages.as_ref(), taken.as_deref().unwrap_or_default()).map_err(external)?;
        let (share, receiver) = (self.clone(), file.receiver.clone());
        Ok(Box::new(read.map(move |batch| {
            let (first, columns) = batch.map_err(external)?;
            let rows = Rows {
                library: &share.library,
                receiver: &receiver,
                first,
                columns: &columns,
                taken: taken.as_deref(),
                shapes: opened.shapes(),
                erased: &opened.table().about().erased,
            };
            Ok(rows.as_table(&share.schema, &share.columns)?)
        })))
    }
}

/// Columns of a file that these are made of, in order; none where they are made of all.
fn taken(columns: &[Column]) -> Option<Vec<usize>> {
    let places = columns.iter().map(|column| column.places()).collect::<Option<Vec<_>>>()?;
    let mut places: Vec<usize> = places.into_iter().flatten().collect();
    if places.is_empty() {
        places.push(telemetry::column::place::RECEIVED);
    }
    places.sort_unstable();
    places.dedup();
    Some(places)
}

fn external(error: FindError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
