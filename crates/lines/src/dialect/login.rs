//! sshd, PAM, sudo, su, logind: sentences about accounts.
//!
//! Whoever knocks chooses the name, and may choose one that reads like the rest of the sentence. So each kind of sentence
//! says from which end its address is looked for, and the name is what then stands between.
//! Source: OpenSSH auth.c, auth2.c, packet.c, session.c; Linux-PAM pam_unix; sudo, logging; su(1); systemd-logind.

use crate::draft::{DESTINATION, Draft, SOURCE};
use crate::field::{Field, Span};
use crate::pairs::Pairs;
use crate::record::Mark;
use crate::scan::{behind_all, until};

/// Programs whose sentences are read.
const PROGRAMS: [&[u8]; 12] = [
    b"sshd",
    b"sshd-session",
    b"sshd-auth",
    b"dropbear",
    b"sudo",
    b"su",
    b"login",
    b"systemd-logind",
    b"gdm-password",
    b"polkitd",
    b"CRON",
    b"crond",
];

/// A kind of sentence.
struct Kind {
    /// Words near its front.
    words: &'static str,
    mark: Option<Mark>,
    /// Words behind which the account stands; empty where it has none.
    account: &'static str,
    /// From which end the address is looked for.
    address: Near,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Near {
    /// Its first: what follows may be the stranger's words.
    Front,
    /// Its last: what stands before may be the stranger's words.
    End,
    /// Whichever it is, if there is one only: strangers' words may stand anywhere.
    Only,
}

const fn kind(words: &'static str, mark: Option<Mark>, account: &'static str, address: Near) -> Kind {
    Kind { words, mark, account, address }
}

const KINDS: [Kind; 23] = [
    kind("Accepted ", Some(Mark::On), " for ", Near::End),
    kind("Failed ", None, " for ", Near::End),
    kind("Postponed ", None, " for ", Near::End),
    kind("Invalid user ", None, "Invalid user ", Near::End),
    kind("Illegal user ", None, "Illegal user ", Near::End),
    kind("Connection closed by ", Some(Mark::Off), "closed by ", Near::End),
    kind("Connection reset by ", Some(Mark::Off), "reset by ", Near::End),
    kind("Disconnected from ", Some(Mark::Off), "from ", Near::End),
    kind("maximum authentication attempts exceeded ", None, " for ", Near::End),
    kind("Starting session", Some(Mark::On), " for ", Near::End),
    kind("Close session", Some(Mark::Off), ": ", Near::End),
    kind("User ", None, "User ", Near::End),
    kind("Bad protocol version ", None, "", Near::End),
    kind("refused connect ", None, "", Near::End),
    kind("auth succeeded ", Some(Mark::On), " for ", Near::End),
    kind("Bad password attempt ", None, " for ", Near::End),
    kind("Authentication failure for ", None, " for ", Near::End),
    kind("Disconnecting ", None, "Disconnecting ", Near::Only),
    kind("Received disconnect ", Some(Mark::Off), "", Near::Front),
    kind("Unable to negotiate ", None, "", Near::Front),
    kind("Connection from ", None, "", Near::Front),
    kind("Timeout before authentication", None, "", Near::Front),
    kind("Magic value check failed", None, "", Near::Front),
];
/// Any other sentence.
const OTHER: Kind = kind("", None, "", Near::Only);

pub(super) fn read(draft: &mut Draft<'_>) -> bool {
    let program = draft.said(Field::App);
    if !PROGRAMS.contains(&program) {
        return false;
    }
    let body = draft.body();
    if let Some(place) = draft.span(Field::App) {
        draft.say(Field::Service, place);
    }
    // sshd and its like are a process for each connection.
    if let Some(place) =
        draft.span(Field::Process).filter(|_| program.starts_with(b"sshd") || program == b"dropbear")
    {
        draft.say(Field::Session, place);
    }
    if draft.begins(body, "pam_") {
        pam(draft, body);
    } else if program == b"sudo" {
        sudo(draft, body);
    } else if program == b"systemd-logind" {
        seat(draft, body);
    } else {
        stranger(draft, body);
    }
    draft.put(Field::Message, body);
    true
}

/// What sshd, and others like it, say of whoever knocks.
fn stranger(draft: &mut Draft<'_>, body: Span) {
    let front = Span::of(body.start(), body.end().min(body.start() + 48));
    // The first words that are found: what follows them may read like others.
    let found = KINDS.iter().filter_map(|kind| Some((kind, draft.find(front, kind.words)?)));
    let (kind, at) = found.min_by_key(|found| found.1).unwrap_or((&OTHER, body.start()));
    if !kind.words.is_empty() {
        draft.say(Field::Action, Span::of(at, at + kind.words.trim_end().len()));
    }
    let text = Span::of(at, body.end());
    let place = address(draft, text, kind.address);
    if let Some(place) = place {
        draft.put_end(place, SOURCE);
        if let Some(port) = port(draft, Span::of(place.end(), body.end())) {
            draft.say(Field::SrcPort, port);
            // `Connection from 1.2.3.4 port 5 on 6.7.8.9 port 22`
            let rest = Span::of(port.end(), body.end());
            if draft.begins(rest, " on ") {
                draft.put_end(Span::of(rest.start() + 4, rest.end()), DESTINATION);
                if let Some(port) = self::port(draft, Span::of(rest.start() + 4, rest.end())) {
                    draft.say(Field::DstPort, port);
                }
            }
            draft.put_first(Field::Proto, Span::of(port.end(), body.end().min(port.end() + 8)), &["ssh2"]);
        }
    }
    if !kind.account.is_empty() {
        account(draft, Span::of(at, place.map_or(body.end(), Span::start)), kind.account);
    }
    // Whoever was not let in has not left.
    let before = draft.text(body).ends_with(b"[preauth]");
    if let Some(mark) = kind.mark.filter(|_| !before) {
        draft.set_mark(mark);
    }
}

/// The word that is an address: before ` port `, behind ` from `, or in brackets.
fn address(draft: &Draft<'_>, text: Span, near: Near) -> Option<Span> {
    let find = |wanted: &str| match near {
        Near::Front => draft.find(text, wanted),
        Near::End => draft.find_last(text, wanted),
        Near::Only => draft.find(text, wanted).filter(|at| Some(*at) == draft.find_last(text, wanted)),
    };
    let is_one = |place: &Span| crate::scan::endpoint(draft.line, *place).is_some();
    let before = |end: usize| {
        let before = draft.text(Span::of(text.start(), end));
        let from = before.iter().rposition(|byte| *byte == b' ').map_or(0, |at| at + 1);
        Span::of(text.start() + from, end)
    };
    let behind = |from: usize| Span::of(from, until(draft.line, from, text.end(), b' '));
    find(" port ")
        .map(before)
        .filter(is_one)
        .or_else(|| find("(").map(|at| behind(at + 1)).filter(is_one))
        .or_else(|| find(" from ").map(|at| behind(at + 6)).filter(is_one))
        .or_else(|| find(" with ").map(|at| behind(at + 6)).filter(is_one))
}

/// The number behind ` port ` at the front of a part.
fn port(draft: &Draft<'_>, part: Span) -> Option<Span> {
    let at = draft.find(Span::of(part.start(), part.end().min(part.start() + 64)), " port ")? + 6;
    let end = behind_all(draft.line, at, part.end(), |byte| byte.is_ascii_digit());
    (end > at).then(|| Span::of(at, end))
}

/// The account: what stands behind these words, up to the end of the part.
fn account(draft: &mut Draft<'_>, part: Span, behind: &str) {
    let Some(from) = draft.find(part, behind).map(|at| at + behind.len()) else { return };
    let mut text = draft.text(Span::of(from, part.end()));
    for end in [b" ".as_slice(), b" from"] {
        text = text.strip_suffix(end).unwrap_or(text);
    }
    let length = text.len();
    let stated = ["invalid user ", "illegal user ", "authenticating user ", "user "]
        .iter()
        .find_map(|words| text.strip_prefix(words.as_bytes()));
    // `closed by 1.2.3.4`: where an account may be missing it is announced.
    let account = match stated {
        Some(account) => account,
        None if matches!(behind, "closed by " | "reset by " | "from " | ": " | "Disconnecting ") => return,
        None => text,
    };
    let account = account.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")).unwrap_or(account);
    let quote = usize::from(stated.is_none() && account.len() + 2 == length);
    let start = from + stated.map_or(quote, |account| length - account.len());
    draft.say(Field::User, Span::of(start, start + account.len()));
}

/// `pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)`,
/// `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=1.2.3.4  user=lin`.
fn pam(draft: &mut Draft<'_>, body: Span) {
    let line = draft.line;
    let Some(from) = draft.find(body, "): ").map(|at| at + 3) else { return };
    let text = Span::of(from, body.end());
    for (words, mark) in [("session opened", Mark::On), ("session closed", Mark::Off)] {
        if !draft.begins(text, words) {
            continue;
        }
        draft.say(Field::Action, Span::of(from, from + words.len()));
        draft.set_mark(mark);
        if let Some(from) = draft.find(text, "for user ").map(|at| at + 9) {
            let end = behind_all(line, from, body.end(), |byte| !matches!(byte, b' ' | b'('));
            draft.say(Field::User, Span::of(from, end));
        }
        return;
    }
    let failure = "authentication failure";
    if !draft.begins(text, failure) {
        return;
    }
    draft.say(Field::Action, Span::of(from, from + failure.len()));
    for pair in Pairs::<b'=', b' '>::of(line, text) {
        let field = match draft.text(pair.name) {
            b"rhost" => Some(Field::SrcIp),
            b"user" => Some(Field::User),
            _ => None,
        };
        draft.pair(pair, field);
    }
}

/// `lin : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/ls`, `lin : 3 incorrect password attempts ; TTY=…`.
fn sudo(draft: &mut Draft<'_>, body: Span) {
    let Some(colon) = draft.find(body, " : ") else { return };
    draft.say(Field::User, Span::of(body.start(), colon));
    let text = Span::of(colon + 3, body.end());
    if let Some(command) = draft.find(text, "COMMAND=") {
        draft.say(Field::Message, Span::of(command + 8, text.end()));
        if draft.begins(text, "TTY=") || draft.begins(text, "PWD=") {
            draft.say(Field::Action, Span::of(command, command + 7));
        }
    }
    let first = Span::of(text.start(), draft.find(text, " ;").unwrap_or(text.end()));
    draft.say(Field::Action, first);
}

/// `New session 3 of user lin.`, `Session 3 logged out. …`, `Removed session 3.`
fn seat(draft: &mut Draft<'_>, body: Span) {
    for (words, mark) in
        [("New session", Mark::On), ("Removed session", Mark::Off), ("logged out", Mark::Off)]
    {
        let Some(at) = draft.find(body, words) else { continue };
        draft.say(Field::Action, Span::of(at, at + words.len()));
        draft.set_mark(mark);
        break;
    }
    if let Some(number) = draft.behind(body, "ession ") {
        let text = draft.text(number);
        let length = text.strip_suffix(b".").unwrap_or(text).len();
        draft.say(Field::Session, Span::of(number.start(), number.start() + length));
    }
    if let Some(from) = draft.find(body, " of user ").map(|at| at + 9) {
        let user = draft.text(Span::of(from, body.end()));
        draft.say(Field::User, Span::of(from, from + user.strip_suffix(b".").unwrap_or(user).len()));
    }
}
