//! The columns of tables that are moved in, and which of a file's columns is which.

use crate::sheet::Table;
use model::Told;

/// What a table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// People, with the roles they hold.
    People,
    /// Terminals.
    Terminals,
    /// Units.
    Units,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name for programs, which may stand at its head as well.
    pub name: String,
    /// Its head.
    pub zh: String,
    /// Its head in English, which may stand there too.
    pub en: String,
    /// Must it be filled in?
    pub needed: bool,
    /// What is written in it, in both languages.
    pub help: Told,
}

/// Which column of a table holds what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads(Vec<Option<usize>>);

impl Kind {
    /// All of them, in the order in which they are moved in.
    pub const ALL: [Self; 3] = [Self::Units, Self::People, Self::Terminals];

    /// Its word in addresses and at the console.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Terminals => "terminals",
            Self::Units => "units",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What it is called.
    #[must_use]
    pub fn name(self) -> Told {
        match self {
            Self::People => Told::new("人員", "People"),
            Self::Terminals => Told::new("終端機", "Terminals"),
            Self::Units => Told::new("單位", "Units"),
        }
    }

    /// Its columns.
    #[must_use]
    pub fn columns(self) -> Vec<Column> {
        let rows: &[(&str, &str, &str, bool, &str, &str)] = match self {
            Self::People => &[
                (
                    "login",
                    "帳號",
                    "Account",
                    true,
                    "登入用，英文小寫及數字",
                    "for signing in: small letters and digits",
                ),
                ("name", "姓名", "Name", true, "", ""),
                ("title", "職稱", "Title", true, "", ""),
                ("mail", "電子郵件", "Mail", true, "", ""),
                ("phone", "電話", "Telephone", false, "可不填", "may be left out"),
                ("unit", "單位代碼", "Unit", true, "已建立之單位", "the code of a unit there is"),
                (
                    "roles",
                    "角色",
                    "Roles",
                    false,
                    "角色代號，多項以分號隔開；於他單位擔任者寫 角色@單位代碼",
                    "ids of roles, divided by semicolons; held in another unit: role@unit",
                ),
            ],
            Self::Terminals => &[
                ("name", "名稱", "Name", true, "", ""),
                (
                    "fingerprint",
                    "憑證指紋",
                    "Fingerprint",
                    true,
                    "終端機憑證之 SHA-256，64 個十六進位字元",
                    "SHA-256 of its certificate, 64 hexadecimal digits",
                ),
                (
                    "unit",
                    "單位代碼",
                    "Unit",
                    false,
                    "任何單位均可使用者免填",
                    "left out where any unit may use it",
                ),
                (
                    "management",
                    "管理終端機",
                    "Management",
                    false,
                    "是或否，未填為否",
                    "yes or no; no when left out",
                ),
            ],
            Self::Units => &[
                (
                    "code",
                    "代碼",
                    "Code",
                    true,
                    "案件編號用，1 至 12 個文字、數字或「-」",
                    "used in numbers of records",
                ),
                ("zh", "中文名稱", "Name in Chinese", true, "", ""),
                ("en", "英文名稱", "Name in English", true, "", ""),
                (
                    "above",
                    "上級單位代碼",
                    "Unit above",
                    false,
                    "僅最上級單位免填",
                    "left out for the topmost alone",
                ),
            ],
        };
        let column =
            |(name, zh, en, needed, help_zh, help_en): &(&str, &str, &str, bool, &str, &str)| Column {
                name: (*name).to_owned(),
                zh: (*zh).to_owned(),
                en: (*en).to_owned(),
                needed: *needed,
                help: Told::new(*help_zh, *help_en),
            };
        rows.iter().map(column).collect()
    }
}

/// Finds each column by its head: its name in either language, or that for programs.
///
/// # Errors
/// A head is not known, stands twice, or one that is needed is missing; told with what is known.
pub fn heads(table: &Table, columns: &[Column]) -> Result<Heads, Told> {
    let mut found = vec![None; columns.len()];
    for (at, head) in table.heads.iter().enumerate() {
        // Templates mark what is needed with a star.
        let head = head.trim().trim_end_matches(['*', '＊']).trim();
        if head.is_empty() {
            continue;
        }
        let is = |one: &str| one.eq_ignore_ascii_case(head);
        let column = columns.iter().position(|column| is(&column.name) || is(&column.zh) || is(&column.en));
        let Some(slot) = column.and_then(|column| found.get_mut(column)) else {
            let (zh, en): (Vec<&str>, Vec<&str>) =
                columns.iter().map(|column| (column.zh.as_str(), column.en.as_str())).unzip();
            return Err(Told::new(
                format!("標題「{head}」不明；可用之標題：{}", zh.join("、")),
                format!("There is no column {head:?}; there are: {}", en.join(", ")),
            ));
        };
        if slot.replace(at).is_some() {
            return Err(Told::new(
                format!("標題「{head}」重複出現"),
                format!("The column {head:?} stands twice"),
            ));
        }
    }
    let missing = columns.iter().zip(&found).find(|(column, at)| column.needed && at.is_none());
    if let Some((column, _)) = missing {
        return Err(Told::new(
            format!("缺少「{}」欄", column.zh),
            format!("The column {:?} is missing", column.en),
        ));
    }
    Ok(Heads(found))
}

impl Heads {
    /// Where a column stands in the file.
    #[must_use]
    pub fn at(&self, column: usize) -> Option<usize> {
        self.0.get(column).copied().flatten()
    }

    /// What a row holds in a column.
    #[must_use]
    pub fn cell<'r>(&self, row: &'r [String], column: usize) -> &'r str {
        self.at(column).and_then(|at| row.get(at)).map_or("", String::as_str)
    }
}
