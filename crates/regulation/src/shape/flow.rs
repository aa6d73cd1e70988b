//! Shapes of flows: states, steps, clocks, actors, what follows.
//!
//! Source: `docs/pack.md`, "Flow".

use super::register::{CLAUSES, IDS, SET, WHEN};
use super::{Form, Key, Shape, may, need};

pub(super) static STATE: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may(
            "end",
            Form::Word(&["done", "refused", "withdrawn", "void"]),
            "終結方式",
            "how a record ends here",
        ),
    ],
};

const OUTCOMES: &[&str] = &["approve", "done", "refuse", "return", "take_back"];

pub(super) static STEP: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may("help", Form::Label, "說明", "what helps to take it"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
        may("from", IDS, "起始狀態;未填為開立", "the states it starts in; absent: it opens a record"),
        may("by", Form::List(&Form::Table(&ACTOR)), "何人", "who may take it"),
        may("need", Form::Either(&[Form::Whole(1, 20), Form::Word(&["all"])]), "人數", "how many"),
        may("two_person", Form::Flag, "二人共同", "two different people"),
        may(
            "if_short",
            Form::List(&Form::Table(&ACTOR)),
            "人數不足時之遞補",
            "who fills up where there are too few",
        ),
        may("cosign", Form::List(&Form::Table(&SEAT)), "會簽", "computed co-signers"),
        may("never", Form::List(&Form::Condition), "不得辦理之人", "people who may not take it"),
        may("sign", Form::Word(&["none", "otp", "passkey"]), "最低簽章", "the least signature"),
        may("fields", IDS, "填寫欄位", "the fields it asks"),
        may("when", WHEN, "何時可辦", "when it is offered"),
        may("guard", Form::Tables(&GUARD), "前提", "what must hold"),
        may("lead", Form::Table(&LEAD), "最遲提出時間", "it must be taken early enough"),
        may("to", Form::Id, "辦畢後狀態", "the state it leads to"),
        may("outcomes", Form::Table(&OUTCOME), "各結果之狀態", "the state each outcome leads to"),
        may("then", Form::Tables(&STEP_THEN), "後續", "what follows by itself"),
    ],
};

static OUTCOME: Shape = Shape {
    keys: &[
        may("approve", Form::Id, "核准", "approved"),
        may("done", Form::Id, "辦畢", "taken"),
        may("refuse", Form::Id, "駁回", "refused"),
        may("return", Form::Id, "退回", "back for mending"),
        may("take_back", Form::Id, "撤回", "taken back"),
    ],
};

static GUARD: Shape = Shape {
    keys: &[
        need("rule", Form::Condition, "須成立之條件", "what must hold"),
        may("on", Form::List(&Form::Word(OUTCOMES)), "限此等結果", "the outcomes it guards"),
        need("message", Form::Label, "不符時之訊息", "what is said when it does not hold"),
        need("yes", Form::Anything, "符合之例", "an example that passes"),
        need("no", Form::Anything, "不符之例", "an example that does not"),
    ],
};

static LEAD: Shape = Shape {
    keys: &[
        need("before", Form::Condition, "在此日期或時間之前", "before this date or moment"),
        need("limit", Form::Limit, "多久", "so long"),
        may("roll", Form::Word(&["before", "after", "keep"]), "遇非辦公日", "what becomes of a day off"),
    ],
};

const ROLE: Key = may("role", Form::Id, "角色", "holders of this role");
const UNIT: Key =
    may("unit", Form::Text, "單位(條件式;* 為任何單位)", "in this unit (a condition; * is anywhere)");
const ABOVE: Key = may("above", Form::Flag, "含上級單位", "or in any unit above");
const PERSON: Key = may("person", Form::Condition, "人員(條件式)", "this person, or these people");
const SYSTEM: Key = may("system", Form::Flag, "由系統辦理", "taken for the system");
const COUNTS: Key = may("when", WHEN, "何時適用", "when it counts");
const EACH: Key = may("each", Form::Id, "此欄每一項一席", "one seat for each element of this field");

pub(super) static ACTOR: Shape = Shape { keys: &[ROLE, UNIT, ABOVE, PERSON, SYSTEM, COUNTS] };
static SEAT: Shape = Shape { keys: &[ROLE, UNIT, ABOVE, PERSON, COUNTS, EACH] };

const ON: Key = may("on", Form::List(&Form::Word(OUTCOMES)), "限此等結果", "after these outcomes");
const WHEN_KEY: Key = may("when", WHEN, "何時", "only when this holds");
const EARLY: Key = may("early", Form::Limit, "到期前多久", "so long before it is due");
const LATE: Key = may("late", Form::Limit, "逾期多久", "so long after it was due");
static ACTOR_TABLE: Form = Form::Table(&ACTOR);
const TELL: Key = may("tell", Form::List(&ACTOR_TABLE), "通知何人", "a notice to these");
const TEXT: Key = may("text", Form::Label, "通知內容", "what the notice says");
const OPEN: Key = may("open", Form::Id, "開立另一登記簿之案件", "opens a record of this register");
const SET_KEY: Key = may("set", SET, "設定欄位", "fields and their values");
const CHANGE: Key = may("change", Form::Condition, "變更所參照之案件", "changes the records referred to");
const TAKE: Key = may("take", Form::Id, "辦理步驟", "takes this step");
const OF: Key = may("of", Form::Condition, "何案件之步驟", "of these records");
const HOOK: Key = may("hook", Form::Id, "對外動作", "what leaves Ward");
const GIVE: Key = may("give", SET, "交付資料", "what is given to it");
const DESTROY: Key = may("destroy", Form::Condition, "銷毀案件內容", "destroys the content of these records");

static STEP_THEN: Shape =
    Shape { keys: &[ON, WHEN_KEY, TELL, TEXT, OPEN, SET_KEY, CHANGE, TAKE, OF, HOOK, GIVE, DESTROY] };

pub(super) static DUE_THEN: Shape =
    Shape { keys: &[EARLY, LATE, WHEN_KEY, TELL, TEXT, OPEN, SET_KEY, CHANGE, TAKE, OF, HOOK, GIVE] };

pub(super) static CLOCK: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
        need("runs", IDS, "於此等狀態計時", "it runs while in one of these states"),
        may("when", WHEN, "何時適用", "it runs only when this holds"),
        may("limit", Form::Limit, "時限", "how long"),
        may("after", Form::Condition, "自此日期或時間起算", "counted from this date or moment"),
        may("before", Form::Condition, "自此日期或時間倒算", "counted back from this date or moment"),
        may("until", Form::Condition, "至此日期或時間", "until this date or moment"),
        may("roll", Form::Word(&["before", "after", "keep"]), "遇非辦公日", "what becomes of a day off"),
        need("then", Form::Tables(&DUE_THEN), "到期前後之處置", "what happens before, at and after that"),
    ],
};
