//! Prints the description of the API, as it is committed: `cargo run -p web --example openapi > crates/web/openapi.json`.

use std::io::Write as _;

fn main() -> anyhow::Result<()> {
    std::io::stdout().write_all(web::openapi()?.as_bytes())?;
    Ok(())
}
