//! Does a page answer with a status that is good? One request by HTTP/1.1, of whose answer the first line is read.
//!
//! Source: RFC 9112 §3, §4.

use super::connect;
use crate::device::Endpoint;
use crate::tls::Tls;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes within which the first line ends.
const FIRST: u64 = 1_024;

/// The address of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) secure: bool,
    endpoint: Endpoint,
    /// Host and port as they were written.
    host: String,
    path: String,
}

impl Url {
    /// `https://host:port/path?query`, in ASCII; without a name and password, and without a fragment.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (secure, rest) = match text.split_once("://")? {
            ("http", rest) => (false, rest),
            ("https", rest) => (true, rest),
            _ => return None,
        };
        let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let endpoint = Endpoint::new(host, Some(if secure { 443 } else { 80 }))?;
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        let slash = if path.starts_with('/') { "" } else { "/" };
        plain.then(|| Self { secure, endpoint, host: host.to_owned(), path: format!("{slash}{path}") })
    }
}

/// Asks; good where the status is one of those that are expected, or where none is named, below 400.
pub(super) async fn ask(url: &Url, expect: &[u16], tls: Option<&Tls>) -> Result<(), String> {
    let stream = connect(&url.endpoint).await?;
    let status = match tls {
        Some(tls) => status(tls.connect(&url.endpoint.host, stream).await?, url).await?,
        None => status(stream, url).await?,
    };
    let good = if expect.is_empty() { (200..400).contains(&status) } else { expect.contains(&status) };
    if good { Ok(()) } else { Err(format!("status {status}")) }
}

async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, url: &Url) -> Result<u16, String> {
    let Url { host, path, .. } = url;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ward\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    stream.flush().await.map_err(|error| error.to_string())?;
    let mut line = Vec::new();
    let mut start = stream.take(FIRST);
    while !line.contains(&b'\n') {
        if start.read_buf(&mut line).await.map_err(|error| error.to_string())? == 0 {
            return Err("no answer of HTTP".to_owned());
        }
    }
    first_line(&line).ok_or_else(|| "no answer of HTTP".to_owned())
}

/// The status of a first line.
fn first_line(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let status = rest.get(2..5).filter(|_| matches!(rest, [b'0' | b'1', b' ', ..]))?;
    let behind = matches!(rest.get(5), Some(b' ' | b'\r' | b'\n'));
    std::str::from_utf8(status).ok()?.parse().ok().filter(|status| behind && *status >= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_page_is_taken_apart() {
        let url = |text: &str| Url::new(text).map(|url| (url.secure, url.endpoint.port, url.host, url.path));
        let of =
            |secure, port, host: &str, path: &str| Some((secure, port, host.to_owned(), path.to_owned()));
        assert_eq!(url("http://a.b"), of(false, 80, "a.b", "/"));
        assert_eq!(url("https://a.b:8443/x?y=1"), of(true, 8443, "a.b:8443", "/x?y=1"));
        assert_eq!(url("http://[::1]?q"), of(false, 80, "[::1]", "/?q"));
        for text in [
            "a.b",
            "ftp://a.b",
            "http://",
            "http://u:p@a.b/",
            "http://a.b/#x",
            "http://a.b/ x",
            "http://a.b/中",
        ] {
            assert_eq!(Url::new(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_line_has_a_status() {
        assert_eq!(first_line(b"HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(first_line(b"HTTP/1.0 503\r\n"), Some(503));
        for line in [
            "",
            "HTTP/2 200\r\n",
            "HTTP/1.1 20\r\n",
            "HTTP/1.1 2000\r\n",
            "220 ready\r\n",
            "HTTP/1.1 099 x\r\n",
        ] {
            assert_eq!(first_line(line.as_bytes()), None, "{line}");
        }
    }
}
