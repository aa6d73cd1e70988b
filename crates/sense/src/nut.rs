//! Figures of a UPS by the protocol of Network UPS Tools.
//!
//! One connection a round: `STARTTLS` where it is wanted, `GET VAR` for each variable, then `LOGOUT`.
//! Invariant: where TLS is wanted nothing but the wish for it is said or believed outside of it.
//! Source: Network UPS Tools Developer Guide, chapter 9 (network protocol).

use crate::device::{Endpoint, Secret};
use crate::tls::Tls;
use crate::value::{Given, Reading, Wanted};
use std::io::{Error, ErrorKind, Result};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;

/// Where `upsd` listens.
pub(crate) const PORT: u16 = 3493;
/// Bytes of an answer.
const LONGEST: u64 = 1_024;

/// A UPS and what is asked of it.
pub(crate) struct Nut {
    pub(crate) endpoint: Endpoint,
    pub(crate) ups: String,
    pub(crate) user: Option<(String, Secret)>,
    pub(crate) tls: Option<Tls>,
    pub(crate) reads: Vec<(Wanted, String)>,
}

impl Nut {
    pub(crate) async fn read(&self) -> std::result::Result<Vec<Reading>, String> {
        self.ask().await.map_err(|error| error.to_string())
    }

    async fn ask(&self) -> Result<Vec<Reading>> {
        let stream = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await?;
        let Some(tls) = &self.tls else { return self.ask_over(BufReader::new(stream)).await };
        let mut plain = BufReader::new(stream);
        let answer = ask(&mut plain, "STARTTLS").await?;
        if answer != "OK STARTTLS" {
            return Err(Error::other(format!("STARTTLS: {answer}")));
        }
        // Whoever stands between might say something in clear that is then taken for what was said within.
        if !plain.buffer().is_empty() {
            return Err(Error::other("STARTTLS: something was said in clear behind the answer"));
        }
        let within = tls.connect(&self.endpoint.host, plain.into_inner()).await.map_err(Error::other)?;
        self.ask_over(BufReader::new(within)).await
    }

    async fn ask_over(
        &self,
        mut stream: BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    ) -> Result<Vec<Reading>> {
        if let Some((user, password)) = &self.user {
            for (command, word) in [("USERNAME", user.as_str()), ("PASSWORD", password.told())] {
                let answer = ask(&mut stream, &format!("{command} {}", quoted(word))).await?;
                if answer != "OK" {
                    return Err(Error::other(format!("{command}: {answer}")));
                }
            }
        }
        let mut readings = Vec::with_capacity(self.reads.len());
        for (wanted, variable) in &self.reads {
            let answer = ask(&mut stream, &format!("GET VAR {} {variable}", self.ups)).await?;
            let given = match answer.strip_prefix("ERR ") {
                Some("VAR-NOT-SUPPORTED") => Given::Nothing("variable not supported".to_owned()),
                // That the driver has lost the UPS, that it is unknown, that we may not ask: nothing is known of it.
                Some(error) => return Err(Error::other(error.to_owned())),
                None => {
                    Given::Text(value(&answer).ok_or_else(|| Error::other(format!("answered {answer:?}")))?)
                }
            };
            readings.push(wanted.reading(given));
        }
        // It has answered; whether it hears the farewell is its own affair.
        let _ = stream.write_all(b"LOGOUT\n").await;
        let _ = stream.flush().await;
        Ok(readings)
    }
}

/// A command and its answer, one line each.
async fn ask(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>, command: &str) -> Result<String> {
    stream.write_all(format!("{command}\n").as_bytes()).await?;
    stream.flush().await?;
    let mut line = String::new();
    stream.take(LONGEST).read_line(&mut line).await?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.trim_end_matches('\r').to_owned()),
        None if line.len() as u64 >= LONGEST => Err(ErrorKind::InvalidData.into()),
        None => Err(ErrorKind::UnexpectedEof.into()),
    }
}

/// The value of `VAR <ups> <name> "<value>"`.
fn value(answer: &str) -> Option<String> {
    let quoted = answer.strip_prefix("VAR ")?.splitn(3, ' ').nth(2)?;
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let (mut text, mut escaped) = (String::with_capacity(inner.len()), false);
    for c in inner.chars() {
        escaped = c == '\\' && !escaped;
        if !escaped {
            text.push(c);
        }
    }
    (!escaped).then_some(text)
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_between_quotes() {
        assert_eq!(value("VAR ups-1 ups.status \"OB LB\"").as_deref(), Some("OB LB"));
        assert_eq!(value(r#"VAR a b "x \"y\" \\z""#).as_deref(), Some(r#"x "y" \z"#));
        assert_eq!(value("VAR a b \"\"").as_deref(), Some(""));
        for answer in ["", "VAR a b", "VAR a b 5", "VAR a b \"", r#"VAR a b "x\""#, "OK"] {
            assert_eq!(value(answer), None, "{answer}");
        }
        assert_eq!(quoted(r#"a"\b"#), r#""a\"\\b""#);
    }
}
