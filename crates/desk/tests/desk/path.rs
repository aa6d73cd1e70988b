//! The command path: decided, appended, committed, answered; and the same after a restart and a rebuilding.

use crate::archive::Archive;
use regulation::Outcome;

#[test]
fn a_loan_goes_its_way_and_the_tables_are_what_the_ledger_gives() {
    let mut archive = Archive::new(1);
    let key = archive.key("K-1", "4711");
    let loan = archive.loan(key, "修繕門窗").unwrap();
    archive.approve(loan).unwrap();
    let case = archive.house.case(loan).unwrap();
    assert_eq!((case.state.as_str(), case.number.as_deref()), ("out", Some("114借字第001號")));
    assert_eq!(archive.house.case(key).unwrap().state.as_str(), "lent");
    let again = archive.house.take(archive.people.head, loan, "approve", Outcome::Approve, &[]);
    assert_eq!(again.unwrap_err().code(), "refused");
    let digest = archive.house.compare().unwrap();
    archive.house.reopen().unwrap();
    assert_eq!(archive.house.opened.replayed, 0);
    assert_eq!(archive.house.desk.digest().unwrap(), digest);
}
