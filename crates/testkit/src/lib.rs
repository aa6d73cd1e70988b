//! What tests of several crates share: disks that fail and forget, clocks and chance that obey, an authenticator in
//! software, a folder for one test, a whole installation, real processes.
//!
//! Owns: fakes that are as bad as the world, each with tests of its own that it is.
//! Invariants: nothing here depends on the time or on chance that a seed does not give; a failure names its seed.
//! Never: is used by anything but tests.

mod authenticator;
mod browser;
mod chance;
mod clock;
mod crash_disk;
mod entropy;
mod faulty_disk;
mod folder;
mod form;
mod house;
mod namespace;
mod postgres;
mod process;

pub use authenticator::SoftAuthenticator;
pub use browser::Registering;
pub use chance::Chance;
pub use clock::{FixedClock, SteppedClock};
pub use crash_disk::{Counts, CrashDisk};
pub use entropy::SeededEntropy;
pub use faulty_disk::{Failing, Fault, FaultyDisk, Operation, Reason};
pub use folder::TemporaryFolder;
pub use form::{Cookies, field_of, fill};
pub use house::{Acting, HOST, House, ORIGIN, Remains, Wirers, Wires, sections, verify};
pub use namespace::{NETWORK, again, within};
pub use postgres::Postgres;
pub use process::{Ended, Program, Running};
