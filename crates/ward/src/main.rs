//! Ward 城防: the command line. One call; the work is in `command`.

mod acts;
mod bench;
mod command;
mod http;
mod installation;
mod machine;
mod office;
mod packs;
mod serve;
mod socket;
mod tables;
mod told;

fn main() -> std::process::ExitCode {
    command::run()
}
