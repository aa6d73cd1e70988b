//! Where a request comes from, and what the terminal there lets through.
//!
//! Invariant: an address makes nobody a terminal; only a certificate does, and the machine itself.
//! Does not: check the certificate, nor decide whose word on an address counts (whoever ends TLS does).
//! Source: regulation 19.1.5, 24.2.9.

use identity::{Denied, Fingerprint, LOCAL_CONSOLE, Person, Roster, State};
use model::TerminalId;
use std::net::IpAddr;

/// Where a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The address of whoever asks, not that of a proxy in between.
    pub address: Option<IpAddr>,
    /// The client certificate that was shown and checked.
    pub certificate: Option<Fingerprint>,
    /// What the browser calls itself.
    pub agent: Option<String>,
}

impl Place {
    /// The terminal there. None where no certificate was shown and it is not the machine itself.
    ///
    /// # Errors
    /// `UnknownTerminal`: a certificate that no terminal has.
    pub(crate) fn terminal(&self, state: &State) -> Result<Option<TerminalId>, Denied> {
        match &self.certificate {
            Some(certificate) => {
                let known = state.terminal_of(certificate).ok_or(Denied::UnknownTerminal)?;
                Ok(Some(known.id))
            }
            None => Ok(self.address.filter(is_here).map(|_| LOCAL_CONSOLE)),
        }
    }

    /// The browser's name for itself, cut to what fits a line.
    pub(crate) fn agent_line(&self) -> Option<String> {
        let agent = self.agent.as_deref()?;
        Some(agent.chars().filter(|c| !c.is_control()).take(120).collect())
    }
}

fn is_here(address: &IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// May a person work at a terminal? At one of their own unit, of one they hold a role in, at one that any unit may use;
/// at a management terminal whoever holds an administrator's role.
pub(crate) fn fits(roster: &Roster<'_>, person: &Person, terminal: Option<TerminalId>) -> bool {
    let Some(found) = terminal.and_then(|id| roster.state.terminal(id)) else { return true };
    let Some(unit) = found.unit else { return true };
    let mut held = roster.held(person.id);
    let administers = |role| roster.roles.get(role).is_some_and(|role: &regulation::Role| role.administrator);
    unit == person.home || held.any(|(role, at)| at == Some(unit) || (found.management && administers(role)))
}
