//! Ward 城防: the command line. One call; the work is in `command`.

mod bench;
mod machine;
use clap::Parser;
#[derive(Parser)]
enum C { #[command(subcommand)] Bench(bench::Bench) }
fn main() -> anyhow::Result<std::process::ExitCode> { let C::Bench(b) = C::parse(); bench::run(&b) }
