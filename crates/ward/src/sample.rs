//! The sample city: a ledger that is known, by the name it signs its heads with, to be of no real installation.
//!
//! Invariant: what is shown and printed of such a ledger bears a mark, whoever serves it and however; the name is in
//! every signed head, so that the mark cannot be taken off and no real ledger comes to bear it unawares.
//! Does not: make such a city.

use model::Told;

/// Name of every sample city's ledger.
pub(crate) const ORIGIN: &str = "sample-city.example/ledger";

/// The words across every page and paper of a ledger of this name; none where it is a real one.
pub(crate) fn watermark(origin: &str) -> Option<Told> {
    (origin == ORIGIN).then(|| {
        Told::new("示範城市・虛構資料，非正式紀錄", "Sample city: invented data, no record of anything")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_citys_ledger_alone_is_marked() {
        let marked = watermark(ORIGIN).unwrap();
        assert!(marked.zh.contains("示範") && marked.en.contains("Sample"));
        for real in
            ["ward.taichung.example/ledger", "sample-city.example", "x.sample-city.example/ledger", ""]
        {
            assert_eq!(watermark(real), None, "{real}");
        }
    }
}
