//! `sensors.toml`: the devices of an installation.
//!
//! Every problem is told with its line and column and with what to write instead; no device is read while there is one.
//! Secrets stand in files of their own, named relative to this one, that nobody but their owner can read.
//! Source: `docs/howto/read-sensors.md`.

use crate::device::{Device, Endpoint, MOST_DEVICES, MOST_READS, PROTOCOLS, Protocol, Secret, Way};
use crate::modbus::{Kind, Modbus, Place as Register, Table as RegisterTable};
use crate::mqtt::{Mqtt, Topic};
use crate::nut::Nut;
use crate::probe::{Probe, Url};
use crate::snmp::{self, Snmp};
use crate::tls::{Authority, Own, Tls};
use crate::value::Wanted;
use async_snmp::{Auth, AuthProtocol, Oid, PrivProtocol, UsmConfig};
use regulation::{Complaints, Form, Problem, Shape, Table, load_single, may, need};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

static FILE: Shape = Shape { keys: &[may("device", Form::Tables(&DEVICE), "裝置", "the devices")] };

static DEVICE: Shape = Shape {
    keys: &[
        need("id", Form::Text, "裝置代號", "what it is called"),
        need("room", Form::Text, "機房代號", "the code of the room it stands in"),
        need(
            "protocol",
            Form::Word(&["snmp", "modbus", "mqtt", "nut", "ping", "tcp", "http", "dns"]),
            "通訊協定",
            "how it is asked",
        ),
        need("address", Form::Text, "位址", "where it is"),
        may("every", Form::Whole(1, 86_400), "每幾秒讀取一次", "it is read every so many seconds"),
        may("version", Form::Word(&["2c", "3"]), "SNMP 版本", "which SNMP"),
        may("community_file", Form::Text, "SNMP 社群字串檔", "the file with the community"),
        may("user", Form::Text, "使用者名稱", "the user's name"),
        may("password_file", Form::Text, "密碼檔", "the file with the password"),
        may(
            "authentication",
            Form::Word(&AUTHENTICATIONS),
            "SNMP v3 鑑別演算法",
            "how SNMP v3 authenticates",
        ),
        may("authentication_file", Form::Text, "鑑別密碼檔", "the file with the password for it"),
        may("privacy", Form::Word(&PRIVACIES), "SNMP v3 加密演算法", "how SNMP v3 encrypts"),
        may("privacy_file", Form::Text, "加密密碼檔", "the file with the password for it"),
        may("unit_id", Form::Whole(0, 255), "Modbus 站號", "the unit's number"),
        may("ups", Form::Text, "NUT 之 UPS 名稱", "what NUT calls the UPS"),
        may("count", Form::Whole(1, 20), "每次送出之回應要求數", "so many echoes are asked for at a time"),
        may("expect", Form::List(&Form::Whole(100, 599)), "視為正常之 HTTP 狀態碼", "statuses that are good"),
        may("authority", Form::Text, "憑證機構檔（PEM）", "the authority of its certificate, PEM"),
        may("tls", Form::Flag, "是否以 TLS 連線", "is it spoken to within TLS?"),
        may("certificate", Form::Text, "本機出示之憑證（PEM）", "the certificate that is shown to it, PEM"),
        may("key_file", Form::Text, "該憑證之私密金鑰檔（PEM）", "the file with that certificate's key, PEM"),
        may("name", Form::Text, "查詢之名稱", "the name that is asked for"),
        may("read", Form::Tables(&READ), "讀取項目", "what is read"),
    ],
};

static READ: Shape = Shape {
    keys: &[
        need("quantity", Form::Id, "所量測者", "what is measured"),
        need("unit", Form::Text, "單位（SenML 代號）", "in which unit, by SenML's names"),
        may("scale", Form::Number, "倍率", "what is given is multiplied by this"),
        may("word", Form::Text, "給此字時為 1，否則為 0", "1 where this word is given, else 0"),
        may("oid", Form::Text, "SNMP 物件代號", "the object"),
        may("register", Form::Whole(0, 65_535), "Modbus 暫存器位址", "the register's address, from 0"),
        may("table", Form::Word(&TABLES), "Modbus 資料表", "in which table"),
        may("type", Form::Word(&KINDS), "數值型別", "as what it is read"),
        may("order", Form::Word(&["big", "little"]), "字組順序", "which word stands first"),
        may("topic", Form::Text, "MQTT 主題", "the topic"),
        may("pointer", Form::Text, "JSON 內之位置（RFC 6901）", "where it stands in JSON (RFC 6901)"),
        may("variable", Form::Text, "NUT 變數", "the variable"),
    ],
};

const AUTHENTICATIONS: [&str; 5] = ["sha1", "sha224", "sha256", "sha384", "sha512"];
const PRIVACIES: [&str; 3] = ["aes128", "aes192", "aes256"];
const TABLES: [&str; 4] = ["holding", "input", "coil", "discrete"];
const KINDS: [&str; 5] = ["u16", "i16", "u32", "i32", "f32"];

/// Keys that a protocol takes beside those of all, and the first of them that it must have; those of its readings.
struct Keys {
    protocol: Protocol,
    needs: &'static [&'static str],
    takes: &'static [&'static str],
    read_needs: &'static [&'static str],
    read_takes: &'static [&'static str],
}

const ALL: [&str; 6] = ["id", "room", "protocol", "address", "every", "read"];
const ALL_READ: [&str; 4] = ["quantity", "unit", "scale", "word"];
const KEYS: [Keys; 8] = [
    Keys {
        protocol: Protocol::Snmp,
        needs: &[],
        takes: &[
            "version",
            "community_file",
            "user",
            "authentication",
            "authentication_file",
            "privacy",
            "privacy_file",
        ],
        read_needs: &["oid"],
        read_takes: &[],
    },
    Keys {
        protocol: Protocol::Modbus,
        needs: &[],
        takes: &["unit_id"],
        read_needs: &["register"],
        read_takes: &["table", "type", "order"],
    },
    Keys {
        protocol: Protocol::Mqtt,
        needs: &[],
        takes: &["user", "password_file", "tls", "authority", "certificate", "key_file"],
        read_needs: &["topic"],
        read_takes: &["pointer"],
    },
    Keys {
        protocol: Protocol::Nut,
        needs: &["ups"],
        takes: &["user", "password_file", "tls", "authority", "certificate", "key_file"],
        read_needs: &["variable"],
        read_takes: &[],
    },
    Keys { protocol: Protocol::Ping, needs: &[], takes: &["count"], read_needs: &[], read_takes: &[] },
    Keys { protocol: Protocol::Tcp, needs: &[], takes: &[], read_needs: &[], read_takes: &[] },
    Keys {
        protocol: Protocol::Http,
        needs: &[],
        takes: &["expect", "authority"],
        read_needs: &[],
        read_takes: &[],
    },
    Keys { protocol: Protocol::Dns, needs: &["name"], takes: &[], read_needs: &[], read_takes: &[] },
];

/// Reads the devices of a file; `path` names it where problems are told, secrets lie relative to `folder`.
///
/// # Errors
/// Every problem, in order of line and column.
pub fn devices(path: &str, text: &str, folder: &Path) -> Result<Vec<Device>, Vec<Problem>> {
    load_single(path, text, &FILE, |root, told| {
        let tables = root.tables("device");
        if let Some(one) = tables.get(MOST_DEVICES) {
            told.tell(
                one.place(),
                format!("裝置至多 {MOST_DEVICES} 部"),
                format!("there are {MOST_DEVICES} devices at most"),
            );
        }
        let mut ids = BTreeSet::new();
        let devices = tables.into_iter().filter_map(|table| {
            let device = Reader { table, folder, told }.device()?;
            if !ids.insert(device.id.clone()) {
                told.tell(
                    table.place_at("id"),
                    format!("裝置代號「{}」重複，請另取代號", device.id),
                    format!("there is a device {:?} already; give this one another id", device.id),
                );
            }
            Some(device)
        });
        devices.collect()
    })
}

/// Reads one device.
struct Reader<'a, 'd> {
    table: Table<'d>,
    folder: &'a Path,
    told: &'a Complaints<'a>,
}

impl Reader<'_, '_> {
    fn device(&self) -> Option<Device> {
        let table = self.table;
        let protocol = *PROTOCOLS.iter().find(|protocol| Some(protocol.name()) == table.text("protocol"))?;
        let keys = KEYS.iter().find(|keys| keys.protocol == protocol)?;
        self.keys(table, protocol, &ALL, keys.needs, keys.takes);
        let reads = table.tables("read");
        if keys.read_needs.is_empty() {
            if let Some(read) = reads.first() {
                self.tell(
                    *read,
                    "read",
                    format!("{} 之讀取項目固定，請刪除 read", protocol.name()),
                    format!("what is read by {} is given; take `read` away", protocol.name()),
                );
            }
        } else if reads.is_empty() || reads.len() > MOST_READS {
            self.tell(
                table,
                "read",
                format!("須有 1 至 {MOST_READS} 個 [[device.read]]"),
                format!("there are to be 1 to {MOST_READS} [[device.read]]"),
            );
        }
        for read in &reads {
            self.keys(*read, protocol, &ALL_READ, keys.read_needs, keys.read_takes);
        }
        let every = Duration::from_secs(table.small("every").unwrap_or(60).into());
        let (id, room) = (self.named("id")?, self.named("room")?);
        let way = match protocol {
            Protocol::Snmp => Way::Snmp(self.snmp(&reads)?),
            Protocol::Modbus => Way::Modbus(self.modbus(&reads)?),
            Protocol::Mqtt => Way::Mqtt(self.mqtt(&id, &reads)?),
            Protocol::Nut => Way::Nut(self.nut(&reads)?),
            Protocol::Ping | Protocol::Tcp | Protocol::Http | Protocol::Dns => {
                Way::Probe(self.probe(protocol)?)
            }
        };
        Some(Device { id, room, every, way })
    }

    fn tell(&self, table: Table<'_>, key: &str, zh: impl Into<String>, en: impl Into<String>) {
        self.told.tell(table.place_at(key), zh, en);
    }

    /// Keys that this protocol has no use for, and those that are missing.
    fn keys(&self, table: Table<'_>, protocol: Protocol, all: &[&str], needs: &[&str], takes: &[&str]) {
        let name = protocol.name();
        for (key, place, _) in table.entries() {
            if ![all, needs, takes].iter().any(|keys| keys.contains(&key)) {
                self.told.tell(
                    place,
                    format!("protocol 為 {name} 時不用「{key}」，請刪除"),
                    format!("{key:?} is of no use with the protocol {name}; take it away"),
                );
            }
        }
        for key in needs.iter().filter(|key| table.get(key).is_none()) {
            self.told.tell(
                table.place(),
                format!("protocol 為 {name} 時須有「{key}」"),
                format!("with the protocol {name}, {key:?} is needed"),
            );
        }
    }

    /// A name that can stand in addresses of pages and in lines.
    fn named(&self, key: &str) -> Option<String> {
        let text = self.table.text(key)?;
        let fits = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if fits && text.chars().count() <= 40 {
            return Some(text.to_owned());
        }
        self.tell(
            self.table,
            key,
            format!("「{text}」須為文字、數字、「.」、「-」、「_」，至多 40 字"),
            format!("{text:?} is to have letters, digits, dots, hyphens and underlines, 40 at most"),
        );
        None
    }

    fn endpoint(&self, usual: Option<u16>) -> Option<Endpoint> {
        let text = self.table.text("address")?;
        let endpoint = Endpoint::new(text, usual);
        if endpoint.is_none() {
            self.tell(
                self.table,
                "address",
                format!("「{text}」不是位址，請寫成 192.0.2.1:{0} 或 主機名稱:{0}", usual.unwrap_or(443)),
                format!("{text:?} is no address; write 192.0.2.1:{0} or host:{0}", usual.unwrap_or(443)),
            );
        }
        endpoint
    }

    /// What a file says that is only for its owner.
    fn secret(&self, key: &str) -> Option<Secret> {
        let name = self.table.text(key)?;
        let path = self.folder.join(name);
        let read = std::fs::metadata(&path).and_then(|about| Ok((about, std::fs::read_to_string(&path)?)));
        let (about, text) = match read {
            Ok(read) => read,
            Err(error) => {
                let path = path.display();
                self.tell(
                    self.table,
                    key,
                    format!("無法讀取 {path}：{error}。請建立此檔，內容僅為該密語"),
                    format!("{path} cannot be read: {error}; make it, with nothing in it but the secret"),
                );
                return None;
            }
        };
        let path = path.display();
        if about.permissions().mode() & 0o077 != 0 {
            self.tell(
                self.table,
                key,
                format!("{path} 他人亦可讀取，請執行 chmod 600 {path}"),
                format!("others can read {path}, too; run chmod 600 {path}"),
            );
            return None;
        }
        let text = text.trim_end_matches(['\r', '\n']).to_owned();
        if text.is_empty() || text.len() > 256 || text.contains(['\n', '\r', '\0']) {
            self.tell(
                self.table,
                key,
                format!("{path} 須為一行密語，至多 256 位元組"),
                format!("{path} is to be one line of 256 bytes at most"),
            );
            return None;
        }
        Some(Secret::new(text))
    }

    /// A key that must be there here, though not always.
    fn also(&self, key: &str, zh: &str, en: &str) {
        if self.table.get(key).is_none() {
            self.told.tell(
                self.table.place(),
                format!("{zh}時須有「{key}」"),
                format!("{en}, {key:?} is needed"),
            );
        }
    }

    fn wanted(&self, read: Table<'_>) -> Option<Wanted> {
        let unit = read.text("unit")?;
        if unit.len() > 16 || !unit.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.tell(
                read,
                "unit",
                format!("「{unit}」不是單位代號，例如 Cel、%RH、V、s、/"),
                format!("{unit:?} is no unit like Cel, %RH, V, s, /"),
            );
        }
        let scale = read.get("scale").and_then(regulation::Node::number);
        let scale = scale.map_or(1.0, |scale| scale.millionths() as f64 / 1e6);
        if read.get("scale").is_some() && read.get("word").is_some() {
            self.tell(
                read,
                "scale",
                "已有 word 者不用 scale，請刪除",
                "with `word` there is no `scale`; take it away",
            );
        }
        Some(Wanted {
            quantity: read.text("quantity")?.to_owned(),
            unit: unit.to_owned(),
            scale,
            word: read.text("word").map(str::to_owned),
        })
    }

    fn snmp(&self, reads: &[Table<'_>]) -> Option<Snmp> {
        let table = self.table;
        let auth = match table.text("version").unwrap_or("2c") {
            "3" => self.of_user(),
            _ => {
                self.also("community_file", "SNMP v2c ", "with SNMP v2c");
                for key in ["user", "authentication", "privacy", "authentication_file", "privacy_file"] {
                    if table.get(key).is_some() {
                        self.tell(
                            table,
                            key,
                            format!("「{key}」僅適用於 version = \"3\""),
                            format!("{key:?} is for version = \"3\" alone"),
                        );
                    }
                }
                self.secret("community_file").map(|community| Auth::v2c(community.told()))
            }
        };
        let mut objects = Vec::new();
        for read in reads {
            let (Some(wanted), Some(text)) = (self.wanted(*read), read.text("oid")) else { continue };
            match Oid::parse(text) {
                Ok(oid) if !oid.is_empty() => objects.push((wanted, oid)),
                _ => self.tell(
                    *read,
                    "oid",
                    format!("「{text}」不是物件代號，例如 1.3.6.1.2.1.33.1.2.4.0"),
                    format!("{text:?} is no object like 1.3.6.1.2.1.33.1.2.4.0"),
                ),
            }
        }
        Some(Snmp { endpoint: self.endpoint(Some(snmp::PORT))?, auth: auth?, reads: objects })
    }

    /// A user of SNMP v3.
    fn of_user(&self) -> Option<Auth> {
        let table = self.table;
        if table.get("community_file").is_some() {
            self.tell(
                table,
                "community_file",
                "「community_file」僅適用於 SNMP v2c",
                "\"community_file\" is for SNMP v2c alone",
            );
        }
        for key in ["user", "authentication", "authentication_file"] {
            self.also(key, "SNMP v3 ", "with SNMP v3");
        }
        let user = UsmConfig::new(table.text("user")?.to_owned());
        let authentication = match table.text("authentication")? {
            "sha1" => AuthProtocol::Sha1,
            "sha224" => AuthProtocol::Sha224,
            "sha384" => AuthProtocol::Sha384,
            "sha512" => AuthProtocol::Sha512,
            _ => AuthProtocol::Sha256,
        };
        let password = self.secret("authentication_file");
        let user = match table.text("privacy") {
            Some(privacy) => {
                self.also("privacy_file", "加密", "with privacy");
                let privacy = match privacy {
                    "aes192" => PrivProtocol::Aes192Blumenthal,
                    "aes256" => PrivProtocol::Aes256Blumenthal,
                    _ => PrivProtocol::Aes128,
                };
                let (password, second) = (password?, self.secret("privacy_file")?);
                user.auth_priv(authentication, password.told(), privacy, second.told())
            }
            None => user.auth(authentication, password?.told()),
        };
        match user {
            Ok(user) => Some(user.into()),
            Err(error) => {
                self.tell(
                    table,
                    "authentication_file",
                    format!("SNMP v3 密碼不可用：{error}；密碼至少 8 字元"),
                    format!(
                        "the passwords for SNMP v3 will not do: {error}; they have 8 characters at least"
                    ),
                );
                None
            }
        }
    }

    fn modbus(&self, reads: &[Table<'_>]) -> Option<Modbus> {
        let mut registers = Vec::new();
        for read in reads {
            let (Some(wanted), Some(address)) = (self.wanted(*read), read.small("register")) else {
                continue;
            };
            let kind = match read.text("type").unwrap_or("u16") {
                "i16" => Kind::I16,
                "u32" => Kind::U32,
                "i32" => Kind::I32,
                "f32" => Kind::F32,
                _ => Kind::U16,
            };
            let table = match read.text("table").unwrap_or("holding") {
                "input" => RegisterTable::Input,
                "coil" => RegisterTable::Coil,
                "discrete" => RegisterTable::Discrete,
                _ => RegisterTable::Holding,
            };
            if matches!(table, RegisterTable::Coil | RegisterTable::Discrete) && read.get("type").is_some() {
                self.tell(
                    *read,
                    "type",
                    "coil 與 discrete 僅有 0 與 1，請刪除 type",
                    "a coil and a discrete input are 0 or 1; take `type` away",
                );
            }
            let little = read.text("order") == Some("little");
            let address = u16::try_from(address).unwrap_or(u16::MAX);
            if kind.words() > 1 && address == u16::MAX {
                self.tell(
                    *read,
                    "register",
                    "此型別占兩個暫存器，位址至多 65534",
                    "this type takes two registers; the address is 65534 at most",
                );
            }
            registers.push((wanted, Register { address, table, kind, little }));
        }
        let unit = u8::try_from(self.table.small("unit_id").unwrap_or(255)).unwrap_or(255);
        Some(Modbus { endpoint: self.endpoint(Some(crate::modbus::PORT))?, unit, reads: registers })
    }

    fn mqtt(&self, id: &str, reads: &[Table<'_>]) -> Option<Mqtt> {
        let mut topics = Vec::new();
        for read in reads {
            let (Some(wanted), Some(topic)) = (self.wanted(*read), read.text("topic")) else { continue };
            if topic.contains(['+', '#', '\0']) {
                self.tell(
                    *read,
                    "topic",
                    format!("「{topic}」含萬用字元，請寫出單一主題"),
                    format!("{topic:?} has a wildcard; name one topic"),
                );
            }
            let pointer = read.text("pointer").unwrap_or_default();
            if !pointer.is_empty() && !pointer.starts_with('/') {
                self.tell(
                    *read,
                    "pointer",
                    format!("「{pointer}」不是 JSON 內之位置，例如 /temperature"),
                    format!("{pointer:?} is no place in JSON like /temperature"),
                );
            }
            topics.push((wanted, Topic { name: topic.to_owned(), pointer: pointer.to_owned() }));
        }
        let (user, tls) = (self.user()?, self.tls()?);
        let usual = if tls.is_some() { crate::mqtt::PORT_TLS } else { crate::mqtt::PORT };
        Some(Mqtt {
            endpoint: self.endpoint(Some(usual))?,
            client: format!("ward-{id}"),
            user,
            tls,
            reads: topics,
        })
    }

    fn nut(&self, reads: &[Table<'_>]) -> Option<Nut> {
        let word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        let mut variables = Vec::new();
        for read in reads {
            let (Some(wanted), Some(variable)) = (self.wanted(*read), read.text("variable")) else {
                continue;
            };
            if !word(variable) {
                self.tell(
                    *read,
                    "variable",
                    format!("「{variable}」不是 NUT 變數，例如 battery.charge"),
                    format!("{variable:?} is no variable like battery.charge"),
                );
            }
            variables.push((wanted, variable.to_owned()));
        }
        let ups = self.table.text("ups")?;
        if !word(ups) {
            self.tell(
                self.table,
                "ups",
                format!("「{ups}」不是 UPS 名稱，請以 upsc -l 查詢"),
                format!("{ups:?} is no name of a UPS; `upsc -l` lists them"),
            );
        }
        let (endpoint, user, tls) = (self.endpoint(Some(crate::nut::PORT))?, self.user()?, self.tls()?);
        Some(Nut { endpoint, ups: ups.to_owned(), user, tls, reads: variables })
    }

    /// TLS where it is wanted; none where something of it will not do.
    fn tls(&self) -> Option<Option<Tls>> {
        let table = self.table;
        if table.flag("tls") != Some(true) {
            for key in ["authority", "certificate", "key_file"] {
                if table.get(key).is_some() {
                    self.tell(
                        table,
                        key,
                        format!("「{key}」僅適用於 tls = true"),
                        format!("{key:?} is for tls = true alone"),
                    );
                }
            }
            return Some(None);
        }
        let own = match (table.text("certificate"), table.text("key_file")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(self.own(certificate, key)?),
            (Some(_), None) => {
                self.also("key_file", "有 certificate ", "with `certificate`");
                return None;
            }
            (None, Some(_)) => {
                self.also("certificate", "有 key_file ", "with `key_file`");
                return None;
            }
        };
        Some(Some(self.within(self.authority()?, own)?))
    }

    /// The certificate that is shown; its key is only for its owner.
    fn own(&self, certificate: &str, key: &str) -> Option<Own> {
        let (certificate, key) = (self.folder.join(certificate), self.folder.join(key));
        let open = std::fs::metadata(&key).is_ok_and(|about| about.permissions().mode() & 0o077 != 0);
        if open {
            let path = key.display();
            self.tell(
                self.table,
                "key_file",
                format!("{path} 他人亦可讀取，請執行 chmod 600 {path}"),
                format!("others can read {path}, too; run chmod 600 {path}"),
            );
            return None;
        }
        let own = Own::of_files(&certificate, &key);
        own.map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            self.tell(
                self.table,
                "certificate",
                format!("無法由 {certificate} 與 {key} 讀取憑證及其私密金鑰：{error}。兩者均須為 PEM 檔"),
                format!("no certificate and key can be read from {certificate} and {key}: {error}; both are to be PEM"),
            );
        })
        .ok()
    }

    fn within(&self, authority: Authority, own: Option<Own>) -> Option<Tls> {
        let tls = Tls::new(authority, own);
        tls.map_err(|error| {
            self.tell(
                self.table,
                "certificate",
                format!("憑證與私密金鑰不符：{error}。請以同一組憑證及金鑰填入 certificate 與 key_file"),
                format!("certificate and key do not fit: {error}; name those of one pair by `certificate` and `key_file`"),
            );
        })
        .ok()
    }

    /// Name and password, or neither; none where one of them will not do.
    fn user(&self) -> Option<Option<(String, Secret)>> {
        let table = self.table;
        match (table.text("user"), table.get("password_file")) {
            (None, None) => Some(None),
            (Some(user), Some(_)) => Some(Some((user.to_owned(), self.secret("password_file")?))),
            (Some(_), None) => {
                self.also("password_file", "有 user ", "with `user`");
                None
            }
            (None, Some(_)) => {
                self.also("user", "有 password_file ", "with `password_file`");
                None
            }
        }
    }

    fn probe(&self, protocol: Protocol) -> Option<Probe> {
        let table = self.table;
        Some(match protocol {
            Protocol::Ping => {
                let text = table.text("address")?;
                let host = Endpoint::new(text, Some(0)).filter(|endpoint| endpoint.port == 0);
                if host.is_none() {
                    self.tell(
                        table,
                        "address",
                        format!("「{text}」不是主機，請寫位址或名稱，不含連接埠"),
                        format!("{text:?} is no host; write its address or name, without a port"),
                    );
                }
                let count = u16::try_from(table.small("count").unwrap_or(5)).unwrap_or(5);
                Probe::Ping { host: host?.host, count }
            }
            Protocol::Http => {
                let text = table.text("address")?;
                let url = Url::new(text);
                if url.is_none() {
                    self.tell(
                        table,
                        "address",
                        format!("「{text}」不是網址，例如 https://www.example.gov.tw/"),
                        format!("{text:?} is no address like https://www.example.gov.tw/"),
                    );
                }
                let expect = table.list("expect").into_iter();
                let expect = expect.filter_map(|status| u16::try_from(status.whole()?).ok()).collect();
                let url = url?;
                let tls = if url.secure { Some(self.within(self.authority()?, None)?) } else { None };
                Probe::Http { url, expect, tls }
            }
            Protocol::Dns => {
                let name = table.text("name")?;
                let label = |label: &str| {
                    (1..=63).contains(&label.len())
                        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                };
                if name.len() > 253 || !name.trim_end_matches('.').split('.').all(label) {
                    self.tell(
                        table,
                        "name",
                        format!("「{name}」不是可查詢之名稱，例如 www.example.gov.tw"),
                        format!("{name:?} is no name like www.example.gov.tw"),
                    );
                }
                Probe::Dns { server: self.endpoint(Some(53))?, name: name.trim_end_matches('.').to_owned() }
            }
            _ => Probe::Tcp { endpoint: self.endpoint(None)? },
        })
    }

    /// Whose certificates are believed: those of a file, or those of the system.
    fn authority(&self) -> Option<Authority> {
        const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";
        let path = match self.table.text("authority") {
            Some(name) => self.folder.join(name),
            None => SYSTEM.into(),
        };
        Authority::of_file(&path)
            .map_err(|error| {
                let path = path.display();
                self.tell(
                    self.table,
                    "authority",
                    format!("無法由 {path} 讀取憑證機構：{error}。請以 authority 指明 PEM 檔"),
                    format!("no authority can be read from {path}: {error}; name a PEM file by `authority`"),
                );
            })
            .ok()
    }
}
