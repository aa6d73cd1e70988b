//! What findings and remarks say, in both languages: what is wrong, and what to do.
//!
//! A finding carries its file, byte and entry besides; the words do not repeat them.

use model::{DataKeyId, Instant, Told};
use proof::entry::EntryError;
use proof::lifecycle::{LifecycleError, Succession};
use proof::policy::{Cosigned, PolicyError};
use proof::seal::SealError;
use proof::signature::SignatureError;
use std::error::Error;

/// An error with what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

pub(super) fn unknown_file() -> Told {
    Told::new(
        "不屬於本系統的檔案。請查明來源並移出資料夾。",
        "A file that does not belong here. Find out where it comes from, and move it out of the folder.",
    )
}

pub(super) fn unknown_folder() -> Told {
    Told::new(
        "不屬於本系統的資料夾。請查明來源並移出。",
        "A folder that does not belong here. Find out where it comes from, and move it out.",
    )
}

pub(super) fn special_file() -> Told {
    Told::new(
        "此處不得為連結、通訊端或裝置檔。請查明來源並移除。",
        "A link, socket or device, where none may be. Find out where it comes from, and remove it.",
    )
}

pub(super) fn unfinished() -> Told {
    Told::new(
        "寫入中斷留下的檔案，內容從未生效。請啟動系統以完成復原；若仍存在，請移除此檔。",
        "Left behind by an interrupted write; it never counted. Start the server, which recovers; if it stays, remove it.",
    )
}

pub(super) fn missing() -> Told {
    Told::new(
        "檔案遺失。請自備份或鏡像還原該檔。",
        "The file is missing. Restore it from a copy or a mirror.",
    )
}

pub(super) fn attachment() -> Told {
    Told::new(
        "附件內容遭變更：檔名應為內容的 SHA-256 值，兩者不符。請自備份或鏡像還原該檔。",
        "This attachment was changed: its name must be the SHA-256 of its bytes, and is not. Restore the file from a copy or a mirror.",
    )
}

pub(super) fn entry() -> Told {
    Told::new(
        "這筆紀錄的內容遭變更：雜湊值與簽署過的帳本樹不符。請自備份或鏡像還原該檔。",
        "This entry was changed: its hash is not the one in the signed tree. Restore the file from a copy or a mirror.",
    )
}

pub(super) fn bundle_length() -> Told {
    Told::new(
        "紀錄檔在此處中斷，或多出不屬於它的內容。請自備份或鏡像還原該檔。",
        "The bundle breaks off here, or runs on beyond its entries. Restore the file from a copy or a mirror.",
    )
}

pub(super) fn tile() -> Told {
    Told::new(
        "雜湊檔遭變更：與紀錄算得的雜湊值不符，紀錄本身無誤。請自備份或鏡像還原該檔。",
        "This tile was changed: its hashes are not those of the entries, which are right. Restore the file from a copy or a mirror.",
    )
}

pub(super) fn rewritten() -> Told {
    Told::new(
        "由此處起的紀錄與其雜湊檔彼此相符，卻與簽署過的帳本樹不符：紀錄遭改寫。請保全現場，自備份或鏡像還原。",
        "From here on entries and tiles agree with each other and not with the signed tree: they were rewritten. Secure the evidence, then restore from a copy or a mirror.",
    )
}

pub(super) fn partial(main: &str) -> Told {
    Told::new(
        format!("先前公布的部分檔與 {main} 不符，該檔無誤。請自備份或鏡像還原部分檔。"),
        format!(
            "This partial file of an earlier size is not the beginning of {main}, which is right. Restore it from a copy or a mirror."
        ),
    )
}

pub(super) fn partial_hash() -> Told {
    Told::new(
        "此檔與帳本紀錄不符，紀錄本身無誤。請自備份或鏡像還原該檔。",
        "This file is not what the entries make it, and they are right. Restore it from a copy or a mirror.",
    )
}

pub(super) fn beyond(size: u64) -> Told {
    Told::new(
        format!("此檔超出帳本範圍：帳本僅有 {size} 筆。若帳本遭截短，請自備份還原。"),
        format!(
            "This file is beyond the end of the ledger, which has {size} entries. If the ledger was cut short, restore it from a copy."
        ),
    )
}

pub(super) fn entry_form(error: &EntryError) -> Told {
    let error = chain(error);
    Told::new(
        format!("紀錄不合格式（{error}）。寫入者違反規定，請保全現場並通報。"),
        format!(
            "The entry is not of the form asked for: {error}. Whoever wrote it broke the rules; secure the evidence and report it."
        ),
    )
}

pub(super) fn time_back(before: u64) -> Told {
    Told::new(
        format!("這筆紀錄的時間早於第 {before} 筆。紀錄時間不得倒退。"),
        format!("The time of this entry is before that of entry {before}. Times of entries never go back."),
    )
}

pub(super) fn created_twice() -> Told {
    Told::new("ledger.created 僅得為第 0 筆。", "Only entry 0 may be ledger.created.")
}

pub(super) fn not_created() -> Told {
    Told::new("第 0 筆必須為 ledger.created。", "Entry 0 must be ledger.created.")
}

pub(super) fn body(kind: &str, what: &str) -> Told {
    Told::new(
        format!("{kind} 的內容不合規定（{what}）。"),
        format!("What this entry of kind {kind} says must not be: {what}."),
    )
}

pub(super) fn seal(error: &SealError) -> Told {
    let error = chain(error);
    Told::new(
        format!("封存內容與紀錄所載不符（{error}）。"),
        format!("The sealed body is not what the entry says: {error}."),
    )
}

pub(super) fn signature(error: &SignatureError) -> Told {
    let error = chain(error);
    Told::new(
        format!("這筆紀錄的簽章不成立（{error}）。"),
        format!("The signature in this entry does not hold: {error}."),
    )
}

pub(super) fn reference(previous: u64) -> Told {
    Told::new(
        format!("簽署者所見第 {previous} 筆的內容雜湊值，與該筆紀錄不符。"),
        format!(
            "The content that was signed is not that of entry {previous}, to which the statement refers."
        ),
    )
}

pub(super) fn key_change(error: &LifecycleError) -> Told {
    let error = chain(error);
    Told::new(
        format!("帳本金鑰更換不成立（{error}）。"),
        format!("The change of the ledger's key does not hold: {error}."),
    )
}

pub(super) fn sealed_after(key: DataKeyId, by: u64) -> Told {
    Told::new(
        format!("資料金鑰 {key} 已於第 {by} 筆銷毀，其後不得再用於封存。"),
        format!("Data key {key} was destroyed by entry {by} and seals an entry that comes after it."),
    )
}

pub(super) fn still_here(key: DataKeyId, by: u64) -> Told {
    Told::new(
        format!(
            "第 {by} 筆載明資料金鑰 {key} 已銷毀，但金鑰庫仍有此金鑰。請重新執行銷毀（ward vault destroy）。"
        ),
        format!(
            "Entry {by} says that data key {key} was destroyed, but the vault still has it. Destroy it again (ward vault destroy)."
        ),
    )
}

pub(super) fn destroyed_unsaid(key: DataKeyId) -> Told {
    Told::new(
        format!("資料金鑰 {key} 已遭銷毀，帳本卻無核准銷毀的紀錄。請查明並補正。"),
        format!("Data key {key} was destroyed and no entry of the ledger says so. Find out who did it."),
    )
}

pub(super) fn key_lost(key: DataKeyId) -> Told {
    Told::new(
        format!("金鑰庫沒有資料金鑰 {key}，帳本也無核准銷毀的紀錄：封存內容無法讀取。請自金鑰庫備份還原。"),
        format!(
            "Data key {key} is not in the vault, and no entry says that it was destroyed: the sealed body cannot be read. Restore the vault from its backup."
        ),
    )
}

pub(super) fn journal_length() -> Told {
    Told::new(
        "日誌檔長度不是 4,096 的倍數：檔案遭截短或附加。請自備份還原該檔。",
        "The length of this journal file is no multiple of 4,096: it was cut short or added to. Restore it from a copy.",
    )
}

pub(super) fn reserve() -> Told {
    Told::new(
        "預備日誌檔應全為零。請在系統停止時移除此檔，啟動時會重建。",
        "The reserve of the journal must be all zeros. Remove it while the server is stopped; a start makes it anew.",
    )
}

pub(super) fn record() -> Told {
    Told::new(
        "日誌紀錄毀損，且非中斷寫入所致。已確認的紀錄可能受影響，請自備份還原該檔。",
        "This record of the journal is damaged, and not by an interrupted write. Acknowledged entries may be touched; restore the file from a copy.",
    )
}

pub(super) fn torn() -> Told {
    Told::new(
        "日誌末端有寫到一半的紀錄：若為當機所致，從未確認，啟動時將捨棄並留下紀錄；若系統係正常停止，則此檔遭變更，請自備份還原。",
        "A half-written record at the end of the journal. If the machine or the server stopped suddenly, it was never acknowledged, and the next start drops it and says so; if not, the file was changed: restore it from a copy.",
    )
}

pub(super) fn gap(missing: u64) -> Told {
    Told::new(
        format!("日誌缺少第 {missing} 筆起的紀錄。請自備份還原日誌檔。"),
        format!("The journal lacks entries from {missing} on. Restore its files from a copy."),
    )
}

pub(super) fn journal_gap(missing: u64, published: u64) -> Told {
    Told::new(
        format!(
            "日誌應保有第 {missing} 筆至第 {published} 筆之前的紀錄，其公布檔尚未確認寫入磁碟，但日誌沒有。請自備份還原日誌檔。"
        ),
        format!(
            "The journal must still hold the entries from {missing} up to {published}, whose published files are not known to be durable, and it does not. Restore its files from a copy."
        ),
    )
}

pub(super) fn not_published(number: u64) -> Told {
    Told::new(
        format!("日誌中的第 {number} 筆與已公布的不符，後者無誤。請自備份還原該檔。"),
        format!(
            "Entry {number} in the journal is not the published one, which is right. Restore the file from a copy."
        ),
    )
}

pub(super) fn record_head() -> Told {
    Told::new(
        "日誌紀錄所附檢查點不是該處紀錄的檢查點，或非由當時的帳本金鑰簽署。",
        "The head of this journal record is not that of its entries, or not signed by the ledger's key of its time.",
    )
}

pub(super) fn head_form() -> Told {
    Told::new(
        "檢查點不合格式，檔案遭變更。請自備份還原該檔。",
        "This head is not of the form of one: the file was changed. Restore it from a copy.",
    )
}

pub(super) fn head_changed() -> Told {
    Told::new(
        "檢查點遭變更：帳本的簽章不成立。請自備份還原該檔。",
        "This head was changed: the ledger's signature under it does not hold. Restore the file from a copy.",
    )
}

pub(super) fn unsigned() -> Told {
    Told::new("檢查點未經當時的帳本金鑰簽署。", "This head is not signed by the ledger's key of its time.")
}

pub(super) fn other_history(size: u64) -> Told {
    Told::new(
        format!("已簽署之 {size} 筆檢查點，與現有紀錄不符：歷史遭改寫。請保全現場，自備份或鏡像還原。"),
        format!(
            "The signed head of {size} entries is not that of the entries that are here: history was rewritten. Secure the evidence, then restore from a copy or a mirror."
        ),
    )
}

pub(super) fn head_beyond(size: u64, have: u64) -> Told {
    Told::new(
        format!(
            "檢查點載有 {size} 筆，現有僅 {have} 筆：紀錄遺失。請自備份還原；無法還原時依程序建立後繼帳本（ward ledger succeed）。"
        ),
        format!(
            "The head names {size} entries and {have} are here: entries are lost. Restore them from a copy; where there is none, make a successor (ward ledger succeed)."
        ),
    )
}

pub(super) fn signed_twice(key: &str) -> Told {
    Told::new(format!("{key} 的簽章重複。"), format!("There are two signatures of {key}."))
}

pub(super) fn cosignature(witness: &str) -> Told {
    Told::new(
        format!("見證人 {witness} 的副署不成立，檔案遭變更。請自備份還原該檔。"),
        format!(
            "The cosignature of witness {witness} does not hold: the file was changed. Restore it from a copy."
        ),
    )
}

pub(super) fn not_in_force(key: &str, size: u64) -> Told {
    Told::new(
        format!("以 {key} 簽署；就 {size} 筆之檢查點，該金鑰並非帳本使用中的金鑰，或檔案遭變更。"),
        format!(
            "Signed by {key}, which is not the ledger's key for a head of {size} entries; or the file was changed."
        ),
    )
}

pub(super) fn unknown_signer(key: &str) -> Told {
    Told::new(
        format!("{key} 的副署無從查驗：政策檔沒有這位見證人，或檔案遭變更。請更新政策檔，或自備份還原該檔。"),
        format!(
            "The cosignature of {key} cannot be checked: the policy knows no such witness, or the file was changed. Mend the policy, or restore the file from a copy."
        ),
    )
}

pub(super) fn refused(error: &PolicyError) -> Told {
    let error = chain(error);
    Told::new(
        format!("依所給政策不採信此檢查點（{error}）。"),
        format!("The given policy does not believe this head: {error}."),
    )
}

pub(super) fn own_policy_refuses(head: &str, error: &PolicyError) -> Told {
    let error = chain(error);
    Told::new(
        format!("本安裝的政策檔不採信自己的 {head}（{error}）。請更新政策檔。"),
        format!(
            "The installation's policy does not believe its own {head}: {error}. Bring the policy up to date."
        ),
    )
}

pub(super) fn no_quorum() -> Told {
    Told::new(
        "依所給政策須有見證人達門檻之副署，現有檢查點均未達門檻：僅由本機擔保，不予採信。",
        "The given policy asks for a quorum of witnesses and no head has one: vouched by this host alone, and not believed.",
    )
}

pub(super) fn policy(what: &str) -> Told {
    Told::new(
        format!("政策檔無法讀取（{what}）。請更正。"),
        format!("The policy cannot be read: {what}. Mend it."),
    )
}

pub(super) fn not_empty() -> Told {
    Told::new(
        "此檔應為空檔或通訊端。請查明來源並移除。",
        "This must be empty, or a socket. Find out where it comes from, and remove it.",
    )
}

pub(super) fn key_not_in_use(key: &str) -> Told {
    Told::new(
        format!("此檔的金鑰 {key} 並非簽署帳本的金鑰。請放回正確的檔案。"),
        format!("The key {key} in this file is not the one that signs the ledger. Put the right file back."),
    )
}

pub(super) fn torn_slot() -> Told {
    Told::new(
        "末端有一把寫到一半、從未交付使用的金鑰。啟動系統時將自動捨棄。",
        "It ends in a key that was half written and never handed out. The next start drops it.",
    )
}

pub(super) fn destroying() -> Told {
    Told::new(
        "資料金鑰的銷毀作業中斷。啟動系統時將接續完成。",
        "The destruction of a data key was interrupted. The next start finishes it.",
    )
}

pub(super) fn vault_closed() -> Told {
    Told::new(
        "未提供主金鑰：金鑰庫與簽署金鑰僅查驗格式與核對碼，封存內容未開啟。",
        "No master key was given: of vault and signing keys form and checksums were checked, and sealed bodies stayed closed.",
    )
}

pub(super) fn unopened(count: u64) -> Told {
    Told::new(
        format!("{count} 筆封存紀錄未開啟內容（金鑰已銷毀或未提供主金鑰）；其存在與順序已查驗。"),
        format!(
            "{count} sealed entries were not opened (key destroyed, or no master key given); that they are there, and where, was checked."
        ),
    )
}

pub(super) fn host_alone() -> Told {
    Told::new(
        "僅由本機擔保：沒有達到門檻的見證人副署。",
        "Vouched by this host alone: no head has a quorum of witnesses.",
    )
}

pub(super) fn witnessed(size: u64, all: u64, by: &[Cosigned]) -> Told {
    let by = witnesses(by);
    let rest = all.saturating_sub(size);
    let (zh, en) = if rest == 0 {
        (String::new(), String::new())
    } else {
        (
            format!("；其後 {rest} 筆僅由本機擔保"),
            format!("; the {rest} after it are vouched by this host alone"),
        )
    };
    Told::new(
        format!("前 {size} 筆經見證人副署達門檻（{by}）{zh}。"),
        format!("The first {size} entries are witnessed by a quorum ({by}){en}."),
    )
}

/// Witnesses and when they cosigned.
pub(super) fn witnesses(by: &[Cosigned]) -> String {
    let one = |by: &Cosigned| {
        let micros = i64::try_from(by.at_seconds).ok().and_then(|seconds| seconds.checked_mul(1_000_000));
        let at = micros.and_then(|micros| Instant::from_micros(micros).ok());
        let at = at.map(|at| at.to_string().chars().take(19).collect::<String>() + "Z");
        format!("{} {}", by.witness, at.unwrap_or_default())
    };
    by.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn succeeds(succession: &Succession) -> Told {
    let Succession { old_origin, kept, seen, .. } = succession;
    let (kept, seen) = (kept.0, seen.0);
    Told::new(
        format!(
            "本帳本為 {old_origin} 的後繼：承接其前 {kept} 筆，遺失至第 {seen} 筆之前。監護人簽章須以該帳本第 0 筆查驗。"
        ),
        format!(
            "This ledger succeeds {old_origin}: it keeps the first {kept} entries, and those up to {seen} are lost. The stewards' signatures are checked with entry 0 of that ledger."
        ),
    )
}
