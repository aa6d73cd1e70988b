//! How an authority is trusted, system by system.

use crate::visit::Visit;

/// How it is done on one system.
pub(super) struct Way {
    pub(super) system: &'static str,
    pub(super) steps: Vec<&'static str>,
}

/// All systems people use.
pub(super) fn ways(visit: &Visit) -> Vec<Way> {
    let t = |zh: &'static str, en: &'static str| visit.language.of(zh, en);
    vec![
        Way {
            system: t("Windows（Edge、Chrome）", "Windows (Edge, Chrome)"),
            steps: vec![
                t("開啟下載之檔案，按「安裝憑證」。", "Open the file and press Install Certificate."),
                t(
                    "選「本機電腦」，再選「將所有憑證放入以下的存放區」→「受信任的根憑證授權單位」。",
                    "Choose Local Machine, then Place all certificates in the following store: Trusted Root Certification Authorities.",
                ),
                t(
                    "機關電腦可由網域群組原則一次派送：電腦設定→Windows 設定→安全性設定→公開金鑰原則。",
                    "In a domain, group policy does it for all machines: Computer Configuration, Windows Settings, Security Settings, Public Key Policies.",
                ),
            ],
        },
        Way {
            system: "Firefox",
            steps: vec![
                t(
                    "設定→隱私權與安全性→憑證→檢視憑證→憑證機構→匯入。",
                    "Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import.",
                ),
                t("勾選「信任此憑證機構可識別網站」。", "Tick Trust this CA to identify websites."),
            ],
        },
        Way {
            system: "macOS",
            steps: vec![
                t("開啟下載之檔案，加入「系統」鑰匙圈。", "Open the file and add it to the System keychain."),
                t(
                    "於鑰匙圈存取中開啟該憑證，將「使用此憑證時」設為「永遠信任」。",
                    "Open it in Keychain Access and set When using this certificate to Always Trust.",
                ),
            ],
        },
        Way {
            system: t("iPhone、iPad", "iPhone, iPad"),
            steps: vec![
                t(
                    "下載後於「設定」→「已下載描述檔」安裝。",
                    "After the download, install it from Settings, Profile Downloaded.",
                ),
                t(
                    "於「設定」→「一般」→「關於本機」→「憑證信任設定」開啟該憑證。",
                    "Switch it on in Settings, General, About, Certificate Trust Settings.",
                ),
            ],
        },
        Way {
            system: "Android",
            steps: vec![t(
                "設定→安全性→加密與憑證→安裝憑證→CA 憑證。",
                "Settings, Security, Encryption & credentials, Install a certificate, CA certificate.",
            )],
        },
        Way {
            system: "Debian / Ubuntu",
            steps: vec![
                t(
                    "將檔案複製為 /usr/local/share/ca-certificates/ward.crt，執行 update-ca-certificates。",
                    "Copy the file to /usr/local/share/ca-certificates/ward.crt and run update-ca-certificates.",
                ),
                t("Chrome、Firefox 另於瀏覽器匯入。", "Import it into Chrome and Firefox as well."),
            ],
        },
    ]
}
