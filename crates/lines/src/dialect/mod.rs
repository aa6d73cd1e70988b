//! Dialects: the vendors' ways of writing, one file each. A dialect tells whether a line is written so, and where its
//! fields are.
//!
//! Dialects are asked in a fixed order, those with the surest sign first; the first that recognises a line has it. Each
//! decides before it puts anything.

mod access;
mod auditd;
mod cef;
mod checkpoint;
mod cisco;
mod filterlog;
mod flow;
mod fortigate;
mod huawei;
mod journald;
mod json;
mod junos;
mod leef;
mod login;
mod mikrotik;
mod netfilter;
mod paloalto;
mod plain;
mod proxy;
mod spelled;
mod windows;

use crate::draft::Draft;
use std::borrow::Cow;
use std::fmt;

/// Reads a line in one dialect: false, with nothing put, where it is not written so.
type Read = fn(&mut Draft<'_>) -> bool;

macro_rules! dialects {
    ($($(#[$doc:meta])* $dialect:ident = $name:literal, $plain:path, $read:path;)*) => {
        /// Whose way of writing a line is in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Dialect {
            $($(#[$doc])* $dialect,)*
        }

        impl Dialect {
            /// All of them, in the order in which they are asked.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$dialect),*];

            /// Its name in tables and filters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$dialect => $name,)*
                }
            }

            /// A text as it was meant, without what the dialect escapes it by.
            #[must_use]
            pub fn plain(self, text: &[u8]) -> Cow<'_, [u8]> {
                match self {
                    $(Self::$dialect => $plain(text),)*
                }
            }
        }

        const READ: [(Dialect, Read); Dialect::ALL.len()] = [$((Dialect::$dialect, $read)),*];
    };
}

dialects! {
    /// FortiGate.
    FortiGate = "fortigate", plain::quotes, fortigate::read;
    /// Palo Alto Networks.
    PaloAlto = "palo_alto", plain::doubled, paloalto::read;
    /// pf's filterlog: pfSense, OPNsense.
    Filterlog = "filterlog", plain::none, filterlog::read;
    /// NetFlow and IPFIX, as Ward writes them.
    Flow = "flow", plain::json, flow::read;
    /// Suricata's EVE.
    Suricata = "suricata", plain::json, json::suricata;
    /// Zeek, as JSON.
    Zeek = "zeek", plain::json, json::zeek;
    /// The journal of systemd, as JSON.
    Journald = "journald", plain::json, journald::read;
    /// Windows events, as JSON or XML.
    Windows = "windows", plain::windows, windows::read;
    /// The common event format: ArcSight's, Ubiquiti's and others'.
    Cef = "cef", plain::cef, cef::read;
    /// The log event extended format: QRadar's.
    Leef = "leef", plain::none, leef::read;
    /// Cisco: ASA, FTD, IOS, NX-OS.
    Cisco = "cisco", plain::none, cisco::read;
    /// Huawei and H3C.
    Huawei = "huawei", plain::none, huawei::read;
    /// Check Point.
    CheckPoint = "check_point", plain::structured, checkpoint::read;
    /// Junos.
    Junos = "junos", plain::structured, junos::read;
    /// netfilter: iptables and nftables, and what is built on them.
    Netfilter = "netfilter", plain::none, netfilter::read;
    /// MikroTik.
    MikroTik = "mikrotik", plain::none, mikrotik::read;
    /// Linux audit records.
    Auditd = "auditd", plain::none, auditd::read;
    /// sshd, PAM, sudo, su, logind.
    Login = "login", plain::none, login::read;
    /// ProxySG.
    ProxySg = "proxysg", plain::quotes, proxy::proxysg;
    /// Squid's own access log.
    Squid = "squid", plain::none, proxy::squid;
    /// A web server's access log.
    Access = "access", plain::quotes, access::read;
    /// JSON of whoever names addresses as many do.
    Json = "json", plain::json, json::other;
    /// Pairs of whoever names addresses as many do.
    Pairs = "pairs", plain::quotes, spelled::read;
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first dialect that recognises a line, which has put its fields.
pub(crate) fn recognise(draft: &mut Draft<'_>) -> Option<Dialect> {
    READ.iter().find(|(_, read)| read(draft)).map(|(dialect, _)| *dialect)
}
