//! Shared components: view structs with a template each. A page puts one in with `{{ component }}`.

/// A text as a value within a query.
pub(crate) fn query_value(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
