//! Signing in pages: passkeys, one-time codes, several at once; and whatever was changed on the way is refused.

use crate::site::{CODE, City, borrowing, city, hidden, pairs, revised_city};
use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD as BASE64;
use model::RecordId;
use web::Codes as _;

/// A loan that waits to be decided.
fn filed(city: &mut City, code: &str) -> RecordId {
    let borrowed = borrowing(city.key(code), city.clerk, "internal");
    city.asked.house.open(city.clerk, "loan", "file", &borrowed).unwrap()
}

fn approve(loan: RecordId) -> String {
    format!("/records/{loan}/steps/approve")
}

/// The page of confirmation of an approval.
fn confirmation(city: &City, loan: RecordId) -> String {
    let answer = city.send(city.head, &approve(loan), &[("_do", "send:approve")]);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.text()
}

fn state(city: &City, loan: RecordId) -> String {
    city.asked.house.case(loan).unwrap().state.to_string()
}

#[test]
fn the_page_shows_content_hash_statement_and_who_signed_before() {
    let mut city = city();
    let loan = filed(&mut city, "K01");
    let page = confirmation(&city, loan);
    for words in [
        "將登載之內容",
        "借用會議室接待參訪",
        "內容雜湊值",
        "簽署之聲明",
        "與前次核定之差異",
        "本紀錄尚未經核定",
        "先前簽署",
        "以通行金鑰簽署",
        "不得以一次性驗證碼代之",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("name=\"code\""), "{page}");
    let english = format!("ward_session={}; ward_language=en", City::cookie(city.head));
    let token = format!("token-of-{}", city.head.person);
    let headers = [("cookie", english.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = format!("csrf={token}&_do=send:approve");
    let page = city.asked.ask(axum::http::Method::POST, &approve(loan), &headers, &body).text();
    assert!(page.contains("Hash of the content") && page.contains("Sign with a passkey"), "{page}");
}

#[test]
fn what_an_authenticator_signed_is_accepted_and_shown_as_signed_by_the_person() {
    let mut city = city();
    let loan = filed(&mut city, "K01");
    let page = confirmation(&city, loan);
    let form = city.signed(city.head, &page);
    let sent = city.send(city.head, &approve(loan), &pairs(&form));
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(state(&city, loan), "out");
    let signatures = city.page(&format!("/records/{loan}/signatures"));
    assert!(signatures.contains("本人簽章") && signatures.contains("已驗證簽章相符"), "{signatures}");
    // It is used up: the same answer decides nothing twice.
    let again = city.send(city.head, &approve(loan), &pairs(&form));
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text());
}

#[test]
fn one_changed_byte_of_an_answer_is_refused_and_nothing_is_recorded() {
    let mut city = city();
    let loan = filed(&mut city, "K01");
    let page = confirmation(&city, loan);
    let good = city.signed(city.head, &page);
    for member in ["key.signature", "key.authenticator_data", "key.client_data", "key.credential"] {
        let mut bad = good.clone();
        let value = &mut bad.iter_mut().find(|(name, _)| name == member).unwrap().1;
        let mut bytes = BASE64.decode(value.as_bytes()).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        *value = BASE64.encode(&bytes);
        let refused = city.send(city.head, &approve(loan), &pairs(&bad));
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{member}: {}", refused.text());
        assert!(refused.text().contains("未予受理") && refused.text().contains("data-challenge"), "{member}");
        assert_eq!(state(&city, loan), "filed", "{member}");
    }
    assert_eq!(city.send(city.head, &approve(loan), &pairs(&good)).status, StatusCode::SEE_OTHER);
}

#[test]
fn a_signature_over_one_decision_is_none_over_another_nor_over_another_record() {
    let mut city = city();
    let (loan, other) = (filed(&mut city, "K01"), filed(&mut city, "K02"));
    let page = confirmation(&city, loan);
    let good = city.signed(city.head, &page);
    let swap = |from: &str, to: &str| {
        let mut form = good.clone();
        let carried = &mut form.iter_mut().find(|(name, _)| name == "carried").unwrap().1;
        assert!(carried.contains(from), "{carried}");
        *carried = carried.replace(from, to);
        form
    };
    let refuse = swap("\"outcome\":\"approve\",\"reason\":null", "\"outcome\":\"refuse\",\"reason\":\"x\"");
    let refused = city.send(city.head, &approve(loan), &pairs(&refuse));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    // For another record the form is another, and the statement speaks of this one.
    let elsewhere = swap(&loan.to_string(), &other.to_string());
    let refused = city.send(city.head, &approve(other), &pairs(&elsewhere));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    let foreign = city.send(city.head, &approve(other), &pairs(&good));
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((state(&city, loan), state(&city, other)), ("filed".into(), "filed".into()));
}

#[test]
fn a_code_does_not_do_where_a_passkey_is_asked() {
    let mut city = city();
    let loan = filed(&mut city, "K01");
    let page = confirmation(&city, loan);
    let mut form = hidden(&page, "data-signing>");
    let copied: Vec<(String, String)> = form
        .iter()
        .filter_map(|(name, value)| {
            Some((name.replace(".key", ".code"), value.clone())).filter(|_| name.ends_with(".key"))
        })
        .collect();
    form.extend(copied);
    form.extend([("code".to_owned(), CODE.to_owned()), ("_do".to_owned(), "sign-code".to_owned())]);
    let refused = city.send(city.head, &approve(loan), &pairs(&form));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(refused.text().contains("本步驟須以通行金鑰簽署"), "{}", refused.text());
    assert_eq!(state(&city, loan), "filed");
}

#[test]
fn a_right_code_is_recorded_as_vouched_by_the_server_and_used_up() {
    let city = revised_city();
    let path = format!("/records/{}/steps/give_back", city.loan);
    let form = [("f.condition", "good"), ("_do", "send:done")];
    let page = city.send(city.clerk, &path, &form).text();
    assert!(page.contains("name=\"code\"") && page.contains("系統證明"), "{page}");
    let mut form = hidden(&page, "data-signing>");
    form.push(("_do".to_owned(), "sign-code".to_owned()));
    form.push(("code".to_owned(), "000000".to_owned()));
    let wrong = city.send(city.clerk, &path, &pairs(&form));
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("一次性驗證碼不正確"), "{}", wrong.text());
    let mut form = hidden(&wrong.text(), "data-signing>");
    form.push(("_do".to_owned(), "sign-code".to_owned()));
    form.push(("code".to_owned(), format!("{} {}", &CODE[..3], &CODE[3..])));
    let sent = city.send(city.clerk, &path, &pairs(&form));
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let signatures = city.page(&format!("/records/{}/signatures", city.loan));
    assert!(signatures.contains("系統證明") && signatures.contains("無法獨立驗證"), "{signatures}");
    let again = city.asked.codes.verify_otp(city.clerk.person, CODE, city.now());
    assert!(!again.unwrap(), "it was used up");
    assert_eq!(state(&city, city.loan), "returned");
}

#[test]
fn several_are_signed_by_one_answer_each_in_its_place() {
    let mut city = city();
    let loans: Vec<RecordId> = ["K01", "K02", "K03"].iter().map(|code| filed(&mut city, code)).collect();
    let work = city.asked.get(&City::cookie(city.head), "/").text();
    let words: Vec<String> = work
        .split("name=\"c\" value=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(words.len(), 3, "{work}");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(words.iter().map(|word| ("c", word.as_str())));
    let path = format!("/sign?{}", query.finish());
    let page = city.asked.get(&City::cookie(city.head), &path).text();
    for code in ["K01", "K02", "K03"] {
        assert!(page.contains(&format!("{code} 借用")), "{code}: {page}");
    }
    assert!(page.contains("簽署（3 件）") && page.contains("不簽此件"), "{page}");
    // One of them is decided elsewhere meanwhile: it is refused alone.
    let form = city.signed(city.head, &page);
    let mut bad = form.clone();
    let statement = format!("statement.key.{}", loans[1]);
    let value = &mut bad.iter_mut().find(|(name, _)| *name == statement).unwrap().1;
    *value = value.replace("\"outcome\":\"approve\"", "\"outcome\":\"refuse\"");
    let refused = city.send(city.head, "/sign", &pairs(&bad));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "another statement makes another root");
    assert!(loans.iter().all(|loan| state(&city, *loan) == "filed"));
    city.asked.house.take(city.clerk, loans[2], "take_back", regulation::Outcome::TakeBack, &[]).unwrap();
    let came = city.send(city.head, "/sign", &pairs(&form));
    assert_eq!(came.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(came.text().contains("3 件中有 2 件已簽署，1 件未受理"), "{}", came.text());
    assert_eq!(loans.iter().map(|loan| state(&city, *loan)).collect::<Vec<_>>(), ["out", "out", "withdrawn"]);
    for loan in &loans[..2] {
        let signatures = city.page(&format!("/records/{loan}/signatures"));
        assert!(signatures.contains("已驗證簽章相符"), "{signatures}");
    }
}

#[test]
fn a_batch_shows_only_what_is_theirs_and_one_code_signs_what_a_code_may() {
    let mut city = revised_city();
    let loan = filed(&mut city, "K01");
    let stance = format!("head.{}.", city.head.unit);
    let word = |record: RecordId, step: &str, outcome: &str| format!("{record}~{step}~{outcome}~{stance}");
    let path = |word: &str| format!("/sign?c={word}");
    // Not theirs to read; not theirs to take.
    let denied = city.asked.entered(desk::REFUSED).len();
    let stranger =
        city.asked.get(&City::cookie(city.head), &path(&word(city.other_loan, "approve", "approve"))).text();
    assert!(stranger.contains("不在您可檢視的範圍") && !stranger.contains("data-challenge"), "{stranger}");
    assert!(!stranger.contains("L2") && !stranger.contains("接待參訪"), "{stranger}");
    assert_eq!(city.asked.entered(desk::REFUSED).len(), denied + 1);
    let taken =
        city.asked.get(&City::cookie(city.head), &path(&word(city.loan, "approve", "approve"))).text();
    assert!(taken.contains("目前不需由您簽署") && !taken.contains("data-challenge"), "{taken}");
    // A passkey is asked here, and a code does not do.
    let page = city.asked.get(&City::cookie(city.head), &path(&word(loan, "approve", "approve"))).text();
    assert!(page.contains("本件須以通行金鑰簽署") && !page.contains("name=\"code\""), "{page}");
    let mut form = hidden(&page, "data-signing>");
    form.extend([("code".to_owned(), CODE.to_owned()), ("_do".to_owned(), "sign-code".to_owned())]);
    let came = city.send(city.head, "/sign", &pairs(&form)).text();
    assert!(came.contains("不得以一次性驗證碼代之"), "{came}");
    assert_eq!(state(&city, loan), "filed");
}

#[test]
fn one_that_is_not_theirs_to_read_any_more_takes_no_other_with_it() {
    let mut city = city();
    let loan = filed(&mut city, "K01");
    let stance = format!("head.{}.", city.head.unit);
    let word = |record: RecordId| format!("{record}~approve~approve~{stance}");
    // One of another unit's, as one is that somebody quicker has signed, where only the turn let them read it.
    let path = format!("/sign?c={}&c={}", word(city.other_loan), word(loan));
    let page = city.asked.get(&City::cookie(city.head), &path);
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    let page = page.text();
    assert!(page.contains("不在您可檢視的範圍") && page.contains("簽署（1 件）"), "{page}");
    let form = city.signed(city.head, &page);
    let came = city.send(city.head, "/sign", &pairs(&form));
    assert_eq!(came.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = came.text();
    assert!(told.contains("2 件中有 1 件已簽署，1 件未受理"), "{told}");
    assert!(told.contains("目前不需由您簽署") && !told.contains("L2"), "{told}");
    assert_eq!(state(&city, loan), "out");
}

#[test]
fn nobody_signs_in_the_name_of_one_they_do_not_stand_in_for() {
    let mut city = city();
    let loan = filed(&mut city, "K01");
    let forged = format!("head.{}.{}", city.head.unit, city.head.person);
    let answer = city.send(city.clerk, &approve(loan), &[("as", &forged), ("_do", "send:approve")]);
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
    assert!(!answer.text().contains("data-challenge"));
}
