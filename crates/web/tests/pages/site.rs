//! A site over a house, sessions in memory, and somebody who asks it.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use identity::Right;
use ledger::verify::{Progress, Report};
use model::{Clock as _, Instant, PersonId, SessionId, TerminalId, TokenId, Told, UnitId};
use proof::policy::Policy;
use regulation::Outcome;
use serde_json::json;
use signin::Application;
use signin::SignIn;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use testkit::{Acting, House, SeededEntropy};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use web::{
    Applications, Codes, Config, Finding, Host, Limits, Machine, Oversight, Parts, Place, Root, Session,
    Sessions, Site, Verify,
};

/// Sessions in memory.
#[derive(Default)]
pub(crate) struct Open(Mutex<BTreeMap<String, Session>>);

impl Sessions for Open {
    fn session(&self, cookie: &str, _: &Place, _: Instant) -> Option<Session> {
        self.0.lock().unwrap().get(cookie).cloned()
    }

    fn glance(&self, cookie: &str, place: &Place, now: Instant) -> Option<Session> {
        self.session(cookie, place, now)
    }

    fn is_open(&self, session: &Session, _: Instant) -> bool {
        self.0.lock().unwrap().values().any(|open| open.id == session.id)
    }
}

/// The one-time code that is right, once.
pub(crate) const CODE: &str = "246810";

/// One-time codes that are all the same; each person's is used up when it was right.
#[derive(Default)]
pub(crate) struct Counted(Mutex<Vec<PersonId>>);

impl Codes for Counted {
    fn verify_otp(&self, person: PersonId, code: &str, _: Instant) -> Result<bool, Told> {
        let mut used = self.0.lock().unwrap();
        let right = code == CODE && !used.contains(&person);
        if right {
            used.push(person);
        }
        Ok(right)
    }
}

/// A machine that is as the test says.
pub(crate) struct Standing {
    pub(crate) host: Mutex<Option<Host>>,
    pub(crate) found: Vec<Finding>,
}

impl Default for Standing {
    fn default() -> Self {
        Self { host: Mutex::new(Host::new("house.example").ok()), found: Vec::new() }
    }
}

impl Machine for Standing {
    fn host(&self) -> Option<Host> {
        self.host.lock().unwrap().clone()
    }

    fn rename(&self, host: &Host) -> Result<(), Told> {
        *self.host.lock().unwrap() = Some(host.clone());
        Ok(())
    }

    fn addresses(&self) -> Vec<String> {
        vec!["https://house.example/".to_owned()]
    }

    fn authority(&self) -> Option<Root> {
        Some(Root { pem: "-----BEGIN CERTIFICATE-----\n".to_owned(), fingerprint: "AB:CD".to_owned() })
    }

    fn look(&self, _: Instant) -> Vec<Finding> {
        self.found.clone()
    }
}

/// Tokens in memory.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<BTreeMap<String, Application>>);

impl Applications for Tokens {
    fn application(
        &self,
        token: &str,
        _: &Place,
        _: Instant,
    ) -> Result<Option<Application>, signin::Refusal> {
        Ok(self.0.lock().unwrap().get(token).cloned())
    }
}

/// A site that is asked.
pub(crate) struct Asked {
    pub(crate) house: House,
    pub(crate) reports: Arc<Mutex<Vec<String>>>,
    sessions: Arc<Open>,
    tokens: Arc<Tokens>,
    pub(crate) codes: Arc<Counted>,
    pub(crate) door: SignIn,
    router: axum::Router,
    runtime: Runtime,
}

/// Signing in over a house, with hashes that cost nothing.
pub(crate) fn door(house: &House) -> SignIn {
    let cost = signin::Cost { memory_kib: 64, passes: 1, ..signin::Cost::default() };
    let site = signin::Site { host: "house.example".into(), port: None, secure: true, name: "House".into() };
    SignIn::new(signin::Parts {
        desk: house.desk.clone(),
        entropy: Box::new(SeededEntropy::new(4)),
        config: signin::Config { site, cost, ..signin::Config::default() },
    })
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Asked {
    pub(crate) fn of(house: House, limits: Limits) -> Self {
        Self::with(house, limits, axum::Router::new())
    }

    /// With pages of the test's own.
    pub(crate) fn with(house: House, limits: Limits, more: axum::Router<Site>) -> Self {
        Self::made(house, limits, more, false, None, None)
    }

    /// Of a city that is not real: these words stand on every page.
    pub(crate) fn marked(house: House, watermark: model::Told) -> Self {
        Self::made(house, Limits::default(), axum::Router::new(), false, Some(watermark), None)
    }

    /// Of a sample city that is entered from the page of its tour.
    pub(crate) fn sample(house: House, city: Arc<dyn web::SampleCity>) -> Self {
        let watermark = Told::new("示範城市", "Sample city");
        Self::made(house, Limits::default(), axum::Router::new(), false, Some(watermark), Some(city))
    }

    /// Over HTTPS, where people sign in as they do, and issue tokens.
    pub(crate) fn signing_in(house: House) -> Self {
        Self::signing_in_within(house, Limits::default())
    }

    /// The same, asked so often.
    pub(crate) fn signing_in_within(house: House, limits: Limits) -> Self {
        Self::made(house, limits, axum::Router::new(), true, None, None)
    }

    fn made(
        house: House,
        limits: Limits,
        more: axum::Router<Site>,
        signing_in: bool,
        watermark: Option<model::Told>,
        sample_city: Option<Arc<dyn web::SampleCity>>,
    ) -> Self {
        let sessions = Arc::new(Open::default());
        let door = door(&house);
        let tokens = Arc::new(Tokens::default());
        let (asked_for_sessions, applications): (Arc<dyn Sessions>, Arc<dyn Applications>) = match signing_in
        {
            true => (Arc::new(door.clone()), Arc::new(door.clone())),
            false => (Arc::clone(&sessions) as _, Arc::clone(&tokens) as _),
        };
        let codes = Arc::new(Counted::default());
        let machine = Arc::new(Standing::default());
        let reports: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&reports);
        let config = Config {
            secure: signing_in,
            data: house.data.clone(),
            limits,
            printer: printer(),
            watermark,
            report: Arc::new(move |_, causes| told.lock().unwrap().push(causes.to_owned())),
        };
        let site = Site::new(Parts {
            desk: house.desk.clone(),
            sessions: asked_for_sessions,
            lines: Arc::new(crate::trace::Received::new()),
            watching: Arc::new(crate::alarms::Standing),
            outlets: Arc::new(crate::outlets::Set(house.desk.clone())),
            enforcers: Arc::new(crate::responses::Two),
            oversight: house_oversight(&house),
            sample_city,
            applications,
            codes: Arc::clone(&codes) as Arc<dyn Codes>,
            door: door.clone(),
            machine: Arc::clone(&machine) as Arc<dyn Machine>,
            clock: Arc::new(house.clock.clone()),
            entropy: Box::new(SeededEntropy::new(9)),
            config,
        });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { house, reports, sessions, tokens, codes, door, router: web::router_with(site, more), runtime }
    }

    /// Entries of a kind, those of what is still queued included.
    pub(crate) fn entered(&self, kind: &str) -> Vec<serde_json::Value> {
        let desk = &self.house.desk;
        assert!(desk.stopped().is_none());
        let mut found = Vec::new();
        let visit = |_: u64, bytes: &[u8]| {
            let entry: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            found.extend((entry["kind"] == kind).then_some(entry));
        };
        desk.reader().entries(0..desk.seen().position, visit).unwrap();
        found
    }

    /// Gives an application of somebody's a token that reads and files in these registers.
    pub(crate) fn token(&self, person: PersonId, read: &[&str], file: &[&str]) -> String {
        self.token_of(person, read, file, &[])
    }

    /// The same with rights beside.
    pub(crate) fn token_of(
        &self,
        person: PersonId,
        read: &[&str],
        file: &[&str],
        rights: &[Right],
    ) -> String {
        let mut tokens = self.tokens.0.lock().unwrap();
        let secret = format!("ward_{}_{person}", tokens.len());
        let of = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        let token = TokenId::from_bytes([tokens.len() as u8 + 1; 16]);
        let (read, file, rights) = (of(read), of(file), rights.iter().copied().collect());
        tokens.insert(secret.clone(), Application { token, person, read, file, rights, terminal: None });
        secret
    }

    /// Signs somebody in: gives their cookie.
    pub(crate) fn sign_in(&self, person: PersonId) -> String {
        self.sign_in_at(person, None)
    }

    /// The same at a terminal.
    pub(crate) fn sign_in_at(&self, person: PersonId, terminal: Option<TerminalId>) -> String {
        let cookie = format!("cookie-of-{person}");
        let session = Session {
            id: SessionId::from_bytes(*person.as_bytes()),
            person,
            csrf: format!("token-of-{person}"),
            terminal,
            factors: [web::Factor::Passkey].into(),
        };
        self.sessions.0.lock().unwrap().insert(cookie.clone(), session);
        cookie
    }

    /// Asks, with headers.
    pub(crate) fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.ask_of("house.example", method, path, headers, body)
    }

    /// Looks at a page as a stranger who has come by another name.
    pub(crate) fn ask_at(&self, host: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask_of(host, Method::GET, path, headers, "")
    }

    fn ask_of(&self, host: &str, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(Body::from(body.to_owned())).unwrap())
    }

    /// The answer to a request. Of one that has no end, none but its head.
    pub(crate) fn answer(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let of = parts.headers.get("content-type").map(|of| of.as_bytes().to_vec());
            let body = match of.is_some_and(|of| of.starts_with(b"text/event-stream")) {
                true => Vec::new(),
                false => to_bytes(body, usize::MAX).await.unwrap().to_vec(),
            };
            Answer { status: parts.status, headers: parts.headers, body }
        })
    }

    /// The first bytes of an answer that has no end.
    pub(crate) fn begins(&self, path: &str, cookie: &str) -> String {
        use futures_core::Stream as _;
        let cookie = format!("ward_session={cookie}");
        let request = Request::builder().uri(path).header("cookie", cookie).body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
            let mut stream = Box::pin(response.into_body().into_data_stream());
            let first = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await;
            String::from_utf8(first.unwrap().unwrap().to_vec()).unwrap()
        })
    }

    /// The first piece of a stream of events, and the next, which is told of what happens meanwhile.
    pub(crate) fn hears(&self, path: &str, cookie: &str, meanwhile: impl FnOnce()) -> (String, String) {
        use futures_core::Stream as _;
        let cookie = format!("ward_session={cookie}");
        let request = Request::builder().uri(path).header("cookie", cookie).body(Body::empty()).unwrap();
        let response = self.runtime.block_on(self.router.clone().oneshot(request)).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut stream = Box::pin(response.into_body().into_data_stream());
        let mut next = || {
            let piece = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx));
            let within = std::time::Duration::from_secs(20);
            let piece = self.runtime.block_on(async { tokio::time::timeout(within, piece).await });
            String::from_utf8(piece.expect("it is told").unwrap().unwrap().to_vec()).unwrap()
        };
        let first = next();
        meanwhile();
        (first, next())
    }

    /// All of an answer that ends by what happens meanwhile.
    pub(crate) fn until(&self, path: &str, cookie: &str, meanwhile: impl FnOnce()) -> String {
        let request = Request::builder().uri(path).header("host", "house.example").header("cookie", cookie);
        let request = request.body(Body::empty()).unwrap();
        let response = self.runtime.block_on(self.router.clone().oneshot(request)).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        meanwhile();
        let whole = self.runtime.block_on(async {
            let whole = to_bytes(response.into_body(), usize::MAX);
            tokio::time::timeout(std::time::Duration::from_secs(20), whole).await
        });
        String::from_utf8(whole.expect("it ends").unwrap().to_vec()).unwrap()
    }

    /// Says these bytes to it over a connection; gives all it answers until it closes.
    pub(crate) fn speak(&self, said: &str) -> String {
        use std::io::{Read as _, Write as _};
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        let server = self.runtime.spawn(async move { axum::serve(listener, router).await });
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        let mut answered = Vec::new();
        stream.read_to_end(&mut answered).unwrap();
        server.abort();
        String::from_utf8_lossy(&answered).into_owned()
    }

    /// Looks at a page as somebody who is signed in, in Chinese.
    pub(crate) fn get(&self, cookie: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, &[("cookie", &format!("ward_session={cookie}"))], "")
    }

    /// The same in English.
    pub(crate) fn get_english(&self, cookie: &str, path: &str) -> Answer {
        let cookie = format!("ward_session={cookie}; ward_language=en");
        self.ask(Method::GET, path, &[("cookie", &cookie)], "")
    }

    /// Sends a form from a page of the person's session.
    pub(crate) fn post(&self, person: PersonId, path: &str, form: &[(&str, &str)]) -> Answer {
        let token = format!("token-of-{person}");
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.append_pair("csrf", &token).extend_pairs(form);
        let cookie = format!("ward_session=cookie-of-{person}");
        let headers = [
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.ask(Method::POST, path, &headers, &fields.finish())
    }
}

/// What auditors of a house judge by.
/// One press for all sites of the tests: fonts are large.
fn printer() -> Arc<web::Printer> {
    static PRINTER: std::sync::OnceLock<Arc<web::Printer>> = std::sync::OnceLock::new();
    Arc::clone(PRINTER.get_or_init(|| Arc::new(web::Printer::of_system())))
}

fn house_oversight(house: &House) -> Oversight {
    let text = std::fs::read_to_string(house.data.join("policy")).unwrap();
    let verify = Arc::new(Whole { data: house.data.clone(), master: house.master().to_owned() });
    Oversight { policy: Arc::new(Policy::parse(&text).unwrap()), policy_text: text.into(), verify }
}

/// Verifies a house that is open.
struct Whole {
    data: PathBuf,
    master: PathBuf,
}

impl Verify for Whole {
    fn verify(&self, progress: &dyn Progress) -> Result<Report, Told> {
        testkit::verify(&self.data, &self.master, progress)
            .map_err(|error| Told::new(error.to_string(), error.to_string()))
    }
}

/// Keys and loans of two units, and people of both.
pub(crate) struct City {
    pub(crate) asked: Asked,
    pub(crate) clerk: Acting,
    pub(crate) head: Acting,
    pub(crate) other_clerk: Acting,
    pub(crate) other: UnitId,
    pub(crate) loan: model::RecordId,
    pub(crate) other_loan: model::RecordId,
}

/// Two units, a clerk each, 30 keys in one of them, two loans.
pub(crate) fn city() -> City {
    city_with(Limits::default())
}

pub(crate) fn city_with(limits: Limits) -> City {
    settled(House::tiny(7).unwrap(), limits)
}

/// The same under a regulation by which a loan that is out may be extended, which changes what was approved, and a key
/// comes back by a one-time code.
pub(crate) fn revised_city() -> City {
    let files = regulation::Files::new(revised());
    settled(House::with_pack(7, &files, None).unwrap(), Limits::default())
}

/// The files of that regulation.
pub(crate) fn revised() -> BTreeMap<String, Vec<u8>> {
    use regulation::Source as _;
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../regulation/tests/tiny");
    let mut files = regulation::Folder::new(&tiny).files().unwrap();
    let loan = files.get_mut("registers/loan.toml").unwrap();
    let extend = "[[step]]\nid = \"extend\"\nlabel = { zh = \"展延\", en = \"Extend\" }\nfrom = [\"out\"]\n\
                  by = [{ person = \"borrower\" }]\nfields = [\"until\"]\nto = \"out\"\n\n";
    let back = "[[step]]\nid = \"give_back\"\n";
    let text = String::from_utf8(loan.clone()).unwrap();
    let text = text.replace(back, &format!("{extend}{back}sign = \"otp\"\n"));
    let file = "id = \"file\"\nlabel = { zh = \"申請\", en = \"File\" }\n";
    let fields =
        "fields = [\"key\", \"borrower\", \"starts\", \"until\", \"purpose\", \"kind\", \"level\"]\n";
    let text = text.replace(file, &format!("{file}{fields}"));
    // A key that is out already is not lent again when the loan is approved anew.
    let lend = "[[step.then]]\ntake = \"lend\"\n";
    let text = text.replace(lend, &format!("{lend}when = \"key.record.state == 'in_place'\"\n"));
    // What is of the highest grade says on paper for whom it is, too.
    let text = text.replace("keep = [\"key\"", "keep = [\"borrower\", \"starts\", \"key\"");
    assert!(
        ["extend", "sign = \"otp\"", fields, "keep = [\"borrower\""].iter().all(|one| text.contains(one))
    );
    *loan = text.into_bytes();
    files
}

pub(crate) fn settled(mut house: House, limits: Limits) -> City {
    let top = house.unit("100", None).unwrap();
    let unit = house.unit("110", Some(top)).unwrap();
    let other = house.unit("120", Some(top)).unwrap();
    let clerk = house.person("wang", "clerk", unit).unwrap();
    let head = house.person("lin", "head", unit).unwrap();
    let other_clerk = house.person("chen", "clerk", other).unwrap();
    let other_head = house.person("kuo", "head", other).unwrap();
    for number in 1..=30 {
        let room = if number == 7 { "=cmd|'/c calc'!A1".to_owned() } else { format!("第{number}會議室") };
        key(&mut house, &format!("K{number:02}"), &room, clerk, head);
    }
    let mine = key(&mut house, "L1", "檔案室", clerk, head);
    let theirs = key(&mut house, "L2", "檔案室", other_clerk, other_head);
    let loan = house.open(clerk, "loan", "file", &borrowing(mine, clerk, "internal")).unwrap();
    let other_loan =
        house.open(other_clerk, "loan", "file", &borrowing(theirs, other_clerk, "internal")).unwrap();
    house.take(head, loan, "approve", Outcome::Approve, &[]).unwrap();
    let asked = Asked::of(house, limits);
    for one in [clerk, head, other_clerk] {
        asked.sign_in(one.person);
    }
    City { asked, clerk, head, other_clerk, other, loan, other_loan }
}

/// A key, with its room and its keeper.
pub(crate) fn key(
    house: &mut House,
    code: &str,
    room: &str,
    keeper: Acting,
    head: Acting,
) -> model::RecordId {
    let key = house.open(keeper, "key", "register", &[("code", json!(code))]).unwrap();
    let fill = [
        ("room", json!(room)),
        ("keeper", json!(keeper.person.to_string())),
        ("alarm_code", json!("seven-seven-seven")),
    ];
    house.take(head, key, "change", Outcome::Done, &fill).unwrap();
    key
}

pub(crate) fn borrowing(
    key: model::RecordId,
    who: Acting,
    level: &str,
) -> [(&'static str, serde_json::Value); 6] {
    [
        ("key", json!(key.to_string())),
        ("borrower", json!(who.person.to_string())),
        ("starts", json!("2025-01-06")),
        ("until", json!("2025-01-08")),
        ("purpose", json!("借用會議室接待參訪")),
        ("level", json!(level)),
    ]
}

impl City {
    pub(crate) fn cookie(who: Acting) -> String {
        format!("cookie-of-{}", who.person)
    }

    /// As the clerk sees it, in Chinese.
    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.asked.get(&Self::cookie(self.clerk), path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        answer.text()
    }

    pub(crate) fn now(&self) -> Instant {
        self.asked.house.clock.now()
    }
}

/// What a browser is asked to sign.
pub(crate) fn challenge(options: &serde_json::Value) -> [u8; 32] {
    let text = options["challenge"].as_str().unwrap();
    data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap().try_into().unwrap()
}

/// The tag with this id.
pub(crate) fn tag<'p>(page: &'p str, id: &str) -> &'p str {
    let at = page.find(&format!(" id=\"{id}\"")).unwrap_or_else(|| panic!("no {id} in {page}"));
    let start = page[..at].rfind('<').unwrap();
    page[start..].split('>').next().unwrap()
}

/// An attribute of a tag, in clear.
pub(crate) fn attribute(tag: &str, name: &str) -> Option<String> {
    let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = tag[from..].split('"').next().unwrap();
    Some(unescaped(value))
}

fn unescaped(text: &str) -> String {
    let entities = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

/// What the form behind a mark carries unseen.
pub(crate) fn hidden(page: &str, mark: &str) -> Vec<(String, String)> {
    let form = page.split(mark).nth(1).unwrap_or_else(|| panic!("no {mark} in {page}"));
    let form = form.split("</form>").next().unwrap();
    let inputs = form.split("<input type=\"hidden\"").skip(1).map(|part| part.split('>').next().unwrap());
    let pair = |tag: &str| Some((attribute(tag, "name")?, attribute(tag, "value")?));
    inputs.filter_map(pair).filter(|(name, _)| name != "csrf").collect()
}

/// Borrowed, as a form is sent.
pub(crate) fn pairs(form: &[(String, String)]) -> Vec<(&str, &str)> {
    form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

impl Asked {
    /// What a page of confirmation sends back once the person's authenticator has answered its challenge.
    pub(crate) fn signed(&mut self, who: Acting, page: &str) -> Vec<(String, String)> {
        use data_encoding::BASE64URL_NOPAD as BASE64;
        let tag =
            page.split("data-sign ").nth(1).unwrap_or_else(|| panic!("nothing is to be signed: {page}"));
        let tag = format!(" {}", tag.split('>').next().unwrap());
        let challenge = BASE64.decode(attribute(&tag, "data-challenge").unwrap().as_bytes()).unwrap();
        assert_eq!(attribute(&tag, "data-rp").unwrap(), "house.example");
        let signer = self.house.signer(who.person).unwrap();
        let own = BASE64.encode(&signer.credential().credential);
        assert_eq!(attribute(&tag, "data-credentials").unwrap(), own);
        let answer = signer.answer(&challenge.try_into().unwrap());
        let mut form = hidden(page, "data-signing>");
        form.retain(|(name, _)| !name.starts_with("key."));
        for (name, bytes) in [
            ("credential", &answer.credential),
            ("authenticator_data", &answer.authenticator_data),
            ("client_data", &answer.client_data),
            ("signature", &answer.signature),
        ] {
            form.push((format!("key.{name}"), BASE64.encode(bytes)));
        }
        form.push(("_do".to_owned(), "sign-passkey".to_owned()));
        form
    }
}

impl City {
    /// Sends a form as somebody.
    pub(crate) fn send(&self, who: Acting, path: &str, form: &[(&str, &str)]) -> Answer {
        self.asked.post(who.person, path, form)
    }

    /// What a page of confirmation sends back once the person's authenticator has answered its challenge.
    pub(crate) fn signed(&mut self, who: Acting, page: &str) -> Vec<(String, String)> {
        self.asked.signed(who, page)
    }

    /// The id of a key by its code.
    pub(crate) fn key(&self, code: &str) -> model::RecordId {
        let page = self.page(&format!("/registers/key?q={code}"));
        page.split("href=\"/records/").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    }
}
