//! The planner's proposal in words: each tranche, what it covers, what it holds back, and why it has its form.

use jiff::civil::Date;
use lncontract_core::{
    Sat,
    coverage::Limits,
    plan::{Because, Form, Proposed, Wishes, propose},
    schedule::after,
    v1::{Terms, Tranche},
};

use super::words;

/// A tranche that the planner proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTranche {
    /// The tranche.
    pub tranche: Tranche,
    /// `Channel 1`, `Splice 1`.
    pub name: String,
    /// Due that many months after the date of contract.
    pub months: i32,
    /// That day.
    pub due: Option<Date>,
    /// What of it is held back for reserve and fees.
    pub held_back_sat: u64,
    /// Why, a sentence or two for each milestone that it covers.
    pub because: Vec<String>,
}

/// Proposes a funding plan for terms and says why each tranche; the first channel has at least that size.
pub fn proposal(terms: &Terms, first_at_least: Sat) -> Vec<PlannedTranche> {
    let wishes = Wishes { first_at_least, ..Wishes::default() };
    propose(terms, &Limits::default(), &wishes).iter().map(|proposed| told(proposed, terms)).collect()
}

fn told(proposed: &Proposed, terms: &Terms) -> PlannedTranche {
    PlannedTranche {
        tranche: proposed.tranche.clone(),
        name: words::upper_first(&proposed.tranche.id.replace('-', " ")),
        months: proposed.months,
        due: after(terms.date_of_contract, proposed.months, 0).ok(),
        held_back_sat: proposed.reasons.iter().map(|because| because.held_back.0).sum(),
        because: proposed.reasons.iter().map(|because| reason(because, terms)).collect(),
    }
}

fn reason(because: &Because, terms: &Terms) -> String {
    let Because { milestone, due, covered_by, missing, held_back, form } = because;
    let title = terms.milestone(milestone).map_or(milestone, |found| &found.title);
    let day = |time| words::day(time, terms).map_or_else(String::new, words::date);
    let [missing, held_back] = [missing, held_back].map(|amount| words::sat(amount.0));
    let form = match form {
        Form::First => "It is the first channel.".to_owned(),
        Form::Splice { largest, at_once } => format!(
            "It goes into channel 1: the largest payment, {}, is within the {} that the channel carries at once.",
            words::sat(largest.0),
            words::sat(at_once.0)
        ),
        Form::Own { largest, at_once } => format!(
            "It is a channel of its own: the largest payment, {}, is more than the {} that channel 1 carries at once.",
            words::sat(largest.0),
            words::sat(at_once.0)
        ),
        Form::Further => {
            "It is a further channel, since the node can’t add money to one that is open.".to_owned()
        }
    };
    format!(
        "Covers {missing} of “{title}”, due {}, from {} on, when the terms ask for it. On top, {held_back} stay in the \
         channel as reserve and for fees. {form}",
        day(*due),
        day(*covered_by)
    )
}

#[cfg(test)]
mod tests {
    use lncontract_core::template::supply::worked_example;

    use super::*;

    #[test]
    fn each_tranche_of_the_worked_example_says_what_it_covers_and_what_it_holds_back() {
        let party = |name: &str| lncontract_core::v1::Party {
            name: name.into(),
            short_name: name.into(),
            tax_id: String::new(),
            address: String::new(),
        };
        let terms = worked_example(jiff::civil::date(2026, 1, 15), party("Meridian"), party("Castor"), 0);
        let plan = proposal(&terms, Sat(30_000_000));
        let first = &plan[0];
        assert_eq!(
            (first.name.as_str(), first.tranche.amount, first.months),
            ("Channel 1", Sat(30_000_000), 0)
        );
        let because = first.because[0].replace(['\u{202f}', '\u{a0}'], " ");
        assert!(
            because.starts_with("Covers 25 000 000 sat of “Materials on order”, due 15 Jan 2026"),
            "{because}"
        );
        for tranche in &plan {
            assert!(tranche.held_back_sat > 0 && !tranche.because.is_empty(), "{tranche:?}");
            assert!(tranche.due.is_some(), "{tranche:?}");
        }
    }
}
