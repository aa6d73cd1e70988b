//! What people are told about their account: tries that failed, factors that changed, recoveries, glass that was broken.
//!
//! Invariant: each is told to whoever it concerns, whatever the one who did it would like.
//! Does not: send mail; pages show them until they are read.

use model::{Instant, PersonId, Told};
use serde::{Deserialize, Serialize};

/// Something about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Word {
    /// Tries to sign in failed; so many in a row.
    Tries {
        /// How many.
        count: u32,
    },
    /// The account was closed after too many failures.
    Locked {
        /// Until then; none until somebody opens it.
        until: Option<Instant>,
    },
    /// Somebody opened it again.
    Unlocked {},
    /// A factor was set or taken away.
    FactorChanged {},
    /// Somebody began to have the factors set anew.
    RecoveryBegun {},
    /// The factors were set anew.
    RecoveryUsed {},
    /// At the console somebody broke the glass for this person.
    GlassBroken {
        /// For whom.
        person: PersonId,
    },
    /// Sessions were ended by somebody else.
    SessionsEnded {},
}

impl Word {
    /// What tells it apart from others of the same moment.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Tries { .. } => "tries",
            Self::Locked { .. } => "locked",
            Self::Unlocked {} => "unlocked",
            Self::FactorChanged {} => "factor-changed",
            Self::RecoveryBegun {} => "recovery-begun",
            Self::RecoveryUsed {} => "recovery-used",
            Self::GlassBroken { .. } => "glass-broken",
            Self::SessionsEnded {} => "sessions-ended",
        }
    }

    /// Does it ask for somebody to look at once?
    #[must_use]
    pub const fn alarms(&self) -> bool {
        matches!(
            self,
            Self::Locked { .. } | Self::RecoveryBegun {} | Self::RecoveryUsed {} | Self::GlassBroken { .. }
        )
    }

    /// What the person is told; `name` is what a person is called.
    #[must_use]
    pub fn told(&self, name: impl Fn(PersonId) -> String) -> Told {
        match self {
            Self::Tries { count } => Told::new(
                format!("有人以您的帳號登入失敗，連續 {count} 次；若非本人，請通知網路系統管理人員"),
                format!(
                    "{count} tries in a row to sign in as you have failed; if they were not yours, tell the network administrator"
                ),
            ),
            Self::Locked { until: Some(_) } => Told::new(
                "您的帳號因登入失敗次數過多，曾暫停受理密碼登入",
                "After too many failed tries passwords were not looked at for your account for a while",
            ),
            Self::Locked { until: None } => Told::new(
                "您的帳號因登入失敗次數過多，已停止受理密碼登入，須由管理人員解除",
                "After too many failed tries passwords are no longer looked at for your account; an administrator has to open it",
            ),
            Self::Unlocked {} => {
                Told::new("管理人員已解除您帳號之登入限制", "An administrator has opened your account again")
            }
            Self::FactorChanged {} => Told::new(
                "您的登入驗證方式已變更，其餘登入已全部結束；若非本人所為，請立即通知網路系統管理人員",
                "Your factors were changed and your other sessions ended; if it was not you, tell the network administrator at once",
            ),
            Self::RecoveryBegun {} => Told::new(
                "有人發起重設您的登入驗證方式；若您未曾申請，請立即通知網路系統管理人員",
                "Somebody has begun to have your factors set anew; if you did not ask for it, tell the network administrator at once",
            ),
            Self::RecoveryUsed {} => Told::new(
                "您的登入驗證方式已重設，原有密碼、驗證碼及通行金鑰均已失效",
                "Your factors were set anew; the former password, codes and passkeys no longer count",
            ),
            Self::GlassBroken { person } => {
                let name = name(*person);
                Told::new(
                    format!("警示：有人於主控台為「{name}」啟動緊急重設登入驗證；請查明事由並留存紀錄"),
                    format!(
                        "Alarm: at the console somebody broke the glass and had the factors of {name} set anew; find out why, and record it"
                    ),
                )
            }
            Self::SessionsEnded {} => {
                Told::new("管理人員已結束您的全部登入", "An administrator has ended your sessions")
            }
        }
    }
}
