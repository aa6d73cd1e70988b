//! Kinds of entries in words, and the groups they are filtered by.

use crate::cx::Cx;
use crate::names::Named;
use model::{PersonId, RecordId, UnitId};

/// Kinds with what they are called. A kind without a name here is shown as it is written.
const KINDS: [(&str, &str, &str); 72] = [
    ("access.read", "閱覽具機密等級之紀錄", "A graded record was read"),
    ("access.refused", "作業遭拒", "An act was refused"),
    ("account.locked", "帳號鎖定", "An account was locked"),
    ("account.unlocked", "帳號解除鎖定", "An account was unlocked"),
    ("alarm.acknowledged", "認領告警", "Somebody answers for an alarm"),
    ("alarm.called", "告警逾時未認領，通知次一級人員", "Others are called for an alarm"),
    ("alarm.raised", "告警", "An alarm was raised"),
    ("alarm.resolved", "告警解除", "An alarm is over"),
    ("alarm.settled", "人工解除告警", "Somebody settles an alarm"),
    ("approval.voided", "核准失效", "An approval became void"),
    ("case.belongs", "案件歸屬變更", "A case belongs to another unit"),
    ("case.changed", "內容變更", "A case was changed"),
    ("case.graded", "機密等級變更", "A case was graded"),
    ("case.linked", "建立關聯", "Cases were linked"),
    ("case.moved", "改依新版規範", "A case moved to another version"),
    ("case.numbered", "編號", "A case was numbered"),
    ("case.opened", "開立案件", "A case was opened"),
    ("case.reckoned", "計算結果", "Values were reckoned"),
    ("case.sent-back", "退回", "A case was sent back"),
    ("check.evaluated", "條文檢核結果", "A check was evaluated"),
    ("clearance.granted", "核定閱覽等級", "A clearance was granted"),
    ("clearance.withdrawn", "撤銷閱覽等級", "A clearance was withdrawn"),
    ("clock.fired", "期限屆至", "A clock has come"),
    ("clock.set", "期限起算", "A clock was set"),
    ("clock.stopped", "期限停止", "A clock was stopped"),
    ("content.condemned", "核准銷毀", "A destruction was approved"),
    ("credential.added", "登錄通行金鑰", "A passkey was added"),
    ("credential.revoked", "註銷通行金鑰", "A passkey was revoked"),
    ("deputy.acknowledged", "知悉職務代理", "An appointment was acknowledged"),
    ("deputy.appointed", "指派職務代理人", "A deputy was appointed"),
    ("deputy.revoked", "終止職務代理", "An appointment was revoked"),
    ("duty.begun", "定期工作開始適用", "A duty begins to be owed"),
    ("duty.calendar-missing", "缺辦公日曆", "The office calendar is missing"),
    ("duty.chased", "定期工作催辦", "A duty was chased"),
    ("duty.done", "定期工作完成", "A duty was done"),
    ("duty.opened", "定期工作開立", "A duty was opened"),
    ("duty.reopened", "定期工作重新開立", "A duty was opened again"),
    ("duty.rested", "定期工作停止適用", "A duty is no longer owed"),
    ("effect.refused", "自動作業未完成", "An effect was refused"),
    ("factor.removed", "移除驗證因子", "A factor was removed"),
    ("factor.set", "設定驗證因子", "A factor was set"),
    ("hook.answered", "外部作業回覆", "An outside act was answered"),
    ("hook.asked", "外部作業請求", "An outside act was asked for"),
    ("key.destroyed", "金鑰銷毀", "A data key was destroyed"),
    ("line.erased", "單筆設備紀錄塗銷", "A line of a device was erased"),
    ("lines.retired", "設備紀錄屆期銷毀", "A file of lines has gone"),
    ("notice.read", "通知已讀", "A notice was read"),
    ("notice.sent", "通知", "A notice was sent"),
    ("pack.published", "發布規範", "A version of the rules was published"),
    ("person.changed", "人員資料變更", "A person was changed"),
    ("person.left", "人員離職", "A person left"),
    ("person.registered", "人員登錄", "A person was registered"),
    ("recovery.begun", "帳號復原開始", "A recovery was begun"),
    ("recovery.confirmed", "帳號復原確認", "A recovery was confirmed"),
    ("recovery.used", "帳號復原完成", "A recovery was used"),
    ("response.done", "處置已執行", "An act against an intruder was done"),
    ("response.event", "防火牆自行動作", "A firewall acted by itself"),
    ("response.failed", "處置未執行", "An act against an intruder was refused"),
    ("role.ended", "角色終止", "A role was ended"),
    ("role.granted", "角色授予", "A role was granted"),
    ("seats.set", "會簽人員確定", "Seats were set"),
    ("session.ended", "登出", "A session ended"),
    ("session.opened", "登入", "A session was opened"),
    ("sign-in.refused", "登入遭拒", "A sign-in was refused"),
    ("signatures.voided", "簽章失效", "Signatures became void"),
    ("step.signed", "簽署", "A step was signed"),
    ("step.taken", "辦理步驟", "A step was taken"),
    ("terminal.registered", "終端機登記", "A terminal was registered"),
    ("terminal.removed", "終端機註銷", "A terminal was removed"),
    ("token.issued", "核發應用程式權杖", "A token was issued"),
    ("token.revoked", "註銷應用程式權杖", "A token was revoked"),
    ("unit.created", "單位設立", "A unit was created"),
];

/// What a kind is called.
pub(super) fn kind(cx: &Cx, kind: &str) -> String {
    let name = kind.split('/').next().unwrap_or(kind);
    let known = KINDS.iter().find(|(one, _, _)| *one == name);
    known.map_or_else(|| kind.to_owned(), |(_, zh, en)| cx.t(zh, en).to_owned())
}

/// Does an entry's kind belong to what is asked: a kind, or the group before its dot?
pub(super) fn belongs(kind: &str, asked: &str) -> bool {
    let name = kind.split('/').next().unwrap_or(kind);
    name == asked || name.split('.').next() == Some(asked)
}

/// What an entry is about, by name where it has one for whoever looks.
pub(super) fn subject(look: &crate::look::Look<'_>, subject: &str) -> Named {
    if let Ok(record) = subject.parse::<RecordId>() {
        return look.record(record);
    }
    if let Ok(person) = subject.parse::<PersonId>() {
        let there = crate::route::is_there("/people/{person}");
        return Named { text: look.person(person), href: there.then(|| format!("/people/{person}")) };
    }
    if let Ok(unit) = subject.parse::<UnitId>() {
        let there = crate::route::is_there("/units/{unit}");
        return Named { text: look.unit(unit), href: there.then(|| format!("/units/{unit}")) };
    }
    Named::plain(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_in_order_each_once_and_are_filtered_by_name_or_group() {
        assert!(KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(belongs("session.opened/1", "session") && belongs("session.opened/1", "session.opened"));
        assert!(!belongs("session.opened/1", "sess") && !belongs("sign-in.refused/1", "sign"));
    }
}
