//! How many lines a second one core reads and watches: `cargo run --release -p watch --example bench [FOLDER OF SIGMA RULES]`.
//!
//! The mix is fixed: lines as eighteen sorts of devices write them, most of them of firewalls, each with addresses, ports
//! and names of its own from a generator with a seed. The rules are those of the pack of Taichung, those of the folder if
//! one is named, and for each product as many made ones as give every line fifty candidates at least: a third looks for
//! words, a third for a figure and a word, a few for an expression or a network alone, which no text can spare.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "an example that measures"
)]

use lines::{Reader, Source};
use model::Instant;
use regulation::{Folder, Sections, load_with};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use watch::{Change, Line, RuleSection, RuleText, Rules, Watch};

/// Lines of the mix, with how often each comes. `@A` an address inside, `@B` one outside, `@P` a port, `@U` an account,
/// `@N` a number.
const MIX: [(u32, &str); 18] = [
    (
        14,
        r#"date=2026-11-20 time=10:11:12 devname="fg-1" devid="FGT60" eventtime=1795140672129000000 tz="+0800" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip=@A srcport=@P srcintf="lan" srcintfrole="lan" dstip=@B dstport=443 dstintf="wan1" sessionid=@N proto=6 action="close" policyid=12 service="HTTPS" trandisp="snat" duration=30 sentbyte=@N rcvdbyte=@N sentpkt=20 rcvdpkt=30 appcat="unscanned" user="@U""#,
    ),
    (
        10,
        "<14>Nov 20 10:11:12 pa-01 1,2026/11/20 10:11:12,013201001234,TRAFFIC,end,2562,2026/11/20 10:11:12,@A,@B,192.0.2.1,203.0.113.5,allow-web,corp\\@U,,ssl,vsys1,trust,untrust,ethernet1/1,ethernet1/2,to-ward,2026/11/20 10:11:12,36459,1,@P,443,32326,443,0x400053,tcp,allow,43135,24629,18506,189,2026/11/20 10:10:42,30,computer-and-internet-info,0,1353226782,0x8000000000000000,10.0.0.0-10.255.255.255,United States,0,90,99,tcp-fin,0,0,0,0,,pa-01,from-policy",
    ),
    (
        10,
        "<166>Nov 20 10:11:12 asa-1 %ASA-6-302013: Built outbound TCP connection @N for outside:@B/443 (@B/443) to inside:@A/@P (192.0.2.1/@P)",
    ),
    (
        8,
        "<134>Nov 20 10:11:12 fw-1 filterlog: 7,,,1000000102,vtnet0,match,pass,out,4,0x0,,64,19008,0,DF,6,tcp,60,@A,@B,@P,443,0,S,523876198,,64240,,mss;sackOK;TS;nop;wscale",
    ),
    (
        8,
        "<134>Nov 20 10:11:12 fw-2 kernel: [19955416.516358] ACCEPT IN=eth1 OUT=eth0 MAC=de:1c:88:64:10:19:5e:e1:a4:3b:cf:f0:08:00 SRC=@A DST=@B LEN=44 TOS=0x00 PREC=0x00 TTL=43 ID=25313 PROTO=TCP SPT=@P DPT=443 WINDOW=1024 RES=0x00 SYN URGP=0",
    ),
    (
        4,
        r#"<14>1 2026-11-20T10:11:12.129+08:00 srx-1 RT_FLOW - RT_FLOW_SESSION_CREATE [junos@2636.1.1.1.2.129 source-address="@A" source-port="@P" destination-address="@B" destination-port="443" service-name="junos-https" nat-source-address="192.0.2.1" nat-source-port="@P" protocol-id="6" policy-name="out" source-zone-name="trust" destination-zone-name="untrust" session-id-32="@N" username="@U"]"#,
    ),
    (
        4,
        r#"<134>1 2026-11-20T10:11:12Z cp-1 CheckPoint 26203 - [action:"Accept"; flags:"163872"; ifdir:"outbound"; ifname:"eth0"; loguid:"{0x1,0x0}"; origin:"10.0.0.1"; time:"1795140672"; version:"5"; dst:"@B"; proto:"6"; s_port:"@P"; service:"443"; src:"@A"; user:"@U"]"#,
    ),
    (
        2,
        "2026-11-20T10:11:12+08:00 mt-1 firewall,info forward: in:LAN out:WAN, connection-state:new src-mac 00:17:10:88:bc:02, proto TCP (SYN), @A:@P->@B:443, len 60",
    ),
    (
        6,
        r#"type=SYSCALL msg=audit(1795140672.129:@N): arch=c000003e syscall=59 success=yes exit=0 a0=7ffd a1=7ffe a2=0 a3=8 items=2 ppid=2686 pid=@P auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 comm="cat" exe="/usr/bin/cat" key="rootcmd""#,
    ),
    (6, r#"type=EXECVE msg=audit(1795140672.129:@N): argc=3 a0="ls" a1="-l" a2="/srv/@U""#),
    (
        4,
        "<38>Nov 20 10:11:12 web-1 sshd[@P]: Accepted publickey for @U from @A port @P ssh2: ED25519 SHA256:abc",
    ),
    (2, "<38>Nov 20 10:11:12 web-1 sshd[@P]: Failed password for @U from @B port @P ssh2"),
    (
        4,
        "1795140672.129     45 @A TCP_MISS/200 1234 GET http://www.example:8080/a/@N lin HIER_DIRECT/@B text/html",
    ),
    (
        4,
        r#"@B - @U [20/Nov/2026:10:11:12 +0800] "GET /index.php?id=@N HTTP/1.1" 200 5123 "https://www.example/" "Mozilla/5.0 (X11; Linux x86_64)""#,
    ),
    (
        4,
        r#"{"_path":"conn","ts":1795140672.129,"uid":"C@N","id.orig_h":"@A","id.orig_p":@P,"id.resp_h":"@B","id.resp_p":443,"proto":"tcp","service":"ssl","duration":0.066851,"orig_bytes":62,"resp_bytes":141,"conn_state":"SF"}"#,
    ),
    (
        4,
        r#"{"_path":"dns","ts":1795140672.129,"uid":"C@N","id.orig_h":"@A","id.orig_p":@P,"id.resp_h":"10.0.0.53","id.resp_p":53,"proto":"udp","query":"host@N.example","qclass":1,"qtype_name":"A","rcode_name":"NOERROR"}"#,
    ),
    (
        4,
        r#"{"timestamp":"2026-11-20T10:11:12.129000+0800","flow_id":@N,"event_type":"flow","src_ip":"@A","src_port":@P,"dest_ip":"@B","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{"pkts_toserver":12,"pkts_toclient":11,"bytes_toserver":1862,"bytes_toclient":5141,"start":"2026-11-20T10:10:12.129000+0800","state":"closed"}}"#,
    ),
    (
        2,
        r#"{"EventID":4624,"Computer":"dc-1","Channel":"Security","EventTime":"2026-11-20 10:11:12","TargetUserName":"@U","TargetLogonId":"0x@N","LogonType":3,"IpAddress":"@A","IpPort":"@P","LogonProcessName":"Kerberos"}"#,
    ),
];
const PRODUCTS: [&str; 13] = [
    "fortigate",
    "paloalto",
    "cisco",
    "pfsense",
    "linux",
    "juniper",
    "checkpoint",
    "mikrotik",
    "squid",
    "zeek",
    "suricata",
    "windows",
    "",
];
const LINES: usize = 400_000;
const CANDIDATES: usize = 50;

struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: u64) -> u64 {
        // PCG's multiplier and increment; the upper bits are good.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

fn line(seeded: &mut Seeded) -> String {
    let all: u32 = MIX.iter().map(|(often, _)| often).sum();
    let mut at = seeded.next(all.into()) as u32;
    let (_, template) = MIX
        .iter()
        .find(|(often, _)| {
            at.checked_sub(*often).is_none_or(|rest| {
                at = rest;
                false
            })
        })
        .unwrap();
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = *template;
    while let Some(sign) = rest.find('@') {
        text.push_str(&rest[..sign]);
        match rest.as_bytes().get(sign + 1) {
            Some(b'A') => {
                write!(text, "10.{}.{}.{}", seeded.next(8), seeded.next(250), 1 + seeded.next(250)).unwrap()
            }
            Some(b'B') => write!(text, "203.0.{}.{}", seeded.next(250), 1 + seeded.next(250)).unwrap(),
            Some(b'P') => write!(text, "{}", 20_000 + seeded.next(40_000)).unwrap(),
            Some(b'U') => write!(text, "user{}", seeded.next(5_000)).unwrap(),
            Some(b'N') => write!(text, "{}", 100_000 + seeded.next(900_000)).unwrap(),
            // What is no sign of ours, as in `[junos@2636`.
            _ => {
                text.push('@');
                rest = &rest[sign + 1..];
                continue;
            }
        }
        rest = &rest[sign + 2..];
    }
    text.push_str(rest);
    text
}

fn made(product: &str, count: usize, seeded: &mut Seeded) -> String {
    let mut yaml = String::new();
    for n in 0..count {
        let mut word = || (0..8).map(|_| char::from(b'a' + seeded.next(26) as u8)).collect::<String>();
        let selection = match n % 10 {
            9 => "{ src_ip|cidr: 172.31.0.0/16 }".to_owned(),
            8 => "{ user|re: '^svc-[0-9]+$' }".to_owned(),
            of if of % 2 == 0 => {
                format!("{{ message|contains: ['{}', '{}', '{}'] }}", word(), word(), word())
            }
            _ => format!("{{ dst_port: [3389, 5985], user|startswith: '{}' }}", word()),
        };
        let source = if product.is_empty() {
            "{ category: webserver }".to_owned()
        } else {
            format!("{{ product: {product} }}")
        };
        let between = if n == 0 { "" } else { "---\n" };
        write!(yaml, "{between}title: made {product} {n}\nlogsource: {source}\ndetection: {{ selection: {selection}, condition: selection }}\n").unwrap();
    }
    yaml
}

fn folder(place: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            folder(&path, found);
        } else if path.extension().is_some_and(|end| end == "yml") {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../regulations/taichung-2001");
    let pack = load_with(&Folder::new(&root), &Sections::none().with(RuleSection)).unwrap();
    let texts = pack.section::<Vec<RuleText>>("rules").unwrap();
    let given: BTreeMap<String, Vec<String>> =
        [("proxies", "10.0.0.3/32"), ("public_hosts", "192.168.100.0/24")]
            .map(|(name, network)| (name.to_owned(), vec![network.to_owned()]))
            .into();
    let mut files = Vec::new();
    if let Some(place) = std::env::args().nth(1) {
        folder(Path::new(&place), &mut files);
    }
    let mut seeded = Seeded(20_261_126);
    files.extend(PRODUCTS.map(|product| (format!("made {product}"), made(product, CANDIDATES, &mut seeded))));
    let mut rules = Rules::new();
    rules.pack(texts, &given);
    rules.sigma(files.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    println!(
        "rules: {} ({} of the pack, {} made), refused {}",
        rules.all().len(),
        texts.len(),
        PRODUCTS.len() * CANDIDATES,
        rules.refused().len()
    );

    let lines: Vec<String> = (0..LINES).map(|_| line(&mut seeded)).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    println!("lines: {LINES}, {} bytes each", bytes / LINES);
    let begin = Instant::from_micros(1_795_140_672_000_000).unwrap();
    let mut reader = Reader::new();
    let started = std::time::Instant::now();
    let mut fields = 0;
    for line in &lines {
        fields += reader.read(Source::default(), begin, line.as_bytes()).values().len();
    }
    let reading = started.elapsed();
    println!(
        "reading alone: {:.0} lines/s ({} values a line)",
        LINES as f64 / reading.as_secs_f64(),
        fields / LINES
    );

    // Ten thousand lines a second of their own time.
    let at = |n: usize| begin.plus(Duration::from_micros(n as u64 * 100));
    let mut watch = Watch::new(rules);
    let (mut changes, mut raised, mut looked) = (Vec::new(), 0, Vec::with_capacity(LINES));
    let started = std::time::Instant::now();
    for (n, line) in lines.iter().enumerate() {
        let at = at(n);
        let record = reader.read(Source::default(), at, line.as_bytes());
        looked.push(watch.line(&Line { receiver: "known", n: n as u64, at, record: &record }, &mut changes));
        if n % 10_000 == 9_999 {
            watch.tick(at, &mut changes);
            raised += changes.drain(..).filter(|change| matches!(change, Change::Raised(_))).count();
        }
    }
    let all = started.elapsed();
    println!(
        "reading and watching: {:.0} lines/s a core, {:.2} µs a line",
        LINES as f64 / all.as_secs_f64(),
        all.as_secs_f64() * 1e6 / LINES as f64
    );
    let mut candidates: Vec<usize> = looked.iter().map(|looked| looked.candidates).collect();
    candidates.sort_unstable();
    let tried: usize = looked.iter().map(|looked| looked.tried).sum();
    println!(
        "candidate rules of a line: median {}, fewest {}, most {}; tried on average {:.1}",
        candidates[LINES / 2],
        candidates[0],
        candidates[LINES - 1],
        tried as f64 / LINES as f64
    );
    println!("alarms raised: {raised}; state: {} KiB", watch.state().unwrap().len() / 1024);
}
