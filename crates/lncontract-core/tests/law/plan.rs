//! The planner on the worked example and on other contracts: what it proposes covers every milestone.

use lncontract_core::{
    Sat, check_terms,
    coverage::{Limits, Warning},
    plan::{Form, Proposed, Wishes, propose, warnings},
    template::supply::{Funding, Supply},
    v1::{Instrument, Side, Terms},
};

use crate::{
    drafts::{self, read},
    fixture::{example, party},
};

const COMFORT: Wishes = Wishes { first_at_least: Sat(30_000_000), round_to: Sat(1_000_000) };

fn steps(plan: &[Proposed]) -> Vec<(&str, i32, u64, Vec<&str>)> {
    let stages = |step: &Proposed| step.tranche.stages.len();
    plan.iter()
        .map(|step| {
            let named = step.tranche.stages.iter().map(String::as_str).take(stages(step)).collect();
            (step.tranche.id.as_str(), step.months, step.tranche.amount.0, named)
        })
        .collect()
}

#[test]
fn the_examples_plan_comes_out_with_its_months_and_forms_and_no_more_money_than_it_needs() {
    let plan = propose(&example(), &Limits::default(), &COMFORT);
    // DESIGN.md section 1 has 30, 20, 25, 60, 20 million at the same months: rounder, and testing in two pieces
    // where ours pays it in one. 152 million in all instead of 155.
    let expected = [
        ("channel-1", 0, 30_000_000, vec![]),
        ("splice-1", 2, 11_000_000, vec![]),
        ("splice-2", 5, 30_000_000, vec![]),
        ("channel-2", 7, 61_000_000, vec!["subsystem-testing"]),
        ("splice-3", 8, 20_000_000, vec![]),
    ];
    assert_eq!(steps(&plan), expected);
    let forms: Vec<_> = plan.iter().map(|step| step.reasons[0].form).collect();
    let at_once = Sat(30_000_000);
    let splice = |largest| Form::Splice { largest: Sat(largest), at_once };
    assert_eq!(
        forms,
        [
            Form::First,
            splice(15_000_000),
            splice(30_000_000),
            Form::Own { largest: Sat(60_000_000), at_once },
            splice(3_333_340),
        ]
    );
    // 29,690,000 less 25,000,000 are there for the 15,000,000 of stage 1.
    assert_eq!(plan[1].reasons[0].missing, Sat(10_310_000));
    assert_eq!(
        plan[3].reasons[0].to_string(),
        "covers 60000000 sat of subsystem-testing from 2026-10-19T22:59:59Z on, due 2026-11-02T22:59:59Z, and \
         620000 sat held back; a channel of its own, since 60000000 sat is more than the 30000000 sat of the first at \
         once"
    );
}

#[test]
fn without_comfort_the_first_channel_just_covers_the_first_milestone_and_limits_what_follows() {
    let plan = propose(&example(), &Limits::default(), &Wishes::default());
    let expected = [
        ("channel-1", 0, 26_000_000, vec![]),
        ("splice-1", 2, 15_000_000, vec![]),
        // 30 M do not fit the 26 M that channel 1 has in flight at most.
        ("channel-2", 5, 31_000_000, vec!["stage-2-assembly"]),
        ("channel-3", 7, 61_000_000, vec!["subsystem-testing"]),
        ("splice-2", 8, 20_000_000, vec![]),
    ];
    assert_eq!(steps(&plan), expected);
}

#[test]
fn where_the_node_can_not_splice_every_tranche_is_a_channel() {
    let limits = Limits { splice: false, ..Limits::default() };
    let plan = propose(&example(), &limits, &COMFORT);
    assert!(plan.iter().all(|step| step.tranche.instrument == Instrument::Channel));
    assert!(plan[1..].iter().all(|step| step.reasons[0].form == Form::Further));
    assert_eq!(plan.iter().map(|step| step.months).collect::<Vec<_>>(), [0, 2, 5, 7, 8]);
}

#[test]
fn whatever_the_limits_a_proposed_plan_leaves_nothing_uncovered() {
    let files = [
        example(),
        drafts::uneven(),
        drafts::deposit(),
        Supply { stages: Vec::new(), total: None, ..read(drafts::WORKED) }.terms(),
    ];
    for terms in files {
        for reserve_percent in [0, 1, 5] {
            for in_flight_percent in [10, 45, 100] {
                for splice in [true, false] {
                    for (first, round_to) in [(0, 1), (0, 1_000_000), (30_000_000, 5_000_000)] {
                        let fee_buffer = Sat(10_000);
                        let limits = Limits { reserve_percent, fee_buffer, in_flight_percent, splice };
                        let wishes = Wishes { first_at_least: Sat(first), round_to: Sat(round_to) };
                        let plan = propose(&terms, &limits, &wishes);
                        let planned = with_plan(&terms, &plan);
                        let found: Vec<_> = warnings(&planned, &limits)
                            .into_iter()
                            .filter(|warning| matches!(warning, Warning::Uncovered { .. }))
                            .collect();
                        // Where a channel has less in flight than its size, the first may need more than one payment.
                        if in_flight_percent == 100 {
                            assert_eq!(found, [], "{limits:?} {wishes:?} {:?}", steps(&plan));
                        }
                        assert!(plan.iter().all(|step| step.tranche.amount.0 % round_to == 0));
                    }
                }
            }
        }
    }
}

/// The terms with a plan in the place of theirs, by way of the draft's own expansion.
fn with_plan(terms: &Terms, plan: &[Proposed]) -> Terms {
    let mut planned = terms.clone();
    planned.funding.tranches = plan.iter().map(|step| step.tranche.clone()).collect();
    planned.obligations.retain(|row| !matches!(row.duty, lncontract_core::v1::Duty::Fund { .. }));
    planned.obligations.extend(plan.iter().map(|step| step.row(terms)));
    assert_eq!(check_terms(&planned), Ok(()));
    planned
}

#[test]
fn a_draft_asks_for_a_plan_with_one_word() {
    let text = drafts::UNEVEN;
    let draft = read(text);
    assert_eq!(draft.funding, Funding::Plan);
    let terms = draft.check().unwrap();
    assert_eq!(warnings(&terms, &Limits::default()), []);
    let tranches: Vec<_> = terms.funding.tranches.iter().map(|tranche| tranche.amount.0).collect();
    assert_eq!(tranches, [41_000_000, 27_000_000, 34_000_000]);
    let wrong = text.replace("funding = \"plan\"", "funding = \"guess\"");
    let error = toml::from_str::<Supply>(&wrong).unwrap_err().to_string();
    assert!(error.contains("\"plan\", or a list of steps"), "{error}");
}

#[test]
fn warnings_of_a_draft_are_named_where_the_draft_has_the_milestone() {
    let mut draft = read(drafts::WORKED);
    (draft.buyer, draft.seller) = (party(Side::Buyer), party(Side::Seller));
    assert_eq!(draft.warnings(&Limits::default()), []);
    let Funding::Steps(steps) = &mut draft.funding else { panic!("the worked example lists its steps") };
    steps.truncate(3);
    let found = draft.warnings(&Limits::default());
    let paths: Vec<_> = found
        .iter()
        .map(|warning| match warning {
            Warning::Uncovered { path, missing, .. } => (path.as_str(), missing.0),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(paths[0], ("stages[3]", 55_760_000));
    assert_eq!(paths[1], ("goods[0]", 3_333_332));
}

#[test]
fn what_no_channel_of_the_plan_can_ever_pay_is_named_by_the_drafts_path() {
    let check = |draft: &Supply, named: &[(&str, Side, u64)]| {
        let found = draft.unpayable(&Limits::default());
        let found: Vec<_> = found.iter().map(|it| (it.path.as_str(), it.payer, it.missing.0)).collect();
        assert_eq!(found, named);
    };
    let example = read(drafts::WORKED);
    check(&example, &[]);
    check(&read(drafts::UNEVEN), &[]);
    check(&read(drafts::DEPOSIT), &[]);
    // 155 M less 1% and the fees of one channel carry 150 M also in another order; 90 M do not.
    let Funding::Steps(mut steps) = example.funding.clone() else { panic!("the example lists its steps") };
    steps.truncate(3);
    let short = Supply { funding: Funding::Steps(steps), ..example.clone() };
    // Channel 1 with both splices carries 74,240,000; 70 M are gone before the test of the subsystems.
    check(
        &short,
        &[
            ("stages[3]", Side::Buyer, 55_760_000),
            ("goods[0]", Side::Buyer, 3_333_332),
            ("goods[0]", Side::Buyer, 3_333_332),
            ("goods[0]", Side::Buyer, 3_333_332),
            ("goods[0]", Side::Buyer, 3_333_332),
            ("goods[0]", Side::Buyer, 3_333_332),
            ("goods[0]", Side::Buyer, 3_333_340),
        ],
    );
    let none = Supply { funding: Funding::Steps(Vec::new()), goods: Vec::new(), ..example };
    let said = none.unpayable(&Limits::default()).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(said.len(), 4);
    let expected = "stages[0]: of 25000000 sat, due 2026-03-02T22:59:59Z, 25000000 sat can't be sent over what is \
                    planned under funding; set aside more";
    assert_eq!(said[0], expected);
}

#[test]
fn a_seller_that_owes_before_it_was_paid_has_nothing_to_pay_with() {
    let mut draft = read(drafts::DEPOSIT);
    // The deposit of 5 M comes on day 20; 6 M on day 20 are a million more, and by day 19 there is nothing.
    let returned = &mut draft.payments[1];
    (returned.after, returned.days, returned.amount) = (Vec::new(), 20, Sat(6_000_000));
    let missing = |draft: &Supply| -> Vec<(String, u64)> {
        let found = draft.unpayable(&Limits::default());
        found.into_iter().map(|it| (format!("{} {}", it.path, it.payer), it.missing.0)).collect()
    };
    assert_eq!(missing(&draft), [("payments[1] seller".to_owned(), 1_000_000)]);
    draft.payments[1].days = 19;
    assert_eq!(missing(&draft), [("payments[1] seller".to_owned(), 6_000_000)]);
}
