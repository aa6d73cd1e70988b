//! placeholder
pub(super) fn run(_folder: &std::path::Path) -> anyhow::Result<()> {
    Ok(())
}
