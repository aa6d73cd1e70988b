//! What addresses are called by DNS, beside them; nothing where no server is asked, or it has not said so in time.
//!
//! Names stand beside what was received, and never in it, nor in what leaves as a file: they are what somebody says today.
//! The API and the command line give them apart from the lines.

use crate::cx::Cx;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What addresses are called.
pub(super) struct Called<'a> {
    cx: &'a Cx,
    names: BTreeMap<IpAddr, String>,
}

impl<'a> Called<'a> {
    /// Of all of these that are addresses; asked at once, since a page waits but once.
    pub(super) fn of<'t>(cx: &'a Cx, texts: impl IntoIterator<Item = &'t str>) -> Self {
        let addresses: BTreeSet<IpAddr> = texts.into_iter().filter_map(read).collect();
        Self { cx, names: cx.site.lines().names(&addresses) }
    }

    /// What an address is called, marked as what DNS says, to stand beside it; nothing where that is not known.
    pub(super) fn beside(&self, address: &str) -> String {
        let name = read(address).and_then(|address| self.names.get(&address));
        let says = |name: &String| format!("{}{name}", self.cx.t("DNS：", "DNS: "));
        name.map(|name| self.cx.beside(&says(name))).unwrap_or_default()
    }
}

fn read(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}
