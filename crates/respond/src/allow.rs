//! Whom nothing is ever done to: the list of the settings, the addresses of the firewall itself, and its own neighbourhood
//! of addresses that are nobody's.
//!
//! Invariant: no act is allowed whose target has an address in common with the list; a network is refused as a whole, never
//! narrowed. Whole networks that are wider than a city could mean are refused too: that is what *deny all* is for.
//! Judged by the enforcer, as the last thing before it acts. Measures against everybody leave the way open between those on
//! the list.

use crate::act::{Act, What};
use crate::hosts::Hosts;
use model::Told;
use std::net::IpAddr;

/// The widest networks that an act may name, by their prefixes.
const WIDEST: (u8, u8) = (8, 19);

/// Whom nothing is done to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allow {
    /// Those of the settings; they may reach the firewall and each other even when it is closed.
    listed: Vec<Hosts>,
    /// The firewall's own.
    own: Vec<Hosts>,
}

/// Why nothing is done to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAllowed {
    /// It stands on the list, or somebody does who would be hit as well.
    Listed(Hosts),
    /// It is an address of the firewall itself.
    Own(Hosts),
    /// It is no single machine's: loopback, multicast, link-local, unspecified, broadcast.
    Nobodys(Hosts),
    /// It is too wide.
    Wide(Hosts),
}

impl Allow {
    /// The list, and the addresses of the firewall itself.
    pub fn new(listed: impl IntoIterator<Item = Hosts>, own: impl IntoIterator<Item = IpAddr>) -> Self {
        let mut listed: Vec<Hosts> = listed.into_iter().collect();
        listed.sort_unstable();
        listed.dedup();
        let mut own: Vec<Hosts> = own.into_iter().map(Hosts::from).collect();
        own.sort_unstable();
        own.dedup();
        Self { listed, own }
    }

    /// The same list, with other addresses of its own.
    #[must_use]
    pub fn with_own(&self, own: impl IntoIterator<Item = IpAddr>) -> Self {
        Self::new(self.listed.iter().copied(), own)
    }

    /// Those of the settings.
    #[must_use]
    pub fn listed(&self) -> &[Hosts] {
        &self.listed
    }

    /// Those of the settings that no other of them covers.
    #[must_use]
    pub fn widest(&self) -> Vec<Hosts> {
        let covered = |one: &Hosts| self.listed.iter().any(|other| other != one && other.covers(*one));
        self.listed.iter().copied().filter(|one| !covered(one)).collect()
    }

    /// May it be done?
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, act: &Act) -> Result<(), NotAllowed> {
        let Some(target) = act.what.target() else { return Ok(()) };
        let widest = if target.is_v6() { WIDEST.1 } else { WIDEST.0 };
        if target.prefix() < widest {
            return Err(NotAllowed::Wide(target));
        }
        if let Some(listed) = self.listed.iter().find(|listed| listed.meets(target)) {
            return Err(NotAllowed::Listed(*listed));
        }
        if let Some(own) = self.own.iter().find(|own| own.meets(target)) {
            return Err(NotAllowed::Own(*own));
        }
        match nobodys().into_iter().flatten().find(|of| of.meets(target)) {
            Some(of) => Err(NotAllowed::Nobodys(of)),
            None => Ok(()),
        }
    }
}

/// Addresses that are no single machine's (RFC 6890, RFC 5771, RFC 4291 §2.4).
fn nobodys() -> [Option<Hosts>; 8] {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let v4 = |a, b, prefix| Hosts::new(Ipv4Addr::new(a, b, 0, 0).into(), prefix);
    let v6 = |first, prefix| Hosts::new(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0).into(), prefix);
    [
        v4(0, 0, 8),
        v4(127, 0, 8),
        v4(169, 254, 16),
        v4(224, 0, 4),
        Some(Hosts::from(IpAddr::V4(Ipv4Addr::BROADCAST))),
        Hosts::new(Ipv6Addr::UNSPECIFIED.into(), 127),
        v6(0xfe80, 10),
        v6(0xff00, 8),
    ]
}

impl NotAllowed {
    /// Does it keep somebody of the city from harm? Otherwise the target is nothing that could be acted on.
    #[must_use]
    pub const fn protects(self) -> bool {
        matches!(self, Self::Listed(_) | Self::Own(_))
    }

    /// For people, of an act.
    #[must_use]
    pub fn told(self, what: &What) -> Told {
        let target = what.target().map_or_else(String::new, |target| target.to_string());
        match self {
            Self::Listed(of) => Told::new(
                format!(
                    "{target} 涉及允許清單之 {of}，未執行。請縮小範圍，或經核准後修改防火牆主機之 enforce.toml。"
                ),
                format!(
                    "{target} touches {of}, which is on the list of the allowed; nothing was done. Name less, or have enforce.toml on the firewall changed."
                ),
            ),
            Self::Own(of) => Told::new(
                format!("{of} 為防火牆本身之位址，未執行。請指定入侵者之位址。"),
                format!("{of} is the firewall's own address; nothing was done. Name the intruder's."),
            ),
            Self::Nobodys(of) => Told::new(
                format!("{target} 屬 {of}，並非單一設備之位址，未執行。請指定設備之位址。"),
                format!(
                    "{target} lies in {of}, which is no machine's address; nothing was done. Name a machine's."
                ),
            ),
            Self::Wide(of) => Told::new(
                format!("{of} 範圍過大，未執行。請縮小網段，或改用「拒絕任何存取」。"),
                format!("{of} is too wide; nothing was done. Name a smaller network, or deny all."),
            ),
        }
    }
}
