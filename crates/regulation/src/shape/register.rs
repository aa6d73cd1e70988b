//! Shapes of a register's file: register, fields, constraints.
//!
//! Source: `docs/pack.md`, "Registers".

use super::flow::{ACTOR, CLOCK, STATE, STEP};
use super::{Form, Key, Shape, may, need};
use crate::field::Kind;

pub(crate) static REGISTER_FILE: Shape = Shape {
    keys: &[
        need("register", Form::Table(&REGISTER), "登記簿", "the register"),
        may("numbering", Form::Table(&NUMBERING), "編號", "how records are numbered"),
        need("grade", Form::Table(&GRADE), "機密等級", "how confidential records are"),
        may("late", Form::Table(&LATE), "補登", "late entry"),
        may("paper", Form::Table(&PAPER), "紙本", "records kept on paper"),
        need("retention", Form::Table(&RETENTION), "保存年限", "how long records are kept"),
        need("reading", Form::Table(&READING), "閱覽", "who reads"),
        may("group", Form::Tables(&GROUP), "題組", "groups of questions"),
        need("field", Form::Tables(&FIELD), "欄位", "fields"),
        may("constraint", Form::Tables(&CONSTRAINT), "限制", "what must hold"),
        may("unique", Form::Tables(&UNIQUE), "不得重複", "what must be the only one"),
        may("lookup", Form::Tables(&LOOKUP), "查詢其他登記", "records that conditions look at"),
        need("state", Form::Tables(&STATE), "狀態", "states"),
        need("step", Form::Tables(&STEP), "步驟", "steps"),
        may("clock", Form::Tables(&CLOCK), "時限", "clocks"),
    ],
};

pub(super) const IDS: Form = Form::List(&Form::Id);
pub(super) const CLAUSES: Form = Form::Either(&[Form::Clause, Form::List(&Form::Clause)]);
pub(super) const WHEN: Form = Form::Either(&[Form::Flag, Form::Condition]);
pub(super) const SET: Form = Form::Map(&Form::Condition);

static REGISTER: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號,即檔名", "its id, the name of the file"),
        need("label", Form::Label, "名稱", "its name"),
        may("help", Form::Label, "說明", "what it is for"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
        need("title", Form::Label, "案件標題,可含 {欄位}", "the title of a record, with {fields}"),
        may(
            "unit",
            Form::Condition,
            "所屬單位;未填為建立人之單位",
            "the unit a record belongs to; that of who opens it when absent",
        ),
        may("search", IDS, "列入全文檢索之欄位", "fields in the full-text index"),
        may("list", Form::Table(&LIST), "清單", "what the list shows"),
    ],
};

static LIST: Shape = Shape {
    keys: &[
        may("columns", IDS, "清單欄位", "columns"),
        may("sort", Form::List(&Form::Text), "排序,- 為遞減", "order; - is downwards"),
    ],
};

static NUMBERING: Shape = Shape {
    keys: &[
        need(
            "format",
            Form::Text,
            "編號格式,例如 {roc}機故字第{seq:4}號",
            "the number's form, for example {roc}-{seq:4}",
        ),
        may(
            "per",
            Form::Word(&["city", "unit"]),
            "全府或各單位分別編號",
            "one sequence for the city or for each unit",
        ),
        may("reset", Form::Word(&["year", "month", "never"]), "何時重新起號", "when it starts again at 1"),
        may(
            "at",
            Form::Id,
            "給號之步驟;未填為開立時",
            "the step that gives it; the opening step when absent",
        ),
    ],
};

static GRADE: Shape = Shape {
    keys: &[
        may("is", Form::Id, "一律為此等級", "all records are of this grade"),
        may("field", Form::Id, "由此欄位決定", "as this field says"),
        may("by", Form::List(&Form::Table(&ACTOR)), "僅何人得核定等級", "who alone may set it"),
    ],
};

static LATE: Shape = Shape {
    keys: &[need("after", Form::Limit, "逾此時間補登須附理由", "later than this a reason is asked")],
};

static PAPER: Shape = Shape {
    keys: &[
        may("when", WHEN, "何時採紙本", "when records are kept on paper"),
        need("keep", IDS, "僅得登錄之欄位", "the only fields that may be filled in"),
    ],
};

static RETENTION: Shape = Shape {
    keys: &[
        need("keep", Form::Either(&[Form::Limit, Form::Word(&["for ever"])]), "保存期間", "how long"),
        may("from", Form::Text, "起算:closed、occurred 或日期欄位", "from closed, occurred, or a date field"),
    ],
};

static READING: Shape = Shape {
    keys: &[
        need(
            "units",
            Form::Word(&["own", "subtree", "city"]),
            "可閱覽之單位範圍",
            "whose records people read",
        ),
        may("roles", IDS, "可閱覽全府之角色", "roles that read all of the city's"),
        may("parties", IDS, "可閱覽之當事人欄位", "person fields whose people read"),
    ],
};

static GROUP: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        need("fields", IDS, "欄位", "its fields"),
        may("show", WHEN, "何時顯示", "when it is asked"),
    ],
};

const ID: Key = need("id", Form::Id, "代號", "its id");
const KIND: Key = need("kind", Form::Word(Kind::WORDS), "種類", "what it holds");
const LABEL: Key = need("label", Form::Label, "名稱", "its name");
const HELP: Key = may("help", Form::Label, "填寫說明", "what helps to answer it");
const CLAUSE: Key = may("clause", CLAUSES, "依據條文", "the clauses it serves");
const REQUIRED: Key = may("required", WHEN, "是否必填", "must it be filled in?");
const SHOW: Key = may("show", WHEN, "何時詢問", "when it is asked");
const START: Key = may("start", Form::Condition, "預設值", "the value offered at first");
const SEALED: Key =
    may("sealed", Form::Flag, "加密,不列清單、不排序、不索引", "encrypted; never listed, sorted, indexed");
const LINES: Key = may("lines", Form::Whole(1, 40), "行數", "lines");
const MIN: Key = may("min", Form::Either(&[Form::Number, Form::Condition]), "下限", "not less than");
const MAX: Key = may("max", Form::Either(&[Form::Number, Form::Condition]), "上限", "not more than");
const UNIT: Key = may("unit", Form::Label, "計量單位", "what it is counted in");
const DECIMALS: Key = may("decimals", Form::Whole(0, 6), "小數位數", "decimals allowed");
const OPTIONS: Key = may("options", Form::Tables(&OPTION), "選項", "options");
const MANY: Key = may("many", Form::Flag, "可複選", "may several be chosen?");
const ROLE: Key = may("role", Form::Id, "限此角色", "only holders of this role");
const LEAST: Key = may("least", Form::Either(&[Form::Whole(0, 1000), Form::Id]), "最少", "at least");
const MOST: Key = may("most", Form::Either(&[Form::Whole(1, 1000), Form::Id]), "最多", "at most");
const REGISTER_KEY: Key = may("register", Form::Id, "登記簿", "the register");
const ONLY: Key = may("only", Form::Condition, "可選範圍(target)", "only those this holds for, as target");
const OF: Key = may(
    "of",
    Form::Word(&["host", "hosts", "ip", "mac", "mail", "network", "phone", "place", "url"]),
    "位址種類",
    "what the address is of",
);
const TYPES: Key = may("types", Form::List(&Form::Text), "檔案類型", "file kinds");
const MAX_MB: Key = may("max_mb", Form::Whole(1, 1024), "檔案大小上限(MB)", "the largest file in MB");
const ITEM: Key = may("item", Form::Tables(&ITEM_SHAPE), "檢核項目", "items of a checklist");
const ANSWERS: Key = may(
    "answers",
    Form::List(&Form::Word(&["good", "bad", "not_applicable"])),
    "可用答覆",
    "answers allowed",
);
const PROCEDURES: Key = may("procedures", IDS, "程序", "procedures that may be started");
const VALUE: Key = may("value", Form::Condition, "計算式", "how it is reckoned");

static FIELD: Shape = Shape {
    keys: &[
        ID,
        KIND,
        LABEL,
        HELP,
        CLAUSE,
        REQUIRED,
        SHOW,
        START,
        SEALED,
        LINES,
        MIN,
        MAX,
        UNIT,
        DECIMALS,
        OPTIONS,
        MANY,
        ROLE,
        LEAST,
        MOST,
        REGISTER_KEY,
        ONLY,
        OF,
        TYPES,
        MAX_MB,
        ITEM,
        ANSWERS,
        PROCEDURES,
        VALUE,
        may("column", Form::Tables(&COLUMN), "表格之欄", "columns of a table"),
    ],
};

/// A column is a field without a table inside.
static COLUMN: Shape = Shape {
    keys: &[
        ID,
        KIND,
        LABEL,
        HELP,
        CLAUSE,
        REQUIRED,
        SHOW,
        START,
        SEALED,
        LINES,
        MIN,
        MAX,
        UNIT,
        DECIMALS,
        OPTIONS,
        MANY,
        ROLE,
        LEAST,
        MOST,
        REGISTER_KEY,
        ONLY,
        OF,
        TYPES,
        MAX_MB,
        ITEM,
        ANSWERS,
        PROCEDURES,
        VALUE,
    ],
};

static OPTION: Shape = Shape {
    keys: &[need("id", Form::Id, "代號", "its id"), need("label", Form::Label, "名稱", "its name")],
};

static ITEM_SHAPE: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "檢核內容", "what is looked at"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
    ],
};

static CONSTRAINT: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
        need("rule", Form::Condition, "須成立之條件", "what must hold"),
        need("message", Form::Label, "不符時之訊息", "what is said when it does not"),
        need("yes", Form::Anything, "符合之例", "an example that passes"),
        need("no", Form::Anything, "不符之例", "an example that does not"),
    ],
};

static UNIQUE: Shape = Shape {
    keys: &[
        need("fields", IDS, "不得同時重複之欄位", "fields whose values together must be the only ones"),
        may("states", IDS, "限此等狀態", "counted in these states"),
        need("message", Form::Label, "重複時之訊息", "what is said when there is one already"),
    ],
};

static LOOKUP: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("register", Form::Id, "登記簿", "where it looks"),
        need("match", SET, "對應:彼欄 = 此條件", "field there = condition here"),
        may("states", IDS, "限此等狀態", "only in these states"),
        may("where", Form::Condition, "進一步條件(target)", "only those this holds for, as target"),
    ],
};
