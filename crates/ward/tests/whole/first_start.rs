//! The first start and signing in, with the program as people run it: plain requests over HTTP from this machine, and
//! over HTTPS with the authority that Ward makes itself.

use crate::{City, LIMIT};
use serde_json::Value;
use std::cell::RefCell;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use testkit::{Cookies, Program, Running};
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

pub(crate) const PASSWORD: &str = "my breakfast at the pier";

/// Somebody at a browser without script.
pub(crate) struct Browser {
    agent: ureq::Agent,
    base: String,
    cookies: RefCell<Cookies>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Browser {
    pub(crate) fn new(base: &str) -> Self {
        Self::with(base, TlsConfig::builder().build())
    }

    /// One that trusts this authority, and shows a certificate where it has one.
    fn trusting(base: &str, authority: &Path, terminal: Option<(&Path, &Path)>) -> Self {
        let pem = fs::read(authority).unwrap();
        let root = Certificate::from_pem(&pem).unwrap();
        let mut tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(vec![root])));
        if let Some((certificate, key)) = terminal {
            let chain = vec![Certificate::from_pem(&fs::read(certificate).unwrap()).unwrap().to_owned()];
            let key = PrivateKey::from_pem(&fs::read(key).unwrap()).unwrap().to_owned();
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
        }
        Self::with(base, tls.build())
    }

    fn with(base: &str, tls: TlsConfig) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(LIMIT))
            .http_status_as_error(false)
            .max_redirects(0)
            .tls_config(tls)
            .build();
        Self {
            agent: config.into(),
            base: base.trim_end_matches('/').to_owned(),
            cookies: RefCell::default(),
        }
    }

    fn try_get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base)).header("accept-language", "en");
        if let Some(cookies) = self.cookies.borrow().header() {
            request = request.header("cookie", cookies);
        }
        request.call().map(|response| self.answer(response))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap()
    }

    pub(crate) fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let body =
            testkit::fill(page, action, fields).unwrap_or_else(|| panic!("no form for {action}: {page}"));
        let mut request = self.agent.post(format!("{}{action}", self.base)).header("accept-language", "en");
        request = request.header("origin", &self.base).content_type("application/x-www-form-urlencoded");
        if let Some(cookies) = self.cookies.borrow().header() {
            request = request.header("cookie", cookies);
        }
        self.answer(request.send(body.as_bytes()).unwrap())
    }

    fn answer(&self, mut response: ureq::http::Response<ureq::Body>) -> Answer {
        for set in response.headers().get_all("set-cookie") {
            self.cookies.borrow_mut().take(set.to_str().unwrap());
        }
        let location =
            response.headers().get("location").map_or("", |place| place.to_str().unwrap()).to_owned();
        let status = response.status().as_u16();
        Answer { status, location, text: response.body_mut().read_to_string().unwrap() }
    }
}

/// Waits for a line that the program prints.
pub(crate) fn line(running: &Running, fits: impl Fn(&str) -> bool) -> String {
    loop {
        let line = running.line(LIMIT).unwrap().expect("a line it prints");
        if fits(&line) {
            return line;
        }
    }
}

/// The code of this moment, by an implementation that is not ours.
pub(crate) fn code_of(secret: &str, folder: &Path) -> String {
    let program = Program::new("/usr/bin/oathtool", folder);
    let asked = program.with(["--totp", "--base32", &secret.replace(' ', "")]).run("", LIMIT).unwrap();
    assert!(asked.status.success(), "oathtool (Debian package oathtool): {}", asked.errors);
    asked.output.concat()
}

/// From the link to a steward who is signed in; gives the recovery codes that are left.
pub(crate) fn begin(browser: &Browser, link: &str, host: &str, city: &City) -> Vec<String> {
    let page = browser.get(link);
    assert_eq!(page.status, 200, "{}", page.text);
    let page = browser.submit(&page.text, link, &[("host", host)]).text;
    let office = [("unit_zh", "臺中市政府"), ("unit_en", "Taichung"), ("unit_code", "100")];
    let page = browser.submit(&page, link, &office).text;
    let steward = [
        ("login", "lin.yc"),
        ("name", "林怡君"),
        ("title", "科員"),
        ("mail", "lin.yc@city.example"),
        ("role", "steward"),
    ];
    let page = browser.submit(&page, link, &steward).text;
    let codes = browser.submit(&page, link, &[("new", PASSWORD), ("again", PASSWORD)]);
    assert_eq!((codes.status, codes.text.matches("<li><code>").count()), (200, 10), "{}", codes.text);
    assert_eq!(browser.get(link).status, 404, "the link serves once");

    let enrol = browser.get("/enrol").text;
    let page = browser.submit(&enrol, "/factors/otp", &[]).text;
    let secret = page.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap();
    let code = code_of(secret, city.path());
    let set = browser.submit(&page, "/factors/otp/confirm", &[("code", &code)]);
    assert_eq!(set.location, "/enrol", "{}", set.text);
    let enrol = browser.get("/enrol").text;
    assert_eq!(browser.submit(&enrol, "/sign-out", &[]).location, "/sign-in?set");

    // The code of this half minute is used up; a recovery code serves meanwhile.
    let codes = codes.text.split("<li><code>").skip(1).map(|code| code.split('<').next().unwrap().to_owned());
    let mut codes: Vec<String> = codes.collect();
    sign_in(browser, &codes.remove(0));
    codes
}

/// A token of whoever is signed in, with one right.
pub(crate) fn token(browser: &Browser, right: &str) -> String {
    let page = browser.get("/settings/tokens").text;
    let asked = [("name", "a program"), ("days", "30"), ("right", right), ("password", PASSWORD)];
    let made = browser.submit(&page, "/settings/tokens", &asked);
    let secret = made.text.split(['<', '>', '"']).find(|text| text.starts_with("ward_"));
    secret.unwrap_or_else(|| panic!("{}", made.text)).to_owned()
}

fn sign_in(browser: &Browser, recovery: &str) {
    let page = browser.get("/sign-in").text;
    let first = browser.submit(&page, "/sign-in", &[("login", "lin.yc"), ("password", PASSWORD)]);
    assert_eq!(first.status, 303, "{}", first.text);
    let page = browser.get(&first.location).text;
    let second = browser.submit(&page, "/sign-in/second", &[("recovery", recovery), ("code", "")]);
    assert_eq!(second.status, 303, "{}", second.text);
}

#[test]
fn from_an_empty_ledger_to_a_steward_who_is_signed_in_over_http_on_this_machine() {
    let city = City::new();
    city.good(&["pack", "publish", "--data", "data"], "");
    let server = city.program(&["serve", "--data", "data", "--listen", "127.0.0.1:0"]).start().unwrap();
    let address = line(&server, |line| line.starts_with("http://localhost:"));
    let link = line(&server, |line| line.contains("/start/"));
    let path = format!("/{}", link.strip_prefix(&address).unwrap());
    let browser = Browser::new(&address);
    assert_eq!(browser.get("/").location, "/sign-in?to=%2F");
    begin(&browser, &path, "localhost", &city);
    let check = browser.get("/check");
    assert_eq!(check.status, 200);
    for seen in ["Room on the disk", "Witnesses", "Master key", "only this machine can open pages"] {
        assert!(check.text.contains(seen), "{seen}: {}", check.text);
    }
    assert!(browser.get("/about").text.contains("city.example/ward"));
    assert!(fs::read_to_string(city.path().join("data/site.toml")).unwrap().contains("host = \"localhost\""));
    let home = browser.get("/");
    assert_eq!(home.status, 200, "signed in: {}", home.text);

    let health = browser.get("/healthz");
    assert_eq!((health.status, health.text.as_str()), (200, "ok\n"));
    let figures = browser.get("/metrics").text;
    for shown in ["ward_taking 1", "ward_requests_total{route=\"/sign-in\",method=\"POST\",status=\"3xx\"} 1"]
    {
        assert!(figures.lines().any(|line| line == shown), "{shown}\n{figures}");
    }
    assert!(!figures.contains("lin.yc") && !figures.contains(&path), "{figures}");
    assert!(browser.get("/ledger/checkpoint").text.starts_with("city.example/ward\n"));
    assert_eq!(browser.get("/ledger/tile/0/x000/nonsense").status, 404);
    city.stop(server);
    city.verify();

    // Somebody administers by now: there is no link any more, and the name is known.
    let (server, _) = city.serve();
    let said = city.stop(server);
    assert!(!said.output.join("\n").contains("/start/"), "{:?}", said.output);
}

#[test]
fn over_https_the_authority_ward_makes_is_believed_and_a_terminal_is_known_by_its_certificate() {
    let city = City::new();
    city.good(&["pack", "publish", "--data", "data"], "");
    let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--tls"];
    let server = city.program(&serve).start().unwrap();
    let address = line(&server, |line| line.starts_with("https://localhost:"));
    let link = line(&server, |line| line.contains("/start/"));
    let port = address.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();

    // Whoever does not trust it is not served; whoever speaks plain HTTP is shown the way.
    let stranger = Browser::with(&address, TlsConfig::builder().root_certs(RootCerts::WebPki).build());
    assert!(stranger.try_get("/healthz").is_err());
    let astray = Browser::new(&format!("http://localhost:{port}")).get("/sign-in?to=/a");
    assert_eq!((astray.status, astray.location), (308, format!("{address}sign-in?to=/a")));
    programs_are_not_led(&format!("http://localhost:{port}"));

    let stored: Value =
        serde_json::from_slice(&fs::read(city.path().join("data/tls/authority")).unwrap()).unwrap();
    let root = city.path().join("root.pem");
    fs::write(&root, stored["certificate"].as_str().unwrap()).unwrap();
    let browser = Browser::trusting(&address, &root, None);
    let offered = browser.get("/authority.crt");
    assert_eq!(offered.text, stored["certificate"].as_str().unwrap());
    let print = openssl(&city, &["x509", "-in", "root.pem", "-noout", "-fingerprint", "-sha256"]).concat();
    let print = print.split('=').nth(1).unwrap();
    assert!(browser.get("/authority").text.contains(print), "{print}");

    let path = link.strip_prefix(address.trim_end_matches('/')).unwrap().to_owned();
    let codes = begin(&browser, &path, "localhost", &city);

    // By its address too: the certificate names it.
    let by_address = Browser::trusting(&format!("https://127.0.0.1:{port}"), &root, None);
    assert!(by_address.get("/sign-in").text.contains("Passkeys work under the name localhost alone"));

    // A terminal: its certificate is registered by its fingerprint, and then asked for.
    let make =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"];
    let files = ["-subj", "/CN=counter 3", "-keyout", "terminal.key", "-out", "terminal.pem"];
    openssl(&city, &[make.as_slice(), &files].concat());
    let print =
        openssl(&city, &["x509", "-in", "terminal.pem", "-noout", "-fingerprint", "-sha256"]).concat();
    let print = print.split('=').nth(1).unwrap().replace(':', "").to_ascii_lowercase();
    let add =
        ["terminal", "add", "--name", "三號櫃檯", "--fingerprint", &print, "--management", "--data", "data"];
    city.good(&add, "");
    let files = (city.path().join("terminal.pem"), city.path().join("terminal.key"));
    let terminal = Browser::trusting(&address, &root, Some((&files.0, &files.1)));
    sign_in(&terminal, &codes[0]);
    assert!(terminal.get("/settings").text.contains("三號櫃檯"), "the session is at the terminal");
    let away = Browser::trusting(&address, &root, None);
    *away.cookies.borrow_mut() = terminal.cookies.borrow().clone();
    assert_eq!(away.get("/settings").status, 303, "a session counts at its own terminal alone");
    city.stop(server);
    city.verify();

    // The same authority after another start, and with it the trust of every machine.
    let server = city.program(&serve).start().unwrap();
    let address = line(&server, |line| line.starts_with("https://localhost:"));
    assert_eq!(Browser::trusting(&address, &root, None).get("/healthz").status, 200);
    city.stop(server);
    let path = city.path().join("data/tls/authority");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.replacen("\"sealed\":\"", "\"sealed\":\"AAAA", 1)).unwrap();
    let said = city.refused(&serve, "", 2);
    assert!(said.contains("tls/authority"), "{said}");
    let verdict = city.ward(&["verify", "--data", "data"], "");
    assert_eq!(verdict.status.code(), Some(1), "{:?}", verdict.output);
    assert!(verdict.output.concat().contains("tls/authority"), "{:?}", verdict.output);
}

/// What is no page is led nowhere from plain HTTP.
fn programs_are_not_led(plain: &str) {
    let agent = Browser::new(plain).agent;
    for path in ["/api/v1/pack", "/ledger/checkpoint", "/healthz", "/metrics"] {
        let answer =
            agent.get(format!("{plain}{path}")).header("authorization", "Bearer t0k").call().unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("location")), (400, None), "{path}");
    }
    let posted = agent.post(format!("{plain}/sign-in")).send("password=x").unwrap();
    assert_eq!((posted.status().as_u16(), posted.headers().get("location")), (400, None));
}

#[test]
fn what_is_no_page_is_framed_by_nobody_and_taken_for_nothing_else() {
    let city = City::new();
    city.good(&["pack", "publish", "--data", "data"], "");
    let server =
        city.program(&["serve", "--data", "data", "--listen", "127.0.0.1:0", "--tls"]).start().unwrap();
    let address = line(&server, |line| line.starts_with("https://localhost:"));
    let port = address.rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let stored: Value =
        serde_json::from_slice(&fs::read(city.path().join("data/tls/authority")).unwrap()).unwrap();
    let root = city.path().join("root.pem");
    fs::write(&root, stored["certificate"].as_str().unwrap()).unwrap();
    let browser = Browser::trusting(&address, &root, None);
    let base = address.trim_end_matches('/').to_owned();
    let plain = format!("http://localhost:{port}");
    for (base, path) in [
        (&base, "/healthz"),
        (&base, "/metrics"),
        (&base, "/ledger/checkpoint"),
        (&base, "/ledger/tile/0/000"),
        (&base, "/sign-in"),
        (&base, "/nothing"),
        (&plain, "/sign-in"),
        (&plain, "/healthz"),
    ] {
        let answer = browser.agent.get(format!("{base}{path}")).call().unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(header("x-content-type-options"), "nosniff", "{base}{path}");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{base}{path}");
    }
    city.stop(server);
}

fn openssl(city: &City, arguments: &[&str]) -> Vec<String> {
    let done = Program::new("/usr/bin/openssl", city.path()).with(arguments).run("", LIMIT).unwrap();
    assert!(done.status.success(), "{}", done.errors);
    done.output
}

#[test]
fn a_certificate_that_was_handed_in_is_shown_and_one_without_its_key_is_refused() {
    let city = City::new();
    city.good(&["pack", "publish", "--data", "data"], "");
    let make =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"];
    let name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let own = ["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "own.key", "-out", "own.pem"];
    openssl(&city, &[make.as_slice(), &name, &own].concat());
    openssl(
        &city,
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", "other.key"],
    );
    let serve = ["serve", "--data", "data", "--listen", "127.0.0.1:0", "--tls", "--cert", "own.pem", "--key"];
    let refused = city.refused(&[serve.as_slice(), &["other.key"]].concat(), "", 2);
    assert!(refused.contains("own.pem") && refused.contains("other.key"), "{refused}");
    let server = city.program(&[serve.as_slice(), &["own.key"]].concat()).start().unwrap();
    let address = line(&server, |line| line.starts_with("https://localhost:"));
    let own = Browser::trusting(&address, &city.path().join("own.pem"), None);
    assert_eq!(own.get("/healthz").status, 200);
    assert_eq!(own.get("/authority").status, 404, "there is no authority of Ward's own");
    city.stop(server);
    assert!(!city.path().join("data/tls").exists());
}

#[test]
fn figures_and_entries_are_for_this_machine_or_for_who_knows_the_token() {
    let city = City::new();
    city.good(&["pack", "publish", "--data", "data"], "");
    let own = ward_addresses().into_iter().next();
    let Some(address) = own else { return };
    let door = SocketAddr::from((address, 0)).to_string();
    let serve = ["serve", "--data", "data", "--listen", &door, "--metrics-token", "t0k"];
    let server = city.program(&serve).start().unwrap();
    let base = line(&server, |line| line.starts_with(&format!("https://{address}:")));
    let stored: Value =
        serde_json::from_slice(&fs::read(city.path().join("data/tls/authority")).unwrap()).unwrap();
    let root = city.path().join("root.pem");
    fs::write(&root, stored["certificate"].as_str().unwrap()).unwrap();
    let browser = Browser::trusting(&base, &root, None);
    let ask = |path: &str, bearer: Option<&str>| {
        let mut request = browser.agent.get(format!("{}{path}", base.trim_end_matches('/')));
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let mut answer = request.call().unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_vec().unwrap())
    };
    let holds = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|some| some == word.as_bytes());
    // Hashes are for everybody; entries hold bodies, of which pages ask who reads them.
    let size = browser.get("/ledger/checkpoint").text.lines().nth(1).unwrap().to_owned();
    let entries = format!("/ledger/tile/entries/000.p/{size}");
    assert_eq!(ask(&format!("/ledger/tile/0/000.p/{size}"), None).0, 200);
    for (path, word) in [("/metrics", "ward_ledger_entries"), (&*entries, "pack.published")] {
        assert_eq!((ask(path, None).0, ask(path, Some("wrong")).0), (404, 404), "{path}");
        let (status, told) = ask(path, Some("t0k"));
        assert!(status == 200 && holds(&told, word), "{path}");
    }
    city.stop(server);
}

/// Addresses of this machine that are not loopback.
fn ward_addresses() -> Vec<Ipv4Addr> {
    // No packet is sent: the system only says by which address it would go.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let routed = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    match routed.map(|address| address.ip()) {
        Ok(std::net::IpAddr::V4(address)) if !address.is_loopback() => vec![address],
        _ => Vec::new(),
    }
}
