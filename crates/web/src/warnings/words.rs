//! What came of alerts, in words.

use crate::cx::Cx;
use model::Told;
use warning::{Ended, HeardEntry, MessageType, Scope, Status};

/// What came of an alert at a room, and why where nothing did.
pub(crate) fn came(heard: &HeardEntry, word: &str) -> Told {
    let told = |zh: &str, en: &str| Told::new(zh, en);
    match word {
        "act" => told("啟動緊急應變", "the emergency procedure is begun"),
        "goes-on" => told("延續先前之警報", "goes on with an alert of before"),
        "over" => told("解除先前之警報", "ends an alert of before"),
        "drill" => told("演習：排定演練", "an exercise: a drill is planned"),
        "not-actual" => not_actual(heard),
        "not-public" => match heard.scope() {
            Some(Scope::Private) => told("不處理：私人訊息", "nothing: it is private"),
            _ => told("不處理：限制發布", "nothing: it is restricted"),
        },
        "stranger" => told("不處理：發送單位未經採信", "nothing: its sender is not believed"),
        "from-later" => told("不處理：發送時間晚於現在", "nothing: it was sent later than now"),
        "known" => told(
            "不處理：先前已收到，或已由其發送單位取消",
            "nothing: heard before, or taken back by its sender",
        ),
        "no-warning" => told("不處理：僅為回覆訊息", "nothing: it only answers others"),
        "nothing-to-end" => told(
            "不處理：所取消者未曾啟動或已解除",
            "nothing: what it takes back was not acted on, or is over",
        ),
        "other-event" => told("不處理：非關注之事件", "nothing: no event that is looked for"),
        "elsewhere" => told("不處理：範圍不含此處", "nothing: its area does not hold this place"),
        "not-yet" => told("待生效時間再行判斷", "is weighed again when it counts"),
        "expired" => told("不處理：已逾有效時間", "nothing: it has expired"),
        other => Told::new(format!("不處理：{other}"), format!("nothing: {other}")),
    }
}

fn not_actual(heard: &HeardEntry) -> Told {
    match heard.status() {
        Some(Status::Test) => Told::new("不處理：測試訊息", "nothing: it is a test"),
        Some(Status::Draft) => Told::new("不處理：草稿", "nothing: it is a draft"),
        Some(Status::System) => Told::new("不處理：系統訊息", "nothing: it is for systems"),
        Some(Status::Exercise) => Told::new("不處理：演習之後續訊息", "nothing: more about an exercise"),
        Some(Status::Actual) | None => Told::new("不處理：非實際警報", "nothing: it is not actual"),
    }
}

/// What an alert is: its status, and what it does to others.
pub(super) fn kind(cx: &Cx, heard: &HeardEntry) -> String {
    let status = match heard.status() {
        Some(Status::Actual) => cx.t("實際", "Actual"),
        Some(Status::Draft) => cx.t("草稿", "Draft"),
        Some(Status::Exercise) => cx.t("演習", "Exercise"),
        Some(Status::System) => cx.t("系統", "System"),
        Some(Status::Test) => cx.t("測試", "Test"),
        None => "",
    };
    let message = match heard.message_type() {
        Some(MessageType::Ack) => cx.t("收悉", "Ack"),
        Some(MessageType::Alert) => cx.t("發布", "Alert"),
        Some(MessageType::Cancel) => cx.t("取消", "Cancel"),
        Some(MessageType::Error) => cx.t("退回", "Error"),
        Some(MessageType::Update) => cx.t("更新", "Update"),
        None => "",
    };
    format!("{status} {message}")
}

/// Why something is over.
pub(super) fn ended(cx: &Cx, why: Option<Ended>) -> &'static str {
    match why {
        Some(Ended::Cancelled) => cx.language.of("已取消", "Taken back"),
        Some(Ended::Replaced) => cx.language.of("已更新", "Replaced"),
        Some(Ended::Expired) | None => cx.language.of("已到期", "Expired"),
    }
}
