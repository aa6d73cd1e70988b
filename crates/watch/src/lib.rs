//! Watch: what is looked for in lines, and what stands when it is found.
//!
//! Owns: rules, those of a pack ([`RuleSection`]) and Sigma's ([`Rules::sigma`]); what they keep in mind of the lines
//! that came (windows, chains, what was seen before); alarms, from the line that raises one to the tick that resolves it.
//! Invariant: what is raised follows from the rules, the lines in the order in which they were handed in, and the ticks
//! between them. Each line counts once, by its receiver and number; whoever hands in the same lines and ticks again gets
//! the same alarms, from the beginning or from a state that was kept on the way.
//! Bounds: groups a rule, lines of evidence an alarm, alarms a rule; what is left out because of them is counted.
//! Never: does I/O, reads a clock, draws randomness, sends anything, touches a firewall.
//! Source: regulation 27.2.1; Sigma specification 2.1 (rules, modifiers, correlation); Elastic Common Schema 9
//! (`event.category`, `event.outcome`, `event.type`); docs/rules.md.

mod event;
mod kind;

mod detect;
mod needle;
mod sigma;

mod alarm;
mod memory;
mod rule;
mod watch;

mod sample;
mod section;

pub use alarm::{Alarm, Change, Evidence};
pub use detect::Looked;
pub use event::{Known, Network};
pub use kind::WARNINGS;
pub use rule::{Kind, Refused, Rule, Rules, Waiting};
pub use section::{RuleSection, RuleText};
pub use watch::{Line, StateError, Watch};
