//! What the forms and the REST acts ask of the program, and what happens when it refuses.

use lncontract_app::AppError;

use super::*;
use crate::samples::PASSWORD;

/// Posts a form: the program is asked for exactly that, and the browser is sent on.
async fn check(path: &str, form: &str, call: &str, location: &str) {
    let app = app();
    let answer = post(&app, path, form).await;
    assert_eq!(app.calls(), [call], "{path} answered {} {}", answer.status, answer.body);
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, location));
}

/// Posts a form that can't be done: nothing is asked of the program, and the page says why.
async fn kept(path: &str, form: &str, shows: &[&str]) {
    let app = app();
    let answer = post(&app, path, form).await;
    assert_eq!(app.calls(), [""; 0], "{path}");
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {}", answer.body);
    answer.shows(&["<title>Error: ", "role=\"alert\""]);
    answer.shows(shows);
}

#[tokio::test]
async fn every_act_of_a_page_is_one_use_case() {
    let home = contract("");
    let channels = contract("#channels");
    let (tender, invoice) = (views::tender_view().tender, views::pay_prompt().invoice);
    let (examine, pay) = (contract(&format!("/examine/{tender}")), contract(&format!("/pay/{invoice}")));
    let close = contract(&format!("/close/{}", views::contract().channels[0].fund));
    let accept = format!("do=accept&terms_hash={}", views::contract().terms_hash);
    check(&contract("/offer"), &accept, "accept_offer", &home).await;
    check(&contract("/offer"), "do=reject&reason=too+late", "reject_offer too late", &home).await;
    check(
        &contract("/tender/delivery-3"),
        "quantity=2&text=abc&text_name=C-1",
        "tender delivery-3 2 [\"C-1\"]",
        &home,
    )
    .await;
    check(&contract("/fund/channel-2"), "", "fund channel-2", &channels).await;
    let part = format!("release={}", views::free_parts()[0].part.release);
    check(&contract("/fund/channel-2"), &part, "fund_by_part channel-2 737373", &channels).await;
    let account = (contract("/account"), format!("hash={}", views::final_account().hash));
    check(&account.0, &account.1, "sign_final_account acacac", &account.0).await;
    check(
        &contract("/invoice/pay-stage-2-assembly"),
        "tender=",
        "make_invoice pay-stage-2-assembly false",
        &home,
    )
    .await;
    check(&pay, "amount=30+000+000", "pay", &pay).await;
    check(&close, "name=Channel+1%2C+general&do=together", "close_channel Cooperative", &channels).await;
    check(&close, "name=Channel+1%2C+general&do=alone", "close_channel Forced", &channels).await;
    let release = contract(&format!("/release/{}", views::contract().channels[0].fund));
    check(&release, "amount=5+000+000", "release 5000000 sat", &channels).await;
    let released = views::contract().channels[0].releases[0].splice.fund;
    check(&contract(&format!("/take-back/{released}")), "", "take_back", &channels).await;
    check("/companies", "invite=lncinvite1x", "accept_invite lncinvite1x", "/companies").await;
    check("/companies/02ad/words", "", "confirm_company_words 02ad", "/companies").await;
    check("/node/address", "", "new_address", "/node").await;
    // The sample's tender is of a row of ours: what is left to us is to state that silence accepted it.
    check(&examine, "do=deem", "deem", &home).await;
}

#[tokio::test]
async fn a_tender_of_theirs_is_judged_with_all_reasons() {
    let judge = async |form: &str| {
        let mut app = App::new();
        app.contract.obligations[3].ours = false;
        let app = Arc::new(app);
        let answer = post(&app, &contract(&format!("/examine/{}", views::tender_view().tender)), form).await;
        (answer.status.as_u16(), app.calls())
    };
    assert_eq!(judge("do=accept").await, (303, vec!["answer_tender 2 []".to_owned()]));
    let rejected = judge("do=reject&accepted=0&reasons=J4%0D%0Areport").await;
    assert_eq!(rejected, (303, vec!["answer_tender 0 [\"J4\", \"report\"]".to_owned()]));
    assert_eq!(judge("do=reject&accepted=0&reasons=").await, (422, Vec::new()));
}

#[tokio::test]
async fn what_is_not_confirmed_is_not_done_and_stays_on_the_form() {
    let pay = contract(&format!("/pay/{}", views::pay_prompt().invoice));
    let close = contract(&format!("/close/{}", views::contract().channels[0].fund));
    kept(&pay, "amount=3+000+000", &["value=\"3 000 000\"", "30000000 sat"]).await;
    let release = contract(&format!("/release/{}", views::contract().channels[0].fund));
    kept(&release, "amount=all", &["value=\"all\"", "is not a whole number", "Can be released"]).await;
    kept(&close, "name=Channel+9&do=alone", &["value=\"Channel 9\"", "Channel 1, general"]).await;
    kept(&contract("/offer"), "do=accept&terms_hash=00", &["The offer changed since this page was shown"])
        .await;
    kept(&contract("/tender/delivery-3"), "quantity=two&note=hello", &["value=\"two\"", "value=\"hello\""])
        .await;
    kept("/companies", "invite=", &["Paste the invite"]).await;
}

#[tokio::test]
async fn a_refusal_of_the_program_stays_on_the_form_with_what_to_do() {
    let mut app = App::new();
    app.refuse =
        Some(AppError::refused("invite-unreadable", "the invite is cut off", "39 characters are missing"));
    let answer = post(&Arc::new(app), "/companies", "invite=lncinvite1x").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.shows(&["The invite is cut off", "39 characters are missing", ">lncinvite1x</textarea>"]);
    let mut app = App::new();
    app.refuse = Some(AppError::fault("the disk went away"));
    let answer = post(&Arc::new(app), "/companies", "invite=lncinvite1x").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.shows(&["The disk went away", "For the engineer"]);
}

#[tokio::test]
async fn the_first_run_shows_the_words_once_and_asks_for_three() {
    let fresh = Arc::new(App { set_up: false, ..App::new() });
    let form = "name=Meridian+Systems+Integration&short_name=Meridian&user=Ines+Okafor";
    let differ = post(&fresh, "/setup", &format!("{form}&password=a+sentence+is+fine&again=other")).await;
    differ.shows(&["The two passwords differ", "value=\"Meridian Systems Integration\""]);
    assert!(fresh.calls().is_empty() && !differ.body.contains("a sentence is fine"));
    let answer =
        post(&fresh, "/setup", &format!("{form}&password=a+sentence+is+fine&again=a+sentence+is+fine")).await;
    answer.shows(&["<li>harbour</li>", "<li>thunder</li>", "Write down these 24 words"]);
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("=5e55;"));
    assert_eq!(fresh.calls(), ["new_company Meridian Systems Integration Meridian Ines Okafor 18"]);
    get(&app(), "/setup/confirm").await.shows(&["Word 3", "Word 12", "Word 22"]);
    let confirm =
        format!("word_3=Lantern&word_12=anchor&word_22=candle&password={}", PASSWORD.replace(' ', "+"));
    let call = "confirm_words [(3, \"lantern\"), (12, \"anchor\"), (22, \"candle\")]";
    check("/setup/confirm", &confirm, call, "/").await;
    kept(
        "/setup/confirm",
        "word_3=lantern&password=guess",
        &["The password is another one", "value=\"lantern\""],
    )
    .await;
    assert!(!get(&app(), "/setup/words").await.body.contains("harbour"));
    let shown = post(&app(), "/setup/words", &format!("password={}", PASSWORD.replace(' ', "+"))).await;
    shown.shows(&["<li>harbour</li>"]);
}

#[tokio::test]
async fn a_new_contract_is_previewed_and_offered() {
    let id = &views::companies()[0].id;
    let goods = "part_number=CS-4471&description=Subsystem&quantity=12&per_delivery=2&first_delivery_month=9&place=Works";
    let head = format!(
        "counterparty={id}&our_side=buyer&number=N-1&title=Supply&date_of_contract=2026-01-15&{goods}"
    );
    let rows = "ms_title=Testing&ms_amount=130+000+000&ms_months=8&delivery_title=Delivery&delivery_amount=20+000+000\
                &tr_how=channel&tr_amount=155+000+000&tr_months=0&tr_stage=";
    let tail = "covered_days_before=14&examination_days=10&notice_blocks=1008&valid_days=14";
    let form = |act: &str, total: &str| format!("{head}&{rows}&{tail}&total={total}&do={act}");
    let app = app();
    let preview = post(&app, "/contracts/new", &form("preview", "150+000+000")).await;
    assert_eq!((preview.status, app.calls().len()), (StatusCode::OK, 0));
    preview.shows(&["6 deliveries make 12", "15 Oct 2026", "value=\"Testing\""]);
    let offered = post(&app, "/contracts/new", &form("offer", "150+000+000")).await;
    assert_eq!(offered.location(), contract(""), "{}", offered.body);
    assert_eq!(app.calls(), ["offer 150000000 sat as Buyer to 02adc9 for 14 days"]);
    let wrong = post(&app, "/contracts/new", &form("offer", "155+000+000")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.shows(&["add up to 150000000 sat", "href=\"#total\"", "Missing"]);
    let more = post(&app, "/contracts/new", &form("add-ms", "150+000+000")).await;
    more.shows(&["aria-label=\"Milestone 2\""]);
}

/// Sends JSON with a bearer token and no cookie, as a program does.
async fn rest(app: &Arc<App>, method: &str, path: &str, body: serde_json::Value) -> Answer {
    let request = Request::builder().method(method).uri(format!("/api/v1{path}")).header(header::HOST, HOST);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    send(app, request.body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn rest_acts_are_the_same_use_cases() {
    use serde_json::json;
    let check = async |path: &str, body: serde_json::Value, status: u16, call: &str| {
        let app = app();
        let answer = rest(&app, "POST", path, body).await;
        assert_eq!(
            (answer.status.as_u16(), app.calls()),
            (status, vec![call.to_owned()]),
            "{path} {}",
            answer.body
        );
    };
    let invoice = contract(&format!("/invoices/{}", views::pay_prompt().invoice));
    let tender = contract(&format!("/tenders/{}", views::tender_view().tender));
    let terms = json!({ "terms_hash": views::contract().terms_hash });
    check(&contract("/accept"), terms, 201, "accept_offer").await;
    check(&contract("/reject"), json!({ "reason": "no" }), 201, "reject_offer no").await;
    let version = json!({ "terms": views::terms(), "valid_days": 14 });
    check(&contract("/amend"), version.clone(), 201, "amend 150000000 sat 14").await;
    check(&contract("/counter"), version, 201, "counter_offer 150000000 sat 14").await;
    check(&contract("/pass"), json!({}), 201, "pass_pen").await;
    let read = json!({ "account_hash": views::final_account().hash });
    check(&contract("/account"), read, 201, "sign_final_account acacac").await;
    check(&contract("/lapse"), json!({}), 201, "lapse_offer").await;
    check(&contract("/funds"), json!({ "tranche": "channel-2" }), 201, "fund channel-2").await;
    let part = json!({ "tranche": "channel-2", "release": views::free_parts()[0].part.release });
    check(&contract("/funds"), part, 201, "fund_by_part channel-2 737373").await;
    let sent = json!({ "row": "delivery-3", "quantity": 2, "documents": [] });
    check(&contract("/tenders"), sent, 201, "tender delivery-3 2 []").await;
    check(&format!("{tender}/answer"), json!({ "accepted": 2 }), 201, "answer_tender 2 []").await;
    check(&format!("{tender}/deem"), json!({}), 201, "deem").await;
    check(&contract("/invoices"), json!({ "row": "pay-x" }), 201, "make_invoice pay-x false").await;
    check(&format!("{invoice}/pay"), json!({ "amount_sat": 30_000_000 }), 202, "pay").await;
    check(&format!("{invoice}/cancel"), json!({ "reason": "old" }), 201, "cancel_invoice old").await;
    check("/companies", json!({ "invite": "x" }), 201, "accept_invite x").await;
    check("/node/addresses", json!({}), 201, "new_address").await;
    let offer = json!({ "counterparty": views::companies()[0].id, "our_side": "buyer", "terms": views::terms(), "valid_days": 14 });
    check("/contracts", offer, 201, "offer 150000000 sat as Buyer to 02adc9 for 14 days").await;
}

#[tokio::test]
async fn rest_refuses_what_was_not_meant() {
    use serde_json::json;
    let check = async |path: &str, body: serde_json::Value, code: &str| {
        let app = app();
        let answer = rest(&app, "POST", path, body).await;
        let problem: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((problem["code"].as_str(), app.calls().len()), (Some(code), 0), "{path}");
    };
    let invoice = contract(&format!("/invoices/{}/pay", views::pay_prompt().invoice));
    check(&invoice, json!({ "amount_sat": 30_000_001 }), "amount-differs").await;
    check(&invoice, json!({ "amount_sat": 30_000_000, "hurry": true }), "unreadable").await;
    check(&contract("/accept"), json!({ "terms_hash": "00".repeat(32) }), "terms-changed").await;
    check("/sessions", json!({ "user": "Ines Okafor", "password": "guess" }), "locked").await;
    let session =
        rest(&app(), "POST", "/sessions", json!({ "user": "Ines Okafor", "password": PASSWORD })).await;
    assert_eq!((session.status.as_u16(), session.body.as_str()), (201, "{\"token\":\"5e55\"}"));
    assert_eq!(rest(&app(), "DELETE", "/sessions", json!({})).await.status.as_u16(), 204);
}

#[tokio::test]
async fn a_record_is_taken_from_a_file() {
    let send_file = async |app: &Arc<App>, field: &str, content: &str| {
        let body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.lncbundle\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{content}\r\n--edge--\r\n"
        );
        let request =
            ours("POST", "/record-file").header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
        send(app, request.body(Body::from(body)).unwrap()).await
    };
    let app = app();
    let answer = send_file(&app, "file", "a bundle").await;
    answer.shows(&[
        "The file was taken",
        "3 entries came with it; 40 entries were here already.",
        "We hold 1 entry",
    ]);
    assert_eq!(app.calls(), ["take_file a bundle"]);
    for (field, content) in [("file", ""), ("other", "a bundle")] {
        let answer = send_file(&app, field, content).await;
        assert_eq!(answer.status.as_u16(), 422);
        answer.shows(&["Choose a file."]);
    }
    assert_eq!(app.calls().len(), 1);
    let refuse = Some(AppError::refused("file-unreadable", "the file can't be used", "export it again"));
    let refusing = Arc::new(App { refuse, ..App::new() });
    send_file(&refusing, "file", "a bundle").await.shows(&["The file can&#39;t be used", "Export it again"]);
}

#[tokio::test]
async fn a_node_is_tested_and_used_and_no_secret_of_it_comes_back() {
    let send_parts = async |app: &Arc<App>, parts: &[(&str, &str)]| {
        let mut body = String::new();
        for (name, content) in parts {
            let file = if name.ends_with("_file") { "; filename=\"a\"" } else { "" };
            body += &format!(
                "--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
            );
        }
        body += "--edge--\r\n";
        let request =
            ours("POST", "/node/lnd").header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge");
        send(app, request.body(Body::from(body)).unwrap()).await
    };
    let app = app();
    let typed = [
        ("connect", ""),
        ("address", " 10.0.0.5:10009 "),
        ("certificate", ""),
        ("certificate_file", "-----BEGIN CERTIFICATE-----"),
        ("macaroon", "0201\n0202"),
        ("macaroon_file", "\u{2}bin"),
        ("reached_at", "ln.meridian.example:9735"),
    ];
    let answer = send_parts(&app, &typed).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/node/lnd#tested"));
    let call = "test_own_node  10.0.0.5:10009 -----BEGIN CERTIFICATE----- [\"0201\", \"0202\", \"0262696e\"] \
                ln.meridian.example:9735";
    assert_eq!(app.calls(), [call]);

    let (code, words) = ("node-macaroon", "that is no macaroon");
    let refuse = Some(AppError::refused(code, words, "nothing was kept"));
    let refusing = Arc::new(App { refuse, ..App::new() });
    let again = send_parts(&refusing, &typed).await;
    assert_eq!(again.status.as_u16(), 422);
    again.shows(&["id=\"macaroon-e\"", "That is no macaroon", "10.0.0.5:10009", "have to be given again"]);
    assert!(!again.body.contains("0201"), "a macaroon is never written back");

    get(&app, "/node/lnd").await.shows(&[
        "Tested, not used yet",
        "protocol.wumbo-channels=true",
        "Missing: /routerrpc.Router/SendPaymentV2.",
        "ln.meridian.example:9735",
    ]);
    let id = "id=00000000000000000000000000000007";
    let wrong = post(&app, "/node/lnd/use", &format!("{id}&password=another")).await;
    wrong.shows(&["The password is another one"]);
    assert_eq!(app.calls().len(), 1, "nothing was changed");
    let form = format!("{id}&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(post(&app, "/node/lnd/use", &form).await.location(), "/node");
    assert_eq!(app.calls()[1], "use_own_node 00000000000000000000000000000007");
}

#[tokio::test]
async fn money_leaves_in_two_steps_the_cost_first() {
    let address = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
    let app = app();
    let ask = format!("to={address}&amount=2+000+000&speed=hour");
    let shown = post(&app, "/wallet", &ask).await;
    shown.shows(&["Pay out 2", "Leaves us", &grouped(2_000_564), "Of it kept for closing channels"]);
    let (what, rest) = (format!("to: \"{address}\""), "amount_sat: Some(2000000), speed: Hour }");
    assert_eq!(app.calls(), [format!("leaving_cost Leaving {{ {what}, {rest}")]);
    assert!(!shown.body.contains(PASSWORD));

    let id = "0123456789abcdef0123456789abcdef";
    let order = format!("id={id}&to={address}&amount=2000000&fee=564&left=4179436&reserve=100000&speed=hour");
    let wrong = post(&app, "/wallet/leave", &format!("{order}&password=another")).await;
    assert_eq!(wrong.status.as_u16(), 422);
    wrong.shows(&["The password is another one", id, &grouped(2_000_564)]);
    assert_eq!(app.calls().len(), 1, "nothing was sent");
    let made = post(&app, "/wallet/leave", &format!("{order}&password={}", PASSWORD.replace(' ', "+"))).await;
    assert_eq!((made.status.as_u16(), made.location()), (303, "/wallet#left"));
    let ordered = format!(
        "let_leave LeaveOrder {{ id: \"{id}\", leaving: Leaving {{ {what}, {rest}, fee_sat_max: 564 }}"
    );
    assert_eq!(app.calls()[1], ordered);
}

#[tokio::test]
async fn what_can_not_leave_is_said_before_anything_is_asked() {
    kept("/wallet", "to=&amount=1", &["Paste the address that the money goes to."]).await;
    kept("/wallet", "to=bcrt1&amount=a+lot", &["Pay out"]).await;
    let all = "leaving_cost Leaving { to: \"bcrt1\", amount_sat: None, speed: Day }";
    let app = app();
    post(&app, "/wallet", "to=bcrt1&amount=&all=all&speed=day").await;
    assert_eq!(app.calls(), [all]);
}

#[tokio::test]
async fn a_fee_is_raised_in_two_steps() {
    let shown = get(&app(), "/wallet/raise/ab?speed=next").await;
    shown.shows(&["Raise the fee?", &grouped(1_872)]);
    let enough = get(&app(), "/wallet/raise/ab?speed=day").await;
    enough.shows(&["It pays what is asked for that speed already: 143 sat."]);
    assert_eq!(enough.status.as_u16(), 200);
    check("/wallet/raise/ab", "fee=1872&speed=next", "raise ab Next 1872", "/wallet#waiting").await;
}
