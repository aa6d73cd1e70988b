//! Search: words and pairs of characters, in the same transaction as the rows they lead to.
//!
//! Chinese is not written with spaces, so that every two neighbouring characters are a word of the index: any piece of
//! two characters or more is found, wherever it stands. Latin words and numbers are taken whole, in lower case; the last
//! one of a question also finds what begins with it.
//! Sealed fields and sealed files are never indexed.

use crate::error::StoreError;
use crate::flush::{files, value};
use crate::layout::Sheet;
use crate::sql::{Dialect, Sql, Value};
use casework::Case;
use serde_json::Value as Json;

/// Separates texts, so that no question matches across two of them. It stands in no text.
const GAP: &str = "\u{E000}";
/// Longest word of the index, in characters.
const LONGEST_WORD: usize = 48;
/// Most words of one record; what a longer file says beyond is not found.
const MOST_WORDS: usize = 200_000;

/// Statements that make the index.
pub(crate) const fn create(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "CREATE VIRTUAL TABLE search USING fts5 (words, content = '', contentless_delete = 1, \
             tokenize = \"unicode61 remove_diacritics 0 categories 'L* N* Co M*'\");"
        }
        Dialect::Postgres => {
            "CREATE TABLE search (opened BIGINT PRIMARY KEY, words TSVECTOR NOT NULL); \
             CREATE INDEX search_words ON search USING GIN (words) WITH (fastupdate = off);"
        }
    }
}

/// Puts a record into the index.
pub(crate) fn index(sql: &mut Sql, case: &Case, opened: u64, sheet: &Sheet) -> Result<(), StoreError> {
    let mut words = Words::default();
    words.add(case.number.as_deref().unwrap_or_default());
    let mut digests = Vec::new();
    for field in &sheet.search {
        if let Some(Json::String(text)) = value(case, field) {
            words.add(text);
        }
    }
    for field in &sheet.files {
        if let Some(json) = value(case, field) {
            files(json, &mut |digest, name| {
                words.add(name);
                digests.push(digest.to_owned());
            });
        }
    }
    for digest in digests {
        let found = sql.row("SELECT body FROM state.file_text WHERE digest = $1", &[digest.into()])?;
        words.add(found.as_ref().and_then(|row| row.text(0)).unwrap_or_default());
    }
    take(sql, opened)?;
    if words.list.is_empty() {
        return Ok(());
    }
    match sql.dialect() {
        Dialect::Sqlite => sql.run(
            "INSERT INTO search (rowid, words) VALUES ($1, $2)",
            &[opened.into(), words.list.join(" ").into()],
        ),
        Dialect::Postgres => sql.run(
            "INSERT INTO search (opened, words) VALUES ($1, CAST(CAST($2 AS TEXT) AS TSVECTOR))",
            &[opened.into(), words.vector().into()],
        ),
    }
    .map(drop)
}

/// Takes a record out of the index.
pub(crate) fn take(sql: &mut Sql, opened: u64) -> Result<(), StoreError> {
    let text = match sql.dialect() {
        Dialect::Sqlite => "DELETE FROM search WHERE rowid = $1",
        Dialect::Postgres => "DELETE FROM search WHERE opened = $1",
    };
    sql.run(text, &[opened.into()]).map(drop)
}

/// The condition that a record is found, over a table with the column `opened`.
pub(crate) fn found(dialect: Dialect, holder: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("opened IN (SELECT rowid FROM search WHERE search MATCH {holder})"),
        Dialect::Postgres => {
            format!(
                "opened IN (SELECT opened FROM search WHERE words @@ CAST(CAST({holder} AS TEXT) AS TSQUERY))"
            )
        }
    }
}

/// What a question asks the index; none where it holds nothing that could be found.
#[must_use]
pub(crate) fn question(text: &str, dialect: Dialect) -> Option<Value> {
    let pieces: Vec<Vec<Word>> = text.split_whitespace().map(pieces).filter(|one| !one.is_empty()).collect();
    let last = pieces.len().checked_sub(1)?;
    let phrase = |(at, words): (usize, &Vec<Word>)| {
        let open = words.last().is_some_and(|word| word.single || (word.latin && at == last));
        match dialect {
            Dialect::Sqlite => {
                let list: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
                format!("\"{}\"{}", list.join(" "), if open { "*" } else { "" })
            }
            Dialect::Postgres => {
                let list: Vec<String> = words
                    .iter()
                    .enumerate()
                    .map(|(nth, word)| {
                        let open = open && nth + 1 == words.len();
                        format!("'{}'{}", word.text, if open { ":*" } else { "" })
                    })
                    .collect();
                format!("({})", list.join(" <-> "))
            }
        }
    };
    let phrases: Vec<String> = pieces.iter().enumerate().map(phrase).collect();
    Some(match dialect {
        Dialect::Sqlite => phrases.join(" AND ").into(),
        Dialect::Postgres => phrases.join(" & ").into(),
    })
}

/// Words of the index, in order.
#[derive(Default)]
struct Words {
    list: Vec<String>,
}

impl Words {
    fn add(&mut self, text: &str) {
        if text.is_empty() || self.list.len() >= MOST_WORDS {
            return;
        }
        if !self.list.is_empty() {
            self.list.push(GAP.to_owned());
        }
        let room = MOST_WORDS.saturating_sub(self.list.len());
        self.list.extend(all_words(text).take(room));
    }

    /// As PostgreSQL spells it: each word with its places. It keeps places up to 16,383; a word further back is found,
    /// a phrase there is not.
    fn vector(&self) -> String {
        let mut places: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
        for (at, word) in self.list.iter().enumerate() {
            let list = places.entry(word).or_default();
            if list.len() < 250 {
                list.push((at + 1).min(16_383).to_string());
            }
        }
        let spelled = places.into_iter().map(|(word, at)| format!("'{word}':{}", at.join(",")));
        spelled.collect::<Vec<_>>().join(" ")
    }
}

/// A word of a question.
struct Word {
    text: String,
    /// A Latin word or a number, of which one may type the beginning.
    latin: bool,
    /// A single character of a script without spaces.
    single: bool,
}

/// A run of characters that belong together.
enum Run {
    Dense(Vec<char>),
    Latin(String),
}

/// Is it written without spaces between words?
const fn is_dense(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
        && !matches!(c, '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{3030}')
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut broken = true;
    // Full-width letters and digits are the same words as the common ones.
    let narrow = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    for c in text.chars().map(narrow) {
        if is_dense(c) {
            match runs.last_mut() {
                Some(Run::Dense(run)) if !broken => run.push(c),
                _ => runs.push(Run::Dense(vec![c])),
            }
            broken = false;
        } else if c.is_alphanumeric() {
            let lower = c.to_lowercase();
            match runs.last_mut() {
                Some(Run::Latin(run)) if !broken => run.extend(lower),
                _ => runs.push(Run::Latin(lower.collect())),
            }
            broken = false;
        } else {
            broken = true;
        }
    }
    runs
}

/// The words a text has in the index: of a dense run every pair and the last character alone.
fn all_words(text: &str) -> impl Iterator<Item = String> {
    runs(text).into_iter().flat_map(|run| match run {
        Run::Latin(word) => vec![word.chars().take(LONGEST_WORD).collect()],
        Run::Dense(run) => {
            let last = run.last().map(ToString::to_string);
            let pairs = run.windows(2).map(|pair| pair.iter().collect());
            pairs.chain(last).collect::<Vec<String>>()
        }
    })
}

/// The words of one piece of a question, which must follow one another. A dense run asks for its pairs; one that
/// is followed by something else ends with its last character, as the index has it.
fn pieces(text: &str) -> Vec<Word> {
    let runs = runs(text);
    let count = runs.len();
    let mut words = Vec::new();
    for (at, run) in runs.into_iter().enumerate() {
        match run {
            Run::Latin(word) => words.push(Word {
                text: word.chars().take(LONGEST_WORD).collect(),
                latin: true,
                single: false,
            }),
            Run::Dense(run) => {
                let plain = |text| Word { text, latin: false, single: false };
                words.extend(run.windows(2).map(|pair| plain(pair.iter().collect())));
                if let Some(last) = run.last().filter(|_| run.len() == 1 || at + 1 < count) {
                    let single = at + 1 == count;
                    words.push(Word { text: last.to_string(), latin: false, single });
                }
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        all_words(text).collect()
    }

    fn asked(text: &str) -> Option<String> {
        match question(text, Dialect::Sqlite) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    #[test]
    fn chinese_is_cut_into_pairs_and_latin_into_words() {
        assert_eq!(words("機房溫度"), ["機房", "房溫", "溫度", "度"]);
        assert_eq!(words("UPS-2 故障"), ["ups", "2", "故障", "障"]);
        assert_eq!(words("115機故字第00042號"), ["115", "機故", "故字", "字第", "第", "00042", "號"]);
        assert_eq!(words("ＡＢＣ１"), ["abc1"]);
        assert_eq!(words("，。"), [] as [&str; 0]);
    }

    #[test]
    fn a_question_asks_for_its_pieces_in_order() {
        assert_eq!(asked("機房溫度").as_deref(), Some("\"機房 房溫 溫度\""));
        assert_eq!(asked("機房 ups").as_deref(), Some("\"機房\" AND \"ups\"*"));
        assert_eq!(asked("房").as_deref(), Some("\"房\"*"));
        assert_eq!(asked("第00042號").as_deref(), Some("\"第 00042 號\"*"));
        assert_eq!(asked("\" OR * -"), Some("\"or\"*".into()), "nothing of the index's own language passes");
        assert_eq!(asked(" ，").as_deref(), None);
    }
}
