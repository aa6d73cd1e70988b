//! The enforcer on another machine: who is heard, and who is not. The firewall behind it is one that only keeps what it is
//! told; what is tried here is the way to it.

use crate::{Machine, act, deny, order};
use ledger::disk::Folder;
use model::{Instant, Told};
use respond::{
    Answer, Ask, Client, Door, Driver, Enforcer, Fault, Hosts, Opening, Ordered, Rig, Seen, Served, Step,
    Wanted,
};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use testkit::TemporaryFolder;

/// A firewall that stands just as it was told.
struct Obedient(Wanted);

impl Driver for Obedient {
    fn name(&self) -> &'static str {
        "obedient"
    }
    fn lacks(&self, _: &Wanted) -> Option<Told> {
        None
    }
    fn own(&mut self) -> Result<Vec<IpAddr>, Fault> {
        Ok(Vec::new())
    }
    fn change(&mut self, step: &Step<'_>) -> Result<(), Fault> {
        self.0 = step.wanted.clone();
        Ok(())
    }
    fn restore(&mut self, wanted: &Wanted, _: &Rig, _: Instant) -> Result<(), Fault> {
        self.0 = wanted.clone();
        Ok(())
    }
    fn rehearse(&mut self, _: &Step<'_>) -> Result<String, Fault> {
        Ok(String::new())
    }
    fn look(&mut self, _: &Wanted, _: &Rig) -> Result<Option<Seen>, Fault> {
        let deny = self.0.deny.keys().map(|hosts| (*hosts, None)).collect();
        Ok(Some(Seen { deny, ..Seen::default() }))
    }
    fn tripped(&mut self) -> Result<Vec<IpAddr>, Fault> {
        Ok(Vec::new())
    }
    fn cut(&mut self, _: Hosts) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
    fn flows(&mut self) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
}

fn served(folder: &Path) -> Served {
    let enforcer = Enforcer::open(Opening {
        name: "edge".to_owned(),
        driver: Box::new(Obedient(Wanted::default())),
        rig: Rig::default(),
        disk: Arc::new(Folder::new(folder)),
        clock: Arc::new(Machine),
        dry: false,
    });
    Served::start(enforcer.unwrap(), |told| panic!("{told}"))
}

/// An authority, and what it has signed, as files.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: rcgen::Issuer::new(params, key) }
    }

    fn put(&self, folder: &Path, name: &str) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        put(folder, &format!("{name}.pem"), &certificate.pem());
        put(folder, &format!("{name}.key"), &key.serialize_pem());
        put(folder, &format!("{name}.ca"), &self.certificate.pem());
    }
}

#[expect(clippy::disallowed_methods, reason = "files of a test, in its own folder")]
fn put(folder: &Path, name: &str, content: &str) {
    std::fs::write(folder.join(name), content).unwrap();
}

#[test]
fn who_shows_no_certificate_of_the_authority_is_not_heard() {
    let folder = TemporaryFolder::new();
    let at = |name: &str| folder.path().join(name);
    let (authority, stranger) = (Authority::new(), Authority::new());
    authority.put(folder.path(), "enforcer");
    authority.put(folder.path(), "ward");
    stranger.put(folder.path(), "stranger");
    let served = served(folder.path());
    let door =
        Door::tls("127.0.0.1:0".parse().unwrap(), &at("enforcer.pem"), &at("enforcer.key"), &at("ward.ca"));
    let door = door.unwrap();
    let address = door.address().unwrap();
    let place = format!("localhost:{}", address.rsplit_once(':').unwrap().1);
    std::thread::spawn(move || served.answer_at(&door, |told| panic!("{told}")));

    let good = Client::tls(&place, &at("enforcer.ca"), &at("ward.pem"), &at("ward.key")).unwrap();
    let ordered = Ask::Order(order(1, "case", Ordered::Act(act(deny("192.0.2.1")))));
    let Answer::Outcome(outcome) = good.ask(&ordered).unwrap() else { panic!("no outcome") };
    assert!(outcome.done, "{outcome:?}");
    // Another authority's certificate, and an enforcer that is another's.
    let foreign = Client::tls(&place, &at("enforcer.ca"), &at("stranger.pem"), &at("stranger.key")).unwrap();
    assert!(foreign.ask(&Ask::Standing).is_err());
    let fooled = Client::tls(&place, &at("stranger.ca"), &at("ward.pem"), &at("ward.key")).unwrap();
    assert!(fooled.ask(&Ask::Standing).is_err());
    let Answer::Standing(standing) = good.ask(&Ask::Standing).unwrap() else { panic!("nothing stands") };
    assert_eq!(standing.acts.len(), 1);
    for bad in ["localhost", "", "::1"] {
        assert!(Client::tls(bad, &at("enforcer.ca"), &at("ward.pem"), &at("ward.key")).is_err(), "{bad}");
    }
}

#[test]
fn what_does_not_read_is_refused_and_what_is_too_long_is_not_read() {
    use std::io::{Read as _, Write as _};
    let folder = TemporaryFolder::new();
    let socket = folder.path().join("socket");
    let served = served(folder.path());
    let door = Door::unix(&socket, &[]).unwrap();
    // Two enforcers at one socket: the second does not begin.
    assert!(Door::unix(&socket, &[]).is_err());
    std::thread::spawn(move || served.answer_at(&door, |told| panic!("{told}")));
    let say = |content: &[u8]| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(&u32::try_from(content.len()).unwrap().to_be_bytes()).unwrap();
        // It may have gone already.
        let _ = stream.write_all(content);
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        stream.read_exact(&mut answer).unwrap();
        Some(String::from_utf8(answer).unwrap())
    };
    assert!(say(b"\"standing\"").unwrap().contains("\"firewall\":\"edge\""));
    for bad in [&b"{}"[..], b"{\"order\":{}}", b"\xff", b"\"standing\" more", b""] {
        assert!(say(bad).unwrap().contains("refused"), "{bad:?}");
    }
    // Nothing that a case may not be called, no target that is none, no member that does not exist.
    let good = r#"{"order":{"id":1,"case":"c","decided_at":"2026-11-27T00:00:00.000000Z","order":{"act":{"what":{"do":"deny","target":"192.0.2.1"}}}}}"#;
    for (from, to) in [
        ("\"c\"", "\"c;d\""),
        ("192.0.2.1", "192.0.2.1; reboot"),
        ("\"id\":1", "\"id\":1,\"x\":1"),
        ("deny", "open"),
    ] {
        assert!(say(good.replace(from, to).as_bytes()).unwrap().contains("refused"), "{to}");
    }
    assert!(say(good.as_bytes()).unwrap().contains("\"done\":true"));
    assert_eq!(say(&vec![b' '; 70_000]), None);
}
