//! Search: words and pairs of characters, in the same transaction as the rows they lead to.
//!
//! Chinese is not written with spaces, so that every two neighbouring characters are a word of the index: any piece of
//! two characters or more is found, wherever it stands. Latin words and numbers are taken whole, in lower case; the last
//! one of a question also finds what begins with it.
//! What is a word is decided here alone: both databases are given words, and find the same records.
//! Sealed fields and sealed files are never indexed.

use crate::error::StoreError;
use crate::flush::files;
use crate::layout::Sheet;
use crate::put::value;
use crate::sql::{Dialect, Sql, Value};
use casework::Case;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Separates texts, so that no question matches across two of them. It is no character.
const GAP: &str = "\u{10FFFF}";
/// Longest word of the index, in characters.
const LONGEST_WORD: usize = 48;
/// Most words of one record; what a longer file says beyond is not found.
const MOST_WORDS: usize = 200_000;
/// Most pieces of a question, and words of a piece; it is asked for no more.
const MOST_PIECES: usize = 16;
const MOST_PHRASE: usize = 64;

/// PostgreSQL keeps, in one row, places up to 16,383, 255 of them for a word, and a megabyte in all. A long text takes
/// several rows that overlap by as much as a phrase is long.
const PART_WORDS: usize = 16_000;
const PART_PLACES: usize = 255;
const PART_BYTES: usize = 400_000;

/// Statements that make the index.
pub(crate) const fn create(dialect: Dialect) -> &'static str {
    match dialect {
        // Words are cut beforehand; this tokenizer leaves all but spaces as it is.
        Dialect::Sqlite => {
            "CREATE VIRTUAL TABLE search USING fts5 (words, content = '', contentless_delete = 1, \
             tokenize = 'ascii');"
        }
        Dialect::Postgres => {
            "CREATE TABLE search (opened BIGINT NOT NULL, part BIGINT NOT NULL, words TSVECTOR NOT NULL, \
             PRIMARY KEY (opened, part)); \
             CREATE INDEX search_words ON search USING GIN (words) WITH (fastupdate = off);"
        }
    }
}

/// Puts a record into the index; a fresh one holds nothing of it yet.
pub(crate) fn index(
    sql: &mut Sql,
    case: &Case,
    opened: u64,
    sheet: &Sheet,
    fresh: bool,
) -> Result<(), StoreError> {
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
    if !fresh {
        take(sql, opened)?;
    }
    if words.list.is_empty() {
        return Ok(());
    }
    match sql.dialect() {
        Dialect::Sqlite => sql
            .run("INSERT INTO search (rowid, words) VALUES ($1, $2)", &[opened.into(), words.list.join(" ").into()])
            .map(drop),
        Dialect::Postgres => words.parts().into_iter().enumerate().try_for_each(|(part, vector)| {
            let text = "INSERT INTO search (opened, part, words) VALUES ($1, $2, CAST(CAST($3 AS TEXT) AS TSVECTOR))";
            sql.run(text, &[opened.into(), part.into(), vector.into()]).map(drop)
        }),
    }
}

/// Do two states of a case give the index the same words?
pub(crate) fn same(one: &Case, other: &Case, sheet: &Sheet) -> bool {
    let mut fields = sheet.search.iter().chain(&sheet.files);
    one.number == other.number && fields.all(|field| value(one, field) == value(other, field))
}

/// Takes a record out of the index.
pub(crate) fn take(sql: &mut Sql, opened: u64) -> Result<(), StoreError> {
    let text = match sql.dialect() {
        Dialect::Sqlite => "DELETE FROM search WHERE rowid = $1",
        Dialect::Postgres => "DELETE FROM search WHERE opened = $1",
    };
    sql.run(text, &[opened.into()]).map(drop)
}

/// The condition that a record is found by PostgreSQL, over a table with the column `opened`; `put` binds a value and
/// gives its holder. SQLite is asked by [`matched`].
pub(crate) fn found_by_postgres(question: &Question, put: &mut dyn FnMut(Value) -> String) -> String {
    let one = |phrase: &Value| {
        let phrase = put(phrase.clone());
        format!(
            "opened IN (SELECT opened FROM search WHERE words @@ CAST(CAST({phrase} AS TEXT) AS TSQUERY))"
        )
    };
    question.0.iter().map(one).collect::<Vec<_>>().join(" AND ")
}

/// Has PostgreSQL plan the statements of a transaction with the words in view: how common they are decides which plan is
/// good, and a plan made for any words is good for few.
pub(crate) fn in_view(sql: &mut Sql) -> Result<(), StoreError> {
    match sql.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => sql.script("SET LOCAL plan_cache_mode TO force_custom_plan"),
    }
}

/// The condition over the index itself; SQLite alone asks it in one question.
pub(crate) fn matched(question: &Question, put: &mut dyn FnMut(Value) -> String) -> String {
    let one = |phrase: &Value| format!("search MATCH {}", put(phrase.clone()));
    question.0.iter().map(one).collect::<Vec<_>>().join(" AND ")
}

/// What a question asks the index, in the words of a database: all of it must be found.
#[derive(Debug)]
pub(crate) struct Question(Vec<Value>, Dialect);

impl Question {
    /// Is it asked of SQLite?
    pub(crate) fn is_of_sqlite(&self) -> bool {
        self.1 == Dialect::Sqlite
    }
}

/// What a question asks the index; none where it holds nothing that could be found.
#[must_use]
pub(crate) fn question(text: &str, dialect: Dialect) -> Option<Question> {
    let pieces = text.split_whitespace().map(pieces).filter(|one| !one.is_empty());
    let pieces: Vec<Vec<Word>> = pieces.take(MOST_PIECES).collect();
    let last = pieces.len().checked_sub(1)?;
    let phrases = pieces.iter().enumerate().map(|(at, words)| {
        let open = words.last().is_some_and(|word| word.single || (word.latin && at == last));
        phrase(words, open, dialect)
    });
    Some(match dialect {
        // One question of the index, which meets what is rare first.
        Dialect::Sqlite => {
            let phrases: Vec<String> = phrases.collect();
            Question(vec![phrases.join(" AND ").into()], dialect)
        }
        // A question each, since they may be found in different rows of one record.
        Dialect::Postgres => Question(phrases.map(Value::from).collect(), dialect),
    })
}

/// Words that follow one another; an open one also finds what begins with its last word.
fn phrase(words: &[Word], open: bool, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => {
            let list: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            format!("\"{}\"{}", list.join(" "), if open { "*" } else { "" })
        }
        Dialect::Postgres => {
            let list: Vec<String> = words.iter().map(|word| format!("'{}'", word.text)).collect();
            format!("{}{}", list.join(" <-> "), if open { ":*" } else { "" })
        }
    }
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

    /// As PostgreSQL spells it: in parts, each word with its places.
    fn parts(&self) -> Vec<String> {
        let (mut parts, mut part) = (Vec::new(), Part::default());
        let mut at = 0;
        while let Some(word) = self.list.get(at) {
            if part.is_full(word) {
                parts.push(part.spelled());
                part = Part::default();
                // A phrase that began in the last part is found in this one.
                let overlap = at.saturating_sub(MOST_PHRASE)..at;
                self.list.get(overlap).unwrap_or_default().iter().for_each(|word| part.add(word));
            }
            part.add(word);
            at += 1;
        }
        parts.push(part.spelled());
        parts
    }
}

/// What goes into one row.
#[derive(Default)]
struct Part<'w> {
    places: BTreeMap<&'w str, Vec<usize>>,
    words: usize,
    bytes: usize,
}

impl<'w> Part<'w> {
    fn is_full(&self, word: &str) -> bool {
        self.words >= PART_WORDS
            || self.bytes >= PART_BYTES
            || self.places.get(word).is_some_and(|places| places.len() >= PART_PLACES)
    }

    fn add(&mut self, word: &'w str) {
        self.words += 1;
        if word == GAP {
            return;
        }
        let places = self.places.entry(word).or_default();
        self.bytes += 2 + if places.is_empty() { word.len() + 4 } else { 0 };
        places.push(self.words);
    }

    fn spelled(&self) -> String {
        let one = |(word, places): (&&str, &Vec<usize>)| {
            let places: Vec<String> = places.iter().map(ToString::to_string).collect();
            format!("'{word}':{}", places.join(","))
        };
        self.places.iter().map(one).collect::<Vec<_>>().join(" ")
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

/// Is it written without spaces between words? Characters that an authority has made for itself, in the areas for
/// private use, are such: names are written with them.
const fn is_dense(c: char) -> bool {
    match c {
        // Punctuation, marks and hexagrams in between.
        '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3020}'
        | '\u{302A}'..='\u{3030}'
        | '\u{303D}'..='\u{3040}'
        | '\u{3097}'..='\u{309C}'
        | '\u{30A0}'
        | '\u{30FB}'
        | '\u{4DC0}'..='\u{4DFF}' => false,
        '\u{2E80}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7AF}'
        | '\u{E000}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}'
        | '\u{F0000}'..='\u{FFFFD}'
        | '\u{100000}'..='\u{10FFFD}' => true,
        _ => false,
    }
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
    words.truncate(MOST_PHRASE);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        all_words(text).collect()
    }

    fn asked(text: &str) -> Option<String> {
        spelled(text, Dialect::Sqlite).map(|phrases| phrases.concat())
    }

    fn spelled(asked: &str, dialect: Dialect) -> Option<Vec<String>> {
        let text = |value: Value| match value {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        };
        question(asked, dialect).map(|found| found.0.into_iter().map(text).collect())
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

    #[test]
    fn names_with_rare_and_self_made_characters_are_words_and_a_middle_dot_is_not() {
        assert_eq!(words("王\u{E001}\u{30000}"), ["王\u{E001}", "\u{E001}\u{30000}", "\u{30000}"]);
        assert_eq!(words("約翰・史密斯"), ["約翰", "翰", "史密", "密斯", "斯"]);
        assert_eq!(words(GAP), [] as [&str; 0]);
    }

    #[test]
    fn postgresql_is_asked_for_each_piece_apart() {
        let asked = spelled("第00042號 ups", Dialect::Postgres).unwrap();
        assert_eq!(asked, ["'第' <-> '00042' <-> '號':*", "'ups':*"]);
    }

    #[test]
    fn a_question_is_cut_off_where_it_gets_too_long() {
        let long = "機房溫度過高".repeat(100);
        assert_eq!(
            spelled(&long, Dialect::Postgres).unwrap().concat().matches("<->").count(),
            MOST_PHRASE - 1
        );
        assert_eq!(spelled(&"機房 ".repeat(100), Dialect::Postgres).unwrap().len(), MOST_PIECES);
    }

    #[test]
    fn a_long_text_takes_parts_that_overlap_and_none_holds_too_much() {
        let mut words = Words::default();
        words.add(&"零 ".repeat(1_000));
        words.add(&(0..40_000).map(|n| format!("w{n} ")).collect::<String>());
        let parts = words.parts();
        for part in &parts {
            let places: Vec<Vec<usize>> = part
                .split(' ')
                .map(|word| {
                    word.rsplit(':').next().unwrap().split(',').map(|at| at.parse().unwrap()).collect()
                })
                .collect();
            assert!(
                places
                    .iter()
                    .all(|places| places.len() <= PART_PLACES && places.iter().all(|at| *at <= 16_383))
            );
            assert!(part.len() < 1 << 20);
        }
        // Every 64 words that follow one another stand in one part.
        let held = |part: &String| -> std::collections::HashSet<usize> {
            part.split(' ')
                .filter_map(|word| word.strip_prefix("'w")?.split('\'').next()?.parse().ok())
                .collect()
        };
        let held: Vec<_> = parts.iter().map(held).collect();
        for first in 0..=(40_000 - MOST_PHRASE) {
            let last = first + MOST_PHRASE - 1;
            assert!(held.iter().any(|part| part.contains(&first) && part.contains(&last)), "{first}");
        }
    }
}
