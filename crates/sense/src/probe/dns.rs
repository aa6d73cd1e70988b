//! Does a server of names answer? One question for an address, over UDP.
//!
//! Source: RFC 1035 §4.1; RFC 5452 §9.1 (an answer belongs to its question).

use crate::device::Endpoint;
use tokio::net::UdpSocket;

/// An answer is no longer over UDP, as we ask.
const LONGEST: usize = 512;
/// Bytes in front of the question.
const HEAD: usize = 12;
/// The number of our question. The port is the kernel's choice, and only the asked server is heard.
const NUMBER: [u8; 2] = [0x57, 0x61];

/// Asks for the address of a name; good where there is one.
pub(super) async fn ask(server: &Endpoint, name: &str) -> Result<(), String> {
    asked(server, name).await.map_err(|error| error.to_string())?
}

async fn asked(server: &Endpoint, name: &str) -> std::io::Result<Result<(), String>> {
    let address = tokio::net::lookup_host((server.host.as_str(), server.port)).await?.next();
    let address = address.ok_or_else(|| std::io::Error::other("no such server"))?;
    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    let question = question(name);
    socket.send(&question).await?;
    let mut answer = [0; LONGEST];
    loop {
        let count = socket.recv(&mut answer).await?;
        if let Some(judged) = judge(&question, answer.get(..count).unwrap_or_default()) {
            return Ok(judged);
        }
    }
}

/// A question for the address of a name, to be found out for us.
fn question(name: &str) -> Vec<u8> {
    let mut question = NUMBER.to_vec();
    question.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    question
}

/// Whether an answer is good; none where it belongs to another question.
fn judge(question: &[u8], answer: &[u8]) -> Option<Result<(), String>> {
    let asked = question.get(HEAD..)?;
    let same = answer.get(HEAD..)?.get(..asked.len())?.eq_ignore_ascii_case(asked);
    let &[one, two, flags, code, _, _, high, low, ..] = answer else { return None };
    if !same || [one, two] != NUMBER || flags & 0x80 == 0 {
        return None;
    }
    Some(match (code & 0x0f, u16::from_be_bytes([high, low])) {
        (0, 0) => Err("no address".to_owned()),
        (0, _) => Ok(()),
        (1, _) => Err("FORMERR".to_owned()),
        (2, _) => Err("SERVFAIL".to_owned()),
        (3, _) => Err("NXDOMAIN".to_owned()),
        (5, _) => Err("REFUSED".to_owned()),
        (code, _) => Err(format!("answer code {code}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_where_it_belongs_to_the_question() {
        let question = question("www.example");
        assert_eq!(question.get(HEAD..), Some(b"\x03www\x07example\0\0\x01\0\x01".as_slice()));
        let answer = |code: u8, count: u8| {
            let mut answer = question.clone();
            answer[2..8].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, count]);
            answer
        };
        assert_eq!(judge(&question, &answer(0, 1)), Some(Ok(())));
        assert_eq!(judge(&question, &answer(0, 0)), Some(Err("no address".to_owned())));
        assert_eq!(judge(&question, &answer(3, 0)), Some(Err("NXDOMAIN".to_owned())));
        assert_eq!(judge(&question, &question), None, "a question is no answer");
        let mut other = answer(0, 1);
        other[0] ^= 1;
        assert_eq!(judge(&question, &other), None);
        other = answer(0, 1);
        other[HEAD + 1] = b'x';
        assert_eq!(judge(&question, &other), None);
        for end in 0..question.len() {
            assert_eq!(judge(&question, &answer(0, 1)[..end]), None, "{end}");
        }
    }
}
