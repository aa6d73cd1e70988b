//! An alert is read without panic, whatever the bytes, and within its bounds; what is a test is never acted on.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(alert) = warning::read(bytes) else { return };
    assert!(alert.infos.len() <= 64);
    let now = alert.sent;
    let events = alert.infos.iter().map(|info| info.event.clone()).collect();
    let geocodes = alert.infos.iter().flat_map(|info| &info.areas).flat_map(|area| area.geocodes.clone()).collect();
    let ours = warning::Ours {
        place: warning::Place { point: None, geocodes },
        senders: vec![alert.sender.clone()],
        events,
    };
    let verdict = warning::judge(&alert, &ours, now, |_| warning::Heard::Never);
    if alert.status != warning::Status::Actual || alert.scope != warning::Scope::Public {
        assert!(matches!(verdict, warning::Verdict::Nothing(_)));
    }
});
