//! An alert is read without panic, whatever the bytes, and within its bounds; what is a test is never acted on, and what was
//! kept of it makes the same book.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let alert = match warning::read(bytes) {
        Ok(alert) => alert,
        Err(unread) => return assert!(unread.told().en.contains("cannot be read")),
    };
    assert!(alert.infos.len() <= 64);
    let now = alert.sent;
    let names = alert.infos.iter().map(|info| info.event.clone()).collect();
    let geocodes = alert.infos.iter().flat_map(|info| &info.areas).flat_map(|area| area.geocodes.clone()).collect();
    let place = warning::Place { point: None, geocodes };
    let settings = warning::Settings {
        folder: None,
        senders: vec![alert.sender.clone()],
        events: vec![warning::Event { kind: "air_raid".to_owned(), names }],
        rooms: vec![warning::Room { code: "A".to_owned(), place }],
    };
    let mut book = warning::Book::default();
    let weighed = book.weigh(&alert, (bytes, "d"), &settings, now);
    let lines: Vec<String> = weighed.parts.iter().chain(&weighed.entries).filter_map(warning::Entry::line).collect();
    for line in &lines {
        assert!(line.len() <= 65_536);
        book.apply(warning::Entry::of_line(line.as_bytes()).expect("what was written reads"));
    }
    if alert.status != warning::Status::Actual || alert.scope != warning::Scope::Public {
        assert!(book.concerns().all(|one| one.drill && alert.status == warning::Status::Exercise));
    }
    assert!(book.weigh(&alert, (bytes, "d"), &settings, now).entries.is_empty());
});
