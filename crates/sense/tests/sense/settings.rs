//! Settings that are wrong, each told with its place and its mend.

use crate::Room;
use sense::devices;

/// A device that is right but for what is put in.
fn device(protocol: &str, rest: &str) -> String {
    format!("[[device]]\nid = \"A-1\"\nroom = \"A\"\nprotocol = \"{protocol}\"\n{rest}")
}

#[test]
fn every_mistake_is_told_with_its_place_and_its_mend() {
    let room = Room::new();
    room.write("open", "secret");
    room.secret("empty", "");
    room.secret("short", "short");
    room.secret("good", "long enough");
    let read = "[[device.read]]\nquantity = \"temperature\"\nunit = \"Cel\"\n";
    let user = "version = \"3\"\nuser = \"ward\"\nauthentication = \"sha256\"\n";
    for (text, line, column, zh, en) in [
        ("[[device]\n".to_owned(), 1, 10, "TOML", "TOML"),
        (device("snmp", "adress = \"x\"\n"), 5, 1, "adress", "adress"),
        (device("snpm", "address = \"x\"\n"), 4, 12, "snpm", "none of"),
        (device("tcp", "address = \"192.0.2.1\"\n"), 5, 11, "不是位址", "write 192.0.2.1:443"),
        (device("ping", "address = \"192.0.2.1:80\"\n"), 5, 11, "不含連接埠", "without a port"),
        (device("http", "address = \"www.example\"\n"), 5, 11, "不是網址", "no address like"),
        (device("dns", "address = \"192.0.2.1\"\n"), 1, 1, "須有「name」", "\"name\" is needed"),
        (
            device("dns", "address = \"192.0.2.1\"\nname = \"a..b\"\n"),
            6,
            8,
            "不是可查詢之名稱",
            "no name like",
        ),
        (device("tcp", "address = \"a:1\"\nups = \"x\"\n"), 6, 1, "請刪除", "take it away"),
        (device("tcp", &format!("address = \"a:1\"\n{read}")), 6, 1, "讀取項目固定", "take `read` away"),
        (device("tcp", "address = \"a:1\"\nevery = 0\n"), 6, 9, "1 至 86400", "1 to 86400"),
        (device("nut", "address = \"a\"\nups = \"x\"\n"), 1, 1, "[[device.read]]", "[[device.read]]"),
        (
            device("nut", &format!("address = \"a\"\nups = \"x\"\n{read}oid = \"1.3\"\nvariable = \"v\"\n")),
            10,
            1,
            "不用「oid」",
            "\"oid\" is of no use",
        ),
        (
            device("nut", &format!("address = \"a\"\nups = \"x\"\n{read}variable = \"a b\"\n")),
            10,
            12,
            "不是 NUT 變數",
            "no variable like",
        ),
        (
            device("nut", &format!("address = \"a\"\nups = \"x\"\nuser = \"u\"\n{read}variable = \"v\"\n")),
            1,
            1,
            "須有「password_file」",
            "\"password_file\" is needed",
        ),
        (device("mqtt", &format!("address = \"a\"\n{read}topic = \"a/#\"\n")), 9, 9, "萬用字元", "wildcard"),
        (
            device("modbus", &format!("address = \"a\"\n{read}register = 65535\ntype = \"u32\"\n")),
            9,
            12,
            "至多 65534",
            "65534 at most",
        ),
        (
            device("snmp", &format!("address = \"a\"\ncommunity_file = \"none\"\n{read}oid = \"1.3\"\n")),
            6,
            18,
            "請建立此檔",
            "make it",
        ),
        (
            device("snmp", &format!("address = \"a\"\ncommunity_file = \"open\"\n{read}oid = \"1.3\"\n")),
            6,
            18,
            "chmod 600",
            "chmod 600",
        ),
        (
            device("snmp", &format!("address = \"a\"\ncommunity_file = \"empty\"\n{read}oid = \"1.3\"\n")),
            6,
            18,
            "一行密語",
            "one line",
        ),
        (
            device("snmp", &format!("address = \"a\"\ncommunity_file = \"good\"\n{read}oid = \"ifDescr\"\n")),
            10,
            7,
            "不是物件代號",
            "no object like",
        ),
        (
            device(
                "snmp",
                &format!("address = \"a\"\n{user}authentication_file = \"short\"\n{read}oid = \"1.3\"\n"),
            ),
            9,
            23,
            "至少 8 字元",
            "8 characters at least",
        ),
        (
            device("snmp", &format!("address = \"a\"\n{user}{read}oid = \"1.3\"\n")),
            1,
            1,
            "須有「authentication_file」",
            "\"authentication_file\" is needed",
        ),
        (
            [device("tcp", "address = \"a:1\"\n"), device("tcp", "address = \"a:1\"\n")].concat(),
            7,
            6,
            "重複",
            "another id",
        ),
        (device("tcp", "address = \"a:1\"\n").replace("A-1", "A 1"), 2, 6, "至多 40 字", "40 at most"),
    ] {
        let problems = devices("sensors.toml", &text, room.path()).err().unwrap_or_default();
        let told = problems.iter().any(|problem| {
            (problem.place.line, problem.place.column) == (line, column)
                && problem.zh.contains(zh)
                && problem.en.contains(en)
                && problem.place.file == "sensors.toml"
        });
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(told, "{text}\nwanted {line}:{column} {zh} / {en}, told\n{}", all.join("\n"));
        assert!(!all.concat().contains("long enough"));
    }
}

#[test]
fn no_device_is_none_and_what_is_left_out_has_its_usual_value() {
    let room = Room::new();
    assert!(room.devices("").is_empty());
    let devices = room.devices(&device("tcp", "address = \"a:1\"\n"));
    let [device] = devices.as_slice() else { panic!("one device") };
    assert_eq!((device.id.as_str(), device.room.as_str(), device.every.as_secs()), ("A-1", "A", 60));
    assert_eq!(device.protocol().name(), "tcp");
}
