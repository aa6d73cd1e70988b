//! Ward 城防: the command line. One call; the work is in `command`.

mod acts;
mod bench;
mod command;
mod demo;
mod directory;
mod http;
mod installation;
mod lines;
mod machine;
mod machines;
mod metrics;
mod months;
mod names;
mod office;
mod outlets;
mod oversight;
mod packs;
mod responses;
mod sample;
mod sensors;
mod serve;
mod site;
mod socket;
mod sources;
mod tables;
mod tls;
mod told;
mod warnings;
mod watching;

/// Entries are read on one thread and folded on another; the system's allocator makes them wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    command::run()
}
