//! Rows that wait for rows: no circle. A row waits for the row its due date hangs on and for those that
//! trigger it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Reason};
use crate::v1::{DueRule, Obligation, RowId, Terms};

pub(super) fn check(terms: &Terms, faults: &mut Findings) {
    let rows: BTreeMap<&str, &Obligation> =
        terms.obligations.iter().map(|row| (row.id.as_str(), row)).collect();
    for (index, row) in terms.obligations.iter().enumerate() {
        if let Some(path) = way_back(&rows, row) {
            faults.push(format!("obligations[{index}]"), Reason::Cycle { path });
        }
    }
}

fn waits_for(row: &Obligation) -> impl Iterator<Item = &RowId> {
    let anchor = match &row.due.rule {
        DueRule::Acceptance { row, .. } => Some(row),
        _ => None,
    };
    row.trigger_rows().iter().chain(anchor)
}

/// Returns the rows on a way from a row back to itself. A stack of our own:
/// a chain of rows may be as long as the list.
fn way_back(rows: &BTreeMap<&str, &Obligation>, start: &Obligation) -> Option<Vec<RowId>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut visited = BTreeSet::new();
    let mut stack = vec![start];
    while let Some(row) = stack.pop() {
        for next in waits_for(row) {
            if *next == start.id {
                let mut path = vec![start.id.clone()];
                let mut at = row.id.as_str();
                while at != start.id {
                    path.insert(1, at.to_owned());
                    at = came_from.get(at)?;
                }
                return Some(path);
            }
            if let Some(found) = rows.get(next.as_str())
                && visited.insert(next.as_str())
            {
                came_from.insert(next, &row.id);
                stack.push(found);
            }
        }
    }
    None
}
