//! What a firewall is to the enforcer.

use crate::hosts::Hosts;
use crate::plan::Rig;
use crate::wanted::Wanted;
use model::{Instant, Told};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A kind of firewall.
pub trait Driver: Send {
    /// Its name: `nftables`, `ssh`.
    fn name(&self) -> &'static str;

    /// What it cannot do of this; none where it can do all of it.
    fn lacks(&self, wanted: &Wanted) -> Option<Told>;

    /// The firewall's own addresses, as far as they can be known.
    ///
    /// # Errors
    /// They cannot be read where they could be known.
    fn own(&mut self) -> Result<Vec<IpAddr>, Fault>;

    /// Brings the firewall from what stands to what is wanted. `settled` touched trip-wires, and what is wanted says so.
    ///
    /// # Errors
    /// It was not done, and what stood stands.
    fn change(&mut self, step: &Step<'_>) -> Result<(), Fault>;

    /// Makes what is wanted stand whatever stood before, in one go.
    ///
    /// # Errors
    /// It was not done.
    fn restore(&mut self, wanted: &Wanted, rig: &Rig, now: Instant) -> Result<(), Fault>;

    /// Would the firewall take it? Nothing is changed. What it would be told, in its own words.
    ///
    /// # Errors
    /// It would not.
    fn rehearse(&mut self, step: &Step<'_>) -> Result<String, Fault>;

    /// What stands, by the firewall itself. None where this kind cannot tell.
    ///
    /// # Errors
    /// It could not be asked.
    fn look(&mut self, wanted: &Wanted, rig: &Rig) -> Result<Option<Seen>, Fault>;

    /// Who has touched a trip-wire and stands denied by it.
    ///
    /// # Errors
    /// It could not be asked.
    fn tripped(&mut self) -> Result<Vec<IpAddr>, Fault>;

    /// Ends the connections from and to these. How many; none where this kind cannot tell.
    ///
    /// # Errors
    /// It could not be done.
    fn cut(&mut self, target: Hosts) -> Result<Option<u64>, Fault>;

    /// How many connections there are. None where this kind cannot tell.
    ///
    /// # Errors
    /// It could not be asked.
    fn flows(&mut self) -> Result<Option<u64>, Fault>;
}

/// A change: from what to what.
#[derive(Debug, Clone, Copy)]
pub struct Step<'s> {
    /// What stands.
    pub was: &'s Wanted,
    /// What is wanted.
    pub wanted: &'s Wanted,
    /// What is the same for all acts.
    pub rig: &'s Rig,
    /// Who touched trip-wires, and is denied by what is wanted.
    pub settled: &'s [IpAddr],
    /// Now.
    pub now: Instant,
}

/// A firewall did not do, or not say, what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct Fault(pub Told);

/// How much was stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// What stands, by the firewall itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Who is denied, and what was stopped of it.
    pub deny: BTreeMap<Hosts, Option<Count>>,
    /// Who is isolated.
    pub isolate: BTreeMap<Hosts, Option<Count>>,
    /// Whose connections are reset.
    pub cut: BTreeMap<Hosts, Option<Count>>,
    /// What was stopped of those who are observed, by the order.
    pub observed: BTreeMap<u64, Option<Count>>,
    /// What measures against everybody have stopped.
    pub wide: Option<Count>,
    /// What differs from what is wanted, each in a few words; nothing where all is as it should be.
    pub differs: Vec<String>,
}
