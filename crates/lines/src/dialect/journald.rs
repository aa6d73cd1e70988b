//! The journal of systemd, an entry as a JSON object: what `ward serve --journald` writes, and `journalctl --output=json`.
//!
//! What happened stands in the message, which is read as that of syslog would be. Whoever may log chooses the name of the
//! program: that of sshd or its like counts where the journal itself says that it ran as root, or nothing of it; what reads
//! like netfilter's counts where it came from the kernel.
//! Source: systemd.journal-fields(7).

use super::{login, netfilter};
use crate::draft::Draft;
use crate::field::{Field, Span};
use crate::names::Names;
use crate::scan::number;

static NAMES: Names = Names::of(&[
    ("__REALTIME_TIMESTAMP", Field::Time),
    ("_HOSTNAME", Field::Host),
    ("SYSLOG_IDENTIFIER", Field::App),
    ("_PID", Field::Process),
    ("MESSAGE_ID", Field::Event),
]);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let body = draft.body();
    let signs = ["\"__REALTIME_TIMESTAMP\"", "\"__CURSOR\""];
    if !draft.begins(body, "{") || signs.iter().any(|sign| draft.find(body, sign).is_none()) {
        return false;
    }
    let (mut message, mut user, mut transport, mut facility, mut severity) = (None, None, None, None, None);
    super::json::walk(draft, |draft, path, pair| {
        match path {
            b"MESSAGE" => message = Some(pair.place),
            b"_UID" => user = Some(pair.place),
            b"_TRANSPORT" => transport = Some(pair.place),
            b"SYSLOG_FACILITY" => facility = number(draft.text(pair.place)),
            b"PRIORITY" => severity = number(draft.text(pair.place)),
            _ => {}
        }
        // The message is said below, when it is known whose it is.
        if path != b"MESSAGE" {
            draft.pair(pair, NAMES.find(path, Span::of(0, path.len())));
        }
    });
    // What has no facility is a program's own output: that of users (RFC 5424 §6.2.1).
    let (facility, severity) = (facility.unwrap_or(1), severity.filter(|severity| *severity < 8));
    if let Some(priority) = severity.filter(|_| facility < 24).map(|severity| facility * 8 + severity) {
        draft.set_priority(u8::try_from(priority).unwrap_or_default());
    }
    let Some(message) = message else { return true };
    let root = user.is_none_or(|user| draft.text(user) == b"0");
    let kernel = transport.is_some_and(|transport| draft.text(transport) == b"kernel");
    draft.set_body(message);
    // Each puts nothing where the message is none of its own.
    let _ = (root && login::read(draft)) || (kernel && netfilter::read(draft));
    draft.set_body(body);
    draft.put(Field::Message, message);
    true
}
