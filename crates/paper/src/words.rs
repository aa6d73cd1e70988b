//! The words that stand on every paper, in both languages.

use serde::Serialize;

/// The language of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Traditional Chinese, as official papers are.
    Chinese,
    /// English.
    English,
}

/// Words of templates, under the names that templates call them by.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Words {
    lang: &'static str,
    region: &'static str,
    colon: &'static str,
    page: [&'static str; 3],
    number: &'static str,
    unit: &'static str,
    date: &'static str,
    subject: &'static str,
    state: &'static str,
    signatures: &'static str,
    acting_for: &'static str,
    statement: &'static str,
    reason: &'static str,
    void: &'static str,
    none: &'static str,
    ledger: &'static str,
    scan: &'static str,
    end: &'static str,
    rows: [&'static str; 2],
    filters: &'static str,
    article: &'static str,
    clauses: &'static str,
    findings: [&'static str; 3],
    total: &'static str,
}

impl Language {
    pub(crate) const fn words(self) -> Words {
        match self {
            Self::Chinese => CHINESE,
            Self::English => ENGLISH,
        }
    }
}

const CHINESE: Words = Words {
    lang: "zh",
    region: "TW",
    colon: "：",
    page: ["第 ", " 頁，共 ", " 頁"],
    number: "編號",
    unit: "單位",
    date: "日期",
    subject: "案由",
    state: "狀態",
    signatures: "簽核欄",
    acting_for: "代理",
    statement: "簽署內容雜湊值",
    reason: "理由",
    void: "失效",
    none: "（無）",
    ledger: "帳本",
    scan: "掃描查驗",
    end: "（以下空白）",
    rows: ["共 ", " 筆"],
    filters: "篩選條件",
    article: "條文",
    clauses: "條數",
    findings: ["條文", "檢核項目", "情形"],
    total: "合計",
};

const ENGLISH: Words = Words {
    lang: "en",
    region: "TW",
    colon: ": ",
    page: ["Page ", " of ", ""],
    number: "Number",
    unit: "Unit",
    date: "Date",
    subject: "Subject",
    state: "State",
    signatures: "Signatures",
    acting_for: "for",
    statement: "Hash of what was signed",
    reason: "Reason",
    void: "Void",
    none: "(none)",
    ledger: "Ledger",
    scan: "Scan to check",
    end: "(nothing below this line)",
    rows: ["", " records"],
    filters: "Filtered by",
    article: "Article",
    clauses: "Clauses",
    findings: ["Clause", "Check", "How it stands"],
    total: "Total",
};
