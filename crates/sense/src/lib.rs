//! Readings of what cannot write to us by itself: sensors, UPS, hosts and lines.
//!
//! Owns: which devices are read (`settings`), how each is asked (a module for each protocol), when (`sensing`), the line
//! that a reading becomes (`line`), and what many of them amount to (`tally`).
//! Invariants: a device that hangs holds up no other; whatever is no number is told as such, never as 0; that nothing is
//! known is said once, and once more when something is again.
//! Never: keeps a line, decides a limit, reads the machine's clock.
//! Source: clauses 3.4.5, 3.5.1, 3.9.1; `docs/howto/read-sensors.md`.

mod device;
mod settings;

mod line;
mod tls;
mod value;

mod modbus;
mod mqtt;
mod nut;
mod probe;
mod snmp;

mod sensing;

pub mod tally;

pub use device::{Device, MOST_DEVICES, PROTOCOLS, Protocol};
pub use line::{Line, Said};
pub use sensing::{Figures, Sensing, SensingError, Sink, read_once};
pub use settings::devices;
pub use value::{Figure, Reading};
