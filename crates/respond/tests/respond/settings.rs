//! Settings of the enforcer.

use respond::{Settings, Way};
use std::path::Path;

const GOOD: &str = r#"
name = "edge"
folder = "/var/lib/ward-enforce"
allow = ["10.1.0.0/28", "2001:db8::1"]
outside = ["eth0"]
"#;

const SSH: &str = r#"
[ssh]
host = "fw.example"
user = "ward"
key = "fw.key"
known_hosts = "fw.hosts"
deny = ["fwctl", "block", "src={target}"]
undo_deny = ["fwctl", "unblock", "src={target}"]
"#;

fn read(content: &str) -> Result<Settings, Vec<String>> {
    Settings::read("enforce.toml", content.as_bytes(), Path::new("/etc/ward")).map_err(|problems| {
        problems.into_iter().map(|problem| format!("{}: {}", problem.place, problem.en)).collect()
    })
}

#[test]
fn what_is_right_is_read() {
    let settings = read(GOOD).unwrap();
    assert_eq!((settings.name.as_str(), settings.rig.outside.len()), ("edge", 1));
    assert_eq!(settings.way, Way::Nftables { nft: "nft".to_owned(), conntrack: "conntrack".to_owned() });
    let Way::Ssh(ssh) = read(&format!("{GOOD}{SSH}")).unwrap().way else { panic!("not by SSH") };
    assert!(ssh.run.ends_with(&[
        "-l".to_owned(),
        "ward".to_owned(),
        "--".to_owned(),
        "fw.example".to_owned()
    ]));
    assert!(
        ssh.run.contains(&"/etc/ward/fw.key".to_owned())
            && ssh.run.contains(&"StrictHostKeyChecking=yes".to_owned())
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (content, told) in [
        (GOOD.replace("name = \"edge\"", ""), "name"),
        (GOOD.replace("[\"10.1.0.0/28\", \"2001:db8::1\"]", "[]"), "4:9: the list is not empty"),
        (GOOD.replace("10.1.0.0/28", "10.1.0.0/33"), "is no address or network"),
        (GOOD.replace("eth0", "eth0; drop"), "is no interface"),
        (format!("{GOOD}colour = 1\n"), "colour"),
        (format!("{GOOD}{SSH}[nftables]\n"), "either nftables or ssh"),
        (
            format!("{GOOD}{}", SSH.replace("\"src={target}\"]", "\"$(reboot)\", \"{target}\"]")),
            "a shell there",
        ),
        (format!("{GOOD}{}", SSH.replace("src={target}", "all")), "names {target}"),
        (format!("{GOOD}{}", SSH.replace("fw.example", "-oProxyCommand=x")), "is no name here"),
        (format!("{GOOD}{SSH}lock_down = [\"fwctl\", \"close\"]\n"), "set together"),
    ] {
        let problems = read(&content).unwrap_err();
        assert!(problems.iter().any(|problem| problem.contains(told)), "{told}: {problems:?}");
    }
}
