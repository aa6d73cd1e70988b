//! A policy is read or refused, and a head judged by it, without panic.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(policy) = proof::policy::Policy::parse(text)
    {
        let _ = policy.judge(bytes);
    }
});
