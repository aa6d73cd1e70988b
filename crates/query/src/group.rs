//! Grouping by addresses: groups are made of their sixteen bytes, and written as texts once there are no more rows than groups.
//!
//! An address has one spelling, so that rows are of one group by their bytes if they are by their texts. The rule takes the
//! place of `Aggregate [src_ip] ← lines` by `Projection [address(src_ip)] ← Aggregate [src_ip] ← lines, with src_ip as a
//! number`; where anything else looks at the column, the plan stays as it is.
//! Invariant: a plan that was rewritten has the same columns of the same types, and the same rows.

use crate::column::{ADDRESS, Column, address_texts};
use crate::table::Lines;
use arrow_array::ArrayRef;
use arrow_schema::DataType;
use datafusion::common::exec_err;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::logical_plan::{SubqueryAlias, TableScanBuilder};
use datafusion::logical_expr::{
    Aggregate, ColumnarValue, Expr, Filter, LogicalPlan, Projection, ScalarUDF, Volatility, create_udf,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use std::sync::{Arc, LazyLock};

/// The rule.
#[derive(Debug)]
pub(crate) struct GroupByBytes;

impl OptimizerRule for GroupByBytes {
    fn name(&self) -> &'static str {
        "group_by_bytes"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match &plan {
            LogicalPlan::Aggregate(aggregate) => Ok(match rewritten(aggregate)? {
                Some(plan) => Transformed::yes(plan),
                None => Transformed::no(plan),
            }),
            _ => Ok(Transformed::no(plan)),
        }
    }
}

/// An address as a text, of its number.
static ADDRESS_OF: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
    let of = |arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let [numbers] = arrays.as_slice() else { return exec_err!("address(number)") };
        Ok(ColumnarValue::Array(address_texts(numbers)? as ArrayRef))
    };
    Arc::new(create_udf("address", vec![ADDRESS], DataType::Utf8, Volatility::Immutable, Arc::new(of)))
});

/// The plan in its place; none where nothing is gained, or something else looks at the addresses.
fn rewritten(aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let grouped: Vec<Option<Column>> = aggregate.group_expr.iter().map(address).collect();
    let columns: Vec<Column> = grouped.iter().copied().flatten().collect();
    let plain = |expr: &Expr| matches!(bare(expr), Expr::Column(_));
    if columns.is_empty()
        || !aggregate.group_expr.iter().all(plain)
        || aggregate.aggr_expr.iter().any(|expr| looks_at(expr, &columns))
    {
        return Ok(None);
    }
    let Some(input) = numbered(&aggregate.input, &columns)? else { return Ok(None) };
    let (groups, figures) = (aggregate.group_expr.clone(), aggregate.aggr_expr.clone());
    let made = Aggregate::try_new(Arc::new(input), groups, figures)?;
    let outputs = (0..made.schema.fields().len()).map(|at| {
        let (relation, field) = made.schema.qualified_field(at);
        let column = Expr::Column(datafusion::common::Column::new(relation.cloned(), field.name()));
        match grouped.get(at) {
            Some(Some(_)) => ADDRESS_OF.call(vec![column]).alias_qualified(relation.cloned(), field.name()),
            _ => column,
        }
    });
    let outputs = outputs.collect();
    Ok(Some(LogicalPlan::Projection(Projection::try_new(outputs, Arc::new(LogicalPlan::Aggregate(made)))?)))
}

/// The same rows with these addresses as numbers; none where more than a filter stands between, or one that looks at them.
fn numbered(plan: &LogicalPlan, columns: &[Column]) -> Result<Option<LogicalPlan>> {
    Ok(match plan {
        LogicalPlan::Filter(filter) if !looks_at(&filter.predicate, columns) => {
            let input = numbered(&filter.input, columns)?;
            let made = input.map(|input| Filter::try_new(filter.predicate.clone(), Arc::new(input)));
            made.transpose()?.map(LogicalPlan::Filter)
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let input = numbered(&alias.input, columns)?;
            let made = input.map(|input| SubqueryAlias::try_new(Arc::new(input), alias.alias.clone()));
            made.transpose()?.map(LogicalPlan::SubqueryAlias)
        }
        LogicalPlan::TableScan(scan) if !scan.filters.iter().any(|filter| looks_at(filter, columns)) => {
            let provider = source_as_provider(&scan.source)?;
            let Some(lines) = provider.downcast_ref::<Lines>().filter(|lines| lines.numbers.is_empty())
            else {
                return Ok(None);
            };
            let lines = Lines { numbers: columns.to_vec(), ..lines.clone() };
            let scan = TableScanBuilder::new(scan.table_name.clone(), provider_as_source(Arc::new(lines)))
                .with_projection(scan.projection.clone())
                .with_filters(scan.filters.clone())
                .with_fetch(scan.fetch)
                .build()?;
            Some(LogicalPlan::TableScan(scan))
        }
        _ => None,
    })
}

/// Without the name that it is given.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => &alias.expr,
        other => other,
    }
}

/// The column of addresses that an expression is.
fn address(expr: &Expr) -> Option<Column> {
    let Expr::Column(column) = bare(expr) else { return None };
    Column::of_address(&column.name)
}

fn looks_at(expr: &Expr, columns: &[Column]) -> bool {
    expr.column_refs().into_iter().any(|column| columns.iter().any(|one| one.name() == column.name))
}
