//! Why a page is not shown, and how that is answered.
//!
//! The one place that maps refusals to statuses. What one may not see is a 404, the same as what is not there; nothing
//! is ever *forbidden* in a way that tells of it. What is shown and what is reported are two texts: failures are shown
//! by the request's name, and reported with all their causes.

use crate::visit::Visit;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use desk::{About, Denial, Refused};
use model::Told;
use std::sync::Arc;
use store::{ListError, StoreError};

/// What a handler gives.
pub type PageResult = Result<Response, PageError>;

/// Why a page is not shown.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// What was sent does not read.
    #[error("the request does not read: {}", .0.en)]
    Unread(Told),
    /// Somebody else was quicker, or it is done already.
    #[error("it is no longer as it was seen: {}", .0.en)]
    Stale(Told),
    /// The form does not come from a page of this session.
    #[error("the form does not come from a page of this session")]
    Foreign,
    /// For want of a right, of what may be seen, before the desk was asked: the guard of the route has it entered.
    #[error("denied: {}", .0.act)]
    Denied(Denial, Told),
    /// For want of a right, by the desk, which has entered it.
    #[error("forbidden: {}", .0.en)]
    Forbidden(Told),
    /// There, but not for whoever asks, to whom it looks as if it were not there: the guard has it entered.
    #[error("hidden: {}", .0.act)]
    Hidden(Denial),
    /// It was there, and went by an approved case.
    #[error("gone: {}", .0.en)]
    Gone(Told),
    /// By the rules.
    #[error("refused: {}", .0.en)]
    Refused(Told),
    /// Not there, or not for whoever asks.
    #[error("not there")]
    NotFound,
    /// An application shows no token that counts.
    #[error("no token that counts")]
    NoToken,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// More than a request may carry.
    #[error("more than a request may carry")]
    TooLarge,
    /// What was sent did not come in time.
    #[error("it came too slowly")]
    TooSlow,
    /// Too many requests; in so many seconds again.
    #[error("too many requests")]
    TooMany(u64),
    /// Too many are at it; in so many seconds again.
    #[error("too many are at it")]
    Busy(u64),
    /// Not now, or it is not known whether it was done: as it says.
    #[error("not now: {}", .0.en)]
    Unavailable(Told),
    /// Something of ours failed.
    #[error("it failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What an error says, on its way to being dressed as a page.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// What happened.
    pub(crate) title: Told,
    /// What to do.
    pub(crate) told: Told,
    /// For the report; none where nobody is at fault.
    pub(crate) causes: Option<Arc<str>>,
    pub(crate) retry_after: Option<u64>,
    /// What is to be entered of it.
    pub(crate) denied: Option<Denial>,
}

impl PageError {
    /// Something of ours failed, by this error.
    pub(crate) fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Failed(error.into())
    }

    /// What is there and not for them.
    pub(crate) fn hidden(act: impl Into<String>, about: About) -> Self {
        Self::Hidden(Denial { act: act.into(), about })
    }

    /// What whoever asked is told of it, where there is no page.
    #[must_use]
    pub fn told(&self) -> Told {
        self.fault().told
    }

    pub(crate) fn fault(&self) -> Fault {
        let fault = |status, title: Told, told: Told| Fault {
            status,
            title,
            told,
            causes: None,
            retry_after: None,
            denied: None,
        };
        match self {
            Self::Denied(denial, told) => {
                Fault { denied: Some(denial.clone()), ..Self::Forbidden(told.clone()).fault() }
            }
            Self::Hidden(denial) => Fault { denied: Some(denial.clone()), ..Self::NotFound.fault() },
            Self::Forbidden(told) => {
                fault(StatusCode::FORBIDDEN, Told::new("無權辦理", "Not yours to do"), told.clone())
            }
            Self::Unread(told) => fault(
                StatusCode::BAD_REQUEST,
                Told::new("無法判讀所送資料", "What was sent does not read"),
                told.clone(),
            ),
            Self::Stale(told) => fault(
                StatusCode::CONFLICT,
                Told::new("資料已有異動", "It has changed meanwhile"),
                told.clone(),
            ),
            Self::Gone(told) => fault(
                StatusCode::GONE,
                Told::new("已依核准案件銷毀", "Gone by an approved case"),
                told.clone(),
            ),
            Self::Foreign => fault(
                StatusCode::FORBIDDEN,
                Told::new("表單已失效", "The form is no longer good"),
                Told::new(
                    "本表單非由您目前登入之頁面送出，或該頁面已過期。請回上一頁重新整理後再送一次。",
                    "The form was not sent from a page of your present session, or the page has expired. Go back, load the page anew and send it again.",
                ),
            ),
            Self::Refused(told) => {
                fault(StatusCode::UNPROCESSABLE_ENTITY, Told::new("未予受理", "Not accepted"), told.clone())
            }
            Self::NotFound => fault(
                StatusCode::NOT_FOUND,
                Told::new("查無此頁", "There is no such page"),
                Told::new(
                    "您要找的頁面或資料不存在，或不在您可檢視的範圍。請檢查網址，或回首頁查詢。",
                    "The page or record is not there, or not among what you may see. Look at the address, or begin from the first page.",
                ),
            ),
            Self::NoToken => fault(
                StatusCode::UNAUTHORIZED,
                Told::new("請提供有效之應用程式權杖", "Show a token that counts"),
                Told::new(
                    "請於標頭 Authorization 以 Bearer 提供應用程式權杖；權杖可能已到期、已註銷，或不存在。",
                    "Give the application's token in the field Authorization, as Bearer; it may have expired, have been revoked, or never have been.",
                ),
            ),
            Self::SignedOut => fault(
                StatusCode::UNAUTHORIZED,
                Told::new("請先登入", "Sign in first"),
                Told::new("您尚未登入，或已逾時登出。", "You are not signed in, or were signed out."),
            ),
            Self::TooLarge => fault(
                StatusCode::PAYLOAD_TOO_LARGE,
                Told::new("所送資料過大", "Too much was sent"),
                Told::new(
                    "超過單次可送出之大小。請將檔案分次上傳或先行壓縮。",
                    "It is more than may be sent at once. Hand files in one by one, or compress them.",
                ),
            ),
            Self::TooSlow => fault(
                StatusCode::REQUEST_TIMEOUT,
                Told::new("傳送逾時", "It came too slowly"),
                Told::new(
                    "所送資料未於時限內完整送達，本次內容未收件。請確認網路連線後再送一次。",
                    "What you sent did not arrive in time and was not taken. See to the connection and send it again.",
                ),
            ),
            Self::TooMany(seconds) => Fault {
                retry_after: Some(*seconds),
                ..fault(
                    StatusCode::TOO_MANY_REQUESTS,
                    Told::new("操作過於頻繁", "Too many requests"),
                    Told::new(format!("請於 {seconds} 秒後再試。"), format!("Try again in {seconds} s.")),
                )
            },
            Self::Busy(seconds) => Fault {
                retry_after: Some(*seconds),
                ..fault(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Told::new("系統忙碌中", "Too many at once"),
                    Told::new(
                        format!("目前同時上傳或匯出之人數過多，本次未予受理。請於 {seconds} 秒後再試一次。"),
                        format!(
                            "Too many are uploading or exporting; this was not taken up. Try again in {seconds} s."
                        ),
                    ),
                )
            },
            Self::Unavailable(told) => Fault {
                causes: Some(told.en.as_str().into()),
                ..fault(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Told::new("暫時無法提供服務", "Not available at the moment"),
                    told.clone(),
                )
            },
            Self::Failed(source) => Fault {
                causes: Some(chain(source.as_ref()).into()),
                ..fault(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    Told::new("系統發生錯誤", "Something failed"),
                    sorry(),
                )
            },
        }
    }
}

impl Fault {
    /// For an answer that is not of ours: of the router, of an extractor.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let error = match status {
            StatusCode::NOT_FOUND => PageError::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
            _ => PageError::Unread(Told::new("請自頁面重新操作。", "Begin again from the page.")),
        };
        Self { status, ..error.fault() }
    }

    /// As the one who asks wants it: a page, a part of one, or a problem in JSON (RFC 9457).
    pub(crate) fn dressed(&self, visit: &Visit, json: bool) -> Response {
        let mut response = if json {
            let problem = serde_json::json!({
                "type": "about:blank",
                "title": visit.language.told(&self.title),
                "detail": visit.language.told(&self.told),
                "status": self.status.as_u16(),
                "instance": format!("urn:ward:request:{}", visit.request),
            });
            let media = HeaderValue::from_static("application/problem+json");
            ([(header::CONTENT_TYPE, media)], problem.to_string()).into_response()
        } else {
            let page = ErrorPage { cx: visit, fault: self };
            let text = if visit.part.is_some() { page.as_notice().render() } else { page.render() };
            Html(text.unwrap_or_default()).into_response()
        };
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[derive(Template)]
#[template(path = "error.html", blocks = ["notice"])]
struct ErrorPage<'a> {
    cx: &'a Visit,
    fault: &'a Fault,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let fault = self.fault();
        let mut response = fault.status.into_response();
        response.extensions_mut().insert(fault);
        response
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ListError> for PageError {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Store(error) => error.into(),
            ListError::NoSuch(_) | ListError::Value(_) => Self::NotFound,
        }
    }
}

impl From<casework::Refusal> for PageError {
    fn from(refusal: casework::Refusal) -> Self {
        Refused::from(refusal).into()
    }
}

impl From<Refused> for PageError {
    fn from(refused: Refused) -> Self {
        match refused.code() {
            "not-found" => Self::NotFound,
            "stale" => Self::Stale(refused.told()),
            // Whether anything was changed is for the refusal to say: the ledger may have it.
            "unavailable" if matches!(refused, Refused::Append(_) | Refused::Away(_)) => {
                Self::Unavailable(refused.told())
            }
            "unavailable" => Self::Failed(refused.into()),
            "stopped" | "no-pack" => Self::Unavailable(refused.told()),
            "signature" => Self::Refused(refused.told()),
            _ if refused.is_of_right() => Self::Forbidden(refused.told()),
            _ => Self::Refused(refused.told()),
        }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ledger::entropy::EntropyError> for PageError {
    fn from(error: ledger::entropy::EntropyError) -> Self {
        Self::Failed(error.into())
    }
}

/// What failed may have been done all the same, which nobody here knows.
fn sorry() -> Told {
    Told::new(
        "本次作業可能未完成。請先查明是否已登錄，再決定是否重新辦理；若持續發生，請將下列代碼告知系統管理人員。",
        "It may not have been done. See whether it was before you do it again; if it persists, tell your administrator the code below.",
    )
}

/// An error with all its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
