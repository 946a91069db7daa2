//! The funding plan: each tranche is set aside by exactly one row, and everything it names is there.

use super::{Findings, Reason, rows::unknown};
use crate::v1::{Duty, Instrument, Side, Terms, Tranche};

pub(super) fn check(terms: &Terms, faults: &mut Findings) {
    let found = terms.funding.notice_blocks;
    let holds = (1_008..=2_016).contains(&found);
    faults.require(holds, "funding.notice_blocks", || Reason::Notice { found });
    for (index, tranche) in terms.funding.tranches.iter().enumerate() {
        self::tranche(terms, &format!("funding.tranches[{index}]"), tranche, faults);
    }
}

fn tranche(terms: &Terms, path: &str, tranche: &Tranche, faults: &mut Findings) {
    faults.amount(format!("{path}.amount"), tranche.amount);
    for (index, stage) in tranche.stages.iter().enumerate() {
        let at = format!("{path}.stages[{index}]");
        if let Some(first) = tranche.stages[..index].iter().position(|other| other == stage) {
            let first = format!("{path}.stages[{first}]");
            faults.push(at.clone(), Reason::Duplicate { id: stage.clone(), first });
        }
        match terms.milestone(stage) {
            None => faults.push(at, unknown("milestone", stage)),
            Some(found) => {
                let bought = found.payer == Side::Buyer;
                faults.require(bought, at, || Reason::SellerPays { stage: stage.clone() });
            }
        }
    }
    let names = |duty: &Duty| matches!(duty, Duty::Fund { tranche: named } if *named == tranche.id);
    let rows = terms.obligations.iter().filter(|row| names(&row.duty)).count();
    faults.require(rows == 1, path, || Reason::FundRows { tranche: tranche.id.clone(), rows });
    if let Instrument::SpliceIn { into } = &tranche.instrument {
        let path = format!("{path}.instrument.into");
        match terms.tranche(into) {
            None => faults.push(path, unknown("tranche", into)),
            Some(target) => {
                let opens = target.instrument == Instrument::Channel;
                faults.require(opens, path, || Reason::SpliceTarget { into: into.clone() });
            }
        }
    }
}
