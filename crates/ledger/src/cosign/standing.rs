//! On whose word a head stands today: witnesses', if a quorum of them cosigned it lately, else its host's alone.
//!
//! A cosignature says that its head was the largest the witness had seen at that time. An old one says nothing about
//! today, so that the verdict needs the time and a limit.
//! Source: C2SP tlog-cosignature; `docs/format.md` §8.1; clause 24.2.10.

use model::{Instant, Told};
use proof::checkpoint::{CheckpointError, SignedCheckpoint};
use proof::note::Note;
use proof::policy::{Policy, PolicyError, Standing as Judged};
use std::time::Duration;

/// How far ahead a witness's clock may be; cosignatures further in the future do not count.
const CLOCK_ERROR_SECONDS: u64 = 300;

/// On whose word a head stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A quorum of witnesses has cosigned it within the limit.
    Witnessed {
        /// How long ago the quorum was complete at most.
        age: Duration,
    },
    /// A quorum has cosigned it, longer ago than the limit: today this host alone vouches for it.
    Outdated {
        /// How long ago.
        age: Duration,
    },
    /// This host alone vouches for it.
    HostAlone,
}

/// On whose word `head` stands at `now`, when cosignatures older than `recent` do not count for today.
///
/// # Errors
/// [`PolicyError`]: the head is not believed at all.
pub fn standing(
    policy: &Policy,
    head: &[u8],
    now: Instant,
    recent: Duration,
) -> Result<Standing, PolicyError> {
    let now_seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    let latest = now_seconds.saturating_add(CLOCK_ERROR_SECONDS);
    let judged = policy.judge(head)?;
    let mut times: Vec<_> = judged.cosigned().iter().map(|by| by.at_seconds).collect();
    times.sort_unstable_by(|a, b| b.cmp(a));
    // The quorum is as old as the oldest cosignature it needs: the latest time from which on there are enough.
    for time in times.into_iter().filter(|time| *time <= latest) {
        if cosigned_within(policy, head, time, latest)? {
            let age = Duration::from_secs(now_seconds.saturating_sub(time));
            return Ok(if age <= recent { Standing::Witnessed { age } } else { Standing::Outdated { age } });
        }
    }
    Ok(Standing::HostAlone)
}

/// Whether the cosignatures made from `first` to `last` (seconds since 1970) are a quorum.
fn cosigned_within(policy: &Policy, head: &[u8], first: u64, last: u64) -> Result<bool, PolicyError> {
    let signed = SignedCheckpoint::parse(head)?;
    let text = signed.note().unverified_text();
    let mut lines = signed.note().signatures().to_vec();
    lines.retain(|line| {
        let Ok(alone) = Note::new(text, vec![line.clone()]) else { return false };
        let by = policy.witnesses().iter().find_map(|witness| alone.verify(&witness.key).ok());
        by.is_none_or(|signed| (first..=last).contains(&signed.at_seconds))
    });
    let note = Note::new(text, lines).map_err(CheckpointError::Note)?;
    Ok(policy.judge(note.to_string().as_bytes())?.standing() == Judged::Witnessed)
}

impl Standing {
    /// The verdict in both languages.
    #[must_use]
    pub fn told(self) -> Told {
        match self {
            Self::Witnessed { age } => Told::new(
                format!("已由足額見證人見證（{} 秒前）", age.as_secs()),
                format!("cosigned by a quorum of witnesses ({} s ago)", age.as_secs()),
            ),
            Self::Outdated { age } => Told::new(
                format!("目前僅由本主機擔保（上次足額見證在 {} 秒前）", age.as_secs()),
                format!("vouched by this host alone (the last quorum was {} s ago)", age.as_secs()),
            ),
            Self::HostAlone => Told::new("僅由本主機擔保", "vouched by this host alone"),
        }
    }
}
