//! The installation's own certificate authority: made once, sealed, and what it issues.

use crate::told::Refused;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use data_encoding::{BASE64, HEXUPPER};
use desk::Vaulted;
use ledger::disk::{Disk, DiskError, replace};
use ledger::entropy::{Entropy, EntropyError};
use ledger::vault::{KeyState, VaultError};
use model::{CivilDate, DataKeyId, Told};
use proof::seal::DataKey;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SerialNumber, date_time_ymd,
};
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

/// Where it lies in the data folder.
pub(crate) const PATH: &str = "tls/authority";
/// The form of that file.
const FORMAT: &str = "ward-tls-authority/v1";
/// Years an authority is good for; making another one means trusting it anew on every machine.
const AUTHORITY_YEARS: i64 = 20;
/// Days a server's certificate is good for; each start makes a new one, and a running server renews it in time.
const SERVER_DAYS: i64 = 397;
/// Days a clock may be behind ours.
const CLOCK_DAYS: i64 = 2;

/// The authority, open.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    format: String,
    /// The data key its key is sealed under.
    key: String,
    nonce: String,
    sealed: String,
    /// Its certificate, PEM.
    certificate: String,
    /// Its name.
    name: String,
}

/// Why there is no authority.
#[derive(Debug)]
pub(crate) enum AuthorityError {
    /// The file is not what it must be.
    Damaged(String),
    Disk(DiskError),
    Entropy(EntropyError),
    /// A certificate could not be made.
    Make(rcgen::Error),
    /// The vault has no key for the file.
    NoKey,
    Vault(VaultError),
}

impl AuthorityError {
    /// In both languages, with the mend.
    pub(crate) fn told(&self) -> Told {
        match self {
            Self::Damaged(what) => Told::new(
                format!(
                    "資料夾內 {PATH} 已毀損（{what}）。請自備份還原該檔；若無備份，移除該檔後重新啟動會建立新的憑證機構，屆時各電腦須重新信任。"
                ),
                format!(
                    "{PATH} in the data folder is damaged ({what}). Restore it from a backup; without one, remove it and start again: a new authority is made, which every machine has to trust anew."
                ),
            ),
            Self::NoKey => Told::new(
                format!("金鑰庫中沒有 {PATH} 之金鑰。請將該檔與金鑰庫還原至同一時點。"),
                format!("The vault has no key for {PATH}. Restore both to the same moment."),
            ),
            Self::Disk(error) => Told::new(
                format!("無法讀寫資料夾內 {PATH}（{error}）。請檢查磁碟空間與權限。"),
                format!(
                    "Cannot read or write {PATH} in the data folder ({error}). Look at disk space and permissions."
                ),
            ),
            Self::Make(error) => Told::new(
                format!("無法簽發憑證（{error}）。請檢查主機名稱是否為一般網域名稱。"),
                format!("No certificate could be made ({error}). See that the host has an ordinary name."),
            ),
            Self::Entropy(error) => error.told(),
            Self::Vault(error) => error.told(),
        }
    }
}

impl From<AuthorityError> for anyhow::Error {
    fn from(error: AuthorityError) -> Self {
        Refused::misuse(error.told())
    }
}

impl From<DiskError> for AuthorityError {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

impl From<EntropyError> for AuthorityError {
    fn from(error: EntropyError) -> Self {
        Self::Entropy(error)
    }
}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self::Make(error)
    }
}

impl From<VaultError> for AuthorityError {
    fn from(error: VaultError) -> Self {
        Self::Vault(error)
    }
}

impl Authority {
    /// The one of this installation; it is made where there is none. True: it has been made now.
    pub(crate) fn open_or_make(
        disk: &dyn Disk,
        vault: &Vaulted,
        name: &str,
        today: CivilDate,
        entropy: &mut dyn Entropy,
    ) -> Result<(Self, bool), AuthorityError> {
        match disk.read(PATH)? {
            Some(content) => {
                let stored = Stored::parse(&content).map_err(AuthorityError::Damaged)?;
                Ok((stored.open(|id| vault.vault().key(id))?, false))
            }
            None => Ok((Self::make(disk, vault, name, today, entropy)?, true)),
        }
    }

    fn make(
        disk: &dyn Disk,
        vault: &Vaulted,
        name: &str,
        today: CivilDate,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, AuthorityError> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params_of_authority(name);
        good(&mut params, today, AUTHORITY_YEARS * 365);
        params.serial_number = Some(serial(entropy)?);
        let certificate = params.self_signed(&pair)?;
        let (id, key) = vault.fresh(entropy)?;
        let mut nonce = [0; 24];
        entropy.fill(&mut nonce)?;
        let secret = Zeroizing::new(pair.serialize_der());
        let sealed = cipher(&key)
            .encrypt(&XNonce::from(nonce), Payload { msg: &secret, aad: name.as_bytes() })
            .map_err(|_| AuthorityError::NoKey)?;
        let stored = Stored {
            format: FORMAT.to_owned(),
            key: id.to_string(),
            nonce: BASE64.encode(&nonce),
            sealed: BASE64.encode(&sealed),
            certificate: certificate.pem(),
            name: name.to_owned(),
        };
        replace(disk, PATH, &stored.encode())?;
        stored.with(pair)
    }

    /// Its certificate, for those who are to trust it.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// SHA-256 of its certificate, as browsers show it.
    pub(crate) fn fingerprint(&self) -> String {
        let text = HEXUPPER.encode(&super::fingerprint(&self.certificate));
        let pairs: Vec<&str> =
            text.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
        pairs.join(":")
    }

    /// A certificate for a server that is reached by these names and addresses, and its key.
    pub(super) fn issue(
        &self,
        names: &[String],
        today: CivilDate,
    ) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let issue = || -> Result<_, rcgen::Error> {
            let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
            let mut params = CertificateParams::new(names)?;
            let mut name = DistinguishedName::new();
            name.push(DnType::CommonName, names.first().map_or("ward", String::as_str));
            params.distinguished_name = name;
            good(&mut params, today, SERVER_DAYS - CLOCK_DAYS);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.use_authority_key_identifier_extension = true;
            Ok((params.signed_by(&pair, &self.issuer)?, pair))
        };
        let (certificate, pair) = issue().map_err(AuthorityError::Make)?;
        let key = PrivatePkcs8KeyDer::from(pair.serialize_der());
        Ok((vec![certificate.der().clone(), self.certificate.clone()], key.into()))
    }
}

impl Stored {
    /// The file, when it is one.
    pub(crate) fn parse(content: &[u8]) -> Result<Self, String> {
        let stored: Self = serde_json::from_slice(content).map_err(|error| error.to_string())?;
        if stored.format == FORMAT { Ok(stored) } else { Err(format!("format {:?}", stored.format)) }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Opens it with the data key that it names.
    pub(crate) fn open(
        self,
        key: impl FnOnce(DataKeyId) -> Result<KeyState, VaultError>,
    ) -> Result<Authority, AuthorityError> {
        let damaged = |what: &str| AuthorityError::Damaged(what.to_owned());
        let id: DataKeyId = self.key.parse().map_err(|_| damaged("key"))?;
        let KeyState::Here(key) = key(id)? else { return Err(AuthorityError::NoKey) };
        let nonce =
            BASE64.decode(self.nonce.as_bytes()).ok().and_then(|nonce| <[u8; 24]>::try_from(nonce).ok());
        let nonce = nonce.ok_or_else(|| damaged("nonce"))?;
        let sealed = BASE64.decode(self.sealed.as_bytes()).map_err(|_| damaged("sealed"))?;
        let secret = cipher(&key)
            .decrypt(&XNonce::from(nonce), Payload { msg: &sealed, aad: self.name.as_bytes() })
            .map_err(|_| damaged("it does not open"))?;
        let secret = Zeroizing::new(secret);
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(secret.as_slice()),
            &PKCS_ECDSA_P256_SHA256,
        )?;
        self.with(pair)
    }

    fn with(self, pair: KeyPair) -> Result<Authority, AuthorityError> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes())
            .map_err(|error| AuthorityError::Damaged(error.to_string()))?;
        let issuer = Issuer::new(params_of_authority(&self.name), pair);
        Ok(Authority { certificate, pem: self.certificate, issuer })
    }
}

/// What an authority of this name is, to be made or to issue by.
fn params_of_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::OrganizationName, "Ward");
    distinguished.push(DnType::CommonName, name);
    params.distinguished_name = distinguished;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A random serial number: positive, as RFC 5280 §4.1.2.2 asks.
fn serial(entropy: &mut dyn Entropy) -> Result<SerialNumber, EntropyError> {
    let mut serial = [0; 16];
    entropy.fill(&mut serial)?;
    serial[0] = serial[0] & 0x7f | 0x01;
    Ok(SerialNumber::from_slice(&serial))
}

/// Good from so many days before today until so many after.
fn good(params: &mut CertificateParams, today: CivilDate, after: i64) {
    let at = |day: CivilDate| {
        let number = |of: i8| u8::try_from(of).unwrap_or(1);
        date_time_ymd(i32::from(day.year()), number(day.month()), number(day.day()))
    };
    params.not_before = at(today.plus_days(-CLOCK_DAYS));
    params.not_after = at(today.plus_days(after));
}

fn cipher(key: &DataKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::from(*key.secret_bytes()))
}
