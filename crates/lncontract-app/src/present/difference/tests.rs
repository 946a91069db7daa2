//! Every change of terms has a line, and the amendment of the worked example reads as it was meant.

use jiff::civil::date;
use lncontract_core::{
    Sat,
    template::{
        change::{Cause, NewMilestone, NewTranche, add_milestone, add_tranche, due_on},
        supply::worked_example,
    },
    v1::Side,
};

use super::*;

fn terms() -> Terms {
    let party = |name: &str| Party {
        name: format!("{name} AG"),
        short_name: name.into(),
        tax_id: String::new(),
        address: String::new(),
    };
    worked_example(date(2026, 1, 15), party("Meridian"), party("Castor"), 0)
}

#[test]
fn the_amendment_of_the_worked_example_reads_as_it_was_meant() {
    let (old, mut new) = (terms(), terms());
    let moved = due_on(&new, date(2027, 5, 15));
    new.obligations.iter_mut().find(|row| row.id == "delivery-6").unwrap().due = moved;
    let on = Cause::Work(date(2026, 12, 15));
    let spare = NewMilestone { title: "Spare parts".into(), amount: Sat(6_000_000), payer: Side::Buyer, on };
    let stage = add_milestone(&mut new, &spare);
    let date = date(2026, 11, 15);
    add_tranche(&mut new, &NewTranche { amount: Sat(7_000_000), into: None, stages: vec![stage], date });
    new.total = Sat(156_000_000);
    let told: Vec<_> = changes(&old, &new)
        .into_iter()
        .flat_map(|group| group.lines.into_iter().map(move |line| (group.title.clone(), line)))
        .map(|(group, line)| format!("{group}| {} {}| {} -> {}", line.what, line.part, line.old, line.new))
        .map(|text| text.replace(['\u{202f}', '\u{a0}'], " "))
        .collect();
    assert_eq!(
        told,
        [
            "The contract| Contract total | 150 000 000 sat -> 156 000 000 sat",
            "Deliveries and work| Delivery 6, Subsystem Due| 15 Mar 2027 -> 15 May 2027",
            "Deliveries and work| Complete spare parts |  -> Due: 15 Dec 2026\nQuantity: 1 unit\nOwed by: Castor",
            "Milestones| Spare parts |  -> Amount: 6 000 000 sat\nPaid by: Meridian",
            "Payments| Pay for spare parts |  -> Due: on acceptance of spare parts\nAmount: 6 000 000 sat\nPayable: on \
             acceptance of spare parts",
            "Funds set aside| Channel 3 |  -> Due: 15 Nov 2026\nAmount: 7 000 000 sat\nHow: a new channel\nFor: Spare parts",
        ]
    );
}

#[test]
fn nothing_changes_without_a_line() {
    let check = |change: &dyn Fn(&mut Terms)| {
        let mut new = terms();
        change(&mut new);
        assert!(!changes(&terms(), &new).is_empty(), "{new:?}");
    };
    check(&|terms| terms.buyer.address = "Elsewhere 1".into());
    check(&|terms| terms.non_business_days.push(date(2026, 12, 25)));
    check(&|terms| terms.utc_offset_minutes = 60);
    check(&|terms| terms.obligations.swap(0, 4));
    check(&|terms| terms.obligations[0].due.at = None);
    check(&|terms| terms.obligations[0].due.rule = DueRule::Date { date: date(2026, 1, 15) });
    check(&|terms| terms.obligations[0].duty = Duty::Fund { tranche: "channel-1".into() });
    check(&|terms| terms.obligations[1].debtor = Side::Seller);
    check(&|terms| terms.clauses.grace_hours = 48);
    check(&|terms| terms.clauses.deemed_accepted = false);
    check(&|terms| terms.funding.notice_blocks = 2_016);
    check(&|terms| terms.funding.tranches[1].instrument = Instrument::Channel);
    check(&|terms| terms.obligations.iter_mut().rev().for_each(|row| row.due.at = None));
    check(&|terms| {
        let row = terms.obligations.iter_mut().find(|row| row.id == "fund-channel-2").unwrap();
        row.due.rule = DueRule::Date { date: date(2026, 8, 1) };
    });
    check(&|terms| terms.items[0].part_number = "CS-4472".into());
    assert!(changes(&terms(), &terms()).is_empty());
}
