//! Settings: what they may say, and how it is told what is wrong.

use super::Bed;
use model::Severity;
use outlets::{Message, Secret, Settings, Way, What};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn read(text: &str) -> Result<Settings, String> {
    Settings::read("outlets.toml", text.as_bytes(), Path::new("/etc/ward"))
        .map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect())
}

#[test]
fn the_example_of_the_manual_is_good_and_has_all_six_ways() {
    let manual =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/howto/send-alarms.md")).unwrap();
    let example: String = manual
        .lines()
        .skip_while(|line| *line != "```toml")
        .skip(1)
        .take_while(|line| *line != "```")
        .map(|line| format!("{line}\n"))
        .collect();
    let settings = read(&example).unwrap();
    let mut ways: Vec<&str> = settings.outlets.iter().map(|outlet| outlet.way.word()).collect();
    ways.sort_unstable();
    ways.dedup();
    assert_eq!(ways, ["console", "file", "mail", "program", "snmp", "terminals"]);
    assert!(settings.pages.is_some());
    assert!(settings.outlets.iter().all(|outlet| !outlet.way.to().is_empty()));
}

#[test]
fn what_is_wrong_is_told_with_its_place_in_both_languages() {
    let mail = "[outlet.duty.mail]\nserver = \"mail.example\"\nfrom = \"ward@city.example\"\nto = [\"duty@city.example\"]\n";
    for (text, told) in [
        ("", "outlets.toml:1:1: 缺少「outlet」"),
        (
            "[outlet.duty]\n",
            "outlets.toml:1:1: 告警輸出「duty」須恰有 file, mail, terminals, snmp, console, program 其中之一",
        ),
        (
            "[outlet.duty]\nfile = { path = \"a\" }\nconsole = {}\n",
            "outlets.toml:1:1: 告警輸出「duty」須恰有",
        ),
        ("[outlet.duty]\nleast = \"hihg\"\nconsole = {}\n", "outlets.toml:2:9: 「hihg」應為"),
        ("[outlet.duty]\nconsole = { sound = true }\n", "outlets.toml:2:13: 沒有「sound」這個鍵"),
        ("[outlet.Duty]\nconsole = {}\n", "outlets.toml:1:9: 「Duty」不是代號"),
        ("[outlet.duty]\nper_minute = 0\nconsole = {}\n", "outlets.toml:2:14: 此處應為1 至 100000 之整數"),
        (
            "pages = \"ward.example\"\n[outlet.duty]\nconsole = {}\n",
            "outlets.toml:1:9: 「ward.example」不是網址",
        ),
        ("[outlet.duty]\nprogram = { run = [\"notify\"] }\n", "outlets.toml:2:19: 程式須以完整路徑指明"),
        ("[outlet.duty]\nfile = {}\n", "outlets.toml:2:8: 缺少「path」"),
        (&format!("{mail}user = \"ward\"\n"), "outlets.toml:1:1: user 與 password_file 須同時設定"),
        (&format!("{mail}security = \"none\"\n"), "outlets.toml:5:12: 未加密之連線僅限本機之郵件伺服器"),
        (&mail.replace("duty@", "duty at "), "outlets.toml:4:7: 「duty at city.example」不是郵件地址"),
        (&mail.replace("\"duty@city.example\"", ""), "outlets.toml:4:6: 至少須有一位收件者"),
        (
            "[outlet.nms]\nsnmp = { to = \"nms\", version = \"v2c\" }\n",
            "outlets.toml:2:8: 此版本須有「community_file」",
        ),
        (
            "[outlet.nms]\nsnmp = { to = \"nms\", version = \"v2c\", community_file = \"c\", user = \"x\" }\n",
            "outlets.toml:2:61: 此版本沒有「user」",
        ),
        (
            "[outlet.nms]\nsnmp = { to = \"nms:x\", version = \"v2c\", community_file = \"c\" }\n",
            "outlets.toml:2:15: 「nms:x」不是接收端",
        ),
        (
            "[outlet.nms]\nsnmp = { to = \"nms\", version = \"v2c\", community_file = \"c\", root = \"2.1\" }\n",
            "outlets.toml:2:68: 「2.1」不是 MIB 編號",
        ),
    ] {
        let found = read(text).unwrap_err();
        assert!(found.lines().any(|line| line.starts_with(told)), "{text}\n{found}");
        assert!(found.lines().next().is_some_and(|line| line.contains(" / ")), "{found}");
    }
    assert!(read("[outlet.duty]\nleast = \"hihg\"\nconsole = {}\n").unwrap_err().contains("→ high"));
}

#[test]
fn what_is_not_said_has_its_usual_value_and_files_are_named_from_the_settings() {
    let settings = read("[outlet.a]\nconsole = {}\n[outlet.b]\nends = false\nleast = \"high\"\nfile = { path = \"x/alarms\" }\n").unwrap();
    let [console, file] = settings.outlets.as_slice() else { panic!("{settings:?}") };
    assert_eq!((console.least, console.ends, console.per_minute), (Severity::Informational, true, Some(20)));
    assert_eq!((file.per_minute, file.way.to().as_str()), (None, "/etc/ward/x/alarms"));
    let Way::File(kept) = &file.way else { panic!("{file:?}") };
    assert_eq!((kept.most_bytes, kept.keep), (10 << 20, 10));

    let message = |what, severity| Message { what, severity, ..super::alarm(1) };
    assert!(
        file.wants(&message(What::Raised, Severity::Critical))
            && file.wants(&message(What::Raised, Severity::High))
    );
    assert!(
        !file.wants(&message(What::Raised, Severity::Medium))
            && !file.wants(&message(What::Resolved, Severity::High))
    );
    assert!(console.wants(&message(What::Resolved, Severity::Informational)));
}

#[test]
fn receivers_of_traps_are_named_in_every_way_that_is_usual() {
    for (to, shown) in [
        ("nms.example", "nms.example:162"),
        ("nms.example:10162", "nms.example:10162"),
        ("192.0.2.1", "192.0.2.1:162"),
        ("2001:db8::1", "2001:db8::1:162"),
        ("[2001:db8::1]:10162", "2001:db8::1:10162"),
    ] {
        let settings = read(&format!(
            "[outlet.nms]\nsnmp = {{ to = \"{to}\", version = \"v2c\", community_file = \"c\" }}\n"
        ));
        assert_eq!(settings.unwrap().outlets[0].way.to(), format!("{shown} v2c trap"));
    }
}

#[test]
fn a_secret_is_read_from_a_file_that_not_everybody_may_read_and_is_never_shown() {
    let bed = Bed::new();
    bed.secret("password", "correct horse");
    let path = bed.path().join("password");
    let secret = Secret::read(&path).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Secret::read(&path).unwrap_err().en.contains("chmod 600"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(Secret::read(&path).is_ok());
    fs::write(&path, "\n").unwrap();
    assert!(Secret::read(&path).unwrap_err().zh.contains("首行須為密語"));
    assert!(Secret::read(&bed.path().join("missing")).unwrap_err().en.contains("missing"));
}
