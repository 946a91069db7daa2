//! What the pages show, and what the REST interface answers.

use lncontract_app::view::{Badge, Tone};

use super::*;

#[tokio::test]
async fn the_overview_shows_its_five_figures_and_what_is_to_do() {
    let page = get(&app(), "/").await;
    for figure in [31_500_000, 16_000_000, 37_500_000, 12_000_000, 26_312_800, 110_000_000] {
        page.shows(&[&format!("<data value=\"{figure}\">{}</data>", grouped(figure))]);
    }
    page.shows(&[
        "For you to do",
        "Review payment",
        "Channel 3, delivery",
        "5 days late",
        "in 5 days",
        "<h2 id=\"h-con\">Contracts</h2>",
        "Ground station",
    ]);
}

#[tokio::test]
async fn the_contract_shows_the_six_figures_turns_and_groups() {
    let page = get(&app(), &contract("")).await;
    for figure in
        [150_000_000, 70_000_000, 40_000_000, 0, 110_000_000, 30_000_000, 60_000_000, 34_244_000, 756_000]
    {
        page.shows(&[&format!("<data value=\"{figure}\">{}</data>", grouped(figure))]);
    }
    page.shows(&[
        "Your turn",
        "Castor’s turn",
        "100\u{a0}%",
        "Confirming 1 of 3",
        "e655e2…37eae6:0",
        ">Now<",
        ">Coming<",
        "Show 3 that are done",
        "2\u{a0}units",
        "Both companies agree",
        "state bdbd bdbd",
        "Today",
    ]);
    // Acknowledgements are for the record's page.
    assert!(!page.body.contains("Castor has read up to entry 31"));
}

#[tokio::test]
async fn the_contract_shows_coverage_over_time_early_warnings_and_the_timeline_as_a_list_too() {
    let page = get(&app(), &contract("")).await;
    page.shows(&[
        "What can be paid, against what falls due",
        "class=\"chart\"",
        "in parts over several channels",
        "By plan",
        "missing for Delivery and acceptance",
        "class=\"time\"",
        "The same as a list",
        "<b>Stage 2 assembly.</b> Tendered, rejected",
        "Channel 1: on its way",
    ]);
    page.shows(&[&grouped(4_244_000), &grouped(60_000_000)]);
    let mut away = App::new();
    away.contract.coverage = None;
    get(&Arc::new(away), &contract("")).await.shows(&["Our node does not answer, so what is covered"]);
}

#[tokio::test]
async fn a_channel_shows_what_each_node_sees_its_splices_stages_and_the_limit_that_no_top_up_raises() {
    let page = get(&app(), &contract("")).await;
    page.shows(&[
        "Reported by Castor",
        "Seen by our node",
        "Differs in its size",
        "Negotiated",
        "Locked",
        "a top-up does not raise it",
        &grouped(94_999_000),
    ]);
    let page = get(&app(), &contract("/fund/splice-1")).await;
    page.shows(&["At most at once", &grouped(30_000_000), "over Channel 1, general, also after this"]);
    assert!(!get(&app(), &contract("/fund/channel-2")).await.body.contains("also after this"));
}

#[tokio::test]
async fn what_two_contracts_share_is_told_on_both_pages_and_offered_where_the_amount_is_the_same() {
    let page = get(&app(), &contract("")).await;
    page.shows(&["Part of a channel of contract", "SC-2025-009", "Set aside for contract", "SC-2026-031"]);
    let close = contract(&format!("/close/{}", views::contract().channels[0].fund));
    get(&app(), &close).await.shows(&["SC-2026-031", "ends with it"]);
    let offered = "released in contract SC-2025-009";
    get(&app(), &contract("/fund/channel-2")).await.shows(&[&grouped(60_000_000), offered]);
    assert!(!get(&app(), &contract("/fund/splice-1")).await.body.contains(offered));
}

#[tokio::test]
async fn a_closing_channel_shows_its_notice_and_what_it_takes_from_the_contract() {
    let mut app = App::new();
    app.contract.channels = views::ended().channels;
    let closing = app.contract.channels[0].closing.as_mut().unwrap();
    closing.lost = vec![("Subsystem testing".into(), 59_400_000)];
    let page = get(&Arc::new(app), &contract("")).await;
    page.shows(&[
        "blocks left",
        "950",
        "9 Apr 2027",
        "Not covered any more: Subsystem testing",
        &grouped(59_400_000),
    ]);
}

#[tokio::test]
async fn the_page_of_a_contract_that_ended_is_its_account_and_its_evidence() {
    let mut app = App::new();
    app.contract = views::ended();
    let page = get(&Arc::new(app), &contract("")).await;
    page.shows(&[
        "both companies have signed the final account",
        "2 Apr 2027 09:00 UTC",
        "Signed by Castor Subsystems",
        "Our money on chain",
        "Download the bundle",
        "lncontract verify FILE",
        "bdbd bdbd bdbd",
        "6161 6161",
        "number 58",
        &grouped(6_493_200),
    ]);
    for gone in [
        "Your turn",
        "Castor’s turn",
        "Milestones and coverage",
        "What can be paid, against",
        "Next payment",
        "/amend",
    ] {
        assert!(!page.body.contains(gone), "{gone}");
    }
}

#[tokio::test]
async fn the_account_shows_its_sums_and_who_has_signed() {
    let page = get(&app(), &contract("/account")).await;
    page.shows(&["Subsystem testing", "Sign the final account", "has signed this account", "acac acac"]);
    for figure in [25_000_000, 60_000_000, 85_000_000] {
        page.shows(&[&format!("<data value=\"{figure}\">{}</data>", grouped(figure))]);
    }
}

#[tokio::test]
async fn figures_that_do_not_add_up_are_not_shown() {
    let mut app = App::new();
    app.contract.figures.outstanding_sat -= 1;
    let page = get(&Arc::new(app), &contract("")).await;
    page.shows(&["The figures don’t add up", "don&#39;t make the total"]);
    assert!(!page.body.contains("<dl class=\"six\">"));
}

#[tokio::test]
async fn words_of_the_other_company_can_not_become_markup() {
    let mut app = App::new();
    let evil = "<script>alert(1)</script>\"'";
    app.contract.title = evil.into();
    app.contract.their_short_name = evil.into();
    app.contract.obligations[3].note = evil.into();
    app.contract.record[0].what = evil.into();
    app.contract.channels[1].trouble = evil.into();
    app.contract.state = Badge::new(Tone::Good, evil);
    app.contract.our_turn[0].href = "\" onclick=\"x".into();
    let app = Arc::new(app);
    for path in ["", "/record", "/offer", "/fund/channel-2", "/tender/delivery-3"] {
        let page = get(&app, &contract(path)).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.body.contains("<script>alert"), "{path}");
        assert!(!page.body.contains("\" onclick"), "{path}");
    }
    get(&app, &contract("")).await.shows(&["alert(1)"]);
}

#[tokio::test]
async fn the_record_shows_entries_by_day_and_confirmations_on_demand() {
    let page = get(&app(), &contract("/record")).await;
    page.shows(&[
        "Wed 28 Oct 2026",
        "Castor 25 · aeae aeae",
        "Company key",
        "Record key",
        "bdbd bdbd bdbd",
        "Sent, waiting",
    ]);
    assert!(!page.body.contains("Castor has read up to entry 31"));
    get(&app(), &contract("/record?all=1")).await.shows(&["Castor has read up to entry 31"]);
    let bundle = get(&app(), &contract("/bundle")).await;
    assert_eq!(bundle.body, "bundle");
    assert!(bundle.headers[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
}

#[tokio::test]
async fn the_terms_are_told_in_plain_words() {
    let page = get(&app(), &contract("/offer")).await;
    page.shows(&[
        "CS-4471",
        "15 Oct 2026",
        "15 Mar 2027",
        "for each accepted unit, at once",
        "Top-up of channel 1",
        "10 days",
    ]);
    page.shows(&[&grouped(150_000_000), &grouped(155_000_000), "Subsystem testing", "not a guarantee"]);
    assert!(!page.body.contains("Reject the offer"));
}

#[tokio::test]
async fn the_node_shows_its_money_and_an_address_in_fours() {
    let page = get(&app(), "/node").await;
    page.shows(&[
        "tb1p cwul k79y",
        "QR code of the deposit address",
        "1 of 2 companies connected",
        "Test network (signet)",
    ]);
    page.shows(&[&grouped(146_412_800), &grouped(26_312_800), &grouped(61_774_000), &grouped(100_000)]);
}

#[tokio::test]
async fn the_companies_page_shows_digits_to_compare_and_our_invite() {
    let page = get(&app(), "/companies").await;
    page.shows(&[
        "<li>copper</li>",
        "Digits compared",
        "<li>lamp</li>",
        "Compare the digits",
        views::INVITE,
        "QR code of our invite",
    ]);
    assert_eq!(page.body.matches("All of them are equal").count(), 1);
}

#[tokio::test]
async fn the_new_contract_is_filled_in_with_the_worked_example() {
    let page = get(&app(), "/contracts/new").await;
    page.shows(&[
        "6 deliveries make 12",
        "Castor Subsystems</option>",
        "value=\"150 000 000\"",
        "Materials on order",
    ]);
    page.shows(&[&format!(
        "<dt class=\"sum\">Difference</dt><dd class=\"sum tone\" data-tone=\"good\">{}",
        "<data value=\"0\">0"
    )]);
}

#[tokio::test]
async fn the_payment_prompt_shows_why_over_what_and_how_much() {
    let page = get(&app(), &contract(&format!("/pay/{}", views::pay_prompt().invoice))).await;
    page.shows(&[
        "Pay <span class=\"nb\"><data value=\"30000000\">",
        "Why it is due",
        "Channel 1, general",
        "Approve and pay",
    ]);
    page.shows(&["in 5 days", "Type the amount in sat to confirm"]);
}

#[tokio::test]
async fn rest_answers_with_the_same_views() {
    let check = async |path: &str, pointer: &str, expect: serde_json::Value| {
        let answer = get(&app(), path).await;
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body.pointer(pointer), Some(&expect), "{path}");
    };
    let api = |below: &str| format!("/api/v1{}", contract(below));
    check("/api/v1/frame", "/network", "signet".into()).await;
    check("/api/v1/overview", "/we_owe_sat", 31_500_000.into()).await;
    check("/api/v1/contracts", "/0/outstanding_sat", 110_000_000.into()).await;
    check(&api(""), "/figures/paid_sat", 40_000_000.into()).await;
    check(&api("/terms"), "/total", "150000000".into()).await;
    check("/api/v1/node", "/onchain_free_sat", 26_312_800.into()).await;
    check("/api/v1/node/account", "/node_msat", 86_312_800_000_u64.into()).await;
    check(&api("/payments"), "/0/amount_msat", 30_000_000_000_u64.into()).await;
    check("/api/v1/companies", "/1/name", "Polaris Metrology".into()).await;
    check(&api(&format!("/invoices/{}", views::pay_prompt().invoice)), "/amount_sat", 30_000_000.into())
        .await;
}

#[tokio::test]
async fn rest_errors_are_problem_details() {
    let answer = get(&app(), &format!("/api/v1/contracts/{}", "00".repeat(32))).await;
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(404), Some("not-found")));
    assert_eq!(body["type"], "urn:lncontract:problem:not-found");
    assert_eq!(body["request_id"].as_str().unwrap(), answer.headers["x-request-id"].to_str().unwrap());
}

#[tokio::test]
async fn the_wallet_shows_coins_what_waits_and_what_left() {
    let page = get(&app(), "/wallet").await;
    page.shows(&[
        "Wallet",
        &grouped(6_400_000),
        "Dust",
        "Opening or splice of a channel",
        "/wallet/raise/",
        "In block 931100",
    ]);
    page.shows(&["Within an hour or so", "See what it costs"]);
}
