//! Shapes of the other files of a pack.
//!
//! Source: `docs/pack.md`.

use super::flow::DUE_THEN;
use super::register::{CLAUSES, IDS, REGISTER_FILE, SET, WHEN};
use super::{Form, Shape, may, need};

/// A kind of file: where it lies, its schema's name and title, its shape.
#[derive(Debug)]
pub(crate) struct FileKind {
    pub(crate) schema: &'static str,
    /// The whole path, or a folder with `/` at its end.
    pub(crate) path: &'static str,
    pub(crate) title: (&'static str, &'static str),
    pub(crate) shape: &'static Shape,
}

/// The kinds of files this crate reads itself, policies apart.
pub(crate) static FILE_KINDS: [FileKind; 9] = [
    FileKind {
        schema: "calendar",
        path: "calendars/",
        title: ("辦公日曆", "Office calendar"),
        shape: &CALENDAR,
    },
    FileKind { schema: "clauses", path: "clauses/", title: ("條文", "Clauses"), shape: &CLAUSE_FILE },
    FileKind { schema: "duties", path: "duties/", title: ("定期工作", "Duties"), shape: &DUTY_FILE },
    FileKind { schema: "grades", path: "grades.toml", title: ("機密等級", "Grades"), shape: &GRADE_FILE },
    FileKind { schema: "moves", path: "moves.toml", title: ("版本轉換", "Moves"), shape: &MOVE_FILE },
    FileKind { schema: "pack", path: "pack.toml", title: ("規範", "Pack"), shape: &PACK_FILE },
    FileKind {
        schema: "procedures",
        path: "procedures/",
        title: ("程序", "Procedures"),
        shape: &PROCEDURE_FILE,
    },
    FileKind {
        schema: "register", path: "registers/", title: ("登記簿", "Register"), shape: &REGISTER_FILE
    },
    FileKind { schema: "roles", path: "roles.toml", title: ("角色", "Roles"), shape: &ROLE_FILE },
];

static PACK_FILE: Shape = Shape {
    keys: &[
        need("pack", Form::Table(&PACK), "規範", "the pack"),
        may("board", Form::Table(&BOARD), "條文看板", "the clause board"),
        may("lines", Form::Table(&LINES), "紀錄收容", "the lines of devices"),
        may("watch", Form::Table(&WATCH), "監看", "what rules of watching know beyond lines"),
        may("rooms", Form::Table(&ROOMS), "機房頁", "the page of rooms"),
        may("network", Form::Table(&NETWORK), "網路系統圖", "the drawing of the network"),
        may("respond", Form::Table(&RESPOND), "入侵處置", "where acts against intruders are decided"),
        may(
            "crosswalk",
            Form::Tables(&CROSSWALK),
            "現行法規及標準對照",
            "law in force and standards that ask the same",
        ),
        may("hook", Form::Tables(&HOOK), "對外動作", "what leaves Ward"),
    ],
};

static PACK: Shape = Shape {
    keys: &[
        need("id", Form::Text, "代號,即資料夾名稱", "its id, the name of the folder"),
        need("version", Form::Whole(1, 1_000_000), "版次", "its version"),
        need("title", Form::Label, "法規名稱", "the regulation's title"),
        need("source", Form::Text, "文號或出處", "where the text comes from"),
        need("issuer", Form::Label, "訂定機關", "who issued it"),
        need("date", Form::Date, "公發布日", "when"),
        may("basis", Form::Label, "訂定依據", "on which basis"),
        may("repealed", Form::Date, "廢止日期", "when it was repealed"),
        need("licence", Form::Text, "檔案授權", "the licence of the files"),
        need("zone", Form::Text, "時區", "where civil dates are counted"),
        may("day_ends", Form::TimeOfDay, "辦公時間終了", "when the last day of a limit is over"),
        may("destruction", Form::Id, "銷毀登記簿", "the register whose approved cases destroy records"),
    ],
};

static BOARD: Shape = Shape {
    keys: &[may(
        "exemption",
        Form::Table(&EXEMPTION),
        "不適用聲明",
        "where it is signed that a clause does not apply",
    )],
};

pub(crate) static EXEMPTION: Shape = Shape {
    keys: &[
        need("register", Form::Id, "聲明之登記簿", "the register of such statements"),
        need("clause", Form::Condition, "所聲明之條號", "the number of the clause a statement is about"),
        need("while", Form::Condition, "效力存續之條件", "a statement counts while this holds"),
    ],
};

static LINES: Shape = Shape {
    keys: &[
        may("sources", Form::Table(&LINE_SOURCES), "紀錄來源", "who sends lines"),
        may("keep", Form::Limit, "最短保存期間", "so long lines are kept at least"),
        may("disposal", Form::Table(&LINE_DISPOSAL), "屆期銷毀", "where it is signed that files of lines go"),
        may("hold", Form::Table(&LINE_HOLD), "法律保全", "where it is signed that lines stay"),
        may("erasure", Form::Table(&LINE_ERASURE), "單筆塗銷", "where it is signed that single lines go"),
    ],
};

static LINE_DISPOSAL: Shape = Shape {
    keys: &[
        need("register", Form::Id, "屆期銷毀之登記簿", "the register of disposals"),
        need("receiver", Form::Condition, "接收器", "who received the lines"),
        need("until", Form::Condition, "接收迄日", "the last day they were received on"),
        need("while", Form::Condition, "核准之條件", "a disposal counts while this holds"),
    ],
};

static LINE_HOLD: Shape = Shape {
    keys: &[
        need("register", Form::Id, "法律保全之登記簿", "the register of holds"),
        may("receiver", Form::Condition, "接收器", "who received the lines"),
        may("network", Form::Condition, "位址或網段", "an address or network that stands in them"),
        may("from", Form::Condition, "接收起日", "the first day they were received on"),
        may("until", Form::Condition, "接收迄日", "the last day they were received on"),
        need("while", Form::Condition, "效力存續之條件", "a hold counts while this holds"),
    ],
};

static LINE_ERASURE: Shape = Shape {
    keys: &[
        need("register", Form::Id, "單筆塗銷之登記簿", "the register of erasures"),
        need("receiver", Form::Condition, "接收器", "who received the lines"),
        need("lines", Form::Condition, "各筆之筆次", "their numbers"),
        need("while", Form::Condition, "核准之條件", "an erasure counts while this holds"),
    ],
};

static LINE_SOURCES: Shape = Shape {
    keys: &[
        need("register", Form::Id, "紀錄來源之登記簿", "the register of sources"),
        need("network", Form::Condition, "位址或網段", "the address or network a source sends from"),
        need("name", Form::Condition, "名稱", "its name"),
        need("offset", Form::Condition, "時差（小時）", "hours its times are ahead of UTC"),
        need("while", Form::Condition, "效力存續之條件", "a source counts while this holds"),
    ],
};

static WATCH: Shape = Shape {
    keys: &[
        may("accounts", Form::Table(&WATCH_ACCOUNTS), "帳號所屬單位", "to which unit accounts belong"),
        may("terminals", Form::Table(&WATCH_TERMINALS), "終端機所屬單位", "whose terminals stand where"),
        may("roster", Form::Table(&WATCH_ROSTER), "輪值", "who is on duty"),
        may(
            "call",
            Form::Tables(&WATCH_CALL),
            "逾時未認領之通知",
            "who is called when nobody answers for an alarm",
        ),
        may("incidents", Form::Table(&WATCH_INCIDENTS), "資安事件", "incidents, and what their report tells"),
    ],
};

static WATCH_ACCOUNTS: Shape = Shape {
    keys: &[
        need("register", Form::Id, "帳號之登記簿", "the register of accounts"),
        need("name", Form::Condition, "帳號名稱", "what lines call an account"),
        need("unit", Form::Condition, "所屬單位", "the unit it belongs to"),
        need("while", Form::Condition, "效力存續之條件", "it counts while this holds"),
    ],
};

static WATCH_ROSTER: Shape = Shape {
    keys: &[
        need("register", Form::Id, "輪值之登記簿", "the register of shifts"),
        need("person", Form::Condition, "輪值人員", "who is on duty"),
        need("from", Form::Condition, "起始時間", "from when"),
        need("until", Form::Condition, "結束時間", "until when"),
        need("while", Form::Condition, "效力存續之條件", "it counts while this holds"),
    ],
};

static WATCH_CALL: Shape = Shape {
    keys: &[
        need("after", Form::Limit, "告警後之時間", "how long after it was raised"),
        need("least", Form::Word(&SEVERITIES), "最低嚴重程度", "how bad it is at least"),
        may("on_duty", Form::Flag, "通知輪值人員", "are those on duty called?"),
        may("roles", IDS, "通知之角色", "which roles are called"),
    ],
};

const SEVERITIES: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

static WATCH_INCIDENTS: Shape = Shape {
    keys: &[
        need("register", Form::Id, "資安事件之登記簿", "the register of incidents"),
        may("told", IDS, "報告敘明之欄位", "fields that a report tells in words"),
    ],
};

static WATCH_TERMINALS: Shape = Shape {
    keys: &[
        need("register", Form::Id, "終端機之登記簿", "the register of terminals"),
        need("network", Form::Condition, "位址或網段", "the address or network they stand at"),
        need("unit", Form::Condition, "所屬單位", "the unit they belong to"),
        need("while", Form::Condition, "效力存續之條件", "it counts while this holds"),
    ],
};

static ROOMS: Shape = Shape {
    keys: &[
        need("register", Form::Id, "機房之登記簿", "the register of rooms"),
        need(
            "code",
            Form::Id,
            "機房代號欄位，感測裝置以此指明機房",
            "the field with the code by which sensors name a room",
        ),
        may("states", IDS, "使用中之狀態", "states in which there is such a room"),
        may("beside", Form::Tables(&BESIDE_ROOM), "併列之登記簿", "registers whose records belong to a room"),
    ],
};

static NETWORK: Shape = Shape {
    keys: &[
        may("node", Form::Tables(&NETWORK_NODE), "繪入之登記簿", "registers whose records are drawn"),
        may("diagram", Form::Table(&DIAGRAM), "存圖之登記簿", "the register in which drawings are kept"),
    ],
};

static NETWORK_NODE: Shape = Shape {
    keys: &[
        need("register", Form::Id, "登記簿", "the register"),
        need(
            "layer",
            Form::Word(&["outside", "firewall", "system", "server", "terminal"]),
            "所在層次，由外而內",
            "where its records stand, from the outside to the inside",
        ),
        may(
            "states",
            IDS,
            "繪入之狀態；未寫者為進行中",
            "states in which they are drawn; all that run when absent",
        ),
        may("address", Form::Id, "位址或網段欄位", "the field with the address or network"),
        may("to", IDS, "指向所連接紀錄之欄位", "fields that name records it is connected with"),
        may("together", Form::Flag, "同一網段者合為一處", "are those of one network drawn as one?"),
        may(
            "spare",
            Form::Flag,
            "僅於其位址未見於他項登記時繪入",
            "is one drawn only where its address belongs to no other record?",
        ),
    ],
};

static DIAGRAM: Shape = Shape {
    keys: &[
        need("register", Form::Id, "登記簿", "the register"),
        need("step", Form::Id, "開立之步驟", "the step that opens a case"),
        need("drawing", Form::Id, "圖檔欄位", "the field with the drawing, which takes PDF"),
        may("covers", Form::Id, "涵蓋範圍欄位", "the field that says what is drawn"),
    ],
};

static RESPOND: Shape = Shape {
    keys: &[
        need("register", Form::Id, "處置之登記簿", "the register in which it is decided"),
        need("step", Form::Id, "開立之步驟", "the step that opens a case"),
        need("target", Form::Id, "位址欄位", "the field with the address or network"),
        may("reason", Form::Id, "事由欄位", "the field that says why"),
    ],
};

static BESIDE_ROOM: Shape = Shape {
    keys: &[
        need("register", Form::Id, "登記簿", "the register"),
        need("room", Form::Id, "指向機房之欄位", "the field that refers to the room"),
        may("open", Form::Flag, "僅列進行中者", "are only those shown that run?"),
        may(
            "day",
            Form::Id,
            "日期欄位，紀錄頁併示該機房當日曲線",
            "the field with the day whose curves a record's page has",
        ),
    ],
};

static CROSSWALK: Shape = Shape {
    keys: &[
        need("clause", CLAUSES, "條號", "the clauses"),
        may("law", Form::Label, "現行法規", "the law, with its short title"),
        may("standard", Form::Label, "標準", "or the standard's control, with its short title"),
        may(
            "source",
            Form::Label,
            "出處及版本;未寫者為待確認",
            "where it was looked up; to be confirmed when absent",
        ),
    ],
};

static HOOK: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "what it does"),
        may(
            "gives",
            Form::Map(&Form::Word(HOOK_TYPES)),
            "交付資料之型別",
            "what it is given, and of which type",
        ),
    ],
};

/// The types a hook may be given.
const HOOK_TYPES: &[&str] =
    &["text", "number", "date", "moment", "person", "unit", "truth", "files", "people", "units"];

static GRADE_FILE: Shape =
    Shape { keys: &[need("grade", Form::Tables(&GRADE), "等級,由低至高", "grades, the lowest first")] };

static GRADE: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may(
            "sign",
            Form::Word(&["none", "otp", "passkey"]),
            "最低簽章",
            "the least signature on its records",
        ),
        may("paper", Form::Flag, "採紙本", "are its records kept on paper?"),
        may(
            "cleared",
            Form::Flag,
            "未經核定者可閱之最高等級",
            "the highest grade that everybody is cleared for",
        ),
    ],
};

static ROLE_FILE: Shape = Shape { keys: &[need("role", Form::Tables(&ROLE), "角色", "roles")] };

static ROLE: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may("help", Form::Label, "職責", "what its holder does"),
        may("held_in", Form::Word(&["unit", "city"]), "隸屬單位或全府", "held in a unit or for the city"),
        may("most", Form::Whole(1, 10_000), "最多人數", "at most so many holders"),
        may("incompatible", IDS, "不得兼任", "roles one person may not hold beside it"),
        may("deputy", Form::Flag, "可由職務代理人代理", "may its holder be stood in for?"),
        may(
            "administrator",
            Form::Flag,
            "系統管理角色,僅得於管理終端機或主控台行使",
            "does its holder administer the system? Used at management terminals and at the console only",
        ),
        may("clause", CLAUSES, "依據條文", "the clauses it comes from"),
    ],
};

static CLAUSE_FILE: Shape = Shape { keys: &[need("clause", Form::Tables(&CLAUSE), "條文", "clauses")] };

static CLAUSE: Shape = Shape {
    keys: &[
        need("id", Form::Clause, "條號", "its number"),
        need("article", Form::Text, "引用寫法", "as cited"),
        need("title", Form::Label, "標題", "its name"),
        need("summary", Form::Label, "摘要", "our summary"),
        may("live", Form::Word(&["none"]), "無從計算", "nothing can be computed"),
        may("why", Form::Label, "為何無從計算", "why nothing can be computed"),
        may("check", Form::Tables(&CHECK), "檢核", "checks"),
    ],
};

static CHECK: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        need("population", Form::Anything, "母體", "what should have been seen"),
        need("evidence", Form::Anything, "佐證", "what it is judged by"),
        need("freshness", Form::Limit, "有效期間", "evidence older than this is grey"),
        may("goal", Form::Number, "目標", "what is good enough"),
    ],
};

pub(crate) static POPULATION: Shape = Shape {
    keys: &[
        may("register", Form::Id, "登記簿", "records of this register"),
        may("duty", Form::Id, "定期工作", "occurrences of this duty"),
        may("machine", Form::Id, "系統所知", "what the system knows of this by itself"),
        may("where", Form::Condition, "條件", "only those this holds for"),
        may("states", IDS, "狀態", "only in these states"),
        may("within", Form::Limit, "最近多久", "only of the last so long"),
    ],
};

pub(crate) static EVIDENCE: Shape = Shape {
    keys: &[
        may("share", Form::Condition, "符合比例", "how many this holds for"),
        may("newest", Form::Condition, "最近一次", "the age of the newest"),
        may("measure", Form::Condition, "數值", "a figure of each"),
        may("of", Form::Word(&["median", "worst", "sum"]), "如何彙總", "how figures are put together"),
        may("on_time", Form::Flag, "如期完成", "done by the time due"),
        may("none_open", Form::Flag, "不得有未結", "none may be open"),
    ],
};

static DUTY_FILE: Shape = Shape { keys: &[need("duty", Form::Tables(&DUTY), "定期工作", "duties")] };

static DUTY: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may("help", Form::Label, "說明", "what is to be done"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
        need("each", Form::Id, "每一何者(登記簿或 unit)", "for each record of this register, or each unit"),
        may("where", WHEN, "限此等對象(object)", "only for those this holds for, as object"),
        need("repeat", Form::Text, "週期(RFC 5545)", "when it recurs (RFC 5545)"),
        need("from", Form::Date, "起算日", "the day it counts from"),
        may(
            "roll",
            Form::Word(&["before", "after", "keep", "skip"]),
            "遇非辦公日",
            "what becomes of a day off",
        ),
        may("opens", Form::Limit, "提前多久開立", "so long before it is due it is opened"),
        may("due", Form::TimeOfDay, "當日期限", "the hour it is due"),
        need("record", Form::Id, "以何登記簿為憑", "the register whose record proves it"),
        may("set", SET, "設定欄位", "fields of that record"),
        may("then", Form::Tables(&DUE_THEN), "到期前後之處置", "what happens before, at and after that"),
    ],
};

static PROCEDURE_FILE: Shape =
    Shape { keys: &[need("procedure", Form::Tables(&PROCEDURE), "程序", "procedures")] };

static PROCEDURE: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "名稱", "its name"),
        may("help", Form::Label, "說明", "what it is for"),
        may("clause", CLAUSES, "依據條文", "the clauses it serves"),
        may("next", Form::Id, "結束後接續之程序", "what follows when it is over"),
        need("step", Form::Tables(&PROCEDURE_STEP), "步驟", "its steps"),
    ],
};

static PROCEDURE_STEP: Shape = Shape {
    keys: &[
        need("id", Form::Id, "代號", "its id"),
        need("label", Form::Label, "應辦事項", "what is to be done"),
        may("help", Form::Label, "作法", "how"),
        may("limit", Form::Limit, "時限", "how long it may take"),
        may("since", Form::Id, "自此步驟起算", "counted from this step"),
        may("proof", Form::Word(&["tick", "note", "number", "photo"]), "佐證", "what shows that it was done"),
        may("beside", Form::Flag, "可與前一步驟同時", "may be done beside the step before"),
        may("when", WHEN, "何時適用", "when it belongs to the procedure"),
        may("expect", Form::Id, "對照之機器事件", "the machine event it is compared with"),
    ],
};

static CALENDAR: Shape = Shape {
    keys: &[
        need("year", Form::Whole(1970, 9999), "西元年", "the year"),
        need("source", Form::Text, "出處", "which official calendar this was taken from"),
        may("weekend", Form::List(&Form::Word(WEEKDAYS)), "每週休息日", "weekdays that are not worked"),
        may("off", Form::Tables(&OFF), "放假日", "days off"),
        may("work", Form::Tables(&WORK), "補行上班日", "make-up working days"),
    ],
};

/// Monday first.
pub(crate) const WEEKDAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

static OFF: Shape = Shape {
    keys: &[
        need("date", Form::Date, "日期", "the day"),
        need("name", Form::Label, "名稱", "why it is off"),
        may("unsure", Form::Text, "不確定之處", "what is not certain"),
    ],
};

static WORK: Shape = Shape {
    keys: &[
        need("date", Form::Date, "日期", "the day"),
        need("name", Form::Label, "名稱", "why it is worked"),
        may("for", Form::Date, "補何日", "the day off it makes up for"),
        may("unsure", Form::Text, "不確定之處", "what is not certain"),
    ],
};

static MOVE_FILE: Shape = Shape {
    keys: &[
        need("from", Form::Whole(1, 1_000_000), "前一版次", "the version cases come from"),
        may("move", Form::Tables(&MOVE), "各登記簿之轉換", "how registers pass over"),
    ],
};

static MOVE: Shape = Shape {
    keys: &[
        need("register", Form::Id, "登記簿", "the register"),
        may("states", Form::Map(&Form::Id), "狀態:前 = 今", "former state = state now"),
        may("fields", Form::Map(&Form::Id), "欄位:前 = 今", "former field = field now"),
        may("drop", IDS, "僅留歷程之欄位", "former fields kept in the history only"),
    ],
};
