//! What was filled in so far, and what is wrong with it.
//!
//! Each answer is read by the type that will hold it, so that what passes here is what is made.

use crate::component::Opt;
use crate::enter::{Field, Sent};
use crate::error::PageError;
use crate::machine::Host;
use crate::visit::Visit;
use identity::{Code, Details, Line, Login, Mail, Names, Phone};
use model::Told;
use regulation::RoleId;
use signin::Founding;
use std::collections::BTreeMap;

/// The forms, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Host,
    Office,
    Steward,
    Confirm,
}

/// What was filled in.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled {
    answers: BTreeMap<&'static str, String>,
    /// Is there a topmost unit already?
    office: bool,
    /// Administrators' roles of the pack, with their labels.
    roles: Vec<(RoleId, regulation::Label)>,
}

/// What is wrong, by question.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrong(BTreeMap<&'static str, Told>);

/// The questions of a form.
const fn questions(step: Step) -> &'static [&'static str] {
    match step {
        Step::Host => &["host"],
        Step::Office => &["unit_zh", "unit_en", "unit_code"],
        Step::Steward => &["login", "name", "title", "mail", "phone", "role"],
        Step::Confirm => &[],
    }
}

/// Every form with questions.
const ASKING: [Step; 3] = [Step::Host, Step::Office, Step::Steward];

impl Step {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Office => "office",
            Self::Steward => "steward",
            Self::Confirm => "confirm",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Host, Self::Office, Self::Steward, Self::Confirm].into_iter().find(|step| step.word() == word)
    }

    pub(super) fn after(self, steps: &[Self]) -> Option<Self> {
        let at = steps.iter().position(|step| *step == self)?;
        steps.get(at + 1).copied()
    }

    pub(super) fn before(self, steps: &[Self]) -> Self {
        let at = steps.iter().position(|step| *step == self).unwrap_or(0);
        steps.get(at.saturating_sub(1)).copied().unwrap_or(self)
    }
}

impl Wrong {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn of(&self, visit: &Visit, name: &str) -> Option<String> {
        self.0.get(name).map(|told| visit.language.told(told).to_owned())
    }
}

impl Filled {
    /// Nothing yet, but what can be guessed: the host that was asked for.
    pub(super) fn fresh(visit: &Visit) -> Result<Self, PageError> {
        let mut filled = Self::default().of_site(visit)?;
        let known = visit.site.machine().host().map(|host| host.to_string());
        filled.answers.insert("host", known.unwrap_or_else(|| visit.asked().to_owned()));
        Ok(filled)
    }

    /// As the forms sent it.
    pub(super) fn sent(visit: &Visit, sent: &Sent) -> Result<Self, PageError> {
        let names = ASKING.iter().flat_map(|step| questions(*step));
        let answers = names.map(|name| (*name, sent.typed(name).to_owned())).collect();
        Self { answers, ..Self::default() }.of_site(visit)
    }

    fn of_site(self, visit: &Visit) -> Result<Self, PageError> {
        let seen = visit.site.desk().seen();
        let pack = seen.packs.current().ok_or(desk::Refused::NoPack)?;
        let roles = pack.roles.values().filter(|role| role.administrator);
        let roles = roles.map(|role| (role.id.clone(), role.label.clone())).collect();
        Ok(Self { office: seen.roster.root().is_some(), roles, ..self })
    }

    /// The forms there are: an office that is there already is not asked for.
    pub(super) fn steps(&self) -> Vec<Step> {
        let all = [Step::Host, Step::Office, Step::Steward, Step::Confirm];
        all.into_iter().filter(|step| *step != Step::Office || !self.office).collect()
    }

    fn answer(&self, name: &str) -> &str {
        self.answers.get(name).map_or("", String::as_str)
    }

    /// What is wrong with a form and those before it.
    pub(super) fn wrong(&self, visit: &Visit, until: Step) -> Wrong {
        let mut wrong = BTreeMap::new();
        let steps = self.steps();
        let last = steps.iter().position(|step| *step == until).unwrap_or(0);
        for name in steps.iter().take(last + 1).flat_map(|step| questions(*step)) {
            if let Err(told) = self.judge(visit, name) {
                wrong.insert(*name, told);
            }
        }
        Wrong(wrong)
    }

    fn judge(&self, visit: &Visit, name: &str) -> Result<(), Told> {
        let answer = self.answer(name);
        let text = |read: Result<(), identity::TextError>| read.map_err(|error| error.told());
        match name {
            "host" => Host::new(answer).map(drop),
            "unit_zh" | "unit_en" | "name" | "title" => text(Line::new(answer).map(drop)),
            "unit_code" => text(Code::new(answer).map(drop)),
            "login" => text(Login::new(answer).map(drop)).and_then(|()| self.free(visit, answer)),
            "mail" => text(Mail::new(answer).map(drop)),
            "phone" if !answer.is_empty() => text(Phone::new(answer).map(drop)),
            "role" => self.role().map(drop),
            _ => Ok(()),
        }
    }

    /// An account name that somebody had who has left is not given again.
    fn free(&self, visit: &Visit, login: &str) -> Result<(), Told> {
        let seen = visit.site.desk().seen();
        let taken = seen.roster.person_of_login(login).and_then(|person| seen.roster.person(person));
        match taken.filter(|person| !person.here()) {
            None => Ok(()),
            Some(_) => Err(Told::new("此帳號名稱曾為他人使用", "Somebody else had this account name")),
        }
    }

    fn role(&self) -> Result<RoleId, Told> {
        let chosen = self.roles.iter().find(|(id, _)| id.as_str() == self.answer("role"));
        chosen
            .map(|(id, _)| id.clone())
            .ok_or_else(|| Told::new("請選擇管理角色", "Choose an administrator's role"))
    }

    /// The answers as what will hold them.
    pub(super) fn read(&self) -> Result<(Host, Founding), PageError> {
        let unread = |told: Told| PageError::Unread(told);
        let text = |error: identity::TextError| PageError::Unread(error.told());
        let line = |name: &str| Line::new(self.answer(name)).map_err(text);
        let host = Host::new(self.answer("host")).map_err(unread)?;
        let unit = match self.office {
            true => None,
            false => {
                let names = Names::new(self.answer("unit_zh"), self.answer("unit_en")).map_err(text)?;
                Some((names, Code::new(self.answer("unit_code")).map_err(text)?))
            }
        };
        let phone = Some(self.answer("phone")).filter(|phone| !phone.is_empty());
        let details = Details {
            name: line("name")?,
            login: Login::new(self.answer("login")).map_err(text)?,
            title: line("title")?,
            mail: Mail::new(self.answer("mail")).map_err(text)?,
            phone: phone.map(Phone::new).transpose().map_err(text)?,
        };
        Ok((host, Founding { unit, details, role: self.role().map_err(unread)? }))
    }

    /// The fields of a form.
    pub(super) fn fields<'v>(&self, cx: &'v Visit, step: Step, wrong: &Wrong) -> Vec<Field<'v>> {
        let asked = questions(step).iter().filter(|name| **name != "role");
        asked.map(|name| field(cx, name).holding(self.answer(name)).wrong(wrong.of(cx, name))).collect()
    }

    /// The roles to choose from. Where there is one alone it is chosen.
    pub(super) fn roles(&self, cx: &Visit) -> Vec<Opt> {
        let only = self.roles.len() == 1;
        let one = |(id, label): &(RoleId, regulation::Label)| Opt {
            value: id.to_string(),
            text: cx.label(label).to_owned(),
            on: only || id.as_str() == self.answer("role"),
        };
        self.roles.iter().map(one).collect()
    }

    /// What forms other than this one said.
    pub(super) fn carried(&self, step: Step) -> Vec<(&'static str, String)> {
        let others = ASKING.iter().filter(|one| **one != step).flat_map(|one| questions(*one));
        others.map(|name| (*name, self.answer(name).to_owned())).collect()
    }

    /// Everything that was said, as the last form shows it.
    pub(super) fn said(&self, cx: &Visit) -> Vec<(&'static str, String)> {
        let steps = self.steps();
        let asked =
            steps.iter().flat_map(|step| questions(*step)).filter(|name| !self.answer(name).is_empty());
        asked
            .map(|name| match *name {
                "role" => {
                    let chosen = self.roles(cx).into_iter().find(|role| role.on);
                    (cx.language.of("角色", "Role"), chosen.map_or_else(String::new, |role| role.text))
                }
                name => (label(cx, name), self.answer(name).to_owned()),
            })
            .collect()
    }
}

fn label(cx: &Visit, name: &str) -> &'static str {
    let t = |zh: &'static str, en: &'static str| cx.language.of(zh, en);
    match name {
        "host" => t("主機名稱或 IP 位址", "Name or address of the host"),
        "unit_zh" => t("機關名稱（中文）", "Name of the organisation in Chinese"),
        "unit_en" => t("機關名稱（英文）", "Name of the organisation in English"),
        "unit_code" => t("機關代碼", "Its code"),
        "login" => t("帳號名稱", "Account name"),
        "name" => t("姓名", "Name"),
        "title" => t("職稱", "Title"),
        "mail" => t("電子郵件", "Mail address"),
        _ => t("電話", "Telephone"),
    }
}

fn field<'v>(cx: &'v Visit, name: &'static str) -> Field<'v> {
    let text = |complete| Field::text(cx, name, label(cx, name), complete);
    match name {
        "host" => text("off").help(cx.t(
            "同仁於瀏覽器輸入之名稱，例如 ward.example.gov.tw。通行金鑰屬於此名稱，日後變更須重新登記。僅本機使用請填 localhost。",
            "What people type into their browsers, such as ward.example.gov.tw. Passkeys belong to it, and have to be added anew after a change. For this machine alone: localhost.",
        )),
        "unit_code" => text("off").help(cx.t(
            "用於案件編號，1 至 12 個文字、數字或「-」。",
            "It stands in the numbers of records: 1 to 12 letters, digits or hyphens.",
        )),
        "login" => text("username").help(cx.t(
            "屬於您個人，不接受 admin 等公用名稱；2 至 32 個小寫英文字母、數字、「.」「-」「_」。",
            "Yours alone: names anybody could share, such as admin, are not taken. 2 to 32 small letters, digits, . - _",
        )),
        "name" => text("name"),
        "title" => text("organization-title"),
        "mail" => text("email").of("email"),
        "phone" => text("tel").of("tel").optional(),
        _ => text("off"),
    }
}

/// What an address instead of a name means.
pub(super) fn about_host(visit: &Visit) -> Option<String> {
    let asked = visit.asked();
    let by_address = matches!(Host::new(asked), Ok(Host::Address(_)));
    by_address.then(|| {
        visit
            .t(
                "您目前以 IP 位址連線。填寫 IP 位址亦可使用，但瀏覽器不提供通行金鑰，登入以密碼及一次性驗證碼為之，簽章僅為「系統證明」等級。",
                "You have come by an address. Ward works by its address, too, but browsers then keep no passkeys: one signs in by password and one-time code, and signatures are vouched for by the server alone.",
            )
            .to_owned()
    })
}
