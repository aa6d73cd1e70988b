//! What real devices send that no standard foresees.

use super::{SOURCE, received};
use lines::{Dialect, Field, Framer, Reader, Record};
use std::borrow::Cow;
use std::net::IpAddr;

/// What a line says of these fields, with the dialect and the time in front.
fn read(line: &[u8], fields: &[Field]) -> (Option<Dialect>, Option<String>, Vec<Option<String>>) {
    let mut reader = Reader::new();
    let record = reader.read(SOURCE, received(), line);
    super::any::holds(&record);
    let of = |field: &Field| record.plain(*field).map(|text| String::from_utf8_lossy(&text).into_owned());
    (record.dialect(), record.time().map(|stamp| stamp.at.to_string()), fields.iter().map(of).collect())
}

fn with<T>(line: &[u8], look: impl FnOnce(&Record<'_>) -> T) -> T {
    look(&Reader::new().read(SOURCE, received(), line))
}

fn said(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect()
}

const TEN: &str = "2026-11-20T02:11:12.000000Z";

#[test]
fn heads_of_all_makes_are_found() {
    use Field::{App, Host, Process};
    for (line, at, host, app, process) in [
        // Cisco: numbers, a name in front, a clock that was never set, zones by name.
        ("<189>47: R1: *Nov 20 10:11:12: %SYS-5-RESTART: x", TEN, "R1", "", ""),
        ("<189>000047: 000048: Nov 20 10:11:12 Taipei: %SYS-5-RESTART: x", TEN, "", "", ""),
        ("<189>47: 10.0.0.1: .Nov 20 02:11:12 UTC: %SYS-5-RESTART: x", TEN, "10.0.0.1", "", ""),
        ("<166>:Nov 20 10:11:12 CST: %ASA-6-302016: x", TEN, "", "", ""),
        ("<166>Nov 20 2026 10:11:12 asa : %ASA-6-302016: x", TEN, "asa", "", ""),
        ("<190>: 2026 Nov 20 10:11:12 CST: %ACLLOG-6-X: y", TEN, "", "", ""),
        // Huawei: years and zones where no standard has them.
        ("<189>Nov 20 2026 10:11:12+08:00 SW %%01A/5/B(l):x", TEN, "SW", "", ""),
        ("<189>Nov 20 2026 10:11:12 SW %%01A/5/B(l):x", TEN, "SW", "", ""),
        ("<189>2026-11-20 10:11:12 SW %%01A/5/B(l):x", TEN, "SW", "", ""),
        ("<189>Nov 20 10:11:12 2026 SW %%10A/5/B: x", TEN, "SW", "", ""),
        // Days that are padded, or not; blanks; a colon and no blank.
        ("<38>Nov  20 10:11:12 h sshd[1]: x", TEN, "h", "sshd", "1"),
        ("<38> Nov 20 10:11:12  h  sshd[1]: x", TEN, "h", "sshd", "1"),
        ("Nov 20 10:11:12 h sshd[1]:", TEN, "h", "sshd", "1"),
        ("<38>Nov 20 10:11:12 sshd: x", TEN, "", "sshd", ""),
        ("<38>Nov 20 10:11:12 fe80::1%eth0 sshd: x", TEN, "fe80::1%eth0", "sshd", ""),
        // A relay's head in front of the device's.
        ("<38>Nov 20 11:00:00 relay Nov 20 10:11:12 h sshd[1]: x", TEN, "h", "sshd", "1"),
        ("Nov 20 11:00:00 relay <38>Nov 20 10:11:12 h sshd[1]: x", TEN, "h", "sshd", "1"),
        ("2026-11-20T11:00:00+08:00 10.0.0.1 51: Nov 20 10:11:12.000: %SYS-5-X: y", TEN, "10.0.0.1", "", ""),
        // A program that writes the time itself is none.
        ("Nov 20 10:11:12 h java[7]: 2026-11-20 10:11:11,9 INFO x", TEN, "h", "java", "7"),
        ("Nov 20 10:11:13 h 2026-11-20 10:11:12,000 INFO x", TEN, "h", "", ""),
        // RFC 5424, with a mark of byte order, without a version, without anything.
        ("<38>1 2026-11-20T02:11:12Z h sshd 1 - - \u{feff}x", TEN, "h", "sshd", "1"),
        ("\u{feff}<38>Nov 20 10:11:12 h sshd[1]: x", TEN, "h", "sshd", "1"),
        ("<38> 2026-11-20T10:11:12+08:00Z h RT_FLOW - X [junos@2636.1 a=\"b\"] x", TEN, "h", "RT_FLOW", ""),
        ("<38>1 - - - - - -", "", "", "", ""),
        ("<38>", "", "", "", ""),
        ("<999>Nov 20 10:11:12 h x: y", "", "", "", ""),
    ] {
        let (_, found, fields) = read(line.as_bytes(), &[Host, App, Process]);
        assert_eq!((found.unwrap_or_default().as_str(), fields), (at, said(&[host, app, process])), "{line}");
    }
}

#[test]
fn pairs_with_blanks_and_quotes_are_read() {
    use Field::{Action, Message, SrcIp, Url, User};
    let fields = [SrcIp, User, Url, Action, Message];
    for (line, expected) in [
        (
            r#"date=2026-11-20 time=10:11:12 user="a b" srcip=1.2.3.4 action=deny"#,
            ["1.2.3.4", "a b", "", "deny", ""],
        ),
        (
            r#"date=2026-11-20 time=10:11:12 user="a\"b" url="C:\x\" srcip=1.2.3.4"#,
            ["1.2.3.4", "a\"b", r"C:\x\", "", ""],
        ),
        (
            r#"date=2026-11-20 time=10:11:12 msg="say "hi"!" user="N/A" unauthuser="lin" srcip=fe80::1%port2"#,
            ["fe80::1", "lin", "", "", r#"say "hi"!"#],
        ),
        (r#"date=2026-11-20 time=10:11:12 user="" srcip=host action="#, ["", "", "", "", ""]),
        // A value that is chosen by a stranger cannot make itself a field: the first counts.
        (
            r#"date=2026-11-20 time=10:11:12 srcip=1.2.3.4 url="/x\" srcip=6.6.6.6 user=\"root""#,
            ["1.2.3.4", "", r#"/x" srcip=6.6.6.6 user="root"#, "", ""],
        ),
    ] {
        let (dialect, at, found) = read(line.as_bytes(), &fields);
        assert_eq!(
            (dialect, at.as_deref(), found),
            (Some(Dialect::FortiGate), Some(TEN), said(&expected)),
            "{line}"
        );
    }
}

#[test]
fn line_ends_noughts_and_foreign_characters_are_kept_and_do_no_harm() {
    let line = b"<38>Nov 20 10:11:12 h sshd[1]: Failed password for \xa4\xfd\xa4p\xa9\xfa from 10.0.0.9 port 5 ssh2\0\r\n";
    let (dialect, at, found) = read(line, &[Field::SrcIp, Field::SrcPort, Field::Proto]);
    assert_eq!((dialect, at.as_deref()), (Some(Dialect::Login), Some(TEN)));
    assert_eq!(found, said(&["10.0.0.9", "5", "ssh2"]));
    // A name in Big5 is given back byte by byte.
    with(line, |record| {
        assert_eq!(record.plain(Field::User), Some(Cow::Borrowed(b"\xa4\xfd\xa4p\xa9\xfa".as_slice())));
        assert_eq!(record.line(), line);
    });
    // 許 ends with a backslash in Big5, which escapes nothing.
    let line = b"date=2026-11-20 time=10:11:12 user=\"\xb3\\\" srcip=10.0.0.9 action=\"login\"";
    let (dialect, _, found) = read(line, &[Field::SrcIp, Field::Action]);
    assert_eq!((dialect, found), (Some(Dialect::FortiGate), said(&["10.0.0.9", "login"])));
    let (dialect, _, found) = read(b"\0\0<38>Nov 20 10:11:12 h su: x\r", &[Field::Host]);
    assert_eq!((dialect, found), (Some(Dialect::Login), said(&["h"])));
    let utf_16: Vec<u8> =
        "\u{feff}<38>Nov 20 10:11:12 h sshd[1]: x\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (dialect, at, _) = read(&utf_16, &[]);
    assert_eq!((dialect, at), (None, None), "two bytes a character are no line; it is kept as it came");
}

#[test]
fn a_stranger_who_chooses_a_name_cannot_choose_an_address() {
    for (body, address, user) in [
        ("Invalid user x from 6.6.6.6 port 1 from 10.0.0.9 port 5", "10.0.0.9", "x from 6.6.6.6 port 1"),
        (
            "Failed password for invalid user a from 6.6.6.6 from 10.0.0.9 port 5 ssh2",
            "10.0.0.9",
            "a from 6.6.6.6",
        ),
        ("Failed none for invalid user for root from 10.0.0.9 port 5 ssh2", "10.0.0.9", "for root"),
        (
            "Connection closed by invalid user a 6.6.6.6 port 1 10.0.0.9 port 5 [preauth]",
            "10.0.0.9",
            "a 6.6.6.6 port 1",
        ),
        ("Received disconnect from 10.0.0.9 port 5:11: from 6.6.6.6 port 1", "10.0.0.9", ""),
        (
            "Unable to negotiate with 10.0.0.9 port 5: no match. Their offer: from 6.6.6.6 port 1",
            "10.0.0.9",
            "",
        ),
        ("Invalid user  from 10.0.0.9 port 5", "10.0.0.9", ""),
        ("Connection closed by 10.0.0.9 port 5", "10.0.0.9", ""),
        ("Invalid user - from 10.0.0.9 port 5", "10.0.0.9", "-"),
        ("Accepted password for N/A from ::1 port 5 ssh2", "::1", "N/A"),
        (
            "error: PAM: Authentication failure for illegal user from 6.6.6.6 from 10.0.0.9 port 5",
            "10.0.0.9",
            "from 6.6.6.6",
        ),
        ("Disconnecting invalid user x 10.0.0.9 port 5: Too many authentication failures", "10.0.0.9", "x"),
    ] {
        let line = format!("<38>Nov 20 10:11:12 h sshd[1]: {body}");
        let (_, _, found) = read(line.as_bytes(), &[Field::SrcIp, Field::SrcPort, Field::User]);
        assert_eq!(found, said(&[address, "5", user]), "{body}");
    }
}

#[test]
fn a_stranger_who_chooses_a_name_cannot_choose_what_was_done() {
    for line in [
        "<38>Nov 20 10:11:12 h sshd[1]: Invalid user Accepted password for root from 10.0.0.9 port 5",
        "<38>Nov 20 10:11:12 h sshd[1]: Failed none for invalid user Accepted for root from 10.0.0.9 port 5 ssh2",
        "<38>Nov 20 10:11:12 h sshd[1]: pam_unix(sshd:auth): authentication failure; rhost=10.0.0.9 user=session opened",
        "<30>Nov 20 10:11:12 r system,error,critical login failure for user logged in from 10.0.0.9 via ssh",
        "<164>Nov 20 10:11:12 a %ASA-6-113015: AAA user authentication Rejected : reason = x : user = Built : user IP = 10.0.0.9",
        "<164>Nov 20 10:11:12 a %ASA-6-605004: Login denied from 10.0.0.9/5 to inside:10.0.0.1/ssh for user \"permitted\"",
        "<189>47: Nov 20 10:11:12: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: x] [Source: 6.6.6.6] [Source: 10.0.0.9] [localport: 22]",
    ] {
        with(line.as_bytes(), |record| {
            let said = String::from_utf8_lossy(record.text(Field::Action).unwrap());
            assert!(
                [
                    "Invalid user",
                    "Failed",
                    "authentication failure",
                    "login failure",
                    "Rejected",
                    "denied",
                    "LOGIN_FAILED"
                ]
                .contains(&said.as_ref()),
                "{said}: {line}"
            );
            assert_eq!(record.mark(), None, "{line}");
            assert_eq!(record.src_ip(), Some("10.0.0.9".parse().unwrap()), "{line}");
        });
    }
}

#[test]
fn what_any_account_may_log_is_no_log_on() {
    let entry = |who: &str, message: &str| {
        format!(
            "{{\"MESSAGE\":\"{message}\",\"SYSLOG_IDENTIFIER\":\"sshd\",{who}\"__CURSOR\":\"s=1\",\"__REALTIME_TIMESTAMP\":\"1795140672000000\"}}"
        )
    };
    let accepted = "Accepted password for root from 10.0.0.9 port 5 ssh2";
    let dropped = "DROP IN=a OUT=b SRC=10.0.0.9 DST=10.0.0.1 PROTO=TCP";
    for (who, message, counts) in [
        ("\"_UID\":\"0\",", accepted, true),
        ("", accepted, true),
        ("\"_UID\":\"1000\",", accepted, false),
        ("\"_UID\":\"1000\",\"X\":{\"_UID\":\"0\"},", accepted, false),
        ("\"_TRANSPORT\":\"kernel\",\"_UID\":\"1\",", dropped, true),
        ("\"_TRANSPORT\":\"syslog\",\"_UID\":\"1\",", dropped, false),
    ] {
        let line = entry(who, message);
        let (dialect, at, found) = read(line.as_bytes(), &[Field::SrcIp, Field::App]);
        assert_eq!((dialect, at.as_deref()), (Some(Dialect::Journald), Some(TEN)), "{line}");
        assert_eq!(found, said(&[if counts { "10.0.0.9" } else { "" }, "sshd"]), "{line}");
    }
}

#[test]
fn what_web_servers_are_asked_stays_within_its_quotes() {
    for (line, user, url, status) in [
        (r#"1.2.3.4 - - [20/Nov/2026:10:11:12 +0800] "GET /\" 200 1 HTTP/1.1" 404 5"#, "", r#"/" "#, "404"),
        (r#"1.2.3.4 - a [b] c [20/Nov/2026:10:11:12 +0800] "GET / HTTP/1.1" 401 5"#, "a [b] c", "/", "401"),
        (r#"1.2.3.4 - a [20/Nov/2026:10:11:12 +0800] "GET / HTTP/1.1" 401 5"#, "a", "/", "401"),
        (r#"1.2.3.4 - a b [20/Nov/2026:10:11:12 +0800] "GET / HTTP/1.1" 401 5"#, "a b", "/", "401"),
        (r#"host.example - - [20/Nov/2026:10:11:12 +0800] "GET / HTTP/1.1" 200 5"#, "", "/", "200"),
        (r#"5.6.7.8:443 1.2.3.4 - - [20/Nov/2026:10:11:12 +0800] "GET / HTTP/1.1" 200 5"#, "", "/", "200"),
    ] {
        let (_, _, found) = read(line.as_bytes(), &[Field::User, Field::Url, Field::Event]);
        assert_eq!(found, said(&[user, url.trim_end(), status]), "{line}");
    }
}

#[test]
fn sessions_that_go_on_have_not_ended() {
    let line = |event: &str, action: &str| {
        format!(
            "date=2026-11-20 time=10:11:12 logid=\"{event}\" action=\"{action}\" srcip=1.2.3.4 duration=30"
        )
    };
    let marks = |event, action| {
        with(line(event, action).as_bytes(), |record| (record.begins().is_some(), record.ends().is_some()))
    };
    assert_eq!(marks("0000000013", "close"), (true, true));
    assert_eq!(marks("0000000020", "accept"), (false, false));
    assert_eq!(marks("0000000015", "start"), (true, false));
}

#[test]
fn times_of_bodies_are_read_by_their_digits_and_zones() {
    for (time, at) in [
        ("eventtime=1795140672", TEN),
        ("eventtime=1795140672123", "2026-11-20T02:11:12.123000Z"),
        ("eventtime=1795140672123456", "2026-11-20T02:11:12.123456Z"),
        ("eventtime=1795140672123456789", "2026-11-20T02:11:12.123456Z"),
        ("eventtime=17 tz=\"+0000\"", "2026-11-20T10:11:12.000000Z"),
        ("tz=\"-0330\"", "2026-11-20T13:41:12.000000Z"),
        ("x=y", TEN),
    ] {
        let line = format!("date=2026-11-20 time=10:11:12 {time} srcip=1.2.3.4");
        assert_eq!(read(line.as_bytes(), &[]).1.as_deref(), Some(at), "{time}");
    }
    // A body without a zone is of that which brings it nearest to the head.
    for (head, at) in [
        ("2026-11-20T10:11:13+02:00", "2026-11-20T08:11:12.000000Z"),
        ("2026-11-20T02:11:13Z", TEN),
        ("Nov 20 10:11:13", TEN),
    ] {
        let line = format!("<14>{head} pa 1,2026/11/20 10:11:12,0,CONFIG,0,0,2026/11/20 10:11:12,1.2.3.4");
        assert_eq!(read(line.as_bytes(), &[]).1.as_deref(), Some(at), "{head}");
    }
}

#[test]
fn addresses_of_both_versions_are_read_with_zones_and_brackets() {
    for (text, address) in [
        ("fe80::1%eth0", "fe80::1"),
        ("2001:DB8::A", "2001:db8::a"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"),
    ] {
        let line = format!("{{\"src_ip\":\"{text}\"}}");
        let expected: IpAddr = address.parse().unwrap();
        assert_eq!(with(line.as_bytes(), |record| record.src_ip()), Some(expected), "{text}");
    }
}

#[test]
fn what_takes_long_for_its_length_does_not() {
    // Each of these made some reader look through the whole line again for every part of it.
    for part in [
        "a=\"x\"b", "a=\"", "\\\"", "{\"a\":", "[", "a=b ", ",", "\"\"", "|", "=\\", " from ", "%A-1-", "->",
        "(", "<a ",
    ] {
        for front in [
            "",
            "date=2026-11-20 ",
            "CEF:0|a|b|c|d|e|f|",
            "<38>Nov 20 10:11:12 h sshd[1]: ",
            "{\"a\":\"b\",",
            "%%01A/1/B:",
            "<Event <EventID>",
            "1,1,1,TRAFFIC,",
        ] {
            let line = [front.to_owned(), part.repeat(60_000 / part.len())].concat();
            super::any::holds(&Reader::new().read(SOURCE, received(), line.as_bytes()));
        }
    }
}

#[test]
fn a_stream_of_devices_is_cut_and_read() {
    let stream = b"32 <38>Nov 20 10:11:12 h sshd[1]: xdate=2026-11-20 time=10:11:12 srcip=1.2.3.4\r\n\0\n";
    let (mut framer, mut rest, mut found) = (Framer::default(), stream.as_slice(), Vec::new());
    let mut reader = Reader::new();
    while let Some(frame) = framer.next(&mut rest) {
        found.push(reader.read(SOURCE, received(), frame.bytes).dialect());
    }
    assert_eq!(found, [Some(Dialect::Login), Some(Dialect::FortiGate), None]);
}
