//! The machine under the program: its clock, its names and addresses, the memory in use.
//!
//! The one place that reads the time; everything else is handed a [`Clock`].

use model::{Clock, Instant};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    /// Outside the years 1970 to 9999 it shows 1970: entry times then stand still, and an entry says so.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is handed to everyone else")]
    fn now(&self) -> Instant {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or_default();
        Instant::from_micros(micros).unwrap_or(Instant::EPOCH)
    }
}

/// How long the machine has run, whatever its clock was set to; while it slept does not count.
#[expect(clippy::disallowed_methods, reason = "a span is measured, no moment is read")]
pub(crate) fn steady() -> Duration {
    static BEGAN: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    BEGAN.elapsed()
}

/// Bytes of memory this process holds; none where the system does not say.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// What the machine calls itself.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    (!name.is_empty() && name != "(none)").then(|| name.to_owned())
}

/// Addresses of the machine, as far as others can use them.
pub(crate) fn addresses() -> Vec<IpAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    let usable = |address: &IpAddr| match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    };
    let mut addresses: Vec<IpAddr> = found.iter().map(if_addrs::Interface::ip).filter(usable).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}
