//! The machine looked over: time, disk, master key, ways in, witnesses, enforcers of firewalls, fonts, mail, terminals.
//!
//! Invariant: what could not be found out is said to be unknown, never good; what is not good comes with its mend.
//! Does not: change anything, ask anybody outside but the resolver of names.

use super::{Premises, is_own};
use ledger::cosign::{RECENT, Standing, standing};
use ledger::objects::CHECKPOINT;
use model::{Instant, Told};
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use web::{Enforcers as _, Finding, Host, Machine as _, State};

/// Below this many bytes the disk is as good as full.
const FULL: u64 = 1 << 30;
/// Below this many it will be soon.
const SCARCE: u64 = 10 << 30;
/// Folders that are looked into for fonts, at most so deep.
const FONT_DEPTH: usize = 4;

/// Everything, in the order in which it is mended.
pub(super) fn over(premises: &Premises, now: Instant) -> Vec<Finding> {
    let mut findings = vec![
        taking(premises),
        time(),
        disk(&premises.data),
        master(&premises.master),
        ways_in(premises),
        name(premises),
        witnesses(premises, now),
    ];
    findings.extend(premises.office.enforcers.heard().iter().map(enforcer));
    findings.extend([fonts(), mail()]);
    findings
}

fn good(what: Told, seen: Told) -> Finding {
    Finding { what, state: State::Good, seen, mend: None }
}

fn not_good(what: Told, state: State, seen: Told, mend: Told) -> Finding {
    Finding { what, state, seen, mend: Some(mend) }
}

fn taking(premises: &Premises) -> Finding {
    let what = Told::new("帳本與資料表", "Ledger and tables");
    match premises.office.stopped() {
        None => good(what, Told::new("正常受理", "taking orders")),
        Some(told) => not_good(
            what,
            State::Bad,
            told,
            Told::new("排除原因後重新啟動 ward serve", "mend the cause and start `ward serve` again"),
        ),
    }
}

/// Whether the clock is kept right, as far as the service that keeps it leaves a sign.
fn time() -> Finding {
    let what = Told::new("時間", "Time");
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return good(what, Told::new("已與時間伺服器同步", "kept by a time server (systemd-timesyncd)"));
    }
    let services = [
        ("chrony", ["/run/chrony/chronyd.pid", "/run/chronyd.pid"], "chronyc tracking"),
        ("ntpd", ["/run/ntpd.pid", "/var/run/ntpd.pid"], "ntpq -p"),
        ("openntpd", ["/run/ntpd.sock", "/var/run/ntpd.sock"], "ntpctl -s status"),
    ];
    let running = services.iter().find(|(_, signs, _)| signs.iter().any(|sign| Path::new(sign).exists()));
    match running {
        Some((service, _, command)) => not_good(
            what,
            State::Unknown,
            Told::new(
                format!("{service} 執行中，是否已同步未知"),
                format!("{service} is running; whether the clock is right is not known"),
            ),
            Told::new(format!("請以 {command} 確認"), format!("see `{command}`")),
        ),
        None => not_good(
            what,
            State::Wanting,
            Told::new("本機未見時間同步服務", "no service keeps the clock"),
            Told::new(
                "請安裝並啟用 systemd-timesyncd 或 chrony，並指定機關內之時間伺服器；時限與紀錄時間皆依本機時鐘",
                "install and enable systemd-timesyncd or chrony and name your time server; clocks of cases and times of entries are this machine's",
            ),
        ),
    }
}

fn disk(data: &Path) -> Finding {
    let what = Told::new("磁碟空間", "Room on the disk");
    let Ok(disk) = rustix::fs::statvfs(data) else {
        return not_good(
            what,
            State::Unknown,
            Told::new("無法得知", "it could not be found out"),
            Told::new("請以 df 確認資料夾所在磁碟", "see `df` for the data folder"),
        );
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let whole = disk.f_blocks.saturating_mul(disk.f_frsize).max(1);
    let gib = |bytes: u64| format!("{}.{}", bytes >> 30, ((bytes % (1 << 30)) * 10) >> 30);
    let seen = Told::new(
        format!("可用 {} GiB／共 {} GiB", gib(free), gib(whole)),
        format!("{} GiB free of {} GiB", gib(free), gib(whole)),
    );
    let state = match free {
        free if free < FULL => State::Bad,
        free if free < SCARCE => State::Wanting,
        _ => return good(what, seen),
    };
    let mend = Told::new(
        "請擴充磁碟或移走其他檔案；空間用罄時停止受理",
        "make room or a larger disk; nothing is taken once it is full",
    );
    not_good(what, state, seen, mend)
}

/// Where the master key comes from; of a copy of it nothing can be known.
fn master(file: &Path) -> Finding {
    let what = Told::new("主金鑰", "Master key");
    if !file.exists() {
        return good(
            what,
            Told::new("由通行密語或系統憑證提供", "from a passphrase or a credential of the system"),
        );
    }
    not_good(
        what,
        State::Unknown,
        Told::new(
            format!("主金鑰檔 {}；是否另有備份無從得知", file.display()),
            format!("the file {}; whether there is a copy elsewhere cannot be known", file.display()),
        ),
        Told::new(
            "請將該檔複製至他處妥善保管，勿與資料夾之備份同放；遺失即無法解開封存內容",
            "keep a copy elsewhere, apart from backups of the data folder; without it sealed content is lost",
        ),
    )
}

fn ways_in(premises: &Premises) -> Finding {
    let what = Told::new("連線位址", "Ways in");
    let list = premises.addresses().join("  ");
    let seen = Told::new(list.clone(), list);
    if !premises.is_loopback_only() {
        return good(what, seen);
    }
    let mend = Told::new(
        "目前僅本機可開啟頁面；供同仁使用時，請以 ward serve --listen 0.0.0.0:8443 啟動（HTTPS）",
        "only this machine can open pages; for others start `ward serve --listen 0.0.0.0:8443` (HTTPS)",
    );
    not_good(what, State::Wanting, seen, mend)
}

/// Does the name lead here?
fn name(premises: &Premises) -> Finding {
    let what = Told::new("主機名稱", "Name of the host");
    let name = match premises.host() {
        Some(Host::Name(name)) => name,
        Some(Host::Address(address)) => {
            let seen = Told::new(
                format!("以位址 {address} 連線，無法使用通行金鑰"),
                format!("reached by the address {address}; passkeys cannot be used"),
            );
            let mend = Told::new(
                "請於機關 DNS 登記名稱，填入資料夾內 site.toml 後重新啟動",
                "register a name in your DNS, put it into site.toml in the data folder and start again",
            );
            return not_good(what, State::Wanting, seen, mend);
        }
        None => {
            let mend = Told::new("於首次啟用頁面填寫", "say it on the pages of the first start");
            return not_good(what, State::Unknown, Told::new("尚未設定", "not said yet"), mend);
        }
    };
    let found: Vec<_> = (name.as_str(), 0).to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    let ours = found.iter().any(|found| is_own(&found.ip()));
    if ours {
        return good(what, Told::new(format!("{name}，指向本機"), format!("{name}, which leads here")));
    }
    let elsewhere: Vec<String> = found.iter().map(|found| found.ip().to_string()).collect();
    let seen = if elsewhere.is_empty() {
        Told::new(format!("{name} 查無位址"), format!("{name} has no address"))
    } else {
        let list = elsewhere.join(", ");
        Told::new(
            format!("{name} 指向 {list}，非本機位址"),
            format!("{name} leads to {list}, which is not this machine"),
        )
    };
    let mend = Told::new(
        "請於機關 DNS 將該名稱指向本機；經轉址設備者請確認其轉送至本機",
        "let the name lead to this machine in your DNS; where something stands between, see that it passes on to here",
    );
    not_good(what, if elsewhere.is_empty() { State::Bad } else { State::Unknown }, seen, mend)
}

fn witnesses(premises: &Premises, now: Instant) -> Finding {
    let what = Told::new("見證人", "Witnesses");
    let policy = &premises.office.policy;
    let count = policy.witnesses().len();
    if count == 0 {
        return not_good(
            what,
            State::Wanting,
            Told::new("無；帳本僅由本主機擔保", "none; the ledger is vouched by this host alone"),
            Told::new(
                "請洽其他機關以 ward witness 擔任見證人，並列入 policy（docs/howto/operate-the-ledger.md）",
                "ask another agency to run `ward witness`, and name it in `policy` (docs/howto/operate-the-ledger.md)",
            ),
        );
    }
    let published = premises.office.objects.fetch(CHECKPOINT).ok().flatten();
    let standing = published.and_then(|note| standing(policy, &note, now, RECENT).ok());
    let mend = Told::new(
        "請確認見證人位址、網路及其服務",
        "look at the witnesses' addresses, the network, and that they run",
    );
    match standing {
        Some(standing @ Standing::Witnessed { .. }) => good(what, standing.told()),
        Some(standing) => not_good(what, State::Bad, standing.told(), mend),
        None => not_good(what, State::Unknown, Told::new("無法判斷", "it could not be judged"), mend),
    }
}

/// The enforcer of a firewall: does it answer, and what stands there?
fn enforcer(heard: &web::EnforcerHeard) -> Finding {
    let name =
        heard.standing.as_ref().map_or(heard.place.as_str(), |(_, standing)| standing.firewall.as_str());
    let what = Told::new(format!("防火牆執行控制 {name}"), format!("Enforcer of the firewall {name}"));
    if let Some((since, told)) = &heard.silent {
        let seen = Told::new(format!("自 {since} 起：{}", told.zh), format!("since {since}: {}", told.en));
        let mend = Told::new(
            "請至防火牆主機確認 ward enforce 執行中；其間之處置均未執行",
            "see on the firewall that `ward enforce` runs; what is decided meanwhile is not done",
        );
        return not_good(what, State::Bad, seen, mend);
    }
    let Some((at, standing)) = &heard.standing else {
        let mend = Told::new("稍候再看", "look again in a moment");
        return not_good(what, State::Unknown, Told::new("尚未詢問", "not asked yet"), mend);
    };
    let count = standing.acts.len();
    let lost: Vec<&str> = standing
        .acts
        .iter()
        .filter(|(_, effect)| effect.seen == Some(false))
        .map(|(stands, _)| stands.case.as_str())
        .collect();
    let seen = Told::new(
        format!("{at} 回應，執行中之處置 {count} 件"),
        format!("answered at {at}; acts in force: {count}"),
    );
    if standing.dry {
        let seen = Told::new(
            format!("演練中，未變更防火牆；{}", seen.zh),
            format!("it rehearses, nothing is changed; {}", seen.en),
        );
        let mend = Told::new("請以不含 --dry-run 之指令啟動", "start it without --dry-run");
        return not_good(what, State::Wanting, seen, mend);
    }
    if let Some(said) = &standing.unseen {
        let seen = Told::new(said.zh.clone(), said.en.clone());
        return not_good(what, State::Unknown, seen, Told::new("請至防火牆主機查明", "look at the firewall"));
    }
    if !lost.is_empty() {
        let list = lost.join(", ");
        let seen = Told::new(
            format!("防火牆未顯示下列案件之處置：{list}"),
            format!("the firewall does not show what these cases decided: {list}"),
        );
        return not_good(what, State::Bad, seen, Told::new("請至防火牆主機查明", "look at the firewall"));
    }
    good(what, seen)
}

fn fonts() -> Finding {
    let what = Told::new("字型（全字庫正楷體）", "Font (TW-Kai)");
    let mut places: Vec<PathBuf> = ["/usr/share/fonts", "/usr/local/share/fonts"].map(PathBuf::from).into();
    places.extend(std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share/fonts")));
    match places.iter().find_map(|place| kai_in(place, FONT_DEPTH)) {
        Some(file) => {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            good(what, Told::new(name.clone(), name))
        }
        None => not_good(
            what,
            State::Wanting,
            Told::new("未安裝；公文格式之 PDF 需要", "not installed; official papers as PDF need it"),
            Told::new("apt install fonts-cns11643-kai", "apt install fonts-cns11643-kai"),
        ),
    }
}

/// A file of the font below a folder.
fn kai_in(folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().to_ascii_lowercase().starts_with("tw-kai") && path.is_file() {
            return Some(path);
        }
        if entry.file_type().is_ok_and(|of| of.is_dir()) && depth > 0 {
            folders.push(path);
        }
    }
    folders.iter().find_map(|folder| kai_in(folder, depth - 1))
}

fn mail() -> Finding {
    not_good(
        Told::new("電子郵件", "Mail"),
        State::Wanting,
        Told::new("未設定；通知僅顯示於頁面", "not set up; notices show on pages only"),
        Told::new("本版尚無郵件功能，無須處理", "this version sends no mail; there is nothing to do"),
    )
}
