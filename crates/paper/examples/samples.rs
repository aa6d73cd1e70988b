//! Papers to look at: `cargo run -p paper --example samples -- FOLDER` writes one of each sort.

#[path = "../tests/paper/sample.rs"]
#[expect(clippy::unwrap_used, reason = "what it is made of is written there")]
mod sample;

use paper::{FOLDERS, Fonts, Layout, Press};
use std::path::Path;

#[expect(clippy::print_stdout, reason = "it tells what it has written")]
#[expect(
    clippy::disallowed_methods,
    reason = "it takes the time of what it shows, and files go where one says"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder")?;
    let began = std::time::Instant::now();
    let press = Press::new(Fonts::find(&FOLDERS)?);
    println!("fonts {:?}: {:?}", press.fonts().families(), began.elapsed());
    let long = "不斷電系統年度維護，含電池更換、負載測試及接地電阻量測。".repeat(12);
    let papers = [
        ("form", press.form(&sample::form(&long), sample::at())),
        ("form-2", press.form(&sample::form("短"), sample::at())),
        ("blank", press.form(&sample::blank(), sample::at())),
        ("labels", press.labels(&sample::labels(Layout::Sheet, 30), sample::at())),
        ("label", press.labels(&sample::labels(Layout::Single, 2), sample::at())),
        ("catalogue", press.catalogue(&sample::catalogue(60), sample::at())),
        ("report", press.report(&sample::report(), sample::at())),
        ("drawing", press.drawing(&sample::drawing(30), sample::at())),
    ];
    println!("all: {:?}", began.elapsed());
    for (name, made) in papers {
        match made {
            Ok(made) => {
                println!("{name}: {} pages, {} bytes", made.pages, made.pdf.len());
                std::fs::write(Path::new(&folder).join(format!("{name}.pdf")), made.pdf)?;
            }
            Err(error) => println!("{name}: {error}"),
        }
    }
    Ok(())
}
