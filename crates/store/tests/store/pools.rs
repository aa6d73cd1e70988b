//! Readers at once.

use crate::bed::{Bed, On};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Pool, StoreError};

#[test]
fn no_more_read_at_once_and_whoever_reads_may_read_again() {
    let bed = Bed::new(On::Sqlite, 71).unwrap();
    let pool = Pool::new(bed.place.clone());
    let (all, reading, highest) = (Barrier::new(Pool::MOST), AtomicUsize::new(0), AtomicUsize::new(0));
    let read = |first: bool| {
        let done = pool.with(|_| {
            let now = reading.fetch_add(1, Ordering::SeqCst) + 1;
            highest.fetch_max(now, Ordering::SeqCst);
            if first {
                // All places are taken here.
                all.wait();
                pool.with(|sql| sql.record_count())?;
            }
            reading.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, StoreError>(())
        });
        done.unwrap();
    };
    std::thread::scope(|scope| {
        (0..Pool::MOST).for_each(|_| drop(scope.spawn(|| read(true))));
    });
    assert_eq!(highest.load(Ordering::SeqCst), Pool::MOST);
    std::thread::scope(|scope| {
        (0..Pool::MOST * 4).for_each(|_| drop(scope.spawn(|| (0..50).for_each(|_| read(false)))));
    });
    assert_eq!(highest.load(Ordering::SeqCst), Pool::MOST);
}
