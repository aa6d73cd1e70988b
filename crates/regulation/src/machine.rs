//! What the system knows by itself, without anybody filing it, and checks of clauses may ask.
//!
//! Owns: the names, and what is known of each, with its type. Whoever evaluates a check brings the values.
//! Invariant: a name once here keeps its meaning, because packs that are in force use it.
//! Source: `docs/pack.md`, "What the system knows".

use crate::condition::Outline;
use crate::value::Type;

/// Something the system knows by itself.
#[derive(Debug)]
pub struct Machine {
    /// Its name in a pack.
    pub name: &'static str,
    /// Its name for people, in Traditional Chinese and English.
    pub label: (&'static str, &'static str),
    /// Does it come about at a moment, so that a check may look at the last so long alone?
    pub comes_about: bool,
    /// What is known of each.
    pub members: &'static [MachineMember],
}

/// Something that is known of each.
#[derive(Debug)]
pub struct MachineMember {
    /// Its name in conditions.
    pub name: &'static str,
    /// Of which type.
    pub of: MachineType,
    /// What it is, in Traditional Chinese and English.
    pub doc: (&'static str, &'static str),
}

/// Types of what the system knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineType {
    /// A moment.
    Moment,
    /// A number.
    Number,
    /// A text.
    Text,
    /// Several texts.
    Texts,
    /// Yes or no.
    Truth,
}

/// Everything the system knows by itself, in order of names.
pub static MACHINES: [Machine; 9] = [
    Machine {
        name: "alarm",
        label: ("告警", "alarms"),
        comes_about: true,
        members: &[
            member("rule", MachineType::Text, "觸發之規則", "the rule that raised it"),
            member("severity", MachineType::Number, "嚴重程度，0 最低", "how bad it is, 0 the least"),
            member("raised_at", MachineType::Moment, "記錄時刻", "when it was entered"),
            member(
                "acknowledged_at",
                MachineType::Moment,
                "首次有人承辦之時刻",
                "when somebody first answered for it",
            ),
            member("resolved_at", MachineType::Moment, "解除時刻", "since when it is over"),
            member("has_case", MachineType::Truth, "是否已立案", "was a case opened for it?"),
        ],
    },
    Machine {
        name: "head",
        label: ("帳本之見證", "the witnessed head of the ledger"),
        comes_about: false,
        members: &[
            member(
                "witnessed",
                MachineType::Truth,
                "見證達法定數且為近期",
                "have enough witnesses cosigned lately?",
            ),
            member(
                "witnessed_at",
                MachineType::Moment,
                "達法定數之最近見證時刻",
                "when enough had cosigned last",
            ),
        ],
    },
    Machine {
        name: "outlet",
        label: ("告警管道", "the six outlets of alarms"),
        comes_about: false,
        members: &[
            member(
                "way",
                MachineType::Text,
                "管道：file、mail、terminals、snmp、console、program",
                "by which of the six ways",
            ),
            member("is_set", MachineType::Truth, "是否已設定", "is there one?"),
            member("tested_at", MachineType::Moment, "最近一次測試成功時刻", "when a test last got through"),
            member(
                "works",
                MachineType::Truth,
                "最近一次傳送或測試是否成功",
                "did what it sent or tried last get through?",
            ),
        ],
    },
    Machine {
        name: "person",
        label: ("在職人員", "people in post"),
        comes_about: false,
        members: &[
            member("roles", MachineType::Texts, "現任角色", "the roles they hold now"),
            member("has_passkey", MachineType::Truth, "是否持有通行金鑰", "have they a passkey?"),
        ],
    },
    Machine {
        name: "response",
        label: ("入侵處置之執行", "acts against intruders, as firewalls answered or did not"),
        comes_about: true,
        members: &[
            member(
                "what",
                MachineType::Text,
                "處置：deny、cut、isolate、observe、deny_all、lock_down",
                "what was to be done",
            ),
            member("firewall", MachineType::Text, "防火牆", "the firewall"),
            member("done", MachineType::Truth, "是否已執行", "was it done?"),
            member(
                "in_force",
                MachineType::Truth,
                "防火牆是否確認生效",
                "did the firewall itself say that it stood?",
            ),
            member(
                "seconds",
                MachineType::Number,
                "自決定至確認生效秒數",
                "seconds from the decision until that was known",
            ),
            member(
                "protected",
                MachineType::Truth,
                "是否因對象受允許清單保護而未執行",
                "was it refused because its target is on the list of the allowed?",
            ),
            member("answered_at", MachineType::Moment, "記錄時刻", "when the answer was entered"),
        ],
    },
    Machine {
        name: "rule",
        label: ("監看規則", "rules that lines are looked at by"),
        comes_about: false,
        members: &[
            member("rule", MachineType::Text, "規則代號", "its id"),
            member("clauses", MachineType::Texts, "依據條文", "the clauses it serves"),
            member("live", MachineType::Truth, "是否運作中", "is it at work?"),
            member("standing", MachineType::Number, "未解除之告警", "its alarms that are not over"),
            member(
                "unanswered",
                MachineType::Number,
                "逾三十分鐘無人承辦之告警",
                "of these, those nobody has answered for within thirty minutes",
            ),
        ],
    },
    Machine {
        name: "sensor",
        label: ("感測讀數", "what sensors measure"),
        comes_about: false,
        members: &[
            member("room", MachineType::Text, "機房代號", "the code of its room"),
            member("sensor", MachineType::Text, "感測器", "its name"),
            member(
                "quantity",
                MachineType::Text,
                "量測項目",
                "what it measures; empty where it has said nothing",
            ),
            member("value", MachineType::Number, "最近讀數", "the last figure"),
            member("read_at", MachineType::Moment, "最近讀數時刻", "when that came"),
            member("in_range", MachineType::Truth, "是否在規則限值內", "is it within what the rules allow?"),
        ],
    },
    Machine {
        name: "source",
        label: ("紀錄來源", "registered senders of lines"),
        comes_about: false,
        members: &[
            member("name", MachineType::Text, "名稱", "its name"),
            member("counts", MachineType::Truth, "登記是否有效", "does its registration count?"),
            member("heard_at", MachineType::Moment, "最近收到時刻", "when a line of it came last"),
            member("lines", MachineType::Number, "收到行數", "lines of it since the last start"),
            member("nine", MachineType::Number, "九項俱備行數", "of these, those with all nine fields"),
        ],
    },
    Machine {
        name: "warning",
        label: ("及於機房之公共警報", "public warnings that concerned a room"),
        comes_about: true,
        members: &[
            member("room", MachineType::Text, "機房代號", "the code of the room"),
            member("kind", MachineType::Text, "種類", "what the event is to the rules"),
            member("drill", MachineType::Truth, "是否為演習", "is it an exercise?"),
            member("heard_at", MachineType::Moment, "收到時刻", "when it was heard to concern the room"),
            member("over_at", MachineType::Moment, "解除或到期時刻", "since when it is over"),
            member("opened_at", MachineType::Moment, "立案時刻", "when its case was opened"),
            member("seconds", MachineType::Number, "自收到至立案秒數", "seconds from hearing it until then"),
        ],
    },
];

const fn member(name: &'static str, of: MachineType, zh: &'static str, en: &'static str) -> MachineMember {
    MachineMember { name, of, doc: (zh, en) }
}

impl Machine {
    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        MACHINES.iter().find(|machine| machine.name == name)
    }

    /// What conditions may speak of.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let fields = self.members.iter().filter_map(|member| {
            let of = match member.of {
                MachineType::Moment => Type::Moment,
                MachineType::Number => Type::Number,
                MachineType::Text => Type::Text,
                MachineType::Texts => Type::Text.list(),
                MachineType::Truth => Type::Truth,
            };
            Some((member.name.parse().ok()?, of))
        });
        Outline { fields: fields.collect(), ..Outline::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::RESERVED;

    #[test]
    fn everything_has_a_name_that_conditions_can_speak_of() {
        for machine in &MACHINES {
            assert_eq!(machine.outline().fields.len(), machine.members.len(), "{}", machine.name);
            assert!(machine.members.iter().all(|member| !RESERVED.contains(&member.name)));
        }
        assert!(MACHINES.is_sorted_by_key(|machine| machine.name));
    }

    #[test]
    fn the_page_tells_of_everything() {
        let page = std::fs::read_to_string("../../docs/pack.md").unwrap();
        for machine in &MACHINES {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", machine.name)));
            let row = row.unwrap_or_else(|| panic!("docs/pack.md has no row for {}", machine.name));
            for member in machine.members {
                assert!(row.contains(&format!("`{}`", member.name)), "{}: {}", machine.name, member.name);
            }
        }
    }
}
