//! Refusals: why a command changes nothing, for the person who gave it.

use model::{CivilDate, Instant, RecordId, Told};
use regulation::{
    CalendarMissing, ConstraintId, EvalError, FieldId, Label, RegisterId, StateId, StepId, Unfit,
};

/// Why a command is refused; nothing has happened then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The same person, or one standing in for them, has signed this step.
    #[error("the same person, or one standing in for them, has signed already")]
    AlreadySigned,
    /// The office calendar does not reach that far.
    #[error("no office calendar is loaded for {0}")]
    CalendarMissing(CivilDate),
    /// A constraint is broken.
    #[error("the constraint {id} is broken")]
    Broken {
        /// Which.
        id: ConstraintId,
        /// What the pack says to that.
        message: Label,
    },
    /// A deputy's or principal's own case.
    #[error("it is a case of the deputy, or of the person the deputy stands in for")]
    DeputyOfOwnCase,
    /// Another record has the same values.
    #[error("{} holds the same values", .other)]
    Doubled {
        /// Which record.
        other: RecordId,
        /// What the pack says to that.
        message: Label,
    },
    /// Values do not fit their fields.
    #[error("{} values do not fit their fields", .0.len())]
    Fields(Vec<Unfit>),
    /// A file's bytes are not stored.
    #[error("the bytes of a file in {0} are not stored")]
    FileMissing(FieldId),
    /// It is said to have happened later than now.
    #[error("{0} has not come yet")]
    Future(Instant),
    /// A guard does not hold.
    #[error("a guard of the step does not hold")]
    Guarded(Label),
    /// What its register keeps for ever stands in the ledger in clear and cannot be destroyed.
    #[error("records of {0} are kept for ever")]
    KeptForEver(RegisterId),
    /// It is filed after the last day for it.
    #[error("the last moment for it was {0}")]
    LateFiling(Instant),
    /// It is recorded late and no reason is given.
    #[error("it is recorded late, without a reason")]
    LateWithoutReason,
    /// A document that is asked for is not there.
    #[error("the document {0} is missing")]
    MissingDocument(FieldId),
    /// Fields that are asked for are not filled in.
    #[error("{} fields are not filled in", .0.len())]
    MissingFields(Vec<FieldId>),
    /// When it happened is not asked here.
    #[error("when it happened is not asked here")]
    MomentNotAsked,
    /// The pack does not say how the case moves.
    #[error("version {to} of the pack does not say how a case moves from version {from}")]
    NoMove {
        /// From.
        from: u32,
        /// To.
        to: u32,
    },
    /// The record has no such outcome, step, register or duty in its pack.
    #[error("the pack has no {0}")]
    NoSuch(String),
    /// There is no such record.
    #[error("there is no record {0}")]
    NoRecord(RecordId),
    /// Nobody fills a seat that must be filled.
    #[error("nobody can fill a seat of the step {0}")]
    NobodySeated(StepId),
    /// Whoever acts is not a deputy in force, told, for a role that may be stood in for.
    #[error("no deputy's appointment covers this")]
    NotDeputy,
    /// The value is not asked for here.
    #[error("{0} is not asked for here")]
    NotAsked(FieldId),
    /// The step is not offered, as the record stands.
    #[error("the step {0} is not offered as the record stands")]
    NotOffered(StepId),
    /// The record is kept on paper; this may not be filled in.
    #[error("the record is kept on paper; {} fields may not be filled in", .0.len())]
    OnPaper(Vec<FieldId>),
    /// The applicant never approves.
    #[error("whoever opened the case does not approve it")]
    OwnCase,
    /// A reason is asked.
    #[error("a reason is asked")]
    ReasonMissing,
    /// A reason is too long, or holds characters that nobody can see.
    #[error("a reason has at most {LONGEST_REASON} characters, all of which can be seen")]
    ReasonUnfit,
    /// The id was given to another record, which may have been destroyed.
    #[error("the id {0} is another record's")]
    RecordTaken(RecordId),
    /// The record changed since it was seen.
    #[error("the record is at revision {now}, not {seen}")]
    Stale {
        /// The revision that was seen.
        seen: u32,
        /// The revision it is at.
        now: u32,
    },
    /// The signature covers something else.
    #[error("the signature's {0} is not that of the act")]
    Statement(&'static str),
    /// The record has not ended, or is to be kept for a time yet.
    #[error("{0} is to be kept for a time yet")]
    StillKept(RecordId),
    /// Effects follow effects without end.
    #[error("effects follow effects without end")]
    TooDeep,
    /// The command is not about something that is running or due.
    #[error("nothing of the kind is running or due")]
    NotDue,
    /// A condition has no answer.
    #[error("a condition of the pack has no answer")]
    Unanswerable(#[source] EvalError),
    /// The record belongs to no unit.
    #[error("no unit can be made out for the record")]
    UnitMissing,
    /// The pack's version is not loaded.
    #[error("version {0} of the pack is not loaded")]
    VersionMissing(u32),
    /// The signature is of too low a grade, or there is none.
    #[error("the signature is too weak")]
    WeakSignature {
        /// Is a passkey asked for, or is a one-time code enough?
        passkey: bool,
    },
    /// The step does not give this person the right to act.
    #[error("the step {0} is not this person's")]
    WrongPerson(StepId),
    /// The step does not start in the state the record is in.
    #[error("the step {step} does not start in {state}")]
    WrongStep {
        /// The step.
        step: StepId,
        /// The state the record is in.
        state: StateId,
    },
}

/// Most characters of a reason.
pub(crate) const LONGEST_REASON: usize = 4_000;

impl From<CalendarMissing> for Refusal {
    fn from(missing: CalendarMissing) -> Self {
        Self::CalendarMissing(missing.day)
    }
}

impl From<EvalError> for Refusal {
    fn from(error: EvalError) -> Self {
        match error {
            EvalError::Calendar(missing) => missing.into(),
            error => Self::Unanswerable(error),
        }
    }
}

impl Refusal {
    /// What the person is told: a line for each, so that none is forgotten.
    #[must_use]
    pub fn told(&self) -> Told {
        let pack = |label: &Label| Told::new(label.zh(), label.en());
        match self {
            Self::AlreadySigned => Told::new(
                "您或您的職務代理關係人已簽署本步驟，須由另一人簽署",
                "You, or someone you stand in for or who stands in for you, have signed this step; it takes another person",
            ),
            Self::CalendarMissing(day) => Told::new(
                format!("尚未載入 {} 年辦公日曆，無法推算 {day}", i64::from(day.year()) - 1911),
                format!("Calendar missing: no office calendar is loaded for {day}"),
            ),
            Self::Broken { message, .. } | Self::Doubled { message, .. } | Self::Guarded(message) => {
                pack(message)
            }
            Self::DeputyOfOwnCase => Told::new(
                "代理人不得處理本人或被代理人之案件",
                "A deputy does not act on their own case, nor on that of the person they stand in for",
            ),
            Self::Fields(unfit) => fields_told(unfit),
            Self::FileMissing(field) => Told::new(
                format!("「{field}」之檔案尚未存入"),
                format!("A file in `{field}` has not been stored"),
            ),
            Self::Future(at) => Told::new(format!("發生時間 {at} 尚未到"), format!("{at} has not come yet")),
            Self::LateFiling(last) => Told::new(
                format!("已逾申請期限（{last}）"),
                format!("Too late: the last moment to file was {last}"),
            ),
            Self::LateWithoutReason => Told::new("補登須敘明理由", "It is recorded late; give the reason"),
            Self::MissingDocument(field) => {
                Told::new(format!("缺少應附文件「{field}」"), format!("The document `{field}` is missing"))
            }
            Self::MissingFields(fields) => Told::new(
                format!("尚未填寫：{}", list(fields, "、")),
                format!("Not filled in: {}", list(fields, ", ")),
            ),
            Self::MomentNotAsked => {
                Told::new("此處不詢問發生時間，請勿填寫", "When it happened is not asked here; leave it out")
            }
            Self::NotAsked(field) => {
                Told::new(format!("此處不得填寫「{field}」"), format!("`{field}` is not asked for here"))
            }
            Self::OnPaper(fields) => Told::new(
                format!("本案以紙本保存，不得登錄：{}", list(fields, "、")),
                format!("The record is kept on paper; not to be filled in: {}", list(fields, ", ")),
            ),
            Self::Stale { .. } => Told::new(
                "資料已由他人更新，請重新檢視後再送出",
                "The record has changed since you saw it; look at it again",
            ),
            Self::WeakSignature { passkey: true } => {
                Told::new("本步驟須以通行金鑰簽署", "This step must be signed with a passkey")
            }
            Self::WeakSignature { passkey: false } => Told::new(
                "本步驟須以一次性驗證碼或通行金鑰確認",
                "This step asks for a one-time code or a passkey",
            ),
            Self::NoMove { from, to } => Told::new(
                format!("規範第 {to} 版未訂明第 {from} 版案件如何轉換"),
                format!("Version {to} does not say how cases of version {from} move"),
            ),
            Self::NoSuch(what) => {
                Told::new(format!("規範中無此項：{what}"), format!("The pack has no {what}"))
            }
            Self::NoRecord(record) => {
                Told::new(format!("查無資料 {record}"), format!("There is no record {record}"))
            }
            Self::NobodySeated(step) => Told::new(
                format!("步驟「{step}」之會簽人員無法產生"),
                format!("Nobody can fill a seat of the step `{step}`"),
            ),
            Self::NotDeputy => Told::new(
                "無有效且已告知之職務代理，或該角色不得代理",
                "No appointment as deputy that is in force and known covers this, or the role may not be stood in for",
            ),
            Self::NotDue => Told::new("該期限未在計算中", "Nothing of the kind is running or due"),
            Self::NotOffered(step) => Told::new(
                format!("目前不需辦理步驟「{step}」"),
                format!("The step `{step}` is not offered as the record stands"),
            ),
            Self::OwnCase => Told::new(
                "申請人及其職務代理人不得核定本案",
                "Whoever opened a case, and their deputy, does not approve it",
            ),
            Self::KeptForEver(register) => Told::new(
                format!("「{register}」永久保存，不得銷毀"),
                format!("Records of `{register}` are kept for ever and are not destroyed"),
            ),
            Self::ReasonMissing => Told::new("須敘明理由", "Give the reason"),
            Self::ReasonUnfit => Told::new(
                format!("理由至多 {LONGEST_REASON} 字，且不得含有無法顯示之字元"),
                format!("A reason has at most {LONGEST_REASON} characters, none of them invisible"),
            ),
            Self::RecordTaken(record) => Told::new(
                format!("識別碼 {record} 已有資料使用，請重新開立"),
                format!("The id {record} belongs to another record; open it anew"),
            ),
            Self::StillKept(record) => Told::new(
                format!("{record} 尚未結案或未逾保存年限，不得銷毀"),
                format!("{record} has not ended, or is to be kept for a time yet; it is not destroyed"),
            ),
            Self::Statement(member) => Told::new(
                format!("簽署內容與現行資料不符（{member}），請重新檢視後簽署"),
                format!("What was signed differs from what is there ({member}); look again and sign"),
            ),
            Self::TooDeep => {
                Told::new("自動作業連鎖過深，未執行", "Effects follow effects without end; nothing was done")
            }
            Self::UnitMissing => Told::new("無法判定所屬單位", "No unit can be made out for the record"),
            Self::VersionMissing(version) => Told::new(
                format!("尚未載入規範第 {version} 版"),
                format!("Version {version} of the pack is not loaded"),
            ),
            Self::WrongPerson(step) => Told::new(
                format!("您不具辦理步驟「{step}」之角色"),
                format!("The step `{step}` is not yours to take"),
            ),
            Self::WrongStep { step, state } => Told::new(
                format!("案件狀態為「{state}」，不得辦理步驟「{step}」"),
                format!("The record is in `{state}`; the step `{step}` does not start there"),
            ),
            Self::Unanswerable(error) => unanswered(error),
        }
    }
}

/// Why a condition of the pack has no answer.
fn unanswered(error: &EvalError) -> Told {
    match error {
        EvalError::Calendar(missing) => Refusal::from(*missing).told(),
        EvalError::DivisionByZero => {
            Told::new("規範條件除以零，無從計算", "A condition of the pack divides by nought")
        }
        EvalError::Missing(what) => {
            Told::new(format!("「{what}」未填，無從計算"), format!("`{what}` is not filled in"))
        }
        EvalError::Range => Told::new("數值逾可計算範圍", "A value is too large or too small to reckon with"),
        EvalError::Type(what) => Told::new(
            format!("「{what}」之值與規範所定型別不符"),
            format!("`{what}` has a value of another type than the pack says"),
        ),
        EvalError::Unreadable(record) => Told::new(
            format!("紀錄 {record} 無法讀取，無從計算"),
            format!("The record {record} cannot be read"),
        ),
    }
}

fn list(fields: &[FieldId], between: &str) -> String {
    fields.iter().map(FieldId::as_str).collect::<Vec<_>>().join(between)
}

fn fields_told(unfit: &[Unfit]) -> Told {
    let all = |one: fn(&Unfit) -> String, between| unfit.iter().map(one).collect::<Vec<_>>().join(between);
    Told::new(
        all(|unfit| format!("「{}{}」{}", unfit.field, unfit.path, unfit.zh), "；"),
        all(|unfit| format!("`{}{}`: {}", unfit.field, unfit.path, unfit.en), "; "),
    )
}
