//! Agents: net-snmp's snmpd, by v2c and by v3.

use crate::{Room, port, told};
use testkit::{Program, Running};

const OBJECT: &str = "1.3.6.1.4.1.8072.9999.9999";

/// An agent with objects of its own.
fn agent(room: &Room, port: u16) -> Running {
    let settings = format!(
        "[snmp] persistentDir {place}\nagentAddress udp:127.0.0.1:{port}\nrocommunity only-here 127.0.0.1\n\
         createUser ward SHA-256 \"authpass123\" AES \"privpass123\"\nrouser ward priv\n\
         override {OBJECT}.1.0 integer 235\noverride {OBJECT}.2.0 octet_str \"48.5\"\n\
         override {OBJECT}.3.0 octet_str \"N/A\"\noverride {OBJECT}.4.0 uinteger 4000000000\n\
         override {OBJECT}.5.0 integer 5\n",
        place = room.path().display()
    );
    let path = room.write("agent.conf", &settings);
    let arguments = ["-f", "-Lo", "-C", "-c", &path, "-p", "snmpd.pid"];
    Program::new("/usr/sbin/snmpd", room.path())
        .with(arguments)
        .with_variable("SNMP_PERSISTENT_DIR", &room.path().display().to_string())
        .with_variable("MIBS", "")
        .start()
        .unwrap()
}

/// A device that reads all objects, and one that is not there.
fn device(port: u16, rest: &str) -> String {
    let read = |nth: u32, quantity: &str, more: &str| {
        format!(
            "[[device.read]]\nquantity = \"{quantity}\"\nunit = \"Cel\"\noid = \"{OBJECT}.{nth}.0\"\n{more}\n"
        )
    };
    [
        format!(
            "[[device]]\nid = \"A-1\"\nroom = \"A\"\nprotocol = \"snmp\"\naddress = \"127.0.0.1:{port}\"\n{rest}\n"
        ),
        read(1, "temperature", "scale = 0.1"),
        read(2, "humidity", ""),
        read(3, "pressure", ""),
        read(4, "energy", ""),
        read(5, "on_battery", "word = \"5\""),
        read(6, "nothing", ""),
    ]
    .concat()
}

const READ: [&str; 6] = [
    "temperature 23.5 Cel",
    "humidity 48.5 Cel",
    "pressure bad: N/A",
    "energy 4000000000 Cel",
    "on_battery 1 Cel",
    "nothing bad: no such object",
];

#[test]
fn an_agent_is_read_by_community_and_by_user_and_by_nobody_else() {
    let (room, port) = (Room::new(), port());
    let agent = agent(&room, port);
    room.secret("community", "only-here\n");
    room.secret("authentication", "authpass123\n");
    room.secret("privacy", "privpass123\n");
    room.secret("wrong", "something else\n");
    assert_eq!(told(&room.read_soon(&device(port, "community_file = \"community\""))), READ);
    let user = |authentication: &str, privacy: &str| {
        format!(
            "version = \"3\"\nuser = \"ward\"\nauthentication = \"sha256\"\n\
             authentication_file = \"{authentication}\"\n{privacy}"
        )
    };
    let privacy = "privacy = \"aes128\"\nprivacy_file = \"privacy\"";
    let read = room.read(&device(port, &user("authentication", privacy))).unwrap();
    assert_eq!(told(&read), READ);
    // Without encryption this user may read nothing, with another password nobody may, and a stranger hears nothing.
    let refused = |rest: &str| match room.read(&device(port, rest)) {
        Err(why) => why,
        Ok(readings) => {
            let told = told(&readings);
            assert!(told.iter().all(|one| one.contains("bad: ")), "{told:?}");
            "nothing is given".to_owned()
        }
    };
    for rest in [user("authentication", ""), user("wrong", privacy), "community_file = \"wrong\"".to_owned()]
    {
        let why = refused(&rest);
        assert!(!why.is_empty() && !why.contains("pass123") && !why.contains("something else"), "{why}");
    }
    drop(agent.kill().unwrap());
    assert!(room.read(&device(port, "community_file = \"community\"")).is_err());
}
