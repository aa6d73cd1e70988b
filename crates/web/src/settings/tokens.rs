//! Tokens of applications: what somebody lets a program do in their name, for how long, and the end of it.

use super::sent;
use crate::component::{Notice, Opt};
use crate::cx::Cx;
use crate::enter::{Field, refused};
use crate::error::PageResult;
use crate::route::named;
use crate::shell::Shell;
use askama::Template;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use identity::{Line, Right};
use model::TokenId;
use regulation::RegisterId;
use signin::{Refusal, TokenAsk, TokenSeen};
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct TokensPage<'a> {
    cx: &'a Cx,
    shell: Shell,
    notice: Option<Notice<'a>>,
    tokens: Vec<One>,
    name: Field<'a>,
    registers: Vec<(String, String)>,
    /// Rights, each with its word.
    rights: Vec<(&'static str, &'static str)>,
    days: Vec<Opt>,
    /// The secret just made: its name and itself.
    made: Option<(String, String)>,
}

/// A token in the list.
struct One {
    id: String,
    name: String,
    read: String,
    file: String,
    rights: String,
    expires: String,
    used: Option<String>,
    /// Does it count no more?
    over: bool,
}

/// Days that may be chosen.
const DAYS: [u64; 3] = [30, 90, 365];

pub(super) async fn page(cx: Cx) -> PageResult {
    cx.run(|cx| show(cx, StatusCode::OK, "", None, None)).await
}

fn show(
    cx: &Cx,
    status: StatusCode,
    name: &str,
    notice: Option<Notice<'_>>,
    made: Option<(String, String)>,
) -> PageResult {
    let mut tokens = cx.site.door().tokens(Some(cx.person()))?;
    tokens.sort_by_key(|one| (one.revoked_at.is_some(), one.asked.expires_at));
    let registers = cx.pack()?.registers.values();
    let days = DAYS.map(|days| Opt {
        value: days.to_string(),
        text: format!("{days} {}", cx.t("天", "days")),
        on: days == 90,
    });
    let page = TokensPage {
        cx,
        shell: Shell::new(cx, None, cx.t("應用程式權杖", "Tokens of applications"))
            .by(cx.t("帳號設定", "Settings"), "/settings"),
        notice,
        tokens: tokens.iter().map(|one| row(cx, one)).collect(),
        name: Field::text(cx, "name", cx.t("用途", "What it is for"), "off").holding(name),
        registers: registers.map(|one| (one.id.to_string(), cx.label(&one.label).to_owned())).collect(),
        rights: Right::ALL.map(|right| (right.word(), right_name(cx, right))).into(),
        days: days.into(),
        made,
    };
    cx.render_as(status, &page)
}

fn row(cx: &Cx, one: &TokenSeen) -> One {
    let names = |ids: &BTreeSet<RegisterId>| {
        let pack = cx.pack().ok();
        let name = |id: &RegisterId| {
            let register = pack.and_then(|pack| pack.registers.get(id));
            register.map_or_else(|| id.to_string(), |register| cx.label(&register.label).to_owned())
        };
        ids.iter().map(name).collect::<Vec<_>>().join(cx.t("、", ", "))
    };
    One {
        id: one.token.to_string(),
        name: one.asked.name.as_str().to_owned(),
        read: names(&one.asked.read),
        file: names(&one.asked.file),
        rights: one
            .asked
            .rights
            .iter()
            .map(|right| right_name(cx, *right))
            .collect::<Vec<_>>()
            .join(cx.t("、", ", ")),
        expires: cx.moment(one.asked.expires_at),
        used: one.used_at.map(|at| cx.moment(at)),
        over: one.revoked_at.is_some() || one.asked.expires_at <= cx.now(),
    }
}

/// What a right is called.
fn right_name(cx: &Cx, right: Right) -> &'static str {
    let (zh, en) = match right {
        Right::Account => ("查閱及結束本人之登入與權杖", "see and end your sessions and tokens"),
        Right::Alarms => ("查看及認領告警", "see alarms and answer for them"),
        Right::Audit => ("查閱帳本、取得證明、執行驗證", "look into the ledger, take proofs, verify"),
        Right::Calendar => ("訂閱工作行事曆", "subscribe to the duty calendar"),
        Right::Clauses => ("查閱條文達成情形", "see how clauses stand"),
        Right::Lines => ("送交設備紀錄", "hand in lines of devices"),
        Right::People => ("辦理人員、單位及終端機作業", "act on people, units and terminals"),
        Right::Warnings => ("送交公共警報", "hand in public warnings"),
    };
    cx.language.of(zh, en)
}

pub(super) async fn issue(cx: Cx, body: Bytes) -> PageResult {
    let sent = sent(&body);
    cx.run(move |cx| {
        let ids =
            |name: &str| sent.all(name).filter_map(|id| id.parse().ok()).collect::<BTreeSet<RegisterId>>();
        let name = sent.typed("name");
        let days = sent.typed("days").parse().ok().filter(|days| DAYS.contains(days)).unwrap_or(30);
        let ask = Line::new(name).map_err(|error| Refusal::Input(error.told())).map(|name| TokenAsk {
            name,
            read: ids("read"),
            file: ids("file"),
            rights: sent.all("right").filter_map(Right::from_word).collect(),
            expires_at: cx.now().plus(Duration::from_secs(days * 86_400)),
        });
        let issued = ask.and_then(|ask| {
            cx.site.door().check_password(cx.session(), sent.text("password"), cx.now())?;
            cx.site.door().issue_token(cx.session(), &ask, cx.now())
        });
        match issued {
            Ok(issued) => {
                let made = Some((name.to_owned(), issued.secret.to_string()));
                show(cx, StatusCode::OK, "", None, made)
            }
            Err(refusal) => {
                let notice = refused(cx, refusal)?;
                show(cx, StatusCode::UNPROCESSABLE_ENTITY, name, Some(notice), None)
            }
        }
    })
    .await
}

pub(super) async fn revoke(cx: Cx, Path(token): Path<String>) -> PageResult {
    cx.run(move |cx| {
        let token: TokenId = named(&token)?;
        cx.site.door().revoke_token(cx.session(), token, cx.now())?;
        Ok(Redirect::to("/settings/tokens").into_response())
    })
    .await
}
