//! Into which receiver the lines of a peer go.

use crate::receiver::Intake;
use crate::source::Sources;
use std::net::Ipv6Addr;

/// Into which receiver the lines of a peer go: those of known senders into one, all others into another.
#[derive(Clone)]
pub struct Sorting {
    known: Intake,
    apart: Option<(Sources, Intake)>,
}

impl Sorting {
    /// Lines of whom `sources` knows go into `known`, all others into `apart`.
    #[must_use]
    pub const fn new(sources: Sources, known: Intake, apart: Intake) -> Self {
        Self { known, apart: Some((sources, apart)) }
    }

    /// Where lines of a peer go, as the list stands now.
    #[must_use]
    pub fn of(&self, address: Ipv6Addr) -> &Intake {
        match &self.apart {
            Some((sources, apart)) if !sources.know(address) => apart,
            _ => &self.known,
        }
    }

    /// Do lines of a peer go where those of known senders do?
    #[must_use]
    pub fn know(&self, address: Ipv6Addr) -> bool {
        self.apart.as_ref().is_none_or(|(sources, _)| sources.know(address))
    }

    /// Where Ward's own lines go.
    #[must_use]
    pub const fn own(&self) -> &Intake {
        &self.known
    }
}

/// All lines go into one receiver, whoever sends them.
impl From<Intake> for Sorting {
    fn from(known: Intake) -> Self {
        Self { known, apart: None }
    }
}
