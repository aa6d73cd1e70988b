//! Several signed at once: each is shown with what it is about; one answer of an authenticator signs the root of all
//! their statements, or one code vouches for each.
//!
//! Invariant: each is decided by the desk on its own; one that is refused, or not theirs to read any more, takes no
//! other with it.
//! Source: `docs/format.md` §7, "batch".

use super::{KeyAsk, StatementView, ask, check_code, posted_passkey, posted_statement, vouched};
use crate::acting::{self, Offered};
use crate::component::{Notice, Tone};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::filing::{Since, since_approved};
use crate::form::Posted;
use crate::look::Look;
use crate::names::{Named, Shown};
use crate::query::Query;
use crate::reading;
use crate::records::{self, Group, Opened, SignatureView};
use crate::route::{Access, Audit, Route};
use crate::shell::{Area, Shell};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use casework::{Command, Fill};
use data_encoding::BASE64URL_NOPAD;
use desk::{About, Asker, Denial, Order, Receipt, ToSign};
use model::{Evidence, RecordId, Told};
use proof::hash::Hash;
use proof::signature::{Batch, Evidence as Carried, Passkey, batch_challenge};
use proof::tree::{self, Subtrees};
use regulation::{Outcome, StepId};
use std::convert::Infallible;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/sign", Access::Person, Audit::Reading, || get(show)),
    Route::post("/sign", Access::Person, Audit::Act, || post(sign)),
];

/// Most that are signed at once: each is to be looked at.
pub(crate) const MOST: usize = 50;

/// One of several, as addresses and forms name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) record: RecordId,
    pub(crate) step: StepId,
    pub(crate) outcome: Outcome,
    /// In whose name, as `Stance::word` spells it.
    pub(crate) stance: String,
}

/// One of several, on the page.
struct Item<'a> {
    word: String,
    record: String,
    title: Named,
    /// The grade, where it is one that asks for a banner.
    banner: Option<String>,
    /// Register, step and outcome, in whose name; nothing of what is not there for them.
    facts: Vec<String>,
    groups: Vec<Group<'a>>,
    since: Option<Since>,
    signers: Vec<SignatureView>,
    /// What is signed; none where it cannot be signed here.
    sign: Option<ItemSign>,
    problem: Option<Notice<'a>>,
    /// The page without it.
    without: String,
}

/// What is signed of one of several.
struct ItemSign {
    seen: u32,
    key: StatementView,
    code: Option<StatementView>,
    leaf: Hash,
}

/// What came of one.
struct Came {
    title: Named,
    what: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "signing/batch.html")]
struct BatchPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    items: Vec<Item<'a>>,
    problem: Option<Notice<'a>>,
    ask: KeyAsk,
    /// How many can be signed, and how many of them by a code.
    ready: usize,
    by_code: usize,
}

#[derive(Template)]
#[template(path = "signing/came.html")]
struct CamePage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notice: Notice<'a>,
    came: Vec<Came>,
}

impl Word {
    /// As addresses and forms have it.
    pub(crate) fn told(&self) -> String {
        format!("{}~{}~{}~{}", self.record, self.step, self.outcome.word(), self.stance)
    }

    /// From an address or a form.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        let word = Self {
            record: parts.next()?.parse().ok()?,
            step: parts.next()?.parse().ok()?,
            outcome: Outcome::from_word(parts.next()?)?,
            stance: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(word)
    }

    /// Those of a form or an address, each record once.
    fn all(query: &Query) -> Vec<Self> {
        let mut words: Vec<Self> = Vec::new();
        for word in query.all("c").filter_map(Self::read) {
            if words.iter().all(|one| one.record != word.record) && words.len() < MOST {
                words.push(word);
            }
        }
        words
    }

    fn command(&self, seen: u32) -> Command {
        Command::Take {
            record: self.record,
            seen,
            step: self.step.clone(),
            outcome: self.outcome,
            reason: None,
            fill: Fill::new(),
            occurred_at: None,
            late_reason: None,
            signed: None,
        }
    }

    /// The offer it speaks of, if it is still made.
    fn offer(&self, look: &Look<'_>, opened: &Opened<'_>) -> Option<Offered> {
        let fits = |one: &Offered| {
            one.step == self.step && one.stance.word() == self.stance && one.outcomes.contains(&self.outcome)
        };
        acting::offers(look, &opened.case).into_iter().find(fits)
    }
}

async fn show(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| page(cx, &query, None)).await
}

fn page(cx: &Cx, query: &Query, told: Option<&Told>) -> PageResult {
    let words = Word::all(query);
    let records: Vec<RecordId> = words.iter().map(|word| word.record).collect();
    reading::note(cx, &records)?;
    cx.look(|look| {
        let items: Vec<Item<'_>> =
            words.iter().map(|word| item(look, &words, word)).collect::<Result<_, _>>()?;
        let signs = || items.iter().filter_map(|item| item.sign.as_ref());
        let leaves: Vec<Hash> = signs().map(|sign| sign.leaf).collect();
        let challenge = match leaves.as_slice() {
            [] => String::new(),
            leaves => BASE64URL_NOPAD.encode(&batch_challenge(leaves)),
        };
        let (ready, by_code) = (leaves.len(), signs().filter(|sign| sign.code.is_some()).count());
        let shell = Shell::new(cx, Some(Area::Work), cx.t("批次簽署", "Sign several"));
        let problem = told.map(|told| Notice::refused(cx, told));
        let status = if told.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        cx.render_as(
            status,
            &BatchPage { cx, shell, items, problem, ask: ask(cx, challenge), ready, by_code },
        )
    })
}

/// A record that is to be signed; none where it is not there for them, or not any more.
fn opened<'l>(look: &'l Look<'_>, record: RecordId) -> Result<Option<Opened<'l>>, PageError> {
    match Opened::of(look, record) {
        Ok(opened) => Ok(Some(opened)),
        Err(PageError::NotFound) => Ok(None),
        Err(PageError::Hidden(denial)) => {
            reading::deny(look.cx, denial);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// One of several, with what it is about.
fn item<'a>(look: &Look<'a>, words: &[Word], word: &Word) -> Result<Item<'a>, PageError> {
    let cx = look.cx;
    let others = words.iter().filter(|one| *one != word).map(|one| ("c".to_owned(), one.told()));
    let refused = |told: &Told| Some(Notice::refused(cx, told));
    let item = Item {
        word: word.told(),
        record: word.record.to_string(),
        title: look.record(word.record),
        banner: None,
        facts: Vec::new(),
        groups: Vec::new(),
        since: None,
        signers: Vec::new(),
        sign: None,
        problem: refused(&gone()),
        without: Query::of(others.collect()).behind("/sign"),
    };
    let Some(opened) = opened(look, word.record)? else { return Ok(item) };
    let (case, register) = (&opened.case, opened.register);
    let story = records::story(look, word.record)?;
    let what = records::what(look, register, &word.step, word.outcome);
    let mut item = Item {
        banner: reading::banner(look, case),
        facts: vec![cx.label(&register.label).to_owned(), what],
        groups: records::groups(look, register, case),
        since: since_approved(look, case, &story, &case.content),
        signers: records::views(look, register, &records::marks(&story)),
        ..item
    };
    match word.offer(look, &opened) {
        None => {}
        Some(offer) => {
            item.problem = None;
            item.facts.extend(offer.stance.principal.is_some().then(|| offer.stance.told(look)));
            match signed(cx, word, &offer, case.revision, case.unit) {
                Ok(sign) => item.sign = Some(sign),
                Err(told) => item.problem = refused(&told),
            }
        }
    }
    Ok(item)
}

fn signed(cx: &Cx, word: &Word, offer: &Offered, seen: u32, unit: model::UnitId) -> Result<ItemSign, Told> {
    let (desk, actor, command) = (cx.site.desk(), offer.stance.actor(cx, unit), word.command(seen));
    let to_sign = |evidence| desk.to_sign(&actor, &command, evidence).map_err(|refused| refused.told());
    let key: ToSign = to_sign(Evidence::Passkey)?.ok_or_else(gone)?;
    let code = if offer.least == Evidence::Passkey { None } else { to_sign(Evidence::Otp)? };
    let leaf = key.statement.leaf().map_err(|_| gone())?;
    let view = |one: &ToSign| super::statement(cx, one);
    Ok(ItemSign { seen, leaf, code: code.as_ref().map(view), key: view(&key) })
}

async fn sign(cx: Cx, posted: Posted) -> PageResult {
    cx.run(move |cx| {
        let words = Word::all(&posted.query);
        let by_code = match posted.query.one("_do") {
            Some("sign-passkey") => false,
            Some("sign-code") => true,
            _ => return Err(PageError::NotFound),
        };
        let evidence = if by_code {
            if let Err(told) = check_code(cx, posted.query.one("code").unwrap_or_default()) {
                return page(cx, &posted.query, Some(&told));
            }
            by_one_code(&words, &posted)
        } else {
            by_one_key(&words, &posted)
        };
        // Handed in together they share commits; each is waited for then.
        let each = words.iter().zip(evidence);
        let handed: Vec<Handed> =
            each.map(|(word, signed)| hand_in(cx, word, &posted, signed)).collect::<Result<_, _>>()?;
        answer(cx, handed.into_iter().map(|one| one.came(cx)).collect())
    })
    .await
}

/// A signature for each, where it has one.
type Signatures = Vec<Option<(ToSign, Carried)>>;

fn by_one_code(words: &[Word], posted: &Posted) -> Signatures {
    let statement = |word: &Word| posted_statement(posted, "code", &end(word));
    words.iter().map(|word| statement(word).map(|one| (one, vouched()))).collect()
}

/// The one answer, with its place among the statements for each.
fn by_one_key(words: &[Word], posted: &Posted) -> Signatures {
    let none = || words.iter().map(|_| None).collect();
    let Some(Carried::Passkey(answer)) = posted_passkey(posted) else { return none() };
    let statements: Vec<Option<ToSign>> =
        words.iter().map(|word| posted_statement(posted, "key", &end(word))).collect();
    let leaf = |one: &ToSign| one.statement.leaf().ok();
    let leaves: Vec<Hash> = statements.iter().flatten().filter_map(leaf).collect();
    if leaves.len() != statements.iter().flatten().count() {
        return none();
    }
    let mut places = places(&leaves).into_iter();
    let mut place = |one: ToSign| {
        let batch = places.next()?;
        Some((one, Carried::Passkey(Box::new(Passkey { batch: Some(batch), ..(*answer).clone() }))))
    };
    statements.into_iter().map(|one| one.and_then(&mut place)).collect()
}

/// Tells the fields of one from those of the others.
fn end(word: &Word) -> String {
    format!(".{}", word.record)
}

/// The place of each leaf in the tree of all.
pub(crate) fn places(leaves: &[Hash]) -> Vec<Batch> {
    let size = leaves.len() as u64;
    let place = |index: u64| {
        let Ok(proof) = tree::prove_range(index, index + 1, size, &mut Together(leaves));
        Batch { index, proof, size }
    };
    (0..size).map(place).collect()
}

/// Leaves that are all at hand.
struct Together<'l>(&'l [Hash]);

impl Subtrees for Together<'_> {
    type Error = Infallible;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let width = 1usize << level;
        let first = usize::try_from(index).map_or(usize::MAX, |index| index.saturating_mul(width));
        Ok(tree::root_of(self.0.get(first..first.saturating_add(width)).unwrap_or_default()))
    }
}

/// One of several on its way through the desk.
struct Handed {
    title: Named,
    what: String,
    /// What the desk was handed; or why it was not.
    order: Result<Receipt, Told>,
}

impl Handed {
    /// What came of it.
    fn came(self, cx: &Cx) -> Came {
        let done = self.order.and_then(|receipt| receipt.wait().map_err(|refused| refused.told()));
        let problem = done.err().map(|told| cx.language.told(&told).to_owned());
        Came { title: self.title, what: self.what, problem }
    }
}

/// Hands the desk one of several.
fn hand_in(
    cx: &Cx,
    word: &Word,
    posted: &Posted,
    signed: Option<(ToSign, Carried)>,
) -> Result<Handed, PageError> {
    let (title, there) = cx.look(|look| {
        let there = opened(look, word.record)?.map(|opened| {
            let what = look.step(opened.register, &word.step);
            let stance = cx.stances().iter().find(|stance| stance.word() == word.stance);
            (what, stance, opened.case.unit)
        });
        Ok((look.record(word.record), there))
    })?;
    let Some((what, stance, unit)) = there else {
        return Ok(Handed { title, what: String::new(), order: Err(gone()) });
    };
    let seen = posted.query.one(&format!("seen{}", end(word))).and_then(|seen| seen.parse().ok());
    if stance.is_none() {
        reading::deny(cx, Denial { act: word.step.to_string(), about: About::Record(word.record) });
    }
    let order = match (stance, seen, signed) {
        (Some(stance), Some(seen), Some((statement, carried))) => {
            let command = statement.sign(word.command(seen), carried);
            let asker = Asker::Person(stance.actor(cx, unit));
            Ok(cx.site.desk().submit(asker, Order::Casework(command)))
        }
        _ => Err(unsigned()),
    };
    Ok(Handed { title, what, order })
}

/// All done: back to one's work. Else what came of each.
fn answer(cx: &Cx, came: Vec<Came>) -> PageResult {
    let (all, refused) = (came.len(), came.iter().filter(|one| one.problem.is_some()).count());
    if refused == 0 {
        let place = Query::default().with("signed", all.to_string()).behind("/");
        return Ok(Redirect::to(&place).into_response());
    }
    let text = match cx.chinese() {
        true => format!("{all} 件中有 {} 件已簽署，{refused} 件未受理，原因如下。", all - refused),
        false => {
            format!("Of {all}, {} are signed; {refused} were not accepted, for these reasons.", all - refused)
        }
    };
    let shell = Shell::new(cx, Some(Area::Work), cx.t("批次簽署", "Sign several"));
    let notice = Notice::new(cx, Tone::Warning, text);
    cx.render_as(StatusCode::UNPROCESSABLE_ENTITY, &CamePage { cx, shell, notice, came })
}

fn gone() -> Told {
    Told::new(
        "本件目前不需由您簽署，可能已由他人辦理。",
        "This one is not yours to sign now; somebody else may have been quicker.",
    )
}

fn unsigned() -> Told {
    Told::new(
        "未收到本件之簽章；須以通行金鑰簽署者，不得以一次性驗證碼代之。",
        "No signature came for this one. Where a passkey is asked, a one-time code does not do.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_proves_its_leaf_and_no_other() {
        let leaves: Vec<Hash> = (0..7u8).map(|number| Hash::of(&[&[number]])).collect();
        for size in 1..=leaves.len() {
            let leaves = &leaves[..size];
            let root = tree::root_of(leaves);
            for (batch, leaf) in places(leaves).iter().zip(leaves) {
                let proved = tree::check_range(batch.index, &[*leaf], batch.size, &batch.proof).unwrap();
                assert_eq!(proved, root);
                let other = tree::check_range(batch.index, &[Hash::of(&[b"x"])], batch.size, &batch.proof);
                assert!(other.is_err() || other.unwrap() != root);
            }
        }
    }

    #[test]
    fn words_come_back_as_they_went_and_each_record_stands_once() {
        let word = Word {
            record: RecordId::from_bytes([1; 16]),
            step: "approve".parse().unwrap(),
            outcome: Outcome::Approve,
            stance: "head.u.p".into(),
        };
        assert_eq!(Word::read(&word.told()), Some(word.clone()));
        let query =
            Query::of(vec![("c".into(), word.told()), ("c".into(), word.told()), ("c".into(), "x".into())]);
        assert_eq!(Word::all(&query), [word]);
    }
}
