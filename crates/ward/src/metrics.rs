//! Figures of the running system in Prometheus' text form: requests, desk, ledger, witnesses, memory.
//!
//! Invariants: no figure names a person, a unit or a record; a route stands by its pattern, so that what strangers ask
//! for makes no new rows. Only this machine itself, or who knows the token, is answered.
//! Source: Prometheus text exposition format 0.0.4.

use crate::machine::{SystemClock, resident_bytes};
use crate::office::Office;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ledger::cosign::{RECENT, Standing, standing};
use ledger::objects::CHECKPOINT;
use model::{Clock as _, Instant, Severity};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use store::{AlarmState, AlarmsOf, AlarmsWanted, OutletRow, StoreError};
use zeroize::Zeroizing;

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u64; 11] =
    [500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Requests so far.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    /// By route, method and class of the status.
    requests: BTreeMap<(String, &'static str, char), u64>,
    /// By route.
    taken: BTreeMap<String, Taken>,
}

/// How long answers took.
#[derive(Default)]
struct Taken {
    /// So many within each bound, and not within the one below.
    within: [u64; BOUNDS.len()],
    count: u64,
    micros: u64,
}

/// Who may look at the figures, beside this machine itself.
#[derive(Clone)]
pub(crate) struct Token(Option<Arc<Zeroizing<String>>>);

impl Metrics {
    fn count(&self, route: &str, method: &'static str, status: StatusCode, micros: u64) {
        let class = char::from_digit(u32::from(status.as_u16() / 100), 10).unwrap_or('0');
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.requests.entry((route.to_owned(), method, class)).or_default() += 1;
        let taken = counted.taken.entry(route.to_owned()).or_default();
        taken.count += 1;
        taken.micros = taken.micros.saturating_add(micros);
        if let Some((_, within)) = BOUNDS.iter().zip(&mut taken.within).find(|(bound, _)| micros <= **bound) {
            *within += 1;
        }
    }

    /// What was counted, as text.
    fn told(&self, text: &mut String) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        head(
            text,
            "ward_requests_total",
            "counter",
            "Requests answered, by route, method and class of the status.",
        );
        for ((route, method, class), count) in &counted.requests {
            let _ = writeln!(
                text,
                "ward_requests_total{{route=\"{}\",method=\"{method}\",status=\"{class}xx\"}} {count}",
                escaped(route)
            );
        }
        let name = "ward_request_seconds";
        head(text, name, "histogram", "Time until the answer began, by route.");
        for (route, taken) in &counted.taken {
            let route = escaped(route);
            let mut sum = 0;
            for (bound, within) in BOUNDS.iter().zip(taken.within) {
                sum += within;
                let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"{}\"}} {sum}", seconds(*bound));
            }
            let _ = writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {}", taken.count);
            let _ = writeln!(text, "{name}_sum{{route=\"{route}\"}} {}", seconds(taken.micros));
            let _ = writeln!(text, "{name}_count{{route=\"{route}\"}} {}", taken.count);
        }
    }
}

/// Counts a request, and how long its answer took to begin.
pub(crate) async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let began = SystemClock.now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = match request.method().as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    };
    let response = next.run(request).await;
    let micros = u64::try_from(SystemClock.now().as_micros() - began.as_micros()).unwrap_or(0);
    metrics.count(route.as_deref().unwrap_or("none"), method, response.status(), micros);
    response
}

impl Token {
    /// Nobody but this machine, where there is none.
    pub(crate) fn new(token: Option<String>) -> Self {
        Self(token.filter(|token| !token.is_empty()).map(|token| Arc::new(Zeroizing::new(token))))
    }

    /// May whoever asks see the figures? What was passed on by another server does not come from this machine.
    pub(crate) fn admits(&self, came: Option<&web::Came>, headers: &HeaderMap) -> bool {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if let (Some(token), Some(given)) = (&self.0, given) {
            // Digests are compared, so that the time taken says nothing.
            return Sha256::digest(token.as_bytes()) == Sha256::digest(given);
        }
        let passed_on = headers.contains_key(header::FORWARDED) || headers.contains_key("x-forwarded-for");
        // A page of another site that has got itself this machine's address is known by the name it asks for.
        let named = text(header::HOST).is_none_or(web::is_loopback);
        given.is_none() && !passed_on && named && came.is_some_and(|came| came.address.ip().is_loopback())
    }
}

/// Everything, as text.
pub(crate) fn page(metrics: &Metrics, office: &Office, started: Instant, now: Instant) -> String {
    let mut text = String::new();
    metrics.told(&mut text);
    let mut one = |name: &str, of: &str, help: &str, value: f64| {
        head(&mut text, name, of, help);
        let _ = writeln!(text, "{name} {value}");
    };
    let taking = if office.stopped().is_none() { 1. } else { 0. };
    one("ward_taking", "gauge", "1 while orders and entries are taken.", taking);
    let figures = office.desk.figures();
    one(
        "ward_desk_batches_total",
        "counter",
        "Batches appended and committed since the start.",
        float(figures.batches),
    );
    one("ward_desk_orders_done_total", "counter", "Orders done since the start.", float(figures.done));
    one(
        "ward_desk_orders_refused_total",
        "counter",
        "Orders refused since the start.",
        float(figures.refused),
    );
    one(
        "ward_desk_entries_total",
        "counter",
        "Entries the desk has made since the start.",
        float(figures.entries),
    );
    one("ward_ledger_entries", "gauge", "Entries acknowledged.", float(office.ledger.head().size));
    one("ward_ledger_published_entries", "gauge", "Entries published.", float(office.ledger.published()));
    one(
        "ward_tables_position",
        "gauge",
        "Entries the tables have come to.",
        float(office.desk.seen().position),
    );
    let witnesses = office.policy.witnesses().len() as u64;
    one("ward_witnesses", "gauge", "Witnesses named by the policy.", float(witnesses));
    let published = office.objects.fetch(CHECKPOINT).ok().flatten();
    let standing = published.and_then(|note| standing(&office.policy, &note, now, RECENT).ok());
    let witnessed = matches!(standing, Some(Standing::Witnessed { .. }));
    let help = "1 while a quorum of witnesses has cosigned the head lately.";
    one("ward_ledger_witnessed", "gauge", help, f64::from(u8::from(witnessed)));
    let age = match standing {
        Some(Standing::Witnessed { age } | Standing::Outdated { age }) => age.as_secs_f64(),
        _ => f64::NAN,
    };
    one("ward_ledger_witnessed_seconds", "gauge", "Age of the last quorum of cosignatures.", age);
    let start = started.as_micros().max(0).unsigned_abs();
    one("process_start_time_seconds", "gauge", "Start, in seconds since 1970.", float(start) / 1e6);
    if let Some(bytes) = resident_bytes() {
        one("process_resident_memory_bytes", "gauge", "Memory in use.", float(bytes));
    }
    let senders = web::Lines::senders(&office.lines, now);
    let silent = senders.silent(now) as u64;
    let help = "Registered sources of which nothing came for an hour, or ever.";
    one("ward_lines_silent_sources", "gauge", help, float(silent));
    let gaps = senders.gaps();
    one(
        "ward_lines_numbered_total",
        "counter",
        "Lines and datagrams of flows since the start that bear a number of their device.",
        float(gaps.numbered),
    );
    one(
        "ward_lines_missing_total",
        "counter",
        "Numbers missing among them since the start, by all senders together.",
        float(gaps.missing),
    );
    one("ward_lines_gaps_total", "counter", "Gaps in which they are missing.", float(gaps.found));
    let (known, unknown) = senders.lines();
    let (receivers, lost) = office.lines.figures();
    one(
        "ward_lines_dropped_total",
        "counter",
        "Datagrams that the kernel dropped before they were read, since the start.",
        float(lost.datagrams),
    );
    one(
        "ward_lines_refused_total",
        "counter",
        "Connections of senders that were refused since the start: too many, a failed handshake, what is no frame.",
        float(lost.connections),
    );
    let durable = receivers.iter().map(|(name, figures)| (name.clone(), figures.lines)).collect();
    let watching = office.watching.figures(&durable);
    let works = f64::from(u8::from(watching.works));
    one("ward_watch_works", "gauge", "1 while rules are tried on what is received.", works);
    one(
        "ward_watch_lag_lines",
        "gauge",
        "Lines that are durable and were not tried yet.",
        float(watching.lag),
    );
    one("ward_watch_lines_total", "counter", "Lines tried since the start.", float(watching.tried));
    one("ward_watch_rules", "gauge", "Rules at work.", float(watching.rules));
    one("ward_watch_alarms", "gauge", "Alarms that stand.", float(watching.standing));
    one(
        "ward_watch_entries_total",
        "counter",
        "Entries about alarms since the start.",
        float(watching.entered),
    );
    let help =
        "Groups of rules that were forgotten because there were too many, and could still have counted.";
    one("ward_watch_forgotten_total", "counter", help, float(watching.evicted));
    let help = "From the reception of a line to the entry of its alarm, of the last one.";
    let delay = watching.delay.map_or(f64::NAN, |delay| delay.as_secs_f64());
    one("ward_watch_alarm_seconds", "gauge", help, delay);
    if let Some(flows) = office.lines.flow_figures() {
        let figures = [
            (
                "ward_flows_datagrams_total",
                "counter",
                "Datagrams of NetFlow and IPFIX since the start.",
                flows.datagrams,
            ),
            (
                "ward_flows_broken_total",
                "counter",
                "Of these, those that do not read to their end.",
                flows.broken,
            ),
            ("ward_flows_records_total", "counter", "Records read since the start.", flows.records),
            (
                "ward_flows_missing_total",
                "counter",
                "Flows, datagrams or records missing since the start by their exporters' numbers.",
                flows.missing,
            ),
            ("ward_flows_waiting", "gauge", "Sets of records that wait for their template.", flows.waiting),
            (
                "ward_flows_unread_total",
                "counter",
                "Sets of records since the start whose template never came, or for which there was no room to wait.",
                flows.unread,
            ),
        ];
        for (name, of, help, value) in figures {
            one(name, of, help, float(value));
        }
    }
    let name = "ward_lines_received_total";
    head(&mut text, name, "counter", "Lines since the start, by whether their sender is registered now.");
    let _ = writeln!(text, "{name}{{sender=\"registered\"}} {known}\n{name}{{sender=\"unknown\"}} {unknown}");
    sensors(&mut text, &office.lines.sensor_figures());
    alarms(&mut text, office, now);
    type Of = fn(&telemetry::Figures) -> u64;
    let figures: [(&str, &str, Of); 4] = [
        ("ward_lines", "Lines that are durable, by receiver.", |of| of.lines),
        ("ward_lines_sealed", "Lines whose root is sealed, by receiver.", |of| of.sealed),
        ("ward_lines_filed", "Lines that are in files, by receiver.", |of| of.filed),
        (
            "ward_lines_nine",
            "Lines since the start with all nine fields of clause 27.1.2, by receiver.",
            |of| of.read.1,
        ),
    ];
    for (name, help, of) in figures {
        head(&mut text, name, "gauge", help);
        for (receiver, figures) in &receivers {
            let _ = writeln!(text, "{name}{{receiver=\"{}\"}} {}", escaped(receiver), of(figures));
        }
    }
    text
}

/// How alarms stand, and what their outlets have sent. Nothing where the tables cannot be read now: no figure is none.
fn alarms(text: &mut String, office: &Office, now: Instant) {
    let read = office.desk.read::<_, StoreError>(|sql, _| {
        let of = AlarmsOf { nobodys: true, units: sql.alarm_units()? };
        let counts = sql.alarms_counted(&AlarmsWanted::default(), &of)?;
        let oldest = sql.alarms_unanswered(Severity::Informational, None, 1)?;
        let mut outlets = Vec::new();
        for outlet in sql.outlets()? {
            let waiting = sql.outlet_waiting(&outlet)?;
            outlets.push((outlet, waiting));
        }
        Ok((counts, oldest.first().map(|alarm| alarm.at), outlets))
    });
    let Ok((counts, oldest, outlets)) = read else { return };
    head(text, "ward_alarms", "gauge", "Alarms by how they stand.");
    for (state, count) in AlarmState::ALL.into_iter().zip(counts) {
        let _ = writeln!(text, "ward_alarms{{state=\"{}\"}} {count}", state.word());
    }
    let name = "ward_alarm_unanswered_seconds";
    head(
        text,
        name,
        "gauge",
        "For how long the oldest alarm has waited that nobody answers for; 0 where none does.",
    );
    let waits = oldest.map_or(0, |at| now.as_micros().saturating_sub(at.as_micros()).max(0).unsigned_abs());
    let _ = writeln!(text, "{name} {}", seconds(waits));
    type Of = fn(&(OutletRow, u64)) -> u64;
    let all: [(&str, &str, &str, Of); 3] = [
        ("ward_outlet_waiting", "gauge", "What an outlet has still to send.", |(_, waiting)| *waiting),
        ("ward_outlet_sent_total", "counter", "What an outlet has sent.", |(outlet, _)| outlet.done),
        ("ward_outlet_refused_total", "counter", "What an outlet was refused.", |(outlet, _)| outlet.refused),
    ];
    for (name, of, help, value) in all.into_iter().filter(|_| !outlets.is_empty()) {
        head(text, name, of, help);
        for one in &outlets {
            let _ = writeln!(text, "{name}{{outlet=\"{}\"}} {}", escaped(&one.0.name), value(one));
        }
    }
}

/// What came of devices that are read, by their protocol.
fn sensors(text: &mut String, figures: &[(sense::Protocol, sense::Figures)]) {
    if figures.is_empty() {
        return;
    }
    type Of = fn(&sense::Figures) -> u64;
    let all: [(&str, &str, &str, Of); 5] = [
        ("ward_sensors", "gauge", "Devices that are read.", |of| of.devices),
        ("ward_sensors_silent", "gauge", "Of these, those that do not answer.", |of| of.silent),
        ("ward_sensor_readings_total", "counter", "Figures read since the start.", |of| of.readings),
        ("ward_sensor_bad_total", "counter", "Of these, those that were no number.", |of| of.bad),
        (
            "ward_sensor_failures_total",
            "counter",
            "Rounds since the start in which a device did not answer.",
            |of| of.failures,
        ),
    ];
    for (name, of, help, value) in all {
        head(text, name, of, help);
        for (protocol, figures) in figures {
            let _ = writeln!(text, "{name}{{protocol=\"{}\"}} {}", protocol.name(), value(figures));
        }
    }
}

/// Answers with the figures, to whoever may see them.
pub(crate) fn answer(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

fn head(text: &mut String, name: &str, of: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {of}");
}

/// Counts stay exact up to 2^53.
const fn float(count: u64) -> f64 {
    count as f64
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_is_within_and_their_sum_is_the_count() {
        let metrics = Metrics::default();
        for micros in [400, 500, 501, 19_000, 60_000_000] {
            metrics.count("/a\"b", "GET", StatusCode::OK, micros);
        }
        metrics.count("/a\"b", "GET", StatusCode::NOT_FOUND, 3);
        let mut text = String::new();
        metrics.told(&mut text);
        for line in [
            "ward_requests_total{route=\"/a\\\"b\",method=\"GET\",status=\"2xx\"} 5",
            "ward_requests_total{route=\"/a\\\"b\",method=\"GET\",status=\"4xx\"} 1",
            "ward_request_seconds_bucket{route=\"/a\\\"b\",le=\"0.000500\"} 3",
            "ward_request_seconds_bucket{route=\"/a\\\"b\",le=\"0.001000\"} 4",
            "ward_request_seconds_bucket{route=\"/a\\\"b\",le=\"5.000000\"} 5",
            "ward_request_seconds_bucket{route=\"/a\\\"b\",le=\"+Inf\"} 6",
            "ward_request_seconds_sum{route=\"/a\\\"b\"} 60.020404",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
    }

    #[test]
    fn figures_are_for_this_machine_or_the_token() {
        let came =
            |address: &str| web::Came { address: address.parse().unwrap(), certificate: None, secure: false };
        let headers = |pairs: &[(&'static str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        let (near, far) = (came("127.0.0.1:5"), came("10.1.2.3:5"));
        let token = Token::new(Some("t0k".into()));
        let asked = |came, pairs: &[(&'static str, &str)]| token.admits(Some(came), &headers(pairs));
        assert!(asked(&near, &[]));
        assert!(asked(&near, &[("host", "localhost:8440")]));
        assert!(!asked(&near, &[("host", "evil.example")]));
        assert!(!asked(&near, &[("x-forwarded-for", "10.1.2.3")]));
        assert!(!asked(&far, &[]));
        assert!(asked(&far, &[("authorization", "Bearer t0k")]));
        assert!(!asked(&near, &[("authorization", "Bearer other")]));
        assert!(!Token::new(None).admits(Some(&far), &headers(&[("authorization", "Bearer ")])));
        assert!(!token.admits(None, &HeaderMap::new()));
    }
}
