//! Mail to a real server of SMTP, with and without TLS.

use super::{Bed, LIMIT, alarm, done, later, refused, resolved};
use outlets::Message;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;
use std::fs;
use testkit::{Program, Running};

/// A mail server.
struct Sink {
    process: Running,
    port: String,
}

impl Sink {
    fn start(bed: &Bed, arguments: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outlets/sink.py");
        let program = Program::new("/usr/bin/python3", bed.path()).with(["-B", script]).with(arguments);
        let process = program.start().unwrap();
        let port = match process.line(LIMIT).unwrap() {
            Some(port) => port,
            None => panic!("no mail server: {}", process.kill().unwrap().errors),
        };
        Self { process, port }
    }

    fn mail(&self) -> Value {
        serde_json::from_str(&self.process.line(LIMIT).unwrap().unwrap()).unwrap()
    }

    /// Settings for it.
    fn settings(&self, security: &str, more: &str) -> String {
        format!(
            "[outlet.one.mail]\nserver = \"localhost\"\nport = {}\nsecurity = \"{security}\"\nauthority = \"ca.pem\"\n\
             from = \"城防 <ward@city.example>\"\nto = [\"值班 <duty@city.example>\", \"head@city.example\"]\n{more}",
            self.port
        )
    }
}

/// A certificate for `localhost`, and the authority it is of.
fn certificates(bed: &Bed, name: &str) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&authority).unwrap();
    fs::write(bed.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
    let issuer = Issuer::new(params, authority);
    let key = KeyPair::generate().unwrap();
    let server =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    fs::write(bed.path().join(format!("{name}-server.pem")), server.pem()).unwrap();
    fs::write(bed.path().join(format!("{name}-server.key")), key.serialize_pem()).unwrap();
}

fn of_server(name: &str) -> [String; 4] {
    [
        "--certificate".to_owned(),
        format!("{name}-server.pem"),
        "--key".to_owned(),
        format!("{name}-server.key"),
    ]
}

fn header<'m>(mail: &'m Value, name: &str) -> Vec<&'m str> {
    let headers = mail["headers"].as_array().unwrap();
    headers.iter().filter(|header| header[0] == name).filter_map(|header| header[1].as_str()).collect()
}

#[test]
fn mail_goes_by_starttls_with_a_password_in_both_languages_and_no_header_is_broken() {
    let bed = Bed::new();
    certificates(&bed, "ca");
    bed.secret("password", "correct horse");
    let server = of_server("ca");
    let arguments: Vec<&str> = ["starttls", "--password", "correct horse"]
        .into_iter()
        .chain(server.iter().map(String::as_str))
        .collect();
    let sink = Sink::start(&bed, &arguments);
    let outlet = bed.outlet(&sink.settings("starttls", "user = \"ward\"\npassword_file = \"password\""));

    assert!(done(outlet.send(&alarm(41))).ends_with("taken as 4711"));
    let mail = sink.mail();
    assert_eq!(
        (&mail["cipher"], &mail["user"], &mail["from"]),
        (&true.into(), &"ward".into(), &"ward@city.example".into())
    );
    assert_eq!(mail["to"], serde_json::json!(["duty@city.example", "head@city.example"]));
    assert_eq!(header(&mail, "Subject"), ["告警〔高〕猜測密碼 · Alarm (high): passwords are guessed"]);
    assert_eq!(header(&mail, "From"), ["城防 <ward@city.example>"]);
    assert_eq!(header(&mail, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(&mail, "Message-ID"), ["<ward-raised-41@city.example>"]);
    assert!(header(&mail, "Bcc").is_empty());
    let body = mail["body"].as_str().unwrap();
    assert!(body.contains("建議：查明來源並封鎖") && body.contains("Advice: find out who it is"), "{body}");
    assert!(body.contains("src_ip=192.0.2.7、user=root  Bcc: thief@evil.example"), "{body}");
    assert!(!super::is_obeyed(body), "{body:?}");

    done(outlet.send(&resolved(41)));
    let mail = sink.mail();
    assert_eq!(
        header(&mail, "Subject"),
        ["告警解除〔高〕猜測密碼 · Alarm over (high): passwords are guessed"]
    );
    assert_eq!(header(&mail, "In-Reply-To"), ["<ward-raised-41@city.example>"]);
}

#[test]
fn mail_goes_by_tls_from_the_start_and_to_this_machine_in_clear() {
    let bed = Bed::new();
    certificates(&bed, "ca");
    let server = of_server("ca");
    let arguments: Vec<&str> = std::iter::once("tls").chain(server.iter().map(String::as_str)).collect();
    let sink = Sink::start(&bed, &arguments);
    done(bed.outlet(&sink.settings("tls", "")).send(&alarm(1)));
    assert_eq!(sink.mail()["cipher"], true);

    let sink = Sink::start(&bed, &["none"]);
    let many = Message::of_many(&[alarm(2), alarm(3)], 9).unwrap();
    done(bed.outlet(&sink.settings("none", "")).send(&many));
    let mail = sink.mail();
    assert_eq!(mail["cipher"], false);
    assert_eq!(header(&mail, "Message-ID"), ["<ward-summary-2-9@city.example>"]);
}

#[test]
fn a_server_that_is_not_the_one_that_was_named_gets_nothing() {
    let bed = Bed::new();
    certificates(&bed, "other");
    certificates(&bed, "ca");
    for security in ["tls", "starttls"] {
        let server = of_server("other");
        let arguments: Vec<&str> =
            std::iter::once(security).chain(server.iter().map(String::as_str)).collect();
        let sink = Sink::start(&bed, &arguments);
        let told = later(bed.outlet(&sink.settings(security, "")).send(&alarm(1)));
        assert!(told.contains("ertificate"), "{told}");
        assert!(sink.process.kill().unwrap().output.is_empty(), "nothing was taken");
    }
    // One that has no TLS is not spoken to in clear.
    let sink = Sink::start(&bed, &["none"]);
    let told = later(bed.outlet(&sink.settings("starttls", "")).send(&alarm(1)));
    assert!(told.contains("STARTTLS"), "{told}");
}

#[test]
fn what_a_server_refuses_for_good_is_refused_and_what_it_cannot_do_now_is_tried_again() {
    let bed = Bed::new();
    certificates(&bed, "ca");
    let sink = Sink::start(&bed, &["none"]);
    let to = |who: &str| sink.settings("none", "").replace("head@city.example", who);
    assert!(refused(bed.outlet(&to("nobody@city.example")).send(&alarm(1))).contains("550"));
    assert!(later(bed.outlet(&to("full@city.example")).send(&alarm(1))).contains("452"));
    let settings = sink.settings("none", "");
    let outlet = bed.outlet(&settings);
    done(outlet.send(&alarm(1)));
    drop(sink);
    assert!(later(outlet.send(&alarm(2))).contains("localhost"), "a server that is down");
}

#[test]
fn a_wrong_password_is_to_be_mended_and_loses_nothing() {
    let bed = Bed::new();
    certificates(&bed, "ca");
    bed.secret("password", "wrong one");
    let server = of_server("ca");
    let arguments: Vec<&str> = ["starttls", "--password", "right one"]
        .into_iter()
        .chain(server.iter().map(String::as_str))
        .collect();
    let sink = Sink::start(&bed, &arguments);
    let told = later(
        bed.outlet(&sink.settings("starttls", "user = \"ward\"\npassword_file = \"password\""))
            .send(&alarm(1)),
    );
    assert!(told.contains("535") && !told.contains("wrong one"), "{told}");
}
