//! Lines of devices, for tokens with the right `audit` whose owner a policy lets look into the ledger: found by address,
//! account or device, and one by its number. Each search is entered. Handed in, by tokens with the right `lines`.

use super::shape::Octets;
use super::{named, unfit};
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::query::Query;
use crate::trace::{Answer, Asked, By, MOST, addresses, asked, by, entered, found};
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use model::{Instant, Told};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use telemetry::Came;
use telemetry::find::Line;
use telemetry::source::is_apart;
use utoipa::ToSchema;

/// Bytes that are handed in at once.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// Lines that were found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Traced {
    /// How many there are.
    count: String,
    /// The newest of them, the newest first; 1,000 at most.
    lines: Vec<LineShape>,
    /// What addresses of theirs are called, as DNS says today; of none where nobody is asked, or it is not known yet.
    names: BTreeMap<String, String>,
}

/// A line of a device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineShape {
    /// Who received it.
    #[schema(example = "syslog-tcp")]
    receiver: String,
    /// Its number there.
    number: String,
    /// When it was received.
    received: String,
    /// Address of its sender; null where nobody sent it over the network: its receiver says where it is from.
    sender: Option<String>,
    /// The file it was read from; null where somebody sent it, or files are not followed by name.
    file: Option<String>,
    /// Was the sender unknown when it came? Lines of senders that nobody has registered are kept apart.
    unknown_sender: bool,
    /// When the device says that it happened.
    time: Option<String>,
    /// Whose way of writing it is; null where nobody's is known.
    dialect: Option<String>,
    /// What it says, by names such as `src_ip`, `dst_port`, `action`.
    fields: BTreeMap<String, String>,
    /// The line; bytes that are no UTF-8 as U+FFFD.
    line: String,
    /// The line to the byte, base64.
    bytes: String,
}

/// A line with what proves it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LineWhole {
    /// The line.
    #[serde(flatten)]
    line: LineShape,
    /// The entry with the root of its batch; null until it is entered, within a second.
    entry: Option<String>,
    /// What its addresses are called, as DNS says today; of none where nobody is asked, or it is not known yet.
    names: BTreeMap<String, String>,
}

/// What a statement found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answered {
    /// Names of the columns.
    columns: Vec<String>,
    /// Rows, each with a text for each column; null where there is no value.
    rows: Vec<Vec<Option<String>>>,
    /// Were there more rows than the 10,000 that are given?
    cut: bool,
}

/// Rows of an answer.
const MOST_ROWS: usize = 10_000;

/// A statement in SQL over the table `lines`, a row of which is a line: one query, which changes nothing.
#[utoipa::path(get, path = "/api/v1/lines/query", tag = "lines",
    params(("statement" = String, Query, description = "such as `SELECT action, count(*) FROM lines GROUP BY action`")),
    responses((status = 200, body = Answered)))]
pub(super) async fn query(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(crate::audit::admitted)?;
        let statement = query.one("statement").unwrap_or_default();
        let Answer { columns, rows, cut } = asked(cx, statement, MOST_ROWS)?;
        given::json(StatusCode::OK, &Answered { columns, rows, cut })
    })
    .await
}

/// Everything that an address or network, an account or a device did: one of them is asked for.
#[utoipa::path(get, path = "/api/v1/lines", tag = "lines",
    params(("address" = Option<String>, Query, description = "an address or a network, on either side"),
        ("user" = Option<String>, Query, description = "an account"),
        ("device" = Option<String>, Query, description = "a device, by the name it gives itself or its host"),
        ("from" = Option<String>, Query, description = "received at this moment or later"),
        ("until" = Option<String>, Query, description = "received before this moment")),
    responses((status = 200, body = Traced)))]
pub(super) async fn lines(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(crate::audit::admitted)?;
        let asked = asked_by(&query, MOST)?;
        let found = found(cx, &asked)?;
        let lines = found.lines.iter().map(|line| LineShape::of(cx, line)).collect();
        let names = names(cx, &found.lines);
        given::json(StatusCode::OK, &Traced { count: found.count.to_string(), lines, names })
    })
    .await
}

/// The same lines in a bundle, each with what leads from it to the ledger's head: 10,000 at most.
#[utoipa::path(get, path = "/api/v1/lines/bundle", tag = "lines",
    params(("address" = Option<String>, Query, description = "an address or a network, on either side"),
        ("user" = Option<String>, Query, description = "an account"),
        ("device" = Option<String>, Query, description = "a device, by the name it gives itself or its host"),
        ("from" = Option<String>, Query, description = "received at this moment or later"),
        ("until" = Option<String>, Query, description = "received before this moment")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(super) async fn bundle(cx: Cx, query: Query) -> PageResult {
    cx.run(move |cx| {
        cx.look(crate::audit::admitted)?;
        crate::trace::bundle::of(cx, &asked_by(&query, crate::trace::bundle::MOST)?)
    })
    .await
}

/// What addresses of lines are called.
fn names<'l>(cx: &Cx, lines: impl IntoIterator<Item = &'l Line>) -> BTreeMap<String, String> {
    let names = cx.site.lines().names(&addresses(lines));
    names.into_iter().map(|(address, name)| (address.to_string(), name)).collect()
}

fn asked_by(query: &Query, most: usize) -> Result<Asked, PageError> {
    let by = By { address: query.one("address"), user: query.one("user"), device: query.one("device") };
    let asked = Asked::of(&by, (moment(query, "from")?, moment(query, "until")?), most)?;
    asked.ok_or_else(|| unfit("address", "請指定位址、帳號或設備", "name an address, an account or a device"))
}

/// A line, with the entry that proves it.
#[utoipa::path(get, path = "/api/v1/lines/{receiver}/{number}", tag = "lines",
    params(("receiver" = String, Path, description = "who received it"), ("number" = String, Path, description = "its number there")),
    responses((status = 200, body = LineWhole)))]
pub(super) async fn line(cx: Cx, Path((receiver, number)): Path<(String, String)>) -> PageResult {
    let number: u64 = named(&number)?;
    cx.run(move |cx| {
        cx.look(|look| {
            crate::audit::admitted(look)?;
            let line = by(look, &receiver, number)?;
            let entry = entered(look, &receiver, number)?.map(|entry| entry.to_string());
            let names = names(cx, [&line]);
            given::json(StatusCode::OK, &LineWhole { line: LineShape::of(cx, &line), entry, names })
        })
    })
    .await
}

/// Lines that were taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HandedInShape {
    /// Who has received them.
    #[schema(example = "http")]
    receiver: String,
    /// Where they stand there, in the order in which they were handed in.
    lines: Vec<NumbersShape>,
}

/// Lines that follow one another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NumbersShape {
    /// Number of the first.
    first: String,
    /// How many.
    count: String,
}

/// Hands in lines of devices. The body is text, whatever its media type: each line, JSON or not, is kept as it stands up
/// to its line end. The answer comes once they are on the disk; where there is none, they are sent again.
#[utoipa::path(post, path = "/api/v1/lines", tag = "lines",
    request_body(content = Octets, content_type = "application/octet-stream"),
    responses((status = 200, body = HandedInShape)))]
pub(super) async fn hand_in(cx: Cx, body: Bytes) -> PageResult {
    cx.run(move |cx| {
        let now = cx.site.now();
        let came = cx.address.map_or_else(|| Came::from_file(now), |peer| Came::from_peer(now, peer));
        let taken = cx.site.lines().hand_in(came, &body).map_err(PageError::Unavailable)?;
        if taken.numbers.is_empty() {
            return Err(PageError::Refused(Told::new("請求內容無任何紀錄", "There is no line in the body")));
        }
        let shape = |range: &Range<u64>| NumbersShape {
            first: range.start.to_string(),
            count: (range.end - range.start).to_string(),
        };
        let lines = taken.numbers.iter().map(shape).collect();
        given::json(StatusCode::OK, &HandedInShape { receiver: taken.receiver, lines })
    })
    .await
}

fn moment(query: &Query, name: &str) -> Result<Option<Instant>, PageError> {
    let read = |text: &str| text.parse().map_err(|_| unfit(name, "沒有這個時刻", "there is no such moment"));
    query.one(name).map(read).transpose()
}

impl LineShape {
    fn of(cx: &Cx, line: &Line) -> Self {
        let fields = line.fields.iter().map(|(field, text)| (field.name().to_owned(), text.clone()));
        Self {
            receiver: line.receiver.clone(),
            number: line.number.to_string(),
            received: line.received.to_string(),
            sender: (!line.peer.is_unspecified()).then(|| line.peer.to_canonical().to_string()),
            file: cx.site.lines().file_of(line),
            unknown_sender: is_apart(&line.receiver),
            time: line.time.map(|time| time.to_string()),
            dialect: line.dialect.clone(),
            fields: fields.collect(),
            line: String::from_utf8_lossy(&line.bytes).into_owned(),
            bytes: proof::base64::encode(&line.bytes),
        }
    }
}
