//! A press that is set up when the first paper is asked for, and kept.

use crate::font::{FOLDERS, FontError, Fonts};
use crate::press::Press;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Where papers are printed: a press once there are fonts for it.
pub struct Printer {
    folders: Vec<PathBuf>,
    press: Mutex<Option<Arc<Press>>>,
}

impl Printer {
    /// With the system's fonts. Nothing is read yet.
    #[must_use]
    pub fn of_system() -> Self {
        Self::new(FOLDERS.map(PathBuf::from).to_vec())
    }

    /// With fonts that lie in some folders. Nothing is read yet.
    #[must_use]
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, press: Mutex::new(None) }
    }

    /// The press. Fonts that were missing are looked for again, so that installing them is enough. It blocks.
    ///
    /// # Errors
    /// There are still none.
    pub fn press(&self) -> Result<Arc<Press>, FontError> {
        let mut press = self.press.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(press) = &*press {
            return Ok(Arc::clone(press));
        }
        let made = Arc::new(Press::new(Fonts::find(&self.folders)?));
        *press = Some(Arc::clone(&made));
        Ok(made)
    }
}
