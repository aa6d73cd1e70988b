//! One-time codes of the half minute.
//!
//! Owns: the secret with the last half minute that was used, its text for authenticator apps, the picture of it.
//! Invariants: no code serves twice, nor one that came before one that did; a code of the half minute before or after
//! is taken, no other.
//! Source: RFC 6238 (SHA-1, 30 seconds, 6 digits, which is what every app knows); RFC 4226; Key URI Format.

use data_encoding::BASE32_NOPAD;
use desk::Refused;
use form_urlencoded::byte_serialize;
use model::{Instant, Told};
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder};
use zeroize::Zeroizing;

/// Bytes of a secret, as many as SHA-1 gives.
pub(crate) const SECRET_BYTES: usize = 20;
/// Digits of a code.
const DIGITS: usize = 6;

/// A secret with what was used of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Totp {
    secret: Zeroizing<String>,
    /// The last half minute whose code was used, counted from 1970.
    used: u64,
}

impl Totp {
    pub(crate) fn new(secret: &[u8; SECRET_BYTES]) -> Self {
        Self { secret: Zeroizing::new(BASE32_NOPAD.encode(secret)), used: 0 }
    }

    /// The secret as people type it into an app.
    pub(crate) fn text(&self) -> &str {
        &self.secret
    }

    /// Takes a code; false where it does not fit, or was used.
    ///
    /// # Errors
    /// The secret is damaged.
    pub(crate) fn take(&mut self, code: &str, now: Instant) -> Result<bool, Refused> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(false);
        }
        let damaged = || Refused::Failed(Told::new("驗證碼密鑰毀損", "The secret of the codes is damaged"));
        let secret = BASE32_NOPAD.decode(self.secret.as_bytes()).map_err(|_| damaged())?;
        let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1);
        let totp = builder.with_step_duration(30).with_secret(secret).build().map_err(|_| damaged())?;
        let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        match totp.check(&digits, seconds) {
            Some(step) if step > self.used => {
                self.used = step;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// What an authenticator app reads.
    pub(crate) fn uri(&self, issuer: &str, login: &str) -> Zeroizing<String> {
        // The form's plus sign for a space is none in a URI.
        let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, login) = (part(issuer), part(login));
        let uri = format!(
            "otpauth://totp/{issuer}:{login}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
            self.text()
        );
        Zeroizing::new(uri)
    }
}

/// A text as a picture that cameras read, in SVG.
///
/// # Errors
/// The text is longer than a picture holds.
pub(crate) fn picture(text: &str) -> Result<Zeroizing<String>, Refused> {
    let code = qrcode::QrCode::new(text.as_bytes());
    let code = code.map_err(|error| {
        Refused::Failed(Told::new(
            format!("無法產生 QR 碼：{error}"),
            format!("No QR code can be made: {error}"),
        ))
    })?;
    let svg = code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(200, 200).build();
    Ok(Zeroizing::new(svg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(second: u64) -> Instant {
        Instant::EPOCH.plus(Duration::from_secs(second))
    }

    /// RFC 6238, appendix B, the last six digits of those of SHA-1.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let mut totp = Totp::new(b"12345678901234567890");
            assert!(totp.take(code, at(second)).unwrap(), "{second}");
        }
    }

    #[test]
    fn a_code_serves_once_and_closes_those_before_it() {
        let mut totp = Totp::new(b"12345678901234567890");
        // The half minutes that begin at 1111111080 and at 1111111110.
        let (former, code) = ("081804", "050471");
        assert!(totp.take(code, at(1_111_111_109)).unwrap(), "one half minute early");
        assert!(!totp.take(code, at(1_111_111_111)).unwrap(), "used");
        assert!(!totp.take(former, at(1_111_111_111)).unwrap(), "before one that was used");
        let mut late = Totp::new(b"12345678901234567890");
        assert!(!late.take(code, at(1_111_111_170)).unwrap(), "two half minutes late");
        assert!(!late.take(code, at(1_111_111_049)).unwrap(), "three half minutes early");
        assert!(late.take(" 050 471 ", at(1_111_111_169)).unwrap());
    }

    #[test]
    fn what_is_no_code_is_wrong_and_not_an_error() {
        let mut totp = Totp::new(b"12345678901234567890");
        for bad in ["", "12345", "1234567", "abcdef", "１２３４５６", "28708\u{0}"] {
            assert!(!totp.take(bad, at(59)).unwrap(), "{bad}");
        }
    }

    #[test]
    fn an_app_is_given_name_and_secret_with_every_sign_escaped() {
        let totp = Totp::new(b"12345678901234567890");
        let uri = totp.uri("臺中 & co", "wang.da-ming");
        assert_eq!(
            uri.as_str(),
            "otpauth://totp/%E8%87%BA%E4%B8%AD%20%26%20co:wang.da-ming?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=%E8%87%BA%E4%B8%AD%20%26%20co&algorithm=SHA1&digits=6&period=30"
        );
        assert!(picture(&uri).unwrap().contains("<svg"));
    }
}
