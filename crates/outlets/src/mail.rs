//! Mail (regulation 27.2.2, second way): one message to all who are named, over TLS.
//!
//! A message has the same `Message-ID` whenever it is sent, so that one that came twice is known for the same; that an
//! alarm is over answers the message that it was raised. `Auto-Submitted` keeps answering machines quiet (RFC 3834).
//! Without TLS it goes to a mail server on this machine only.
//! Source: RFC 5321, 5322, 3207 (STARTTLS), 8314 (TLS from the start).

use crate::message::{Message, What};
use crate::plain::Plain;
use crate::secret::Secret;
use crate::words::Words;
use crate::{LONGEST_ANSWER, Outlet, Sent};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParametersBuilder};
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport as _};
use model::Told;
use regulation::Zone;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Which server, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct MailSetting {
    /// The server's name: the one its certificate bears.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Authorities of which one has to have signed the server's certificate, PEM.
    pub authority: PathBuf,
    /// Who signs in, and the file of the password.
    pub account: Option<(String, PathBuf)>,
    /// Who sends.
    pub from: Mailbox,
    /// Who gets it.
    pub to: Vec<Mailbox>,
    /// How long each step may take.
    pub limit: Duration,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// It begins in clear and goes on in TLS, or not at all.
    StartTls,
    /// TLS from the start.
    Tls,
    /// In clear, to this machine.
    Nothing,
}

pub(crate) struct Mail {
    setting: MailSetting,
    transport: SmtpTransport,
    zone: Zone,
}

/// Answers that say who may not sign in, or not without signing in or TLS (RFC 4954): it is to be mended here, and tried
/// again.
const SIGN_IN: [u16; 4] = [530, 534, 535, 538];
/// Most characters of a subject.
const LONGEST_SUBJECT: usize = 160;

impl Mail {
    /// # Errors
    /// The password or the authorities cannot be read.
    pub(crate) fn open(setting: MailSetting, zone: Zone) -> Result<Self, Told> {
        let tls = match setting.security {
            Security::Nothing => Tls::None,
            Security::Tls => Tls::Wrapper(trust(&setting)?),
            Security::StartTls => Tls::Required(trust(&setting)?),
        };
        let mut builder = SmtpTransport::builder_dangerous(setting.server.clone())
            .port(setting.port)
            .tls(tls)
            .timeout(Some(setting.limit))
            .hello_name(ClientId::Domain(setting.from.email.domain().to_owned()));
        if let Some((user, file)) = &setting.account {
            builder =
                builder.credentials(Credentials::new(user.clone(), Secret::read(file)?.exposed().to_owned()));
        }
        Ok(Self { transport: builder.build(), setting, zone })
    }

    fn message(&self, message: &Message) -> Result<lettre::Message, lettre::error::Error> {
        let Words { zh, en } = Words::of(message, &self.zone);
        let subject = Plain::of_at_most(&format!("{} · {}", zh.heading, en.heading), LONGEST_SUBJECT);
        let body =
            [vec![zh.heading], zh.lines, vec![String::new(), en.heading], en.lines, vec![String::new()]];
        let mut builder: MessageBuilder = lettre::Message::builder()
            .from(self.setting.from.clone())
            .subject(subject.as_str())
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(message.at.as_micros().unsigned_abs()))
            .message_id(Some(self.id(message, message.what)));
        for to in &self.setting.to {
            builder = builder.to(to.clone());
        }
        if matches!(message.what, What::Resolved | What::Called { .. }) {
            builder = builder.in_reply_to(self.id(message, What::Raised));
        }
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        builder
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(body.concat().join("\r\n"))
    }

    /// What the message is called by mail systems.
    fn id(&self, message: &Message, what: What) -> String {
        let number = match what {
            What::Many { through, .. } => format!("{}-{through}", message.alarm),
            What::Test => format!("{}-{}", message.alarm, message.at.as_micros()),
            What::Called { call } => format!("{}-{call}", message.alarm),
            What::Raised | What::Resolved => message.alarm.to_string(),
        };
        format!("<ward-{}-{number}@{}>", what.word(), self.setting.from.email.domain())
    }
}

impl Outlet for Mail {
    fn send(&self, message: &Message) -> Sent {
        let MailSetting { server, port, .. } = &self.setting;
        let mail = match self.message(message) {
            Ok(mail) => mail,
            Err(error) => {
                return Sent::Refused(Told::new(
                    format!("郵件無法組成（{error}）"),
                    format!("no mail can be made of it ({error})"),
                ));
            }
        };
        match self.transport.send(&mail) {
            Ok(response) => {
                let said = answer(&response.message().collect::<Vec<_>>().join(" "));
                Sent::Done(Told::new(
                    format!("{server}:{port} 已收下：{} {said}", response.code()),
                    format!("taken by {server}:{port}: {} {said}", response.code()),
                ))
            }
            Err(error) => {
                let said = answer(&whole(&error));
                let code = error.status().map(u16::from);
                let told = Told::new(
                    format!("{server}:{port} 未收下：{said}"),
                    format!("not taken by {server}:{port}: {said}"),
                );
                match code {
                    Some(code) if error.is_permanent() && !SIGN_IN.contains(&code) => Sent::Refused(told),
                    _ => Sent::Later(told),
                }
            }
        }
    }
}

/// An error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let more = source.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = source.source();
    }
    text
}

fn answer(text: &str) -> Plain {
    Plain::of_at_most(text, LONGEST_ANSWER / 2)
}

/// Whom to believe that it is the server.
fn trust(setting: &MailSetting) -> Result<lettre::transport::smtp::client::TlsParameters, Told> {
    let authority = read_authority(&setting.authority)?;
    let parameters = TlsParametersBuilder::new(setting.server.clone())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(authority)
        .build_rustls();
    parameters.map_err(|error| unusable(&setting.authority, &error.to_string()))
}

fn read_authority(path: &Path) -> Result<Certificate, Told> {
    let pem = std::fs::read(path).map_err(|error| unusable(path, &error.to_string()))?;
    if !pem.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Err(unusable(path, "no certificate"));
    }
    Certificate::from_pem(&pem).map_err(|error| unusable(path, &error.to_string()))
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn unusable(path: &Path, why: &str) -> Told {
    let shown = path.display();
    Told::new(
        format!("郵件伺服器之憑證機構 {shown} 無法使用（{why}）。請以 authority 指明 PEM 檔。"),
        format!("The authorities in {shown} cannot be used ({why}). Name a PEM file as authority."),
    )
}
