//! Why somebody is not let in, or a factor not set.
//!
//! Invariant: what a stranger is told is the same whether the account exists or not.

use crate::password::Weakness;
use desk::Refused;
use identity::Denied;
use model::{Instant, Told};

/// Why it was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Name, password or code are not right. Which of them is not said.
    #[error("not let in")]
    NotIn,
    /// Too many tries failed; none is looked at before this moment, or before somebody opens the account again.
    #[error("too many tries failed")]
    Wait {
        /// The moment.
        until: Option<Instant>,
    },
    /// Who they are is shown; the terminal is not one they may work at.
    #[error("not at this terminal: {0:?}")]
    Terminal(Denied),
    /// What was begun is over, or was never begun here.
    #[error("it was not begun, or is over")]
    Stale,
    /// The password will not do.
    #[error("the password will not do")]
    Password(Vec<Weakness>),
    /// The code does not fit.
    #[error("the code does not fit")]
    Code,
    /// The authenticator's answer does not hold.
    #[error("the authenticator's answer does not hold: {0}")]
    Passkey(&'static str),
    /// There are no passkeys at this name.
    #[error("no passkeys at this name")]
    NoPasskeys,
    /// Whoever has no second factor left cannot sign in.
    #[error("it is the last second factor")]
    LastFactor,
    /// There is nothing of the kind.
    #[error("there is nothing of the kind")]
    Nothing,
    /// The second of two people is another one than the first, and neither is the one it is about.
    #[error("the second person is to be another one")]
    SamePerson,
    /// The installation has begun already.
    #[error("there is a steward already")]
    Begun,
    /// What was filled in will not do.
    #[error("it will not do: {0}")]
    Input(Told),
    /// The desk refused it.
    #[error("the desk refused it")]
    Desk(#[from] Refused),
}

impl From<store::StoreError> for Refusal {
    fn from(error: store::StoreError) -> Self {
        Self::Desk(error.into())
    }
}

impl Refusal {
    /// What the person is told.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::NotIn => Told::new(
                "帳號、密碼或驗證碼不正確，請重新輸入",
                "The account name, the password or the code is not right; try again",
            ),
            Self::Wait { until: Some(until) } => Told::new(
                format!("登入失敗次數過多，請於 {} 後再試（UTC）", clock(*until)),
                format!("Too many tries have failed; try again after {} UTC", clock(*until)),
            ),
            Self::Wait { until: None } => Told::new(
                "登入失敗次數過多，此帳號已停止受理密碼登入，請洽管理人員解除，或以通行金鑰登入",
                "Too many tries have failed and passwords are no longer looked at for this account; ask an administrator to open it, or sign in with a passkey",
            ),
            Self::Terminal(Denied::OtherUnit) => Told::new(
                "此終端機屬其他單位，不得跨單位使用；請至本單位之終端機登入",
                "This terminal belongs to another unit and is not used across units; sign in at one of your own unit",
            ),
            Self::Terminal(_) => Told::new(
                "此終端機之憑證未經登記或已註銷，請洽網路系統管理人員",
                "The certificate of this terminal is not registered, or was removed; ask the network administrator",
            ),
            Self::Stale => Told::new(
                "此作業已逾時或不存在，請重新開始",
                "This has expired or was never begun; begin again",
            ),
            Self::Password(faults) => {
                let all: Vec<Told> = faults.iter().map(|fault| fault.told()).collect();
                let zh: Vec<&str> = all.iter().map(|one| one.zh.as_str()).collect();
                let en: Vec<&str> = all.iter().map(|one| one.en.as_str()).collect();
                Told::new(zh.join("；"), en.join("; "))
            }
            Self::Code => Told::new(
                "驗證碼不正確，請確認裝置時間正確後重新輸入",
                "The code is not right; see that the clock of your device is, and try again",
            ),
            Self::Passkey(what) => Told::new(
                "通行金鑰之回應不符，請重試",
                format!("The passkey's answer does not hold ({what}); try again"),
            ),
            Self::NoPasskeys => Told::new(
                "以 IP 位址或未加密連線開啟時無法使用通行金鑰，請改以主機名稱經 HTTPS 連線",
                "There are no passkeys when the site is opened by address or without HTTPS; open it by its name over HTTPS",
            ),
            Self::LastFactor => Told::new(
                "此為僅存之第二項驗證，請先設定另一項再移除",
                "It is the only second factor left; set another one first",
            ),
            Self::Nothing => {
                Told::new("查無此項，或已失效", "There is nothing of the kind, or it no longer counts")
            }
            Self::SamePerson => Told::new(
                "發起人與確認人須為不同人員，且均不得為當事人",
                "Whoever begins and whoever confirms are two people, and neither is the one it is about",
            ),
            Self::Begun => Told::new(
                "系統已有承辦人，首次啟用連結失效；請循登入頁登入",
                "There is a steward already and the link of the first start no longer counts; sign in",
            ),
            Self::Input(told) => told.clone(),
            Self::Desk(refused) => refused.told(),
        }
    }
}

/// Hours, minutes and seconds of a moment.
fn clock(at: Instant) -> String {
    at.to_string().chars().skip(11).take(8).collect()
}
