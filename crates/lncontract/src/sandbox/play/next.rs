//! What is done next, read off the contract's status: pure, so that whoever plays does the same.

use lncontract_core::{
    Time,
    status::{NextAct, Status, Todo},
    v1::{Side, Terms},
};

use super::scenes::{Answered, Scene, scene};

/// Acts are done when their day has begun.
const DAY_S: i64 = 86_400;

/// What is done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// By this side's people, now.
    Act(Side, Todo),
    /// The programs act by themselves.
    Wait,
    /// Nothing before then.
    At(Time),
    /// The contract is at its end.
    Nothing,
}

/// What is due first, the buyer's before the seller's.
pub fn next(status: &Status, terms: &Terms, answered: &Answered, now: Time) -> Next {
    let (mut later, mut waits) = (None, false);
    for side in [Side::Buyer, Side::Seller] {
        for act in status.acts.of(side) {
            match when(act, terms, answered, now) {
                When::ByItself => waits = true,
                When::At(at) if at <= now => return Next::Act(side, act.todo.clone()),
                When::At(at) => later = Some(later.map_or(at, |before: Time| before.min(at))),
            }
        }
    }
    match later {
        _ if waits => Next::Wait,
        Some(at) => Next::At(at),
        None => Next::Nothing,
    }
}

enum When {
    At(Time),
    ByItself,
}

fn when(act: &NextAct, terms: &Terms, answered: &Answered, now: Time) -> When {
    When::At(match &act.todo {
        Todo::ConfirmReceipt { .. } | Todo::Cancel { .. } => return When::ByItself,
        Todo::AnswerTender { row, units, .. } => match (scene(terms, row, answered.of(row), *units), act.due)
        {
            (Scene::Silence, Some(deadline)) => {
                deadline.plus_seconds(i64::from(terms.clauses.grace_hours) * 3_600 + 60)
            }
            _ => now,
        },
        Todo::Tender { .. } | Todo::Fund { .. } => act.due.map_or(now, |due| due.plus_seconds(-DAY_S)),
        _ => now,
    })
}
