//! The two chains of one contract, and the state that follows from them (DESIGN.md section 4).
//!
//! Invariant: the state and every verdict are a function of the set of entries held, whatever the order of
//! arrival. Cost: an entry that has seen everything is one fold; any other folds again what stands behind it in the
//! tail that not both have seen. The state behind each entry of that tail is kept; states share what is equal.
//! Knows no signatures (what comes in was opened) and no clock (`now` is given). Pure.

use std::collections::{BTreeMap, BTreeSet};

use lncontract_core::{
    Contract, Effect, Hash, Signature, Time, fold,
    v1::{Entry, Side},
};

pub use self::{
    place::PlaceError,
    verdict::{Fault, Line, Placed, Verdict},
};
use crate::{
    entry::act_of,
    merge::{Cut, Mark, Pair, merge, seen_by_both},
};

mod place;
mod verdict;

pub(crate) use self::verdict::stated_state;

/// An entry further ahead of the receiver's clock than this is held, in seconds.
pub const AHEAD_MAX_SECONDS: i64 = 300;

/// The two chains, unsigned. `Default` is empty: the first entry placed is the contract's first.
#[derive(Clone, Debug)]
pub struct Ledger<E> {
    chains: Pair<Vec<Line<E>>>,
    places: BTreeMap<Hash, (Side, usize)>,
    acts: Pair<BTreeSet<Signature>>,
    contract: Hash,
    /// What both have seen, and the state there: nothing ever lands before it.
    base_cut: Cut,
    base: Contract,
    /// The order of everything behind the base, with the state behind each.
    tail: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    side: Side,
    after: Contract,
}

impl<E> Default for Ledger<E> {
    fn default() -> Self {
        Self {
            chains: Pair { buyer: Vec::new(), seller: Vec::new() },
            places: BTreeMap::new(),
            acts: Pair::default(),
            contract: Hash::ZERO,
            base_cut: Cut::default(),
            base: Contract::default(),
            tail: Vec::new(),
        }
    }
}

impl<E: AsRef<Entry>> Ledger<E> {
    /// Returns the contract's id; zero while empty.
    pub fn contract(&self) -> Hash {
        self.contract
    }

    /// Returns the state of everything held.
    pub fn state(&self) -> &Contract {
        self.tail.last().map_or(&self.base, |step| &step.after)
    }

    /// Returns a side's chain.
    pub fn chain(&self, side: Side) -> &[Line<E>] {
        self.chains.of(side)
    }

    /// Returns the ends of both chains.
    pub fn ends(&self) -> Cut {
        Cut { buyer: self.chains.buyer.len(), seller: self.chains.seller.len() }
    }

    /// Returns the cut that both have seen, and its state: what a snapshot can be made of.
    pub fn base(&self) -> (Cut, &Contract) {
        (self.base_cut, &self.base)
    }

    /// Returns where an entry stands.
    pub fn place(&self, id: &Hash) -> Option<(Side, usize)> {
        self.places.get(id).copied()
    }

    /// Returns an entry.
    pub fn line(&self, id: &Hash) -> Option<&Line<E>> {
        self.place(id).map(|(side, place)| &self.chains.of(side)[place])
    }

    /// Returns whether an entry of the other chain has seen it: then its verdict never changes again.
    pub fn settled(&self, id: &Hash) -> bool {
        self.place(id).is_some_and(|(side, place)| self.seen(side.other()) > place)
    }

    /// Returns how much of the other chain a side's last entry has seen.
    pub fn seen(&self, side: Side) -> usize {
        self.chains.of(side).last().map_or(0, |line| count(line.entry.as_ref()))
    }

    /// Returns all entries in the one order of the record.
    pub fn order(&self) -> Vec<Side> {
        merge(Cut::default(), self.ends(), |side, place| self.mark(side, place))
    }

    /// Places an entry at the end of its author's chain, judges it, and folds what it moves.
    ///
    /// # Errors
    /// When it can't stand there; nothing has changed then.
    pub fn insert(&mut self, entry: E, now: Time) -> Result<Placed<E>, PlaceError> {
        let header = &entry.as_ref().header;
        if let Some(placed) = self.check_place(entry.as_ref())? {
            return Ok(if placed { Placed::Known } else { Placed::Fork(entry) });
        }
        if header.time > now.plus_seconds(AHEAD_MAX_SECONDS) {
            return Err(PlaceError::Held {
                time: header.time,
                until: header.time.plus_seconds(-AHEAD_MAX_SECONDS),
            });
        }
        self.judge_and_place(entry);
        self.advance_base();
        Ok(Placed::New)
    }

    fn judge_and_place(&mut self, entry: E) {
        let header = &entry.as_ref().header;
        let (id, author, place) = (entry.as_ref().id, header.author, self.chains.of(header.author).len());
        let sees_all = count(entry.as_ref()) == self.chains.of(author.other()).len();
        let (verdict, differs) = if sees_all {
            self.judge(self.state(), entry.as_ref())
        } else {
            self.judge(&self.state_of_past(entry.as_ref()), entry.as_ref())
        };
        if self.contract == Hash::ZERO {
            self.contract = id;
        }
        if let Some((act, _)) = act_of(&entry.as_ref().payload) {
            self.acts.of_mut(author).insert(act.signature);
        }
        self.places.insert(id, (author, place));
        self.chains.of_mut(author).push(Line { entry, verdict, differs });
        if sees_all {
            let after = self.fold_one(self.state().clone(), author, place);
            self.tail.push(Step { side: author, after });
        } else {
            self.fold_tail();
        }
    }

    fn mark(&self, side: Side, place: usize) -> Mark {
        let line = &self.chains.of(side)[place];
        let entry = line.entry.as_ref();
        // A fault has no effect, on the order neither: a false deadline moves nothing.
        let deadline =
            if matches!(line.verdict, Verdict::Fault(_)) { None } else { entry.payload.deadline() };
        Mark { seen: count(entry), time: entry.header.time, deadline }
    }

    /// Folds one entry and keeps what became of it.
    fn fold_one(&mut self, state: Contract, side: Side, place: usize) -> Contract {
        let line = &mut self.chains.of_mut(side)[place];
        if matches!(line.verdict, Verdict::Fault(_)) {
            return state;
        }
        let (state, effect) = fold(state, line.entry.as_ref());
        line.verdict = match effect {
            Effect::Taken => Verdict::Taken,
            Effect::Overtaken(refusal) => Verdict::Overtaken(refusal),
        };
        state
    }

    /// Folds the tail again from where its order has changed.
    fn fold_tail(&mut self) {
        let order = merge(self.base_cut, self.ends(), |side, place| self.mark(side, place));
        let kept = self.tail.iter().zip(&order).take_while(|(step, side)| step.side == **side).count();
        self.tail.truncate(kept);
        let mut at = self.base_cut;
        for (place, side) in order.into_iter().enumerate() {
            if place >= kept {
                let after = self.fold_one(self.state().clone(), side, *at.of(side));
                self.tail.push(Step { side, after });
            }
            *at.of_mut(side) += 1;
        }
    }

    fn advance_base(&mut self) {
        let to = seen_by_both(self.base_cut, self.ends(), |side, place| self.mark(side, place));
        let steps = (to.buyer - self.base_cut.buyer) + (to.seller - self.base_cut.seller);
        for Step { side, after } in self.tail.drain(..steps) {
            self.base = after;
            *self.base_cut.of_mut(side) += 1;
        }
        assert_eq!(self.base_cut, to, "what both have seen is the beginning of the order");
    }
}

/// How much of the other chain an entry has seen.
fn count(entry: &Entry) -> usize {
    usize::try_from(entry.header.seen.count).unwrap_or(usize::MAX)
}
