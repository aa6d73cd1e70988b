//! netfilter's log target, of iptables and nftables alike: names in capitals, behind a prefix of the rule's own.
//!
//! Source: Linux, net/netfilter/nf_log_syslog.c; prefixes of Ubiquiti's, of ufw's and of common rule sets.

use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::pairs::Pairs;

static NAMES: Names = Names::of(&[
    ("SRC", Field::SrcIp),
    ("DST", Field::DstIp),
    ("SPT", Field::SrcPort),
    ("DPT", Field::DstPort),
    ("PROTO", Field::Proto),
    ("LEN", Field::Bytes),
]);
/// What prefixes say, by their word.
const ACTIONS: [&str; 18] = [
    "DROP", "REJECT", "ACCEPT", "BLOCK", "ALLOW", "DENY", "Drop", "Reject", "Accept", "Block", "Allow",
    "Deny", "drop", "reject", "accept", "block", "allow", "deny",
];

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let Some(src) = draft.find(body, " SRC=") else { return false };
    if draft.find(Span::of(src, body.end()), " PROTO=").is_none() {
        return false;
    }
    let from = draft.find(body, "IN=").unwrap_or(src).min(src);
    prefix(draft, Span::of(body.start(), from));
    for pair in Pairs::<b'=', b' '>::of(draft.line, Span::of(from, body.end())) {
        draft.pair(pair, NAMES.find(draft.line, pair.name));
    }
    true
}

/// What stands before the names: the kernel's clock in brackets, and the rule's prefix.
fn prefix(draft: &mut Draft<'_>, part: Span) {
    let mut text = part;
    if draft.text(text).first() == Some(&b'[')
        && let Some(close) = draft.find(text, "] ")
        && draft
            .text(Span::of(text.start() + 1, close))
            .iter()
            .all(|byte| matches!(byte, b' ' | b'.' | b'0'..=b'9'))
    {
        text = Span::of(close + 2, text.end());
    }
    let length =
        draft.text(text).iter().rposition(|byte| !matches!(byte, b' ' | b':')).map_or(0, |at| at + 1);
    let text = Span::of(text.start(), text.start() + length);
    draft.put(Field::Rule, text);
    draft.put_first(Field::Action, text, &ACTIONS);
    // `[WAN_LOCAL-default-D]`, `[WAN_LOCAL-A-2000000001]`
    for letter in ["-A]", "-D]", "-R]", "-A-", "-D-", "-R-"] {
        if let Some(at) = draft.find(text, letter) {
            draft.put(Field::Action, Span::of(at + 1, at + 2));
        }
    }
}
