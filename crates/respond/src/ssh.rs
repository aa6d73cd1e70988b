//! Other firewalls: a command for each act, run by SSH.
//!
//! SSH hands the far side one text, which a shell may read there. So no word may hold anything that a shell obeys: those of the
//! settings are checked when they are read, and what is put into them is an address or network that was parsed.
//! What the far side cannot say is absent: nothing is counted, and what stands is known only where `show` lists it.
//! Source: ssh(1), RFC 4254 §6.5.

use crate::child;
use crate::driver::{Driver, Fault, Seen, Step};
use crate::hosts::Hosts;
use crate::plan::Rig;
use crate::wanted::{Wanted, Wide};
use model::{Instant, Told};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// Where the target goes in a command.
pub(crate) const TARGET: &str = "{target}";

/// What is run there for each act; each a list of words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    /// Denies `{target}`.
    pub deny: Vec<String>,
    /// Denies it no more.
    pub undo_deny: Vec<String>,
    /// Ends the connections of `{target}`, if it can.
    pub cut: Vec<String>,
    /// Closes the firewall, if it can.
    pub lock_down: Vec<String>,
    /// Opens it again.
    pub undo_lock_down: Vec<String>,
    /// Lists who is denied, one on a line, if it can.
    pub show: Vec<String>,
}

/// A firewall that is reached by SSH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// The program and its arguments, the host last.
    pub run: Vec<String>,
    /// What is run there.
    pub commands: Commands,
    /// How long each may take.
    pub limit: Duration,
}

/// May this be a word of a command? Nothing in it means anything to a shell.
#[must_use]
pub(crate) fn is_plain(word: &str) -> bool {
    let inner = word.replace(TARGET, "");
    (1..=200).contains(&word.len())
        && inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c))
}

impl Ssh {
    fn far(&self, command: &[String], target: Option<Hosts>) -> Result<String, Fault> {
        let target = target.map_or_else(String::new, |target| target.to_string());
        let words: Vec<String> = command.iter().map(|word| word.replace(TARGET, &target)).collect();
        if words.is_empty() || !words.iter().all(|word| is_plain(word)) {
            return Err(self.fault("a word that is not plain"));
        }
        let Some((program, arguments)) = self.run.split_first() else { return Err(self.fault("no program")) };
        let arguments: Vec<&str> = arguments.iter().chain(&words).map(String::as_str).collect();
        let ended = child::run(program, &arguments, b"", self.limit)
            .map_err(|error| self.fault(&error.to_string()))?;
        if ended.is_good() {
            return Ok(String::from_utf8_lossy(&ended.output).into_owned());
        }
        Err(self.fault(&format!("{}: {}", words.first().map_or("", String::as_str), ended.complaint())))
    }

    fn fault(&self, what: &str) -> Fault {
        let host = self.run.last().map_or("", String::as_str);
        Fault(Told::new(
            format!("防火牆 {host} 未執行（{what}）。請確認連線、金鑰及 enforce.toml 之指令。"),
            format!(
                "The firewall {host} did not do it ({what}). See the connection, the key and the commands of enforce.toml."
            ),
        ))
    }

    /// What is run for a change, and what undoes each.
    fn steps(&self, was: &Wanted, wanted: &Wanted) -> Vec<(Run<'_>, Run<'_>)> {
        let commands = &self.commands;
        let deny = |target| (Some(target), commands.deny.as_slice());
        let undo = |target| (Some(target), commands.undo_deny.as_slice());
        let mut steps = Vec::new();
        let closed = |of: &Wanted| of.wide == Some(Wide::LockDown);
        if closed(wanted) && !closed(was) {
            steps.push(((None, commands.lock_down.as_slice()), (None, commands.undo_lock_down.as_slice())));
        }
        for target in wanted.deny.keys().filter(|target| !was.deny.contains_key(target)) {
            steps.push((deny(*target), undo(*target)));
        }
        for target in was.deny.keys().filter(|target| !wanted.deny.contains_key(target)) {
            steps.push((undo(*target), deny(*target)));
        }
        if closed(was) && !closed(wanted) {
            steps.push(((None, commands.undo_lock_down.as_slice()), (None, commands.lock_down.as_slice())));
        }
        steps
    }
}

/// A command and whom it is about.
type Run<'c> = (Option<Hosts>, &'c [String]);

impl Driver for Ssh {
    fn name(&self) -> &'static str {
        "ssh"
    }

    fn lacks(&self, wanted: &Wanted) -> Option<Told> {
        let lacking = if !wanted.isolate.is_empty() {
            ("隔離", "isolate")
        } else if !wanted.observed.is_empty() {
            ("監控放行", "observe")
        } else if wanted.wide == Some(Wide::DenyAll) {
            ("拒絕任何存取", "deny all")
        } else if !wanted.cut.is_empty() && self.commands.cut.is_empty() {
            ("切斷連線", "cut")
        } else if wanted.wide.is_some() && self.commands.lock_down.is_empty() {
            ("關閉防火牆", "lock down")
        } else {
            return None;
        };
        Some(Told::new(
            format!(
                "此防火牆未設定「{}」之指令，未執行。請改用其他處置，或於 enforce.toml 補上指令。",
                lacking.0
            ),
            format!(
                "This firewall has no command to {}; nothing was done. Act otherwise, or add it to enforce.toml.",
                lacking.1
            ),
        ))
    }

    fn own(&mut self) -> Result<Vec<IpAddr>, Fault> {
        // Those of the far side stand in the list of the settings.
        Ok(Vec::new())
    }

    fn change(&mut self, step: &Step<'_>) -> Result<(), Fault> {
        let steps = self.steps(step.was, step.wanted);
        let mut done = Vec::new();
        for ((target, command), back) in steps {
            if let Err(fault) = self.far(command, target) {
                // What stood is to stand: what was done of it is taken back, the last first. What fails then is found and
                // mended when it is looked at next.
                for (target, command) in done.into_iter().rev() {
                    let _ = self.far(command, target);
                }
                return Err(fault);
            }
            done.push(back);
        }
        Ok(())
    }

    fn restore(&mut self, wanted: &Wanted, _: &Rig, _: Instant) -> Result<(), Fault> {
        // What is denied and was denied before is denied once more: commands of firewalls may be given twice.
        let stands = self.denied()?.unwrap_or_default();
        for target in stands.iter().filter(|target| !wanted.deny.contains_key(target)) {
            self.far(&self.commands.undo_deny, Some(*target))?;
        }
        for target in wanted.deny.keys().filter(|target| !stands.contains(target)) {
            self.far(&self.commands.deny, Some(*target))?;
        }
        match wanted.wide {
            Some(Wide::LockDown) => self.far(&self.commands.lock_down, None).map(drop),
            _ if self.commands.undo_lock_down.is_empty() => Ok(()),
            _ => self.far(&self.commands.undo_lock_down, None).map(drop),
        }
    }

    fn rehearse(&mut self, step: &Step<'_>) -> Result<String, Fault> {
        let line = |((target, command), _): (Run<'_>, Run<'_>)| {
            let target = target.map_or_else(String::new, |target| target.to_string());
            command.iter().map(|word| word.replace(TARGET, &target)).collect::<Vec<_>>().join(" ")
        };
        Ok(self.steps(step.was, step.wanted).into_iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    fn look(&mut self, wanted: &Wanted, _: &Rig) -> Result<Option<Seen>, Fault> {
        let Some(stands) = self.denied()? else { return Ok(None) };
        let lacks =
            wanted.deny.keys().filter(|target| !stands.contains(target)).map(|target| format!("- {target}"));
        let foreign = stands.iter().filter(|target| !wanted.deny.contains_key(target));
        let differs = lacks.chain(foreign.map(|target| format!("+ {target}"))).collect();
        let deny: BTreeMap<_, _> = stands.iter().map(|target| (*target, None)).collect();
        Ok(Some(Seen { deny, differs, ..Seen::default() }))
    }

    fn tripped(&mut self) -> Result<Vec<IpAddr>, Fault> {
        Ok(Vec::new())
    }

    fn cut(&mut self, target: Hosts) -> Result<Option<u64>, Fault> {
        if !self.commands.cut.is_empty() {
            self.far(&self.commands.cut, Some(target))?;
        }
        Ok(None)
    }

    fn flows(&mut self) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
}

impl Ssh {
    /// Who is denied there; none where it is not listed.
    fn denied(&self) -> Result<Option<Vec<Hosts>>, Fault> {
        if self.commands.show.is_empty() {
            return Ok(None);
        }
        let listed = self.far(&self.commands.show, None)?;
        Ok(Some(listed.lines().filter_map(|line| line.trim().parse().ok()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_holds_what_a_shell_obeys() {
        for good in ["/sbin/fw", "block", "{target}", "src={target}", "--to", "a_b-c.d:e,f@g%h+i"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in [
            "", "a b", "a;b", "$(id)", "`id`", "a|b", "a>b", "a&b", "a\nb", "'a'", "\"a\"", "a\\b", "{x}",
            "~", "*", "?", "#", "!",
        ] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
