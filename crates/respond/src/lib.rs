//! What is done against an intruder: deny, cut, isolate, observe, lock down, undo; and the small process that does it.
//!
//! Owns: an [`Act`] and the [`Order`] by which it is asked for; [`Allow`], whom nothing is ever done to; [`Wanted`], what
//! all acts that stand amount to, and how a firewall is brought from one to the next (`plan`); the [`Driver`]s, `nftables`
//! here and others by SSH; the [`Enforcer`], which alone touches a firewall, and the [`Client`] that speaks to it.
//! Invariants: the list of whom nothing is done to is judged by the enforcer, as the last thing before it acts; what is over,
//! or not confirmed in time, it undoes by itself, whether anybody asks or not; what was not measured is absent, never 0.
//! Does not: decide what is to be done (cases do), know what was decided (the ledger does), use a shell.
//! Source: regulation 26.4.1, 26.4.2, 24.6.6; `docs/adr/0022-respond.md`.

mod act;
mod hosts;

mod allow;
mod plan;
mod wanted;

mod child;
mod driver;
mod nftables;
mod ssh;

mod enforcer;
mod standing;

mod settings;

mod client;
mod door;
mod wire;

pub use act::{Act, CaseName, Conditions, Effect, Order, Ordered, Outcome, Said, TripWire, What};
pub use allow::{Allow, NotAllowed};
pub use client::{Client, Reached, Unreached};
pub use door::{Door, Served};
pub use driver::{Count, Driver, Fault, Seen, Step};
pub use enforcer::{Enforcer, Opening};
pub use hosts::{Hosts, NoHosts};
pub use nftables::Nftables;
pub use plan::{Rig, change, whole};
pub use settings::{Settings, Way};
pub use ssh::{Commands, Ssh};
pub use standing::{Event, Happened, Standing, Stands, Tripped};
pub use wanted::{Observed, Until, Wanted, Wide};
pub use wire::{Answer, Ask};
