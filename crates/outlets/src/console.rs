//! The console of the machine: a bell and the message (regulation 27.2.2, fifth way).

use crate::message::Message;
use crate::words::Words;
use crate::{Outlet, Sent, tty};
use model::Told;
use regulation::Zone;
use std::path::PathBuf;

/// Which console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSetting {
    /// Its device.
    pub device: PathBuf,
    /// Does it sound?
    pub bell: bool,
}

pub(crate) struct Console {
    pub(crate) setting: ConsoleSetting,
    pub(crate) zone: Zone,
}

impl Outlet for Console {
    fn send(&self, message: &Message) -> Sent {
        let ConsoleSetting { device, bell } = &self.setting;
        let shown = device.display();
        match tty::show(device, &lines(message, &self.zone), *bell) {
            Ok(()) => Sent::Done(Told::new(format!("已顯示於 {shown}"), format!("shown on {shown}"))),
            Err(error) => Sent::Later(Told::new(
                format!("無法顯示於 {shown}（{error}）。請確認該裝置為終端裝置，且 Ward 之帳號有權寫入。"),
                format!(
                    "It cannot be shown on {shown} ({error}). See that it is a terminal and that Ward may write to it."
                ),
            )),
        }
    }
}

/// What is shown on a screen: both languages, since a plain console has no Chinese letters.
pub(crate) fn lines(message: &Message, zone: &Zone) -> Vec<String> {
    let Words { zh, en } = Words::of(message, zone);
    let mut lines = vec![format!("*** {} ***", en.heading)];
    lines.extend(en.lines);
    lines.push(format!("*** {} ***", zh.heading));
    lines.extend(zh.lines);
    lines
}
