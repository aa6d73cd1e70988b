//! Refusals: why a command changes nothing, for the person who gave it.

use model::{PersonId, TerminalId, Told, UnitId};
use regulation::{GradeId, RoleId};

/// Why a command is refused; nothing has happened then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// That side has acknowledged the appointment already.
    #[error("it has been acknowledged")]
    Acknowledged,
    /// The person holds the role there at that time.
    #[error("the role {0} is held already")]
    AlreadyHeld(RoleId),
    /// Everybody is cleared for the grade.
    #[error("everybody is cleared for {0}")]
    ClearedAnyway(GradeId),
    /// Another unit has the code, or had it.
    #[error("the code belongs to the unit {0}")]
    CodeTaken(UnitId),
    /// The authenticator is known.
    #[error("the authenticator is known already")]
    CredentialTaken,
    /// The unit would lie below itself.
    #[error("the unit would lie below itself")]
    Cycle,
    /// Nobody stands in for themselves.
    #[error("nobody stands in for themselves")]
    DeputyForOneself,
    /// The two have an appointment at that time.
    #[error("the same deputy is appointed for a part of that time")]
    DeputyTwice,
    /// It ends before it begins.
    #[error("it ends before it begins")]
    EndsBeforeItBegins,
    /// A policy forbids it.
    #[error("the policy {0} forbids it")]
    Forbidden(String),
    /// Open units lie below.
    #[error("open units lie below it")]
    HasUnits,
    /// People belong to the unit or hold roles in it.
    #[error("people belong to it or hold roles in it")]
    HasPeople,
    /// The id drawn is that of somebody, or something, else.
    #[error("the id is taken")]
    IdTaken,
    /// The two roles exclude each other.
    #[error("the role {role} is not held together with {other}")]
    Incompatible {
        /// The role asked for.
        role: RoleId,
        /// The role held.
        other: RoleId,
    },
    /// The person has left.
    #[error("{0} has left")]
    Left(PersonId),
    /// Another person has the account name, or had it.
    #[error("the account name belongs to {0}")]
    LoginTaken(PersonId),
    /// There is no such appointment, or it is over.
    #[error("there is no such appointment")]
    NoAppointment,
    /// There is no such authenticator, or it does not count any more.
    #[error("there is no such authenticator")]
    NoCredential,
    /// The pack has no such grade.
    #[error("the pack has no grade {0}")]
    NoGrade(GradeId),
    /// The person does not hold the role there.
    #[error("the role {0} is not held")]
    NoHolding(RoleId),
    /// There is no such person.
    #[error("there is no person {0}")]
    NoPerson(PersonId),
    /// The pack has no such role.
    #[error("the pack has no role {0}")]
    NoRole(String),
    /// There is no such terminal, or it does not count any more.
    #[error("there is no terminal {0}")]
    NoTerminal(TerminalId),
    /// There is no such unit.
    #[error("there is no unit {0}")]
    NoUnit(UnitId),
    /// Whoever acts is not a deputy in force, told, for a role that may be stood in for.
    #[error("no deputy's appointment covers this")]
    NotDeputy,
    /// Whoever acts does not hold the role they act in.
    #[error("the role {role} is not theirs to act in")]
    NotHolder {
        /// The role.
        role: RoleId,
    },
    /// An administrator's role is used at a management terminal, or at the console.
    #[error("the role {role} is used at a management terminal only")]
    NotManagementTerminal {
        /// The role.
        role: RoleId,
    },
    /// The appointment is about two others.
    #[error("the appointment is about two others")]
    NotParty,
    /// No policy permits it.
    #[error("no policy permits it")]
    NotPermitted,
    /// It would change nothing.
    #[error("nothing changes")]
    NothingChanges,
    /// Nobody grants to themselves, nor makes themselves another's deputy.
    #[error("it benefits whoever acts")]
    OwnBenefit,
    /// It would begin in the past.
    #[error("it would begin in the past")]
    Past,
    /// The role is held in a unit, or for the whole installation, and not as asked.
    #[error("the role {role} is {}", if *.in_unit { "held in a unit" } else { "held for the whole installation" })]
    Place {
        /// The role.
        role: RoleId,
        /// Is it held in a unit?
        in_unit: bool,
    },
    /// There is one topmost unit, made at the console.
    #[error("there is one topmost unit, made at the console")]
    SecondRoot,
    /// The role has as many holders there as it may.
    #[error("the role {role} has {most} holders, the most it may")]
    TooMany {
        /// The role.
        role: RoleId,
        /// The most it may have.
        most: u32,
    },
    /// Another terminal shows the same certificate.
    #[error("the certificate is that of {0}")]
    TerminalTaken(TerminalId),
    /// The unit is closed.
    #[error("the unit {0} is closed")]
    UnitClosed(UnitId),
}

impl Refusal {
    /// What the person is told.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Acknowledged => Told::new("您已確認此代理", "You have acknowledged this appointment"),
            Self::AlreadyHeld(role) => Told::new(
                format!("該員於此期間已具角色「{role}」"),
                format!("The person holds the role `{role}` for a part of that time"),
            ),
            Self::ClearedAnyway(grade) => Told::new(
                format!("等級「{grade}」人人可閱，無須核定"),
                format!("Everybody is cleared for `{grade}`; it takes no grant"),
            ),
            Self::CodeTaken(_) => Told::new(
                "單位代碼已由其他單位使用或曾使用，請另訂代碼",
                "Another unit has or had this code; choose another",
            ),
            Self::CredentialTaken => Told::new(
                "此通行金鑰已登錄或曾登錄，請重新製作",
                "This passkey is or was registered; make a new one",
            ),
            Self::Cycle => Told::new(
                "上級單位不得為本單位或其下級單位",
                "The unit above cannot be the unit itself, nor one below it",
            ),
            Self::DeputyForOneself => {
                Told::new("不得代理自己，請指定他人", "Nobody stands in for themselves; name another person")
            }
            Self::DeputyTwice => Told::new(
                "同一代理人於此期間已有代理，請先撤銷原代理或調整期間",
                "The same deputy is appointed for a part of that time; revoke that first, or choose other dates",
            ),
            Self::EndsBeforeItBegins => Told::new("結束時間須晚於開始時間", "It must end after it begins"),
            Self::Forbidden(policy) => Told::new(
                format!("政策「{policy}」禁止此項作業"),
                format!("The policy `{policy}` forbids it"),
            ),
            Self::HasUnits => Told::new(
                "尚有未裁撤之下級單位，請先裁撤或改隸",
                "Open units lie below it; close them or move them first",
            ),
            Self::HasPeople => Told::new(
                "尚有人員隸屬本單位或於本單位任職，請先異動",
                "People belong to it or hold roles in it; move them first",
            ),
            Self::IdTaken => Told::new("識別碼已使用，請重新送出", "The id is taken; send it again"),
            Self::Incompatible { role, other } => Told::new(
                format!("角色「{role}」與該員之角色「{other}」不得兼任"),
                format!("The role `{role}` is not held together with `{other}`, which the person holds"),
            ),
            Self::LoginTaken(_) => Told::new(
                "帳號名稱已由他人使用或曾使用，請另訂名稱",
                "Another person has or had this account name; choose another",
            ),
            _ => self.told_of_what_is_missing(),
        }
    }

    fn told_of_what_is_missing(&self) -> Told {
        match self {
            Self::Left(_) => Told::new("該員已離職", "The person has left"),
            Self::NoAppointment => {
                Told::new("查無此代理，或已結束", "There is no such appointment, or it is over")
            }
            Self::NoCredential => {
                Told::new("查無此通行金鑰，或已撤銷", "There is no such passkey, or it was revoked")
            }
            Self::NoGrade(grade) => {
                Told::new(format!("規範中無機密等級「{grade}」"), format!("The pack has no grade `{grade}`"))
            }
            Self::NoHolding(role) => Told::new(
                format!("該員未具角色「{role}」"),
                format!("The person does not hold the role `{role}` there"),
            ),
            Self::NoPerson(_) => Told::new("查無此人", "There is no such person"),
            Self::NoRole(role) => {
                Told::new(format!("規範中無角色「{role}」"), format!("The pack has no role `{role}`"))
            }
            Self::NoTerminal(_) => {
                Told::new("查無此終端機，或已註銷", "There is no such terminal, or it was removed")
            }
            Self::NoUnit(_) => Told::new("查無此單位", "There is no such unit"),
            Self::NotDeputy => Told::new(
                "無有效且雙方均已確認之職務代理，或該角色不得代理",
                "No appointment as deputy that is in force and acknowledged by both covers this, or the role may not be stood in for",
            ),
            Self::NotHolder { role } => Told::new(
                format!("您目前不具角色「{role}」"),
                format!("You do not hold the role `{role}` there"),
            ),
            Self::NotManagementTerminal { role } => Told::new(
                format!("管理角色「{role}」僅得於已登記之管理終端機或主控台行使，請改至該處辦理"),
                format!(
                    "The administrator's role `{role}` is used at a registered management terminal or at the console only; go there"
                ),
            ),
            Self::NotParty => Told::new(
                "僅代理人或被代理人得確認此代理",
                "Only the deputy or the person stood in for acknowledges it",
            ),
            Self::NotPermitted => {
                Told::new("無政策允許此項作業，請洽規範承辦人", "No policy permits this; ask the steward")
            }
            Self::NothingChanges => Told::new("內容未變更", "Nothing would change"),
            Self::OwnBenefit => Told::new(
                "不得將角色或機密等級授予自己，亦不得自任他人之代理人，請由他人辦理",
                "Nobody grants a role or a clearance to themselves, nor makes themselves another's deputy; ask another person",
            ),
            Self::Past => Told::new("開始時間不得早於現在", "It cannot begin in the past"),
            Self::Place { role, in_unit: true } => Told::new(
                format!("角色「{role}」須指定單位"),
                format!("The role `{role}` is held in a unit; name it"),
            ),
            Self::Place { role, in_unit: false } => Told::new(
                format!("角色「{role}」及於全府，不得指定單位"),
                format!("The role `{role}` is held for the whole installation; name no unit"),
            ),
            Self::SecondRoot => Told::new(
                "最上級單位僅有一個，並於主機上建立；請指定上級單位",
                "There is one topmost unit, made at the console; name the unit above",
            ),
            Self::TerminalTaken(_) => Told::new(
                "此憑證已由另一終端機登記，請先註銷該終端機",
                "Another terminal has this certificate; remove that one first",
            ),
            Self::TooMany { role, most } => Told::new(
                format!("角色「{role}」至多 {most} 人，該期間已額滿"),
                format!(
                    "The role `{role}` has at most {most} holders; for a part of that time there are as many"
                ),
            ),
            Self::UnitClosed(_) => Told::new("該單位已裁撤", "The unit is closed"),
            other => Told::new(format!("無法辦理：{other}"), format!("It cannot be done: {other}")),
        }
    }
}
