//! A small network in the registers of the regulation that is shipped: a link and a line to the outside, a firewall, two
//! hosts with a public system, terminals, and a connection to another agency's host.

use super::{Acting, House};
use anyhow::{Context as _, Result, anyhow};
use desk::{Keeping, Refused};
use model::{Clock as _, RecordId};
use regulation::Outcome;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Those who register it.
#[derive(Debug, Clone, Copy)]
pub struct Wirers {
    /// The network administrator: what they register belongs to their unit.
    pub admin: Acting,
    /// The head of information technology of that unit.
    pub it_head: Acting,
    /// Who carries changes out.
    pub maintainer: Acting,
    /// Whose terminals they are.
    pub staff: Acting,
    /// The head of that unit.
    pub head: Acting,
    /// Who gives codes to hardware.
    pub steward: Acting,
}

/// What is registered then.
#[derive(Debug, Clone)]
pub struct Wires {
    /// `對外防火牆`, at 10.1.0.254.
    pub firewall: RecordId,
    /// `檔案伺服器`, at 10.1.5.1, and `網頁伺服器`, at 10.1.5.2.
    pub hosts: [RecordId; 2],
    /// `線上申辦`, on the second of them.
    pub system: RecordId,
    /// `市政大樓對外網點`.
    pub link: RecordId,
    /// `L-01 市政大樓－陽明大樓`.
    pub line: RecordId,
    /// At 10.1.2.3, at 10.1.2.4, and one that is given an address of 10.1.3.0/24.
    pub terminals: Vec<RecordId>,
    /// To a host at 192.0.2.10.
    pub connection: RecordId,
}

/// A picture of one pixel, as PNG.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0,
    1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

fn told(refused: Refused) -> anyhow::Error {
    anyhow!("{}", refused.told())
}

impl House {
    /// Registers the network.
    ///
    /// # Errors
    /// A step is refused.
    pub fn wire(&mut self, by: &Wirers) -> Result<Wires> {
        let Wirers { admin, it_head, .. } = *by;
        let (now, person) = (self.clock.now().to_string(), admin.person.to_string());
        let plan = self.file("配置圖.png", PIXEL, Keeping::Clear)?;
        let fill = [
            ("code", json!("FW-01")),
            ("name", json!("對外防火牆")),
            ("address", json!("10.1.0.254")),
            ("administrator", json!(person)),
            ("console", json!("機房主控臺")),
            ("plan", json!([plan])),
            ("version", json!("7.2.1")),
        ];
        let firewall = self.open(admin, "firewall", "register", &fill).map_err(told)?;
        let case = json!({ "what": "外部至內部 22", "side": "outside", "expected": "deny", "got": "deny" });
        let fill = [
            ("firewall", json!(firewall.to_string())),
            ("why", json!("set_up")),
            ("tested_at", json!(now)),
            ("cases", json!([case])),
            ("management_closed", json!(true)),
        ];
        let test = self.open(admin, "firewall_test", "test", &fill).map_err(told)?;
        self.take(it_head, test, "accept", Outcome::Done, &[]).map_err(told)?;
        let mut host = |code: &str, name: &str, address: &str| {
            let fill = [
                ("code", json!(code)),
                ("name", json!(name)),
                ("address", json!(address)),
                ("administrator", json!(person)),
                ("uses", json!(["public"])),
                ("console", json!("機房主控臺")),
            ];
            self.open(admin, "host", "register", &fill).map_err(told)
        };
        let hosts = [host("H-01", "檔案伺服器", "10.1.5.1")?, host("H-02", "網頁伺服器", "10.1.5.2")?];
        let fill = [
            ("name", json!("線上申辦")),
            ("host", json!(hosts[1].to_string())),
            ("dedicated", json!(true)),
            ("firewall", json!(firewall.to_string())),
            ("services", json!(["http"])),
            ("access_control", json!("逐案授權")),
            ("citizen_data", json!(false)),
        ];
        let system = self.open(admin, "public_system", "register", &fill).map_err(told)?;
        let fill = [
            ("code", json!("L-01")),
            ("name", json!("市政大樓對外網點")),
            ("provider", json!("中部電信 4G8H001")),
            ("firewall", json!(firewall.to_string())),
            ("alternative", json!(true)),
            ("alternative_path", json!("府外備援線路")),
        ];
        let link = self.open(admin, "outside_link", "register", &fill).map_err(told)?;
        let fill = [
            ("code", json!("L-01")),
            ("from_place", json!("市政大樓")),
            ("to_place", json!("陽明大樓")),
            ("used_for", json!("公文及資料傳輸")),
            ("speed", json!("1 Gbit/s")),
            ("keeper", json!(person)),
            ("equipment", json!([{ "device": "光電轉換器", "place": "主機房" }])),
            ("detection", json!("網管系統")),
            ("recovery", json!("切換備援")),
            ("standby", json!("none")),
            ("by_carrier", json!(false)),
        ];
        let line = self.open(admin, "line", "file", &fill).map_err(told)?;
        self.take(it_head, line, "approve", Outcome::Approve, &[]).map_err(told)?;
        let mut terminals = Vec::new();
        for (nth, address) in ["10.1.2.3", "10.1.2.4", "10.1.3.0/24"].into_iter().enumerate() {
            terminals.push(self.terminal(by, nth, address)?);
        }
        let connection = self.connection(by, terminals.first().context("a terminal")?)?;
        Ok(Wires { firewall, hosts, system, link, line, terminals, connection })
    }

    /// A terminal at an address, by a request that is approved and carried out.
    ///
    /// # Errors
    /// A step is refused.
    pub fn terminal(&mut self, by: &Wirers, nth: usize, address: &str) -> Result<RecordId> {
        let Wirers { staff, head, maintainer, steward, it_head, .. } = *by;
        let fill = [
            ("user_unit", json!(staff.unit.to_string())),
            ("kind", json!("desktop")),
            ("model", json!("甲牌 X1")),
            ("serial", json!(format!("SN-{nth}-{address}"))),
            ("place", json!("三樓")),
            ("keeper", json!(staff.person.to_string())),
            ("status", json!("in_service")),
        ];
        let device = self.open(staff, "hardware", "file", &fill).map_err(told)?;
        self.take(steward, device, "issue", Outcome::Done, &[]).map_err(told)?;
        let day = self.day(0);
        self.take(staff, device, "label", Outcome::Done, &[("labelled_on", day)]).map_err(told)?;
        let fill = [
            ("what", json!("install")),
            ("user_unit", json!(staff.unit.to_string())),
            ("it_unit", json!(it_head.unit.to_string())),
            ("device", json!(device.to_string())),
            ("place", json!(format!("三樓 {} 座", nth + 1))),
            ("address", json!(address)),
            ("uses", json!(["query"])),
            ("reason", json!("新進人員")),
            ("planned_on", self.day(7)),
        ];
        let change = self.open(staff, "terminal_change", "file", &fill).map_err(told)?;
        self.take(head, change, "approve", Outcome::Approve, &[]).map_err(told)?;
        let done = [("done_text", json!("已安裝測試")), ("done_at", json!(self.clock.now().to_string()))];
        self.take(maintainer, change, "execute", Outcome::Done, &done).map_err(told)?;
        self.take(staff, change, "accept", Outcome::Done, &[]).map_err(told)?;
        let links = self.case(change)?.links;
        let opened = links.iter().find(|link| link.to.register.as_str() == "terminal");
        Ok(opened.context("the request opens a terminal")?.to.record)
    }

    fn connection(&mut self, by: &Wirers, terminal: &RecordId) -> Result<RecordId> {
        let fill = [
            ("user_unit", json!(by.staff.unit.to_string())),
            ("authority", json!(by.it_head.unit.to_string())),
            ("terminals", json!([terminal.to_string()])),
            ("agency", json!("國稅局")),
            ("host", json!("稅籍系統")),
            ("address", json!("192.0.2.10")),
            ("purpose", json!("查詢稅籍")),
            ("uses", json!(["query"])),
            ("starts", self.day(0)),
            ("ends", self.day(90)),
        ];
        let connection = self.open(by.staff, "connection", "file", &fill).map_err(told)?;
        self.take(by.it_head, connection, "approve", Outcome::Approve, &[]).map_err(told)?;
        Ok(connection)
    }

    /// The day so many days from now, in UTC.
    fn day(&self, more: u64) -> Json {
        let at = self.clock.now().plus(Duration::from_secs(86_400 * more)).to_string();
        json!(at.get(..10))
    }
}
