//! Rules of a pack: checked with it, and tried on lines in files.

use crate::Office;
use std::path::Path;

#[test]
fn the_rules_of_the_pack_are_listed_and_tried_on_lines() {
    let office = Office::new();
    let listing = office.json(&["pack", "check", "--json"]);
    let rules = listing["sections"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "password_guessing" && rule["clauses"][0] == "27.2.1"));

    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lines/tests/lines/corpus");
    let scan = corpus.join("iptables-scan-multi-port.log").canonicalize().unwrap();
    let scan = scan.to_str().unwrap();
    let found = office.json(&["pack", "try", "--json", "--given", "proxies=10.0.0.3/32", scan]);
    assert_eq!(found["lines"], 49);
    let waiting: Vec<_> = found["waiting"].as_array().unwrap().iter().map(|one| &one["rule"]).collect();
    assert_eq!(waiting, ["guessing_from_outside", "public_host_inwards", "scan_from_outside"], "{found}");
    let alarm = &found["alarms"][0];
    assert_eq!((&alarm["rule"], &alarm["severity"]), (&"port_scan".into(), &"high".into()), "{found}");
    assert_eq!(alarm["evidence"][0]["file"], scan);
    let text = office.good(&["pack", "try", scan]);
    assert!(
        text.contains("掃描主機之連接埠") && text.contains("未施行 waiting: guessing_from_outside"),
        "{text}"
    );

    let quiet = corpus.join("vendor-cisco-asa.log").canonicalize().unwrap();
    let found = office.json(&["pack", "try", "--json", quiet.to_str().unwrap()]);
    assert_eq!(found["alarms"].as_array().unwrap().len(), 0, "{found}");
    assert!(office.misuse(&["pack", "try", "nowhere.log"]).contains("nowhere.log"));
}

#[test]
fn public_rules_are_tried_beside_those_of_the_pack() {
    let office = Office::new();
    std::fs::create_dir(office.path("sigma")).unwrap();
    office.write(
        "sigma/one.yml",
        "title: Somebody was let in\nid: 6f7b0f53-0d1c-4c5e-9f0e-1f2a3b4c5d6e\nlogsource: { product: linux, service: sshd }\ndetection:\n  keywords: ['Accepted publickey']\n  condition: keywords\n",
    );
    office.write("sigma/two.yml", "title: no rule\n");
    office.write(
        "auth.log",
        "<38>Nov 20 10:11:12 web-1 sshd[1]: Accepted publickey for lin from 10.0.0.9 port 5 ssh2\n",
    );
    let found = office.json(&["pack", "try", "--json", "--sigma", "sigma", "auth.log"]);
    assert_eq!(found["alarms"][0]["rule"], "6f7b0f53-0d1c-4c5e-9f0e-1f2a3b4c5d6e", "{found}");
    assert_eq!(found["alarms"][0]["group"]["src_ip"], "10.0.0.9");
    assert!(found["refused"][0]["place"].as_str().unwrap().ends_with("two.yml"), "{found}");
}
