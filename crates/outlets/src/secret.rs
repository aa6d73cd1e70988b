//! Secrets: read from files that nobody else may read, never shown.

use model::Told;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// A password or a community. It is wiped when it is not needed any more.
pub struct Secret(Zeroizing<String>);

/// Most bytes of a secret.
const MOST: u64 = 1_024;

impl Secret {
    /// The first line of a file.
    ///
    /// # Errors
    /// The file cannot be read, is empty, or may be read by everybody.
    pub fn read(path: &Path) -> Result<Self, Told> {
        let shown = path.display();
        let unreadable = |error: std::io::Error| {
            Told::new(
                format!("無法讀取密語檔 {shown}（{error}）。請建立該檔，內容為密語一行，並執行 chmod 600。"),
                format!(
                    "The secret in {shown} cannot be read ({error}). Make the file, one line, and chmod 600 it."
                ),
            )
        };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.permissions().mode() & 0o007 != 0 {
            return Err(Told::new(
                format!("密語檔 {shown} 任何人皆可讀寫，不予使用。請執行 chmod 600 {shown}。"),
                format!(
                    "Anybody may read or write the secret in {shown}, so it is not used. Run chmod 600 {shown}."
                ),
            ));
        }
        let mut content = Zeroizing::new(Vec::new());
        file.take(MOST + 1).read_to_end(&mut content).map_err(unreadable)?;
        let line =
            std::str::from_utf8(&content).ok().and_then(|text| text.lines().next()).unwrap_or_default();
        if line.is_empty() || content.len() as u64 > MOST {
            return Err(Told::new(
                format!("密語檔 {shown} 之首行須為密語（UTF-8，至多 {MOST} 位元組）。"),
                format!("The first line of {shown} has to be the secret: UTF-8, at most {MOST} bytes."),
            ));
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    pub(crate) fn exposed(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
