//! The table `lines`: files by the manifest, and what is in no file yet.

use crate::column::{COLUMNS, Column, with_numbers};
use crate::scan::{Share, Source};
use crate::wanted::Span;
use arrow_schema::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use std::sync::Arc;
use telemetry::Block;
use telemetry::find::{Library, Listed};

/// What is looked into: all lines at one moment.
#[derive(Clone)]
pub struct Snapshot {
    /// Files, opened as they are needed.
    pub library: Arc<Library>,
    /// Those of the manifest.
    pub files: Vec<Listed>,
    /// Blocks that are in no file yet, with the name of their receiver.
    pub tail: Vec<(String, Arc<Block>)>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files, {} blocks", self.files.len(), self.tail.len())
    }
}

/// A snapshot as a table.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) snapshot: Snapshot,
    /// Shares it is read in, side by side.
    pub(crate) shares: usize,
    /// Columns whose addresses are numbers; none but in plans that write them as texts later.
    pub(crate) numbers: Vec<Column>,
}

#[async_trait::async_trait]
impl TableProvider for Lines {
    fn schema(&self) -> SchemaRef {
        with_numbers(&self.numbers)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (schema, columns): (SchemaRef, Vec<Column>) = match projection {
            Some(places) => {
                let columns = places.iter().filter_map(|place| COLUMNS.get(*place).copied());
                (Arc::new(self.schema().project(places)?), columns.collect())
            }
            None => (self.schema(), COLUMNS.clone()),
        };
        let mut shares: Vec<Share> = (0..self.shares.max(1))
            .map(|_| Share {
                schema: Arc::clone(&schema),
                columns: columns.clone().into(),
                library: Arc::clone(&self.snapshot.library),
                conditions: filters.into(),
                sources: Vec::new(),
            })
            .collect();
        let count = shares.len();
        for (nth, source) in self.sources(Span::of(filters)).into_iter().enumerate() {
            if let Some(share) = shares.get_mut(nth % count) {
                share.sources.push(source);
            }
        }
        let shares = shares.into_iter().map(|share| Arc::new(share) as Arc<dyn PartitionStream>);
        let plan = StreamingTableExec::try_new(schema, shares.collect(), None, None, false, limit)?;
        Ok(Arc::new(plan))
    }
}

impl Lines {
    /// Files and blocks with lines that were received within a span.
    fn sources(&self, span: Span) -> Vec<Source> {
        let meets = |first: model::Instant, last: model::Instant| {
            first.as_micros() <= span.until && last.as_micros() >= span.from
        };
        let files = self.snapshot.files.iter().filter(|file| meets(file.received.0, file.received.1));
        let blocks = self.snapshot.tail.iter().filter(|(_, block)| meets(block.received, block.received));
        let blocks = blocks.map(|(receiver, block)| Source::Block(receiver.clone(), Arc::clone(block)));
        files.cloned().map(Source::File).chain(blocks).collect()
    }
}
