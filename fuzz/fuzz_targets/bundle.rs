//! A bundle is read and checked without panic, whatever it is.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let key = proof::note::SignerKey::new("o", proof::note::KeyKind::Ledger, &[7; 32]).unwrap();
    let policy = proof::policy::Policy::of_host(key.verifier().clone());
    if let Ok(bundle) = proof::bundle::Bundle::parse(bytes) {
        let _ = bundle.check(&policy);
    }
});
