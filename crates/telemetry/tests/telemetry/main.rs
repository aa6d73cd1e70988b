//! Telemetry from the outside: lines in, the same lines out, whatever happens in between.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail, and damages files on purpose"
)]

mod doors;
mod erases;
mod finds;
mod follows;
mod journals;
mod lines;
mod receivers;

use model::Instant;
use std::net::Ipv6Addr;
use telemetry::{Came, Chunk};

/// A chunk of lines, received at a second of the tests' day.
fn chunk(second: i64, lines: &[&[u8]]) -> Chunk {
    let received = Instant::from_micros((1_764_144_000 + second) * 1_000_000).unwrap();
    let mut chunk = Chunk::new(Came { received, address: Ipv6Addr::LOCALHOST, port: 514 });
    for line in lines {
        chunk.push(line, ::lines::Part::Whole);
    }
    chunk
}

/// A line of a firewall: which session, from where, to where.
fn firewall(session: u64, from: &str, to: &str) -> String {
    format!(
        "<189>date=2026-11-26 time=08:00:{:02} devname=\"TC-FW-01\" devid=\"FG200F0001\" eventtime=1764115200 \
         tz=\"+0800\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" \
         srcip={from} srcport={} srcintf=\"port1\" dstip={to} dstport=443 dstintf=\"wan1\" sessionid={session} proto=6 \
         action=\"close\" policyid=7 service=\"HTTPS\" duration={} sentbyte={} rcvdbyte={}",
        session % 60,
        1_024 + session % 60_000,
        session % 300,
        session * 37 % 90_001,
        session * 911 % 900_001,
    )
}
