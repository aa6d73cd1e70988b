//! Terminals: registered and removed.

use super::Deciding;
use crate::event::{Body, Subject};
use crate::refusal::Refusal;
use crate::terminal::{Fingerprint, LOCAL_CONSOLE};
use crate::text::Line;
use model::{TerminalId, UnitId};

impl Deciding<'_> {
    pub(super) fn register_terminal(
        &mut self,
        terminal: TerminalId,
        name: &Line,
        fingerprint: Fingerprint,
        unit: Option<UnitId>,
        management: bool,
    ) -> Result<(), Refusal> {
        let state = self.roster.state;
        if terminal == LOCAL_CONSOLE || state.terminal(terminal).is_some() {
            return Err(Refusal::IdTaken);
        }
        if let Some(other) = state.terminal_of(&fingerprint) {
            return Err(Refusal::TerminalTaken(other.id));
        }
        if let Some(unit) = unit {
            self.open_unit(unit)?;
        }
        let body = Body::TerminalRegistered { name: name.clone(), fingerprint, unit, management };
        self.emit(Subject::Terminal(terminal), unit, body);
        Ok(())
    }

    pub(super) fn remove_terminal(&mut self, terminal: TerminalId) -> Result<(), Refusal> {
        let found = self.roster.state.terminal(terminal).filter(|one| one.removed_at.is_none());
        let unit = found.ok_or(Refusal::NoTerminal(terminal))?.unit;
        self.emit(Subject::Terminal(terminal), unit, Body::TerminalRemoved {});
        Ok(())
    }
}
