//! Senders as they are everywhere: rsyslog over each transport, syslog-ng; senders that are known by their certificates, and others;
//! a sender that is told of each line that it is kept, while the server is killed.

use crate::lines::firewall;
use crate::{City, soak};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use testkit::{Program, Running};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// An authority of senders.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The certificate of a sender and its key, PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

impl City {
    /// Writes a file beside the data folder; gives its path.
    fn write(&self, name: &str, content: &str) -> String {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The certificate of Ward's own authority, PEM.
    fn own_authority(&self) -> String {
        let stored = fs::read(self.path().join("data/tls/authority")).unwrap();
        let stored: serde_json::Value = serde_json::from_slice(&stored).unwrap();
        stored["certificate"].as_str().unwrap().to_owned()
    }

    /// A connection within TLS, with a certificate where there is one.
    pub(crate) fn secured(
        &self,
        at: &str,
        shown: Option<(String, String)>,
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.own_authority().as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots);
        let config = match shown {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(connection, TcpStream::connect(at).unwrap())
    }
}

/// A figure of a running server.
pub(crate) fn figure(pages: &str, name: &str) -> u64 {
    let text = ureq::get(format!("{pages}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no figure {name}")).parse().unwrap()
}

/// The port of an address.
fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap()
}

/// An address of this machine that nobody has.
fn free() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Connects as soon as somebody is there.
fn connected(address: std::net::SocketAddr) -> TcpStream {
    loop {
        if let Ok(stream) = TcpStream::connect(address) {
            return stream;
        }
        std::thread::yield_now();
    }
}

/// A line of a server to which somebody wanted in.
fn login(nth: u64, from: &str) -> String {
    format!(
        "<38>Nov 26 08:00:{:02} gw-1 sshd[{nth}]: Failed password for root from {from} port {} ssh2",
        nth % 60,
        1_024 + nth
    )
}

#[test]
fn rsyslog_sends_over_each_transport_and_every_line_is_read() {
    const LINES: u64 = 400;
    let city = City::new();
    let senders = Authority::new("Senders of the city");
    let (certificate, key) = senders.issue("gw-1.city.example");
    let clients = city.write("senders.pem", &senders.pem);
    let ways = ["tcp", "udp", "relp", "tls"];
    let (server, doors, pages) = city.receives_by(&ways, &["--syslog-clients", &clients]);
    let [tcp, udp, relp, tls] = [0, 1, 2, 3].map(|nth| port(&doors[nth]));
    let own = free();
    let files = [
        ("CA", city.write("ward.pem", &city.own_authority())),
        ("Cert", city.write("gw-1.pem", &certificate)),
        ("Key", city.write("gw-1.key", &key)),
    ];
    let files: Vec<String> =
        files.iter().map(|(of, path)| format!(" defaultNetstreamDriver{of}File=\"{path}\"")).collect();
    let forward = |protocol: &str, port: &str, more: &str| {
        format!("action(type=\"omfwd\" target=\"127.0.0.1\" protocol=\"{protocol}\" port=\"{port}\"{more})\n")
    };
    let counted = " TCP_Framing=\"octet-counted\" template=\"RSYSLOG_SyslogProtocol23Format\"";
    let secured = " StreamDriver=\"gtls\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" StreamDriverPermittedPeers=\"localhost\"";
    let settings = [
        format!("global(workDirectory=\"{}\"{})\n", city.path().display(), files.concat()),
        "module(load=\"imptcp\")\nmodule(load=\"omrelp\")\n".to_owned(),
        format!("input(type=\"imptcp\" address=\"127.0.0.1\" port=\"{}\")\n", own.port()),
        forward("tcp", tcp, ""),
        forward("tcp", tcp, counted),
        forward("udp", udp, ""),
        format!("action(type=\"omrelp\" target=\"127.0.0.1\" port=\"{relp}\")\n"),
        forward("tcp", tls, &[counted, secured].concat()),
    ];
    let path = city.write("rsyslog.conf", &settings.concat());
    let arguments = ["-n", "-iNONE", "-f", &path];
    let peer = Program::new("/usr/sbin/rsyslogd", city.path()).with(arguments).start().unwrap();
    let mut sender = connected(own);
    for nth in 0..LINES {
        sender.write_all(format!("{}\n", login(nth, "198.51.100.77")).as_bytes()).unwrap();
    }
    let found = city.traced_until(&["198.51.100.77", "--most", "5000"], 5 * LINES);
    assert_eq!(found["count"].as_u64(), Some(5 * LINES));
    let lines = found["lines"].as_array().unwrap();
    for line in lines {
        let fields = &line["fields"];
        assert_eq!((&fields["user"], &fields["host"]), (&"root".into(), &"gw-1".into()), "{line}");
        assert_eq!(line["dialect"], "login", "{line}");
    }
    for (receiver, count) in [
        ("syslog-tcp-unknown", 2 * LINES),
        ("syslog-udp-unknown", LINES),
        ("syslog-relp-unknown", LINES),
        ("syslog-tls-unknown", LINES),
    ] {
        let of = lines.iter().filter(|line| line["receiver"] == receiver).count();
        assert_eq!(of as u64, count, "{receiver}");
    }
    for (name, count) in [
        ("ward_lines_received_total{sender=\"registered\"}", 0),
        ("ward_lines_silent_sources", 0),
        ("ward_lines_refused_total", 0),
    ] {
        assert_eq!(figure(&pages, name), count, "{name}");
    }
    assert!(figure(&pages, "ward_lines_received_total{sender=\"unknown\"}") >= 5 * LINES);
    drop(peer.kill().unwrap());
    city.stop(server);
    city.verify();
}

/// syslog-ng, which cannot be installed beside rsyslog and is unpacked into a place of its own.
fn syslog_ng(city: &City, settings: &str) -> Running {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = named("XDG_CACHE_HOME").unwrap_or_else(|| named("HOME").unwrap().join(".cache"));
    let place = cache.join("ward/syslog-ng");
    assert!(place.exists(), "there is no syslog-ng: make syslog-ng");
    let (libraries, settings) = (place.join("lib"), city.write("syslog-ng.conf", settings));
    let libraries = libraries.to_str().unwrap();
    let arguments = ["-F", "--no-caps", "-f", &settings, "--module-path", libraries];
    let own = [("-R", "persist"), ("-c", "control"), ("-p", "number")];
    let own = own.map(|(option, name)| [option.to_owned(), city.path().join(name).display().to_string()]);
    Program::new(place.join("syslog-ng"), city.path())
        .with_variable("LD_LIBRARY_PATH", libraries)
        .with(arguments)
        .with(own.concat())
        .start()
        .unwrap()
}

#[test]
fn syslog_ng_sends_over_tcp_and_tls_and_every_line_is_read() {
    const LINES: u64 = 400;
    let city = City::new();
    let senders = Authority::new("Senders of the city");
    let (certificate, key) = senders.issue("gw-1.city.example");
    let clients = city.write("senders.pem", &senders.pem);
    let (server, doors, pages) = city.receives_by(&["tcp", "tls"], &["--syslog-clients", &clients]);
    let [tcp, tls] = [0, 1].map(|nth| port(&doors[nth]));
    let own = free();
    let (root, certificate, key) = (
        city.write("ward.pem", &city.own_authority()),
        city.write("gw-1.pem", &certificate),
        city.write("gw-1.key", &key),
    );
    let settings = [
        "@version: current\noptions { keep-hostname(yes); stats-freq(0); };\n".to_owned(),
        format!("source s {{ network(ip(\"127.0.0.1\") port({}) transport(\"tcp\")); }};\n", own.port()),
        format!("destination lines {{ network(\"127.0.0.1\" port({tcp}) transport(\"tcp\")); }};\n"),
        format!(
            "destination counted {{ syslog(\"127.0.0.1\" port({tcp}) transport(\"tcp\") persist-name(\"counted\")); }};\n"
        ),
        format!(
            "destination secured {{ syslog(\"localhost\" port({tls}) transport(\"tls\") tls(ca-file(\"{root}\") \
             cert-file(\"{certificate}\") key-file(\"{key}\") peer-verify(required-trusted))); }};\n"
        ),
        "log { source(s); destination(lines); destination(counted); destination(secured); };\n".to_owned(),
    ];
    let peer = syslog_ng(&city, &settings.concat());
    let mut sender = connected(own);
    for nth in 0..LINES {
        sender.write_all(format!("{}\n", login(nth, "198.51.100.78")).as_bytes()).unwrap();
    }
    let found = city.traced_until(&["198.51.100.78", "--most", "5000"], 3 * LINES);
    assert_eq!(found["count"].as_u64(), Some(3 * LINES));
    let lines = found["lines"].as_array().unwrap();
    for line in lines {
        let fields = &line["fields"];
        assert_eq!((&fields["user"], &fields["host"]), (&"root".into(), &"gw-1".into()), "{line}");
    }
    for (receiver, count) in [("syslog-tcp-unknown", 2 * LINES), ("syslog-tls-unknown", LINES)] {
        let of = lines.iter().filter(|line| line["receiver"] == receiver).count();
        assert_eq!(of as u64, count, "{receiver}");
    }
    assert_eq!(figure(&pages, "ward_lines_refused_total"), 0);
    drop(peer.kill().unwrap());
    city.stop(server);
    city.verify();
}

/// The number by which a datagram is counted, of RFC 5424 §7.3.1.
fn numbered(datagram: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(datagram);
    let behind = text.split_once("sequenceId=\"").unwrap_or_else(|| panic!("no number: {text}")).1;
    behind.split_once('"').unwrap().0.parse().unwrap()
}

#[test]
fn datagrams_of_syslog_ng_that_are_lost_on_the_way_are_missing_by_their_numbers() {
    const LINES: u64 = 200;
    let city = City::new();
    let (server, doors, pages) = city.receives_by(&["udp"], &[]);
    // A network that loses what it is told to.
    let network = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (from, to) = (network.local_addr().unwrap(), doors[0].clone());
    let socket = city.path().join("log.socket");
    let settings = [
        "@version: current\noptions { stats-freq(0); };\n".to_owned(),
        format!("source s {{ unix-dgram(\"{}\"); }};\n", socket.display()),
        format!("destination lines {{ syslog(\"127.0.0.1\" port({}) transport(\"udp\")); }};\n", from.port()),
        "log { source(s); destination(lines); };\n".to_owned(),
    ];
    let peer = syslog_ng(&city, &settings.concat());
    let sender = UnixDatagram::unbound().unwrap();
    while sender.connect(&socket).is_err() {
        std::thread::yield_now();
    }
    let (mut passed, mut buffer) = (Vec::new(), [0; 4_096]);
    for nth in 0..LINES {
        let line = format!(
            "<38>Nov 26 08:00:{:02} sshd[{nth}]: Failed password for root from 198.51.100.79 port 22 ssh2",
            nth % 60
        );
        sender.send(line.as_bytes()).unwrap();
        let length = network.recv(&mut buffer).unwrap();
        // Three in a row, and one now and then.
        if !(50..53).contains(&nth) && nth % 40 != 17 {
            network.send_to(&buffer[..length], &to).unwrap();
            passed.push(numbered(&buffer[..length]));
        }
    }
    let missing = passed.last().unwrap() - passed[0] + 1 - passed.len() as u64;
    let gaps = passed.windows(2).filter(|two| two[0] + 1 < two[1]).count() as u64;
    assert_eq!((missing, gaps), (8, 6), "{passed:?}");
    let found = city.traced_until(&["198.51.100.79", "--most", "1"], LINES - missing);
    assert_eq!(found["count"], LINES - missing);
    let told = ["ward_lines_numbered_total", "ward_lines_missing_total", "ward_lines_gaps_total"];
    assert_eq!(told.map(|name| figure(&pages, name)), [LINES - missing, missing, gaps]);
    let text = ureq::get(format!("{pages}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(!text.contains("127.0.0.1\"}") && !text.contains("198.51.100.79"), "it names nobody: {text}");
    drop(peer.kill().unwrap());
    city.stop(server);
    city.verify();
}

#[test]
fn a_sender_without_a_certificate_of_the_authority_is_refused_and_counted() {
    let city = City::new();
    let (senders, others) = (Authority::new("Senders of the city"), Authority::new("Senders of the city"));
    let clients = city.write("senders.pem", &senders.pem);
    let (server, doors, pages) = city.receives_by(&["tls"], &["--syslog-clients", &clients]);
    let at = &doors[0];
    let line = |from: &str| {
        let line = login(1, from);
        format!("{} {line}", line.len())
    };
    for (nth, shown) in [None, Some(others.issue("gw-1.city.example"))].into_iter().enumerate() {
        let mut peer = city.secured(at, shown);
        // The line may still go; that it was refused is heard behind it.
        let written = peer.write_all(line("198.51.100.66").as_bytes()).and_then(|()| peer.flush());
        let heard = peer.read(&mut [0]);
        assert!(written.is_err() || heard.is_err(), "{written:?} {heard:?}");
        while figure(&pages, "ward_lines_refused_total") < nth as u64 + 1 {}
    }
    // Whoever speaks plainly is not let in, either.
    let mut plain = TcpStream::connect(at).unwrap();
    plain.write_all(format!("{}\n", login(2, "198.51.100.66")).as_bytes()).unwrap();
    while figure(&pages, "ward_lines_refused_total") < 3 {}
    let mut known = city.secured(at, Some(senders.issue("gw-1.city.example")));
    known.write_all(line("198.51.100.77").as_bytes()).unwrap();
    known.flush().unwrap();
    let found = city.traced_until(&["198.51.100.77"], 1);
    assert_eq!(found["lines"][0]["line"], login(1, "198.51.100.77"));
    assert_eq!(city.traced(&["198.51.100.66"])["count"], 0);
    city.stop(server);
    city.verify();

    // Where no authority is named, nobody is asked.
    let (server, doors, _) = city.receives_by(&["tls"], &[]);
    let mut peer = city.secured(&doors[0], None);
    peer.write_all(line("198.51.100.88").as_bytes()).unwrap();
    peer.flush().unwrap();
    city.traced_until(&["198.51.100.88"], 1);
    city.stop(server);
    // Named for nothing, it is refused: somebody believes that senders are asked.
    let arguments = ["serve", "--data", "data", "--syslog", "tcp:127.0.0.1:0", "--syslog-clients", &clients];
    let refused = city.refused(&arguments, "", 2);
    assert!(refused.contains("--syslog tls:"), "{refused}");
}

#[test]
fn every_line_that_relp_answered_is_there_after_a_kill() {
    let city = City::new();
    for round in 1..=if soak() { 100 } else { 3 } {
        let (server, doors, _) = city.receives_by(&["relp"], &[]);
        let stream = TcpStream::connect(&doors[0]).unwrap();
        let mut sender = stream.try_clone().unwrap();
        let from = format!("10.7.0.{round}");
        let line = |nth: usize| firewall(nth, &from);
        // As senders do, it goes on while so many are not answered.
        let (ask_leave, leave) = sync_channel(1_000);
        let (sent, received) = std::thread::scope(|scope| {
            let sending = scope.spawn(move || {
                let mut ask = |number: usize, command: &str, data: &str| {
                    let frame = format!("{number} {command} {} {data}\n", data.len());
                    sender.write_all(frame.as_bytes()).is_ok()
                };
                ask(1, "open", "relp_version=0\ncommands=syslog");
                (0..)
                    .take_while(|nth| ask_leave.send(()).is_ok() && ask(nth + 2, "syslog", &line(*nth)))
                    .count()
            });
            let answers = BufReader::new(stream).lines().map_while(Result::ok);
            // Each is that of the next line; the first is that of the opening.
            let mut answers = answers.filter(|line| line.ends_with(" 200 OK"));
            assert_eq!(answers.next().as_deref(), Some("1 rsp 56 200 OK"));
            let enough = 1_000 + 500 * (round % 9);
            for nth in 0..enough {
                assert_eq!(answers.next(), Some(format!("{} rsp 6 200 OK", nth + 2)));
                leave.recv().unwrap();
            }
            drop(server.kill().unwrap());
            let received = enough + answers.count();
            drop(leave);
            (sending.join().unwrap(), received)
        });
        assert!(received <= sent, "{received} of {sent}");
        let (server, _, _) = city.receives_by(&["relp"], &[]);
        let found = city.traced(&[&*from, "--most", "10000"]);
        let found: BTreeSet<&str> =
            found["lines"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap()).collect();
        for nth in 0..received {
            assert!(found.contains(&*line(nth)), "round {round}: line {nth} of {received}");
        }
        city.stop(server);
    }
    city.verify();
}
