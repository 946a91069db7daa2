//! The dates of the terms: each dated row carries exactly the instant that its rule gives,
//! on a business day.

use super::{Findings, Reason};
use crate::{
    schedule::{YEARS, dated, due_on},
    v1::{Due, DueRule, Terms},
};

pub(super) fn check(terms: &Terms, faults: &mut Findings) {
    let offset = terms.utc_offset_minutes;
    faults.require((-840..=840).contains(&offset), "utc_offset_minutes", || Reason::Offset { found: offset });
    let in_calendar = YEARS.contains(&terms.date_of_contract.year());
    faults.require(in_calendar, "date_of_contract", || Reason::Calendar);
    for (index, pair) in terms.non_business_days.windows(2).enumerate() {
        let (before, found) = (pair[0], pair[1]);
        let path = format!("non_business_days[{}]", index + 1);
        faults.require(before < found, path, || Reason::Order { found, before });
    }
    for (index, day) in terms.non_business_days.iter().enumerate() {
        let in_calendar = YEARS.contains(&day.year());
        faults.require(in_calendar, format!("non_business_days[{index}]"), || Reason::Calendar);
    }
    for (index, row) in terms.obligations.iter().enumerate() {
        due(terms, &format!("obligations[{index}].due"), &row.due, faults);
    }
}

fn due(terms: &Terms, path: &str, due: &Due, faults: &mut Findings) {
    if let DueRule::Acceptance { months, days, .. } = due.rule {
        let later = months >= 0 && days >= 0;
        faults.require(later, format!("{path}.rule"), || Reason::BeforeAcceptance { months, days });
        if let Some(found) = due.at {
            faults.push(format!("{path}.at"), Reason::EarlyInstant { found });
        }
        return;
    }
    let contract = terms.date_of_contract;
    let Ok(Some(found)) = dated(&due.rule, contract) else {
        return faults.push(format!("{path}.rule"), Reason::Calendar);
    };
    let after = found >= contract;
    faults.require(after, format!("{path}.rule"), || Reason::BeforeContract { found, contract });
    match (due_on(found, terms), due.at) {
        (Err(_), _) => faults.push(format!("{path}.rule"), Reason::Calendar),
        (Ok(expected), None) => faults.push(format!("{path}.at"), Reason::NoInstant { expected }),
        (Ok(expected), Some(found)) => {
            faults.require(found == expected, format!("{path}.at"), || Reason::Instant { expected, found });
        }
    }
}
