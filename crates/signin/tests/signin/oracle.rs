//! Other implementations: `oathtool` for one-time codes, `python3-fido2` for passkeys. Both are Debian's.

use crate::browser::{challenge, register, signers};
use crate::town::{Town, away};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use testkit::{HOST, Program, Registering};

const LIMIT: Duration = Duration::from_secs(60);

/// A program must be there; a test that passes for want of it would say nothing.
fn installed(path: &str, package: &str) -> Program {
    assert!(Path::new(path).exists(), "{path} is missing: apt-get install {package}");
    Program::new(path, std::env::temp_dir())
}

#[test]
fn codes_are_those_of_oathtool() {
    let mut town = Town::settled();
    let person = town.id("wang.ming");
    let oathtool = installed("/usr/bin/oathtool", "oathtool");
    let code = |town: &Town| {
        let moment = town.now().to_string();
        let moment = format!("{} {} UTC", &moment[..10], &moment[11..19]);
        let arguments = ["--totp", "--base32", "--now", &moment, town.secret(person)];
        let ended = oathtool.clone().with(arguments).run("", LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
        ended.output[0].clone()
    };
    for seconds in [60, 3_600, 86_400, 40_000_000] {
        town.pass(seconds);
        let pending = town.pending("wang.ming", &away()).unwrap();
        town.signin.otp(&pending.token, &code(&town), &away(), town.now()).unwrap();
    }
    // One that another program makes from the address an app reads counts as well.
    let session = town.sign_in("wang.ming", &away()).unwrap().session;
    town.take_codes(&session);
    town.pass(60);
    assert!(town.signin.check_otp(person, &code(&town), town.now()).unwrap());
}

#[test]
fn registrations_and_log_ons_hold_for_another_implementation() {
    let town = Town::settled();
    let python = installed("/usr/bin/python3", "python3-fido2");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/signin/oracle.py");
    for mut signer in signers(&town, "wang.ming") {
        let session = town.sign_in("wang.ming", &away()).unwrap().session;
        let offer = town.signin.begin_passkey(&session, town.now()).unwrap();
        let create = offer.options["challenge"].as_str().unwrap().to_owned();
        let registration = signer.registers(&create, &Registering::right(HOST));
        register(&town, &session, &signer).unwrap();
        let ask = town.signin.passkey_ask(None, town.now()).unwrap();
        let log_on = signer.logs_on(&challenge(&ask.options));
        town.signin.passkey(&ask.token, &log_on, &away(), town.now()).unwrap();
        let input = json!({
            "create": create, "get": ask.options["challenge"], "log_on": log_on, "origin": format!("https://{HOST}"),
            "registration": registration, "rp": HOST,
        });
        let ended = python.clone().with([&script]).run(&input.to_string(), LIMIT).unwrap();
        assert!(ended.status.success(), "{}", ended.errors);
        assert_eq!(ended.output, ["registered", "logged on", "refused"]);
    }
}
