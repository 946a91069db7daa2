//! The pages on which terms are made and changed: what they show before anything is signed, and what they ask for.

use lncontract_app::{terms_file::write_terms, view::Turn};

use super::*;

/// A delivery is moved by two months, and spare parts with a channel of their own are added.
const AMENDMENT: &str = "date.delivery-6=2027-05-15&total=156+000+000&nm_title=Spare+parts&nm_amount=6+000+000\
    &nm_by=buyer&nm_on=work&nm_date=2026-12-15&nt_how=channel&nt_amount=7+000+000&nt_date=2026-11-15&nt_for=new.0";

fn basis() -> String {
    format!("basis={}", views::contract().terms_hash)
}

/// What the page says was shown: the form's hidden field.
fn seen(page: &Answer) -> String {
    let (_, behind) =
        page.body.split_once("name=\"seen\" value=\"").expect("the page shows a difference to offer");
    format!("seen={}", &behind[..64])
}

/// The same where the other company's offer waits for us.
fn answering() -> Arc<App> {
    let mut app = App::new();
    let mut offered = views::terms();
    offered.title = "Supply of 12 subsystems, amended".into();
    app.negotiation.turn = Turn::Answer;
    app.negotiation.offered = Some(offered);
    app.contract.can_answer_offer = true;
    Arc::new(app)
}

#[tokio::test]
async fn an_amendment_is_shown_side_by_side_before_it_is_offered() {
    let (app, path) = (app(), contract("/amend"));
    get(&app, &path).await.shows(&[
        "name=\"date.delivery-6\"",
        "value=\"2027-03-15\"",
        "name=\"amount.pay-subsystem-testing\"",
        "name=\"size.channel-2\"",
        "Show the difference",
        "Pass the pen to Castor",
        "number = &#34;MSI-2026-003&#34;",
    ]);
    let form = format!("{}&{AMENDMENT}", basis());
    let blind = post(&app, &path, &format!("{form}&do=offer")).await;
    assert_eq!((blind.status, app.calls().len()), (StatusCode::UNPROCESSABLE_ENTITY, 0));
    blind.shows(&["The difference was not shown yet", "Offer this amendment"]);
    let shown = post(&app, &path, &format!("{form}&do=preview")).await;
    assert_eq!((shown.status, app.calls().len()), (StatusCode::OK, 0));
    shown.shows(&["Delivery 6, Subsystem", "15 Mar 2027", "15 May 2027", "Spare parts", "not there"]);
    shown.shows(&["156\u{202f}000\u{202f}000", "116\u{202f}000\u{202f}000", "Spare parts are not covered."]);
    let other = post(&app, &path, &format!("{form}&{}&title=Other&do=offer", seen(&shown))).await;
    assert_eq!((other.status, app.calls().len()), (StatusCode::UNPROCESSABLE_ENTITY, 0));
    let offered = post(&app, &path, &format!("{form}&{}&valid_days=21&do=offer", seen(&shown))).await;
    assert_eq!(offered.location(), contract("/offer"), "{}", offered.body);
    assert_eq!(app.calls(), ["amend 156000000 sat 21"]);
}

#[tokio::test]
async fn fields_and_file_make_the_same_terms() {
    let (app, path) = (app(), contract("/amend"));
    let by_fields = post(&app, &path, &format!("{}&{AMENDMENT}&do=preview", basis())).await;
    // The page's own file of what the fields made.
    let (_, file) = by_fields.body.split_once("spellcheck=\"false\" >\n").unwrap();
    let file = file.split_once("</textarea>").unwrap().0.replace("&#34;", "\"").replace("&#39;", "'");
    let encoded: String = file.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let by_file = post(&app, &path, &format!("{}&file={encoded}&do=preview", basis())).await;
    assert_eq!(seen(&by_file), seen(&by_fields));
    let offered = post(&app, &path, &format!("{}&file={encoded}&{}&do=offer", basis(), seen(&by_file))).await;
    assert_eq!(
        (offered.location(), app.calls()),
        (contract("/offer").as_str(), vec!["amend 156000000 sat 14".into()])
    );
}

#[tokio::test]
async fn every_fault_of_an_amendment_is_named_at_its_field_and_nothing_is_asked_for() {
    let app = app();
    let form = "date.delivery-6=soon&date.fund-channel-1=2020-01-01&units.delivery-1=3&total=1&do=offer";
    let page = post(&app, &contract("/amend"), &format!("{}&{form}", basis())).await;
    assert_eq!((page.status, app.calls().len()), (StatusCode::UNPROCESSABLE_ENTITY, 0));
    page.shows(&["id=\"date.delivery-6-e\"", "id=\"date.fund-channel-1-e\"", "id=\"total-e\""]);
    page.shows(&[
        "id=\"quantity.subsystem-e\"",
        "value=\"soon\"",
        "Due day of delivery 6: ",
        "before the date of contract",
    ]);
    let torn = post(&app, &contract("/amend"), &format!("{}&file=number+%3D&do=offer", basis())).await;
    assert_eq!((torn.status, app.calls().len()), (StatusCode::UNPROCESSABLE_ENTITY, 0));
    torn.shows(&["The terms file can’t be read", "line 1", "number =</textarea>"]);
    let stale = post(&app, &contract("/amend"), &format!("basis=00&{AMENDMENT}&do=offer")).await;
    stale.shows(&["Other terms are on the table"]);
}

#[tokio::test]
async fn rows_come_and_go_without_a_script() {
    let app = app();
    let page = async |form: &str| post(&app, &contract("/amend"), form).await;
    page("do=add-nm").await.shows(&["id=\"nm_title.0\""]);
    page("do=add-nd").await.shows(&["id=\"nd_date.0\""]);
    page("do=add-nt").await.shows(&["id=\"nt_amount.0\""]);
    page("do=drop:delivery:delivery-6").await.shows(&[
        "value=\"delivery:delivery-6\"",
        "taken out",
        ">Keep<",
    ]);
    let kept = page("drop=delivery:delivery-6&do=keep:delivery:delivery-6").await;
    assert!(!kept.body.contains(">Keep<"));
    assert!(app.calls().is_empty());
}

#[tokio::test]
async fn their_offer_is_shown_beside_the_terms_in_force_and_can_be_countered() {
    let (app, path) = (answering(), contract("/amend"));
    let offer = get(&app, &contract("/offer")).await;
    offer.shows(&[
        "What their offer changes",
        "Supply of 12 subsystems, amended",
        "In force",
        "Their offer now",
    ]);
    offer.shows(&["Accept these terms", "Reject the offer", "Counter with other terms"]);
    get(&app, &path).await.shows(&["value=\"Supply of 12 subsystems, amended\""]);
    let form = format!("{}&{AMENDMENT}", basis());
    let shown = post(&app, &path, &format!("{form}&do=preview")).await;
    shown.shows(&["Their offer", "Our counter", "Offer this counter"]);
    post(&app, &path, &format!("{form}&{}&do=offer", seen(&shown))).await;
    assert_eq!(app.calls(), ["counter_offer 156000000 sat 14"]);
}

#[tokio::test]
async fn a_counter_is_shown_beside_the_offer_that_it_counters() {
    let mut app = App::new();
    let mut counter = views::terms();
    counter.clauses.examination_days = 20;
    let mut countered = views::terms();
    countered.clauses.examination_days = 5;
    app.negotiation.turn = Turn::Answer;
    app.negotiation.offered = Some(counter);
    app.negotiation.countered = Some(countered);
    app.contract.can_answer_offer = true;
    let app = Arc::new(app);
    get(&app, &contract("/offer")).await.shows(&["Our offer", "<span>5</span>", "<span>20</span>"]);
    let force = get(&app, &contract("/offer?against=force")).await;
    force.shows(&["In force", "<span>10</span>", "<span>20</span>"]);
}

#[tokio::test]
async fn who_has_no_turn_is_told_whose_it_is() {
    for (turn, words) in
        [(Turn::TheirPen, "Castor holds the pen"), (Turn::TheirAnswer, "Our offer waits for Castor")]
    {
        let mut app = App::new();
        app.negotiation.turn = turn;
        let app = Arc::new(app);
        let page = get(&app, &contract("/amend")).await;
        page.shows(&[words]);
        assert!(!page.body.contains("id=\"by-fields\""));
        post(&app, &contract("/amend"), &format!("{}&{AMENDMENT}&do=offer", basis())).await;
        assert!(app.calls().is_empty());
    }
    let app = app();
    let passed = post(&app, &contract("/amend"), "do=pass").await;
    assert_eq!((passed.location(), app.calls()), (contract("/amend").as_str(), vec!["pass_pen".to_owned()]));
}

#[test]
fn the_sample_terms_are_a_file_that_reads_back() {
    let file = write_terms(&views::terms()).unwrap();
    assert_eq!(lncontract_app::terms_file::read(&file).unwrap(), views::terms());
}

#[tokio::test]
async fn a_terms_file_fills_the_page_and_the_page_gives_one_away() {
    let (app, file) = (app(), include_str!("../../../../examples/terms/3-deposit-returned.toml"));
    let file = file.replace("Orbital Instruments Inc.", "Meridian Systems Integration");
    let file = file.replace("Rig Services LLC", "Castor Subsystems");
    let encoded: String = file.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let page = post(&app, "/contracts/new", &format!("pasted={encoded}&valid_days=14&do=read")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.shows(&[
        "value=\"Deposit returned\"",
        "value=\"S-2026-14\"",
        "value=\"deposit-returned\"",
        "value=\"-300\"",
    ]);
    page.shows(&["every milestone is covered", "after acceptance of Commissioning", "Rig Services pays"]);
    let torn = post(&app, "/contracts/new", "pasted=number+%3D&do=read").await;
    assert_eq!(torn.status, StatusCode::UNPROCESSABLE_ENTITY);
    torn.shows(&["line 1", "number =</textarea>"]);
    let form = "our_side=buyer&number=N-1&title=Rig&date_of_contract=2026-01-15&total=5&ms_title=Rig&ms_amount=5&ms_months=1\
                &covered_days_before=14&examination_days=10&notice_blocks=1008&valid_days=14";
    let form = format!("{form}&counterparty={}", views::companies()[0].id);
    let taken = post(&app, "/contracts/new", &format!("{form}&do=download")).await;
    let header = |name: header::HeaderName| taken.headers[name].to_str().unwrap();
    assert_eq!(header(header::CONTENT_TYPE), "application/toml");
    assert_eq!(header(header::CONTENT_DISPOSITION), "attachment; filename=\"n-1.toml\"");
    assert_eq!(lncontract_app::terms_file::read(&taken.body).unwrap().total.0, 5);
    assert!(app.calls().is_empty());
}

#[tokio::test]
async fn a_plan_is_proposed_with_its_reasons_and_its_gaps() {
    let app = app();
    let form = "our_side=buyer&number=N-1&title=Rig&date_of_contract=2026-01-15&total=5+000+000&ms_title=Rig\
                &ms_amount=5+000+000&ms_months=3&tr_how=channel&tr_amount=nonsense&tr_months=&tr_stage=\
                &covered_days_before=14&examination_days=10&notice_blocks=1008&valid_days=14";
    let form = format!("{form}&counterparty={}", views::companies()[0].id);
    let page = post(&app, "/contracts/new", &format!("{form}&do=plan")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page.shows(&[
        "Why this plan",
        "It is the first channel.",
        "value=\"6\u{202f}000\u{202f}000\"",
        "every milestone is covered",
    ]);
}

#[tokio::test]
async fn whole_terms_are_offered_as_their_file_says() {
    let app = app();
    let file: String =
        write_terms(&views::terms()).unwrap().bytes().map(|byte| format!("%{byte:02X}")).collect();
    let page = post(&app, "/contracts/new", &format!("pasted={file}&valid_days=14&do=read")).await;
    page.shows(&["Whole terms from a file", "name=\"file\""]);
    let form = format!("counterparty={}&our_side=buyer&valid_days=14&file={file}", views::companies()[0].id);
    let offered = post(&app, "/contracts/new", &format!("{form}&do=offer")).await;
    assert_eq!(offered.location(), contract(""), "{}", offered.body);
    assert_eq!(app.calls(), ["offer 150000000 sat as Buyer to 02adc9 for 14 days"]);
}
