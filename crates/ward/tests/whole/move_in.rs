//! Tables moved in at the console, and a directory read by LDAP: a real one, with TLS, in pages.

use crate::{City, LIMIT};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use testkit::{Program, Running, TemporaryFolder};

const UNITS: &str = "代碼,中文名稱,英文名稱,上級單位代碼\n110,資訊中心,Computing,100\n100,市政府,City,\n";
const PEOPLE: &str = "帳號,姓名,職稱,電子郵件,單位代碼,角色\nwang,王小明,技士,wang@city.example,110,clerk\nlin,林大同,科員,lin@city.example,100,\n";

impl City {
    /// Moves a table in and gives the report.
    fn moved(&self, kind: &str, text: &str, more: &[&str], code: i32) -> Value {
        let arguments = [&["move-in", kind, "-", "--data", "data", "--json"], more].concat();
        let ended = self.ward(&arguments, text);
        assert_eq!(ended.status.code(), Some(code), "{}{:?}", ended.errors, ended.output);
        serde_json::from_str(&ended.output.concat()).unwrap()
    }
}

fn doing(report: &Value) -> Vec<&str> {
    report["rows"].as_array().unwrap().iter().map(|row| row["doing"].as_str().unwrap()).collect()
}

#[test]
fn tables_are_looked_at_first_and_the_same_file_does_nothing_twice() {
    let city = City::new();
    city.good(&["pack", "new", "own"], "");
    city.good(&["pack", "publish", "own", "--data", "data"], "");
    let looked = city.moved("units", UNITS, &[], 0);
    assert_eq!((doing(&looked), &looked["gone"]), (vec!["create", "create"], &Value::Bool(false)));
    assert!(city.good(&["unit", "list", "--data", "data"], "").is_empty(), "a look changes nothing");
    assert_eq!(city.moved("units", UNITS, &["--go"], 0)["gone"], true);
    let listed = city.good(&["unit", "list", "--data", "data"], "");
    assert!(listed[0].starts_with("100") && listed[1].starts_with("  110"), "{listed:?}");
    // Beside a server the same.
    let (server, _) = city.serve();
    assert_eq!(doing(&city.moved("units", UNITS, &["--go"], 0)), ["nothing", "nothing"]);
    assert_eq!(doing(&city.moved("people", PEOPLE, &["--go"], 0)), ["create", "create"]);
    assert_eq!(doing(&city.moved("people", PEOPLE, &["--go"], 0)), ["nothing", "nothing"]);
    city.stop(server);
    let people = city.good(&["person", "list", "--data", "data", "--json"], "").concat();
    assert!(people.contains("王小明") && people.contains("\"clerk\""), "{people}");
    city.verify();
}

#[test]
fn while_a_cell_is_wrong_nothing_is_done_unless_the_rest_is_asked_for() {
    let city = City::settled();
    let text =
        "帳號,姓名,職稱,電子郵件,單位代碼\nlin,林大同,科員,lin@city.example,110\nho,何,科員,nowhere,999\n";
    let report = city.moved("people", text, &["--go"], 1);
    assert_eq!((doing(&report), &report["gone"]), (vec!["create", "wrong"], &Value::Bool(false)));
    let wrong: Vec<&str> =
        report["rows"][1]["wrong"].as_array().unwrap().iter().map(|one| one[0].as_str().unwrap()).collect();
    assert_eq!(wrong, ["電子郵件", "單位代碼"]);
    assert!(!city.good(&["person", "list", "--data", "data"], "").concat().contains("林大同"));
    assert_eq!(city.moved("people", text, &["--go", "--partly"], 1)["gone"], true);
    assert!(city.good(&["person", "list", "--data", "data"], "").concat().contains("林大同"));
    let shown = city.ward(&["move-in", "people", "-", "--data", "data"], text);
    assert!(shown.output.iter().any(|line| line.contains("單位代碼: 查無單位「999」")), "{:?}", shown.output);
    for (arguments, words) in [
        (["move-in", "pets", "-"].as_slice(), "units, people, terminals"),
        (&["move-in", "units", "nowhere.csv"], "nowhere.csv"),
        (&["move-in", "units", "own/pack.toml"], "more columns"),
    ] {
        let told = city.refused(&[arguments, &["--data", "data"]].concat(), "", 2);
        assert!(told.contains(words), "{told}");
    }
    let template = city.good(&["move-in", "terminals"], "").concat();
    assert!(template.contains("憑證指紋*"), "{template}");
}

/// A directory of a city, served by slapd until it is dropped.
struct Slapd {
    folder: TemporaryFolder,
    plain: u16,
    secure: u16,
    _running: Running,
}

/// Where Debian has it; none where it is not installed.
fn slapd() -> &'static str {
    let path = "/usr/sbin/slapd";
    assert!(fs::metadata(path).is_ok(), "{path} is not there: `make packages` installs it");
    path
}

fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An authority and a certificate of `localhost` by it: written as `ca.pem`, `server.pem`, `server.key`.
fn certificates(folder: &std::path::Path) {
    let (authority, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "authority of a directory");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root = params.self_signed(&authority).unwrap();
    let issuer = Issuer::new(params, authority);
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server = server.signed_by(&key, &issuer).unwrap();
    for (name, text) in
        [("ca.pem", root.pem()), ("server.pem", server.pem()), ("server.key", key.serialize_pem())]
    {
        fs::write(folder.join(name), text).unwrap();
    }
}

impl Slapd {
    /// With two units and this many people.
    fn begin(path: &str, people: usize) -> Self {
        let folder = TemporaryFolder::new();
        let at = |name: &str| folder.path().join(name).display().to_string();
        certificates(folder.path());
        fs::create_dir(folder.path().join("db")).unwrap();
        let config = format!(
            "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             TLSCACertificateFile {ca}\nTLSCertificateFile {pem}\nTLSCertificateKeyFile {key}\n\
             sizelimit size.soft=100 size.hard=100 size.prtotal=unlimited\n\
             database mdb\nsuffix dc=city,dc=example\nrootdn cn=admin,dc=city,dc=example\nrootpw of-admin\ndirectory {db}\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn=\"cn=ward,dc=city,dc=example\" read by anonymous auth by * none\n",
            ca = at("ca.pem"),
            pem = at("server.pem"),
            key = at("server.key"),
            db = at("db"),
        );
        fs::write(at("slapd.conf"), config).unwrap();
        fs::write(at("city.ldif"), ldif(people)).unwrap();
        let added = Program::new("/usr/sbin/slapadd", folder.path())
            .with(["-f", "slapd.conf", "-l", "city.ldif"])
            .run("", LIMIT)
            .unwrap();
        assert!(added.status.success(), "{}", added.errors);
        let (plain, secure) = (free(), free());
        let doors = format!("ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{secure}/");
        let running = Program::new(path, folder.path())
            .with(["-d", "0", "-f", "slapd.conf", "-h", &doors])
            .start()
            .unwrap();
        // It says nothing once it listens.
        while TcpStream::connect(("127.0.0.1", secure)).is_err() {
            std::thread::yield_now();
        }
        Self { folder, plain, secure, _running: running }
    }

    /// Settings in the folder of a city.
    fn settings(&self, city: &City, url: &str, more: &str) {
        let ca = self.folder.path().join("ca.pem");
        let text = format!(
            "url = \"{url}\"\n{more}authority = \"{}\"\nbind = \"cn=ward,dc=city,dc=example\"\n\
             password_file = \"ldap.password\"\npage = 50\napart = [\"wang.dm\"]\n\
             [units]\nbase = \"ou=units,dc=city,dc=example\"\nfilter = \"(objectClass=organizationalUnit)\"\n\
             code = \"ou\"\nzh = \"description\"\nen = \"l\"\nabove = \"businessCategory\"\n\
             [people]\nbase = \"ou=people,dc=city,dc=example\"\nfilter = \"(objectClass=inetOrgPerson)\"\n\
             login = \"uid\"\nname = \"cn\"\ntitle = \"title\"\nmail = \"mail\"\nunit = \"departmentNumber\"\n",
            ca.display()
        );
        fs::write(city.path().join("directory.toml"), text).unwrap();
        fs::write(city.path().join("ldap.password"), "of-ward\n").unwrap();
    }
}

fn ldif(people: usize) -> String {
    let mut text = "dn: dc=city,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: City\ndc: city\n\n\
        dn: cn=ward,dc=city,dc=example\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: ward\nuserPassword: of-ward\n\n\
        dn: ou=people,dc=city,dc=example\nobjectClass: organizationalRole\nobjectClass: extensibleObject\ncn: people\nou: people\n\n\
        dn: ou=units,dc=city,dc=example\nobjectClass: organizationalRole\nobjectClass: extensibleObject\ncn: units\nou: units\n\n\
        dn: ou=120,ou=units,dc=city,dc=example\nobjectClass: organizationalUnit\nou: 120\ndescription:: 5Zyw5pS/5bGA\nl: Land\nbusinessCategory: 100\n\n\
        dn: ou=121,ou=units,dc=city,dc=example\nobjectClass: organizationalUnit\nou: 121\ndescription:: 5ris6YeP56eR\nl: Survey\nbusinessCategory: 120\n\n"
        .to_owned();
    for number in 0..people {
        let _ = write!(
            text,
            "dn: uid=chen{number},ou=people,dc=city,dc=example\nobjectClass: inetOrgPerson\nuid: chen{number}\n\
             cn:: 546L5bCP5piO\nsn: W\ntitle:: 5oqA5aOr\nmail: chen{number}@city.example\ndepartmentNumber: 121\n\n"
        );
    }
    text
}

#[test]
fn a_directory_is_read_over_tls_in_pages_and_nobody_is_taken_away() {
    let path = slapd();
    // More than the server gives at once.
    let slapd = Slapd::begin(path, 230);
    let city = City::settled();
    city.person("former", "110");
    let sync = |more: &[&str], code: i32| -> Value {
        let ended =
            city.ward(&[&["directory", "directory.toml", "--data", "data", "--json"], more].concat(), "");
        assert_eq!(ended.status.code(), Some(code), "{}{:?}", ended.errors, ended.output);
        serde_json::from_str(&ended.output.concat()).unwrap()
    };
    slapd.settings(&city, &format!("ldaps://localhost:{}", slapd.secure), "");
    let looked = sync(&[], 1);
    assert_eq!(doing(&looked["tables"]["units"]), ["create", "create"]);
    assert_eq!(looked["tables"]["people"]["rows"].as_array().unwrap().len(), 230);
    assert!(
        !city.good(&["unit", "list", "--data", "data"], "").concat().contains("120"),
        "a look changes nothing"
    );
    let done = sync(&["--go"], 0);
    assert!(doing(&done["tables"]["people"]).iter().all(|one| *one == "create"));
    // Who is in Ward alone is named, but for whom the settings keep apart.
    assert_eq!(done["gone"], serde_json::json!(["former"]));
    let people = city.good(&["person", "list", "--data", "data", "--json"], "").concat();
    assert!(people.contains("王小明") && people.contains("chen229") && people.contains("former"), "{people}");
    // By StartTLS the same, and nothing is done twice.
    slapd.settings(&city, &format!("ldap://localhost:{}", slapd.plain), "starttls = true\n");
    let again = sync(&["--go"], 0);
    assert!(doing(&again["tables"]["people"]).iter().all(|one| *one == "nothing"));
    city.verify();
}

#[test]
fn a_directory_that_is_not_who_it_should_be_is_not_read() {
    let path = slapd();
    let slapd = Slapd::begin(path, 1);
    let city = City::settled();
    let refused = |words: &str| {
        let told = city.refused(&["directory", "directory.toml", "--data", "data"], "", 2);
        assert!(told.contains(words) && !told.contains("of-ward"), "{told}");
    };
    // Another name than its certificate has.
    slapd.settings(&city, &format!("ldaps://127.0.0.1:{}", slapd.secure), "");
    refused("ldaps://127.0.0.1");
    // Another authority.
    slapd.settings(&city, &format!("ldaps://localhost:{}", slapd.secure), "");
    let other = TemporaryFolder::new();
    certificates(other.path());
    let text = fs::read_to_string(city.path().join("directory.toml")).unwrap();
    let ca = other.path().join("ca.pem").display().to_string();
    let mine = slapd.folder.path().join("ca.pem").display().to_string();
    fs::write(city.path().join("directory.toml"), text.replace(&mine, &ca)).unwrap();
    refused("ldaps://localhost");
    // A password that is wrong, and one that would be a stranger's.
    slapd.settings(&city, &format!("ldaps://localhost:{}", slapd.secure), "");
    fs::write(city.path().join("ldap.password"), "wrong").unwrap();
    refused("ldaps://localhost");
    fs::write(city.path().join("ldap.password"), "\n").unwrap();
    refused("empty");
}
