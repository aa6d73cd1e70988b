//! Who sends lines, for tokens with the right `audit` whose owner a policy lets look into the ledger: what the page of
//! sources shows.

use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::given;
use crate::sources::{
    Heard, Month, ReceiverHeard, Reckoned, SourceHeard, Standing, TALKERS, UnknownSender, reckoned,
};
use axum::extract::Path;
use axum::http::StatusCode;
use model::Instant;
use serde::Serialize;
use telemetry::Gaps;
use telemetry::source::Network;
use telemetry::traffic::Sent;
use utoipa::ToSchema;

/// Who sends lines, and what has come of them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SendersShape {
    /// Since when lines are counted.
    since: String,
    /// Sources that the register has in force.
    sources: Vec<SourceShape>,
    /// Senders that nobody has registered, the one heard last first; their lines are kept apart.
    unknown: Vec<UnknownShape>,
    /// Lines of senders that are too many to be told apart.
    others: String,
    /// Records of the register of which it cannot be told whether they are in force.
    unclear: Vec<String>,
    /// Every receiver.
    receivers: Vec<ReceiverShape>,
}

/// A registered source.
#[derive(Debug, Serialize, ToSchema)]
struct SourceShape {
    /// Its record.
    record: String,
    /// The unit the record belongs to.
    unit: String,
    /// Its name.
    name: String,
    /// The address or network it sends from.
    #[schema(example = "10.1.0.0/16")]
    network: String,
    /// `heard`; `silent`: nothing for an hour, or ever; `doubled`: another record has the same network, and counts;
    /// `no_network`: what it sends from is neither an address nor a network.
    state: SourceState,
    /// What has come of it.
    #[serde(flatten)]
    heard: HeardShape,
}

/// How a source stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SourceState {
    Doubled,
    Heard,
    NoNetwork,
    Silent,
}

/// A sender that nobody has registered.
#[derive(Debug, Serialize, ToSchema)]
struct UnknownShape {
    /// From where it sends.
    #[schema(example = "198.51.100.7")]
    address: String,
    /// What has come of it.
    #[serde(flatten)]
    heard: HeardShape,
}

/// What has come of a sender.
#[derive(Debug, Serialize, ToSchema)]
struct HeardShape {
    /// Lines.
    lines: String,
    /// Bytes of them.
    bytes: String,
    /// Lines with all nine fields of clause 27.1.2.
    nine: String,
    /// Lines of the last sixty seconds.
    rate: String,
    /// When the last one was received; null where none was.
    last: Option<String>,
    /// Microseconds from the time the device wrote to its reception, of the last line with such a time.
    skew: Option<String>,
    /// What is missing by the numbers that its devices give what they send; null where they give none.
    gaps: Option<GapsShape>,
    /// Into which receivers they went.
    receivers: Vec<String>,
}

/// What is missing of a sender by the numbers that its devices give what they send, since the start.
#[derive(Debug, Serialize, ToSchema)]
struct GapsShape {
    /// Lines, or datagrams of flows, with a number.
    numbered: String,
    /// Of these, lines of devices that are too many to be told apart.
    untold: String,
    /// Gaps.
    found: String,
    /// Numbers that are missing in them.
    missing: String,
    /// How often numbers went back: a device began anew, or sent again what it had sent.
    back: String,
}

/// A receiver.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiverShape {
    /// Its name.
    #[schema(example = "syslog-udp-unknown")]
    name: String,
    /// Lines that are durable.
    lines: String,
    /// Datagrams that the kernel dropped; null where it takes none.
    dropped: Option<String>,
}

/// Who sends lines: of each registered source when it was heard last, how much and how well; and unknown senders.
#[utoipa::path(get, path = "/api/v1/sources", tag = "lines", responses((status = 200, body = SendersShape)))]
pub(super) async fn sources(cx: Cx) -> PageResult {
    cx.run(move |cx| {
        cx.look(crate::audit::admitted)?;
        let now = cx.now();
        let senders = cx.site.lines().senders(now);
        let shape = SendersShape {
            since: senders.since.to_string(),
            sources: senders.sources.iter().map(|source| SourceShape::of(source, now)).collect(),
            unknown: senders.unknown.iter().map(UnknownShape::of).collect(),
            others: senders.others.to_string(),
            unclear: senders.unclear.iter().map(ToString::to_string).collect(),
            receivers: senders.receivers.iter().map(ReceiverShape::of).collect(),
        };
        given::json(StatusCode::OK, &shape)
    })
    .await
}

impl SourceShape {
    fn of(source: &SourceHeard, now: Instant) -> Self {
        Self {
            record: source.record.to_string(),
            unit: source.unit.to_string(),
            name: source.name.clone(),
            network: source.network.clone(),
            state: match source.standing {
                Standing::Doubled => SourceState::Doubled,
                Standing::NoNetwork => SourceState::NoNetwork,
                Standing::Listed if source.is_silent(now) => SourceState::Silent,
                Standing::Listed => SourceState::Heard,
            },
            heard: HeardShape::of(&source.heard),
        }
    }
}

impl UnknownShape {
    fn of(sender: &UnknownSender) -> Self {
        Self { address: sender.address.to_string(), heard: HeardShape::of(&sender.heard) }
    }
}

impl HeardShape {
    fn of(heard: &Heard) -> Self {
        Self {
            lines: heard.lines.to_string(),
            bytes: heard.bytes.to_string(),
            nine: heard.nine.to_string(),
            rate: heard.rate.to_string(),
            last: heard.last.map(|last| last.to_string()),
            skew: heard.skew.map(|skew| skew.to_string()),
            gaps: Some(&heard.gaps).filter(|gaps| gaps.numbered > 0).map(GapsShape::of),
            receivers: heard.receivers.clone(),
        }
    }
}

impl GapsShape {
    fn of(gaps: &Gaps) -> Self {
        Self {
            numbered: gaps.numbered.to_string(),
            untold: gaps.untold.to_string(),
            found: gaps.found.to_string(),
            missing: gaps.missing.to_string(),
            back: gaps.back.to_string(),
        }
    }
}

impl ReceiverShape {
    fn of(receiver: &ReceiverHeard) -> Self {
        Self {
            name: receiver.name.clone(),
            lines: receiver.lines.to_string(),
            dropped: receiver.dropped.map(|dropped| dropped.to_string()),
        }
    }
}

/// What each sender has sent within a month.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MonthShape {
    /// The month.
    #[schema(example = "2026-11")]
    month: String,
    /// Files of the month that are still to be read; as long as it is not 0, ask again.
    left: String,
    /// Every sender; none as long as files are to be read.
    senders: Vec<SentShape>,
}

/// What a sender has sent.
#[derive(Debug, Serialize, ToSchema)]
struct SentShape {
    /// The record of the source; null where nobody has registered it.
    record: Option<String>,
    /// The address, or the network of the source; null for what nobody sent over the network: files, the journal of systemd, readings.
    network: Option<String>,
    /// Lines.
    lines: String,
    /// Bytes that were transferred, as the lines say; null where none says.
    transferred: Option<String>,
    /// Lines of severity *error* or worse.
    errors: String,
    /// When the first was received.
    first: String,
    /// When the last was received.
    last: String,
    /// From when to when nothing came for more than 15 minutes.
    outages: Vec<OutageShape>,
    /// The source addresses that most lines speak of, at most 10.
    talkers: Vec<TalkerShape>,
    /// Were there so many addresses that some were given up? Counts of talkers are then at least what they say.
    about: bool,
}

/// A time in which nothing came.
#[derive(Debug, Serialize, ToSchema)]
struct OutageShape {
    /// When the last line before it was received.
    from: String,
    /// When the next one was; the present, or the month's end, where none was.
    until: String,
}

/// An address, and in how many lines it stands.
#[derive(Debug, Serialize, ToSchema)]
struct TalkerShape {
    /// The address.
    address: String,
    /// Lines.
    lines: String,
}

/// What each sender has sent within a month: volume, errors, outages, talkers. A large month is read in several askings.
#[utoipa::path(get, path = "/api/v1/sources/months/{month}", tag = "lines",
    params(("month" = String, Path, description = "as `2026-11`")), responses((status = 200, body = MonthShape)))]
pub(super) async fn month(cx: Cx, Path(month): Path<String>) -> PageResult {
    let month = Month::read(&month).ok_or(PageError::NotFound)?;
    cx.run(move |cx| {
        cx.look(crate::audit::admitted)?;
        let (reckoned, until) = (reckoned(cx, month)?, month.span(cx)?.end.min(cx.now()));
        let senders = reckoned.traffic.senders().iter().filter(|_| reckoned.left == 0);
        let shape = MonthShape {
            month: month.word(),
            left: reckoned.left.to_string(),
            senders: senders.map(|(network, sent)| SentShape::of(&reckoned, *network, sent, until)).collect(),
        };
        given::json(StatusCode::OK, &shape)
    })
    .await
}

impl SentShape {
    fn of(reckoned: &Reckoned, network: Network, sent: &Sent, until: Instant) -> Self {
        let unsent = network.addresses().start().is_unspecified();
        let pauses = if unsent { Vec::new() } else { sent.pauses_until(until) };
        Self {
            record: reckoned.names.get(&network).map(|name| name.record.to_string()),
            network: (!unsent).then(|| network.to_string()),
            lines: sent.lines.to_string(),
            transferred: (sent.telling > 0).then(|| sent.transferred.to_string()),
            errors: sent.errors.to_string(),
            first: sent.first.to_string(),
            last: sent.last.to_string(),
            outages: pauses
                .iter()
                .map(|pause| OutageShape { from: pause.start.to_string(), until: pause.end.to_string() })
                .collect(),
            talkers: sent
                .talkers(TALKERS)
                .into_iter()
                .map(|(address, lines)| TalkerShape {
                    address: address.to_canonical().to_string(),
                    lines: lines.to_string(),
                })
                .collect(),
            about: sent.is_about(),
        }
    }
}
