//! `in_network(address, network)`: is an address in a network, as in `in_network(src_ip, '10.1.0.0/16')`?

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, BooleanArray};
use arrow_schema::DataType;
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use std::sync::Arc;
use telemetry::find::Wanted;

/// Its name in SQL.
pub(crate) const NAME: &str = "in_network";

/// The function.
pub(crate) fn function() -> ScalarUDF {
    let kinds = vec![DataType::Utf8, DataType::Utf8];
    create_udf(NAME, kinds, DataType::Boolean, Volatility::Immutable, Arc::new(of))
}

fn of(arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let arrays = ColumnarValue::values_to_arrays(arguments)?;
    let [addresses, networks] = arrays.as_slice() else { return exec_err!("{NAME}(address, network)") };
    let (addresses, networks) = (addresses.as_string::<i32>(), networks.as_string::<i32>());
    let mut found = Vec::with_capacity(addresses.len());
    // Mostly it is the same network in every row.
    let mut last: Option<(&str, std::ops::RangeInclusive<Vec<u8>>)> = None;
    for (address, network) in addresses.iter().zip(networks.iter()) {
        let (Some(address), Some(network)) = (address, network) else {
            found.push(None);
            continue;
        };
        if last.as_ref().is_none_or(|(known, _)| *known != network) {
            let Some(values) = Wanted::address(network) else {
                return exec_err!("{network:?} is no network; write 10.1.0.0/16 or 2001:db8::/32");
            };
            last = Some((network, values));
        }
        let within = Wanted::address(address)
            .filter(|_| !address.contains('/'))
            .zip(last.as_ref())
            .is_some_and(|(one, (_, values))| values.contains(one.start()));
        found.push(Some(within));
    }
    Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(found)) as ArrayRef))
}
