//! Orders: what the desk is asked, by whom, and what it answers.

use crate::packs::PackFiles;
use crate::rulings::Stays;
use casework::EntryNumber;
use identity::DoorBody;
use ledger::error::AppendError;
use model::{Person, PersonId, RecordId, SessionId, TerminalId, Told};
use proof::signature::SignatureError;
use regulation::{FieldId, Problem};
use std::collections::BTreeSet;
use std::ops::Range;
use store::StoreError;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// Whoever sits at the machine itself.
    Console,
    /// A person whose session was looked at.
    Person(Person),
    /// Ward itself: clocks, duties, ways out.
    System,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Somebody answers for an alarm: the entry that raised it, and what they say of it.
    Acknowledge(EntryNumber, Option<String>),
    /// Alarms were raised, or are over. What the ledger has already is passed over.
    Alarms(Vec<store::AlarmFact>),
    /// Others are called for alarms that nobody answers for. One that somebody answers for by now, or for which they were
    /// called, is passed over.
    CallForAlarms(Vec<store::AlarmCalled>),
    /// Something about a record.
    Casework(casework::Command),
    /// Somebody was not shown, or not let do, what they have no right to; nothing was asked of the desk.
    Denied(Denial),
    /// Something happened at the door, or is to happen there.
    Door(DoorOrder),
    /// Checks of clauses were evaluated.
    Evaluated(Vec<store::Evaluated>),
    /// Something about people, units or terminals.
    Identity(identity::Command),
    /// Lines were received, or are in a file.
    Lines(Vec<store::LinesFact>),
    /// Lines go by approved cases.
    LinesGo(LinesGoing),
    /// The outlets of alarms are set like this, and there are no others.
    Outlets(Vec<store::OutletSet>),
    /// A version of a pack is to be published.
    Publish(PackFiles),
    /// A notice was read.
    ReadNotice(EntryNumber),
    /// Enforcers have answered, or something happened on a firewall. What the ledger has already is passed over.
    Responses(Vec<store::ResponseFact>),
    /// Outlets were asked to send something, and this came of it.
    Sent(Vec<store::AlarmSent>),
    /// Somebody says that an alarm is over: the entry that raised it, and why.
    Settle(EntryNumber, String),
    /// Lines were looked for.
    Traced(store::LinesTraced),
    /// Records were read whose grade is above what everybody is cleared for; [`MOST_READ`] at once.
    ReadRecords(Vec<RecordId>),
}

/// Lines that go by approved cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesGoing {
    /// Files that go; or lines that go, each followed by the file in which it is no more.
    pub facts: Vec<store::LinesFact>,
    /// Holds on some of a file's lines that were looked for among those that go, in vain.
    pub clear_of: BTreeSet<RecordId>,
}

/// Records whose reading is entered at once. Whoever has read more hands in several orders.
pub const MOST_READ: usize = 1_000;

/// What somebody was denied for want of a right, before the desk was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What they wanted, as entries have it: `read`, a step, an act.
    pub act: String,
    /// What it is about.
    pub about: About,
}

/// What an act is about that was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nothing but whoever wanted it.
    Oneself,
    /// A person.
    Person(PersonId),
    /// A record.
    Record(RecordId),
}

/// Something at the door. What only `signin` can know comes from the system or from the console; where one person does
/// it to another, a policy is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct DoorOrder {
    /// Whom it is about.
    pub person: PersonId,
    /// The session and the terminal of the person themselves, where it is their own doing.
    pub own: Option<(SessionId, Option<TerminalId>)>,
    /// What.
    pub body: DoorBody,
}

/// What was done. It is durable, and the tables have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Numbers of the entries.
    pub entries: Range<u64>,
    /// The record it was about.
    pub record: Option<RecordId>,
}

/// Why it was not done. Nothing has happened then, but that a person's refusal may stand in the ledger.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The ledger did not take it.
    #[error("the ledger did not take it")]
    Append(#[from] AppendError),
    /// The ledger has it and the tables have not. The next start writes them.
    #[error("the ledger has it, the tables have not: {0}")]
    Behind(Told),
    /// The database of the tables is away. The desk goes on by itself once it is back.
    #[error("the database is away: {0}")]
    Away(Told),
    /// The desk has stopped: what it knows may not be what is.
    #[error("the desk has stopped: {0}")]
    Stopped(Told),
    /// By the rules of the pack.
    #[error("refused by the rules of the case")]
    Casework(#[from] casework::Refusal),
    /// By the rules of people and units.
    #[error("refused by the rules of people and units")]
    Identity(#[from] identity::Refusal),
    /// A policy of the pack forbids it.
    #[error("the policy {0} forbids it")]
    Policy(String),
    /// Only the console, or somebody a policy permits, may do this.
    #[error("not for whoever asks")]
    NotForAsker,
    /// It is not said why.
    #[error("it is not said why")]
    NoReason,
    /// There is no such alarm, or it is over.
    #[error("there is no such alarm that stands")]
    NoAlarm,
    /// No pack is published yet.
    #[error("no pack is published")]
    NoPack,
    /// The pack has problems.
    #[error("the pack has {} problems", .0.len())]
    Pack(Vec<Problem>),
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature(#[from] SignatureError),
    /// The signature was made with a key that does not count.
    #[error("the signature's key does not count: {0:?}")]
    Key(KeyFault),
    /// A file may not be held under this name.
    #[error("a file may not be held under this name: {0}")]
    File(Told),
    /// A stored file is not there any more.
    #[error("the stored file {0:?} is not there any more")]
    FileGone(String),
    /// A field that is sealed would hold a file that is not.
    #[error("the field {0} is sealed, and the file is not")]
    FileInClear(FieldId),
    /// A stored file is not what the command says of it.
    #[error("the stored file is not what is said of {0:?}")]
    FileUnlike(String),
    /// Lines do not follow those that the ledger knows of.
    #[error("lines of {receiver} from {first} on do not follow: the ledger is at {expected}")]
    LinesGap {
        /// Who received them.
        receiver: String,
        /// Number of the first.
        first: u64,
        /// Which number would follow.
        expected: u64,
    },
    /// Lines are not to go.
    #[error("lines stay")]
    LinesStay(#[source] Stays),
    /// There is no such notice for whoever asks.
    #[error("there is no such notice")]
    NoNotice,
    /// What is to be recorded is larger than an entry may be.
    #[error("an entry of {bytes} bytes is too large")]
    TooLarge {
        /// How large.
        bytes: usize,
    },
    /// Something that Ward needs failed: the vault, randomness, a file, a hash.
    #[error("something needed failed: {0}")]
    Failed(Told),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Why the key of a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    /// The statement is one for another ledger.
    OtherLedger,
    /// The evidence is of another grade than the command says.
    OtherGrade,
    /// It was revoked.
    Revoked,
    /// It is somebody else's.
    SomebodyElses,
    /// Nobody has registered it.
    Unregistered,
}

impl KeyFault {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::OtherLedger => ("簽署對象為另一份帳本", "the statement is for another ledger"),
            Self::OtherGrade => {
                ("簽署等級與所稱不符", "the evidence is of another grade than the command says")
            }
            Self::Revoked => ("驗證器已註銷", "the authenticator was revoked"),
            Self::SomebodyElses => ("驗證器非本人所有", "the authenticator is somebody else's"),
            Self::Unregistered => ("驗證器未登記", "the authenticator is not registered"),
        }
    }
}

impl Refused {
    /// What the person is told.
    #[must_use]
    pub fn told(&self) -> Told {
        match self {
            Self::Append(error) => error.told(),
            Self::Away(cause) => Told::new(
                format!(
                    "資料庫暫時無法使用，本次作業未受理，未變更任何資料；恢復後請重新送出。原因：{}",
                    cause.zh
                ),
                format!(
                    "The database is away; nothing was taken and nothing was changed. Send it again once it is back. The cause: {}",
                    cause.en
                ),
            ),
            Self::Behind(cause) => Told::new(
                format!(
                    "已記入帳本，但資料表未能更新，系統已停止受理。請排除原因後重新啟動，資料表將自動補齊，請勿重複送出。原因：{}",
                    cause.zh
                ),
                format!(
                    "The ledger has it, but the tables could not be written, and nothing more is taken. Mend the cause and start again: the tables catch up by themselves; do not send it twice. The cause: {}",
                    cause.en
                ),
            ),
            Self::Stopped(told) | Self::Failed(told) | Self::File(told) => told.clone(),
            Self::FileGone(name) => Told::new(
                format!("檔案「{name}」已不存在（上傳逾一日未送件者予以清除），請重新上傳"),
                format!(
                    "The file {name:?} is no longer there (what no record holds after a day is removed); hand it in again"
                ),
            ),
            Self::FileInClear(field) => Told::new(
                format!("欄位「{field}」為加密欄位，其檔案須以加密方式上傳"),
                format!("The field `{field}` is sealed; hand its file in to be sealed"),
            ),
            Self::FileUnlike(name) => Told::new(
                format!("檔案「{name}」之類型或大小與已存入者不符，請重新上傳"),
                format!("The kind or size of {name:?} is not that of the stored file; hand it in again"),
            ),
            Self::Casework(refusal) => refusal.told(),
            Self::Identity(refusal) => refusal.told(),
            Self::Policy(id) => Told::new(
                format!("依規範政策「{id}」，不得為此作業"),
                format!("The policy `{id}` of the pack forbids this"),
            ),
            Self::NotForAsker => Told::new("您無權為此作業", "You have no right to do this"),
            Self::NoReason => Told::new("請敘明理由", "Say why"),
            Self::NoAlarm => Told::new("查無此告警，或已解除", "There is no such alarm, or it is over"),
            Self::NoPack => Told::new(
                "尚未發布任何規範。請先執行 ward pack publish",
                "No pack is published yet. Run `ward pack publish` first",
            ),
            Self::Pack(problems) => {
                // Each problem is told in both languages.
                let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
                let (count, list) = (list.len(), list.join("\n"));
                Told::new(
                    format!("規範有 {count} 項問題，未發布：\n{list}"),
                    format!("The pack has {count} problems and was not published:\n{list}"),
                )
            }
            Self::Signature(error) => Told::new(
                format!("簽章不符（{error}），請重新簽署"),
                format!("The signature does not hold ({error}); sign again"),
            ),
            Self::Key(fault) => {
                let (zh, en) = fault.words();
                Told::new(format!("簽章不可採：{zh}"), format!("The signature does not count: {en}"))
            }
            Self::LinesGap { receiver, first, expected } => Told::new(
                format!(
                    "接收器「{receiver}」自第 {first} 筆起之紀錄與帳本不相接（應為第 {expected} 筆），未予登載。請檢查 lines 資料夾是否曾由備份還原，並執行 ward verify。"
                ),
                format!(
                    "Lines of {receiver} from {first} on do not follow what the ledger has (it is at {expected}) and were not entered. See whether the folder lines was restored from a backup, and run ward verify."
                ),
            ),
            Self::LinesStay(why) => {
                let why = why.told();
                Told::new(format!("紀錄不予銷毀：{}", why.zh), format!("Lines stay: {}", why.en))
            }
            Self::NoNotice => Told::new("查無此通知", "There is no such notice"),
            Self::TooLarge { bytes } => Told::new(
                format!("內容過大（{bytes} 位元組），請將長文改以附件檔案提出"),
                format!("Too much to record ({bytes} bytes); hand in long texts as files"),
            ),
            Self::Store(error) => error.told(),
        }
    }

    /// A word by which programs tell refusals apart.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Append(_) | Self::Away(_) | Self::Store(_) | Self::Failed(_) => "unavailable",
            Self::Behind(_) | Self::Stopped(_) => "stopped",
            Self::File(_) | Self::FileGone(_) | Self::FileInClear(_) | Self::FileUnlike(_) => "file",
            Self::Casework(casework::Refusal::Stale { .. }) => "stale",
            Self::Casework(casework::Refusal::NoRecord(_)) | Self::NoAlarm | Self::NoNotice => "not-found",
            Self::Casework(casework::Refusal::WeakSignature { .. }) => "weak-signature",
            Self::Casework(_) | Self::NoReason => "refused",
            Self::Identity(_) => "refused-identity",
            Self::Key(_) | Self::Signature(_) => "signature",
            Self::LinesGap { .. } => "lines-gap",
            Self::LinesStay(_) => "lines-stay",
            Self::NoPack => "no-pack",
            Self::NotForAsker | Self::Policy(_) => "forbidden",
            Self::Pack(_) => "pack",
            Self::TooLarge { .. } => "too-large",
        }
    }

    /// Is it for want of a right? Such refusals of people stand in the ledger.
    #[must_use]
    pub const fn is_of_right(&self) -> bool {
        use casework::Refusal as R;
        match self {
            Self::Policy(_) | Self::NotForAsker | Self::Key(_) | Self::Signature(_) => true,
            Self::Casework(refusal) => matches!(
                refusal,
                R::AlreadySigned | R::DeputyOfOwnCase | R::NotDeputy | R::OwnCase | R::WrongPerson(_)
            ),
            Self::Identity(refusal) => {
                use identity::Refusal as I;
                matches!(
                    refusal,
                    I::Forbidden(_)
                        | I::Left(_)
                        | I::NotDeputy
                        | I::NotHolder { .. }
                        | I::NotManagementTerminal { .. }
                        | I::NotPermitted
                )
            }
            _ => false,
        }
    }
}
