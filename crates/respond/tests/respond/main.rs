//! Acts against an intruder: planned, judged, carried out on a real firewall between namespaces of networks.
//!
//! Tests on a firewall run this program again within namespaces of their own (`network`). They need `nftables`, `conntrack`,
//! `iproute2` and a kernel with nf_tables and namespaces; where anything of it is missing they fail, and say what.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may fail")]

mod network;

mod acting;
mod allowed;
mod over_ssh;
mod over_tls;
mod planned;
mod settings;

use model::{Clock, Instant};
use respond::{Act, CaseName, Conditions, Hosts, Order, Ordered, TripWire, What};

/// The machine's clock: what the kernel ends and what the enforcer ends go by it.
pub(crate) struct Machine;

impl Clock for Machine {
    fn now(&self) -> Instant {
        #[expect(clippy::disallowed_methods, reason = "timeouts of the kernel go by the machine's own time")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Instant::from_micros(i64::try_from(since.as_micros()).unwrap()).unwrap()
    }
}

pub(crate) fn hosts(text: &str) -> Hosts {
    text.parse().unwrap()
}

pub(crate) fn deny(target: &str) -> What {
    What::Deny { target: hosts(target) }
}

pub(crate) fn observe(target: &str, to: &str, port: u16) -> What {
    let trips = vec![TripWire { to: hosts(to), port: Some(port) }];
    let conditions =
        Conditions { connections: Some(50), kbytes: Some(10_000), most_mbytes: Some(100), trips };
    What::Observe { target: hosts(target), conditions }
}

pub(crate) fn act(what: What) -> Act {
    Act { what, seconds: None, confirm: None }
}

pub(crate) fn order(id: u64, case: &str, order: Ordered) -> Order {
    Order { id, case: CaseName::new(case).unwrap(), decided_at: Machine.now(), order }
}
