//! The page on which the system looks itself over: what is wrong, and how it is mended. Who comes here is said by
//! the pack's policies, of the act `system.check`; for everybody else nothing is here.

use crate::acting;
use crate::cx::Cx;
use crate::error::{PageError, PageResult};
use crate::machine::State;
use crate::shell::Shell;
use askama::Template;
use desk::About;
use identity::Action;
use model::Told;

#[derive(Template)]
#[template(path = "start/check.html")]
struct CheckPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    rows: Vec<Row>,
    wrong: usize,
}

/// Something that was looked at.
struct Row {
    what: String,
    class: &'static str,
    state: &'static str,
    seen: String,
    mend: Option<String>,
}

pub(super) async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| {
        if !may_check(cx) {
            return Err(PageError::hidden(Action::Check.to_string(), About::Oneself));
        }
        let mut found = cx.site.machine().look(cx.now());
        found.extend(terminals(cx));
        found.push(fonts(cx));
        let told = |told: &Told| cx.language.told(told).to_owned();
        let rows: Vec<Row> = found
            .iter()
            .map(|one| {
                let (class, state) = state(cx, one.state);
                Row {
                    what: told(&one.what),
                    class,
                    state,
                    seen: told(&one.seen),
                    mend: one.mend.as_ref().map(told),
                }
            })
            .collect();
        let wrong = found.iter().filter(|one| one.state != State::Good).count();
        let shell = Shell::new(cx, None, cx.t("系統檢查", "The system looks itself over"));
        cx.render(&CheckPage { cx, shell, rows, wrong })
    })
    .await
}

/// Does a policy of the pack let them look the installation over, in any role of theirs?
pub(crate) fn may_check(cx: &Cx) -> bool {
    acting::granted_at_the_top(cx, &Action::Check).is_some()
}

/// Terminals keep nobody from anything until the first is registered.
fn terminals(cx: &Cx) -> Option<crate::machine::Finding> {
    (!cx.site.door().enforces_terminals()).then(|| crate::machine::Finding {
        what: Told::new("終端機", "Terminals"),
        state: State::Wanting,
        seen: Told::new(
            "尚未登記任何終端機，管理角色可自任何電腦使用",
            "none is registered; administrators' roles can be used from any machine",
        ),
        mend: Some(Told::new(
            "請至「帳號設定→終端機」登記管理終端機之用戶端憑證",
            "register the client certificates of management terminals (settings, *Terminals*)",
        )),
    })
}

/// Papers are set in the government's own font.
fn fonts(cx: &Cx) -> crate::machine::Finding {
    let mend = || {
        Told::new(
            "請安裝全字庫正楷體，例如：apt install fonts-cns11643-kai；不需重新啟動",
            "install TW-Kai, for one by: apt install fonts-cns11643-kai; Ward need not be started anew",
        )
    };
    let (state, seen) = match cx.site.config().printer.press() {
        Ok(press) if press.fonts().is_official() => (State::Good, Told::new("全字庫正楷體", "TW-Kai")),
        Ok(press) => {
            let families = press.fonts().families().join("、");
            let told = Told::new(
                format!("未安裝全字庫正楷體，暫以 {families} 代替"),
                format!("TW-Kai is not installed; {families} stands in for it"),
            );
            (State::Wanting, told)
        }
        Err(_) => (
            State::Bad,
            Told::new("未安裝中文字型，無法產製 PDF", "there is no Chinese font; no PDF can be made"),
        ),
    };
    let mended = state == State::Good;
    crate::machine::Finding {
        what: Told::new("公文書字型", "Font of papers"),
        state,
        seen,
        mend: (!mended).then(mend),
    }
}

fn state(cx: &Cx, state: State) -> (&'static str, &'static str) {
    let t = |zh: &'static str, en: &'static str| cx.language.of(zh, en);
    match state {
        State::Good => ("state state-done", t("正常", "good")),
        State::Unknown => ("state state-void", t("未知", "not known")),
        State::Wanting => ("state state-wanting", t("待處理", "wanting")),
        State::Bad => ("state state-refused", t("異常", "bad")),
    }
}
