//! The form of a new contract against terms files, and the rows that its buttons add and drop.

use lncontract_app::{terms_file, terms_file::TermsFile};
use lncontract_core::{Sat, template::supply::Supply};

use super::*;
use crate::samples::views;

const FILES: [&str; 3] = [
    include_str!("../../../../../examples/terms/1-worked-example.toml"),
    include_str!("../../../../../examples/terms/2-uneven-deliveries.toml"),
    include_str!("../../../../../examples/terms/3-deposit-returned.toml"),
];

fn company(name: &str, short_name: &str) -> Party {
    let (name, short_name) = (name.to_owned(), short_name.to_owned());
    Party { name, short_name, tax_id: String::new(), address: String::new() }
}

/// Reads a file on the page of its buyer, whose only other company is its seller.
fn pasted(text: &str) -> (Form, Party, Vec<CompanyRow>) {
    let (terms, _) = TermsFile::read(text).unwrap().terms();
    let mut companies = views::companies();
    companies.truncate(1);
    companies[0].name.clone_from(&terms.seller.name);
    let us = company(&terms.buyer.name, "Somebody");
    let form = Form::prefilled([("pasted", text), ("valid_days", "14")]);
    (file::read(form, &us, &companies), us, companies)
}

fn drafted(form: &Form, us: &Party, companies: &[CompanyRow]) -> Supply {
    match draft::read(form, us.clone(), companies) {
        Ok((draft, None)) => draft.supply,
        Ok((_, Some(trouble))) => panic!("{trouble:?}"),
        Err(trouble) => panic!("{trouble:?}"),
    }
}

#[test]
fn the_page_and_the_command_make_the_same_terms_of_a_file_byte_for_byte() {
    for text in FILES {
        let (form, us, companies) = pasted(text);
        assert_eq!(form.trouble(), None);
        let draft = drafted(&form, &us, &companies);
        let by_command = serde_json::to_string(&terms_file::read(text).unwrap()).unwrap();
        assert_eq!(serde_json::to_string(&draft.terms()).unwrap(), by_command);
        // And so does the file that the page gives away.
        let taken = terms_file::write_draft(&draft).unwrap();
        assert_eq!(serde_json::to_string(&terms_file::read(&taken).unwrap()).unwrap(), by_command);
    }
}

#[test]
fn what_the_files_say_stands_in_fields() {
    let (form, ..) = pasted(FILES[1]);
    assert_eq!((form.all("dl_quantity").count(), form.nth("dl_quantity", 3)), (7, "5"));
    assert_eq!((form.get("deemed_accepted"), form.get("our_tax_id")), ("no", "DE811223344"));
    assert!(form.all("tr_how").count() > 1, "the planner's word is written out");
    let (form, ..) = pasted(FILES[2]);
    assert_eq!((form.nth("pm_by", 1), form.nth("pm_after", 1)), ("seller", "Commissioning"));
    assert_eq!(form.get("utc_offset_minutes"), "-300");
}

#[test]
fn a_file_of_other_companies_fills_the_form_and_says_so() {
    let form = Form::prefilled([("pasted", FILES[1]), ("valid_days", "14")]);
    let form = file::read(form, &company("Meridian Systems Integration", "Meridian"), &views::companies());
    assert!(form.trouble().is_some_and(|trouble| trouble.todo.contains("Hafenwerke Nord AG")));
    assert_eq!(form.get("number"), "PO-77120");
}

#[test]
fn whole_terms_stay_a_file_and_are_offered_as_they_are() {
    let terms = views::terms();
    let text = terms_file::write_terms(&terms).unwrap();
    let form = Form::prefilled([("pasted", text.as_str()), ("valid_days", "14")]);
    let form = file::read(form, &terms.buyer, &views::companies());
    let read = file::whole(&form);
    assert_eq!((read.offer.map(|offer| offer.terms), read.trouble), (Some(terms), None));
    assert_eq!((form.get("our_side"), form.get("valid_days")), ("buyer", "14"));
}

#[test]
fn a_file_that_can_not_be_read_stays_as_it_was_pasted() {
    let form = Form::prefilled([("pasted", "number = ")]);
    let form = file::read(form, &company("Meridian", "Meridian"), &[]);
    assert!(form.fault("pasted").is_some_and(|words| words.contains("line 1")));
    assert_eq!(form.get("pasted"), "number =");
}

#[test]
fn a_contract_that_the_form_alone_says_has_uneven_deliveries_and_money_from_the_seller() {
    let companies = views::companies();
    let us = company("Meridian Systems Integration", "Meridian");
    let mut form = Form::prefilled([
        ("counterparty", companies[0].id.as_str()),
        ("number", "N-7"),
        ("title", "Pumps"),
        ("date_of_contract", "2027-01-31"),
        ("total", "100 000 003"),
        ("covered_days_before", "10"),
        ("examination_days", "7"),
        ("notice_blocks", "1008"),
        ("valid_days", "14"),
    ]);
    for [title, amount, months] in
        [["One", "40 000 001", "1"], ["Two", "20 000 001", "2"], ["Three", "20 000 001", "4"]]
    {
        draft::push_row(&mut form, &draft::MILESTONE, &[title, amount, months]);
    }
    let goods = ["", "", "P-1", "Pump", "4", "", "", "Pier 4", "Pumps delivered", "20 000 000"];
    draft::push_row(&mut form, &draft::GOODS, &goods);
    for row in [["0", "1", "3", "0"], ["0", "3", "13", "5"]] {
        draft::push_row(&mut form, &draft::DELIVERY, &row);
    }
    draft::push_row(&mut form, &draft::PAYMENT, &["Bonus", "5", "seller", "Pumps delivered", "0", "30", ""]);
    let read = draft::read(&form, us.clone(), &companies).ok().unwrap();
    let steps = plan::steps(&form, &read.0.terms);
    draft::fill_plan(&mut form, &read.0.supply, &steps);
    let supply = drafted(&form, &us, &companies);
    assert_eq!(supply.goods[0].deliveries.len(), 2);
    let terms = supply.terms();
    let dates: Vec<_> = Plain::of(&terms).works.iter().map(|work| work.due.unwrap().to_string()).collect();
    assert_eq!(dates, ["2027-02-28", "2027-03-31", "2027-05-31"]);
    let bonus = terms.obligation("pay-bonus").unwrap();
    assert_eq!((bonus.debtor, bonus.trigger_rows().len()), (Side::Seller, 2));
    assert_eq!(terms.total, Sat(100_000_003));
}

#[test]
fn the_proposal_fills_the_plan_and_says_why_each_tranche() {
    let companies = views::companies();
    let us = company("Meridian Systems Integration", "Meridian");
    let mut form = draft::example(jiff::civil::date(2026, 1, 15));
    form.push("counterparty", &companies[0].id);
    form.push("comfort", "30 000 000");
    draft::drop_plan(&mut form);
    let read = draft::read(&form, us.clone(), &companies).ok().unwrap().0;
    assert!(!Plan::of(&form, &read.terms).uncovered.is_empty());
    let steps = plan::steps(&form, &read.terms);
    draft::fill_plan(&mut form, &read.supply, &steps);
    assert_eq!((form.nth("tr_how", 0), form.nth("tr_amount", 0)), ("channel", "30\u{202f}000\u{202f}000"));
    let terms = drafted(&form, &us, &companies).terms();
    let plan = Plan::of(&form, &terms);
    assert_eq!((plan.because.len(), plan.uncovered), (terms.funding.tranches.len(), Vec::<String>::new()));
    // A plan that a hand has changed is no proposal any more.
    form.drop_row(&draft::TRANCHE, 1);
    let terms = draft::read(&form, us, &companies).ok().unwrap().0.terms;
    assert!(Plan::of(&form, &terms).because.is_empty());
}

#[test]
fn the_sum_line_says_what_is_missing_or_too_much() {
    let check = |milestones, total, word, difference| {
        let line = sum_line(milestones, total);
        assert_eq!((line.word, line.difference_sat), (word, difference));
    };
    check(150_000_000, 150_000_000, "Difference", 0);
    check(155_000_000, 150_000_000, "Too much", 5_000_000);
    check(145_000_000, 150_000_000, "Missing", 5_000_000);
}

#[test]
fn buttons_add_and_drop_rows() {
    let mut form = draft::example(jiff::civil::date(2026, 1, 15));
    let check = |form: &mut Form, act, milestones, tranches| {
        edit(form, act);
        assert_eq!(
            (form.all("ms_title").count(), form.all("tr_how").count()),
            (milestones, tranches),
            "{act}"
        );
    };
    check(&mut form, "add-ms", 5, 5);
    check(&mut form, "drop-ms-0", 4, 5);
    assert_eq!(form.nth("ms_title", 0), "Stage 1 assembly");
    check(&mut form, "add-tr", 4, 6);
    check(&mut form, "drop-tr-5", 4, 5);
    check(&mut form, "drop-ms-99", 4, 5);
    check(&mut form, "preview", 4, 5);
}
