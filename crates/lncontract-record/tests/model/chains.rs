//! The two chains of the model: making entries, orders of arrival,
//! and folding them with the crate's own functions.

use std::{fmt, hash, sync::Arc};

use lncontract_core::{
    Contract, Effect, Hash, Time, fold,
    v1::{Entry, Header, Payload, Seen, Side},
};
use lncontract_record::{
    hash::{entry_id, payload_hash},
    ledger::{Ledger, PlaceError, Placed},
    merge::{Cut, Mark, Pair},
};

/// An entry of the model.
#[derive(Clone)]
pub struct Written(pub Arc<Entry>);

impl PartialEq for Written {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Written {}

impl hash::Hash for Written {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl AsRef<Entry> for Written {
    fn as_ref(&self) -> &Entry {
        &self.0
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let h = &self.0.header;
        write!(f, "{:?} {} {} at {} seen {}", h.author, h.seq, h.kind.word(), h.time, h.seen.count)
    }
}

/// A state, and which entries have their effect.
pub struct Folded {
    pub state: Contract,
    pub taken: Pair<Vec<bool>>,
}

/// Whether the ledger refuses what it has, and what it can't have yet, and stays as it was.
pub fn repeats_harmless(chains: &Pair<Vec<Written>>) -> bool {
    let order = arrival(chains, ends(chains), Side::Seller);
    let (late, early) = order.split_at(order.len() / 2);
    let mut ledger = ledger(chains, late);
    let before = ledger.state().clone();
    let mut at = ledger.ends();
    let now = Time(i64::MAX);
    let known = [Side::Buyer, Side::Seller].into_iter().all(|side| {
        let again = chains.of(side)[..*at.of(side)].iter();
        again.cloned().all(|entry| ledger.insert(entry, now) == Ok(Placed::Known))
    });
    // Everything but the next of each chain has a gap before it.
    let gaps = early.iter().all(|&side| {
        let place = *at.of(side);
        *at.of_mut(side) += 1;
        place == ledger.chain(side).len()
            || matches!(ledger.insert(chains.of(side)[place].clone(), now), Err(PlaceError::Gap { .. }))
    });
    known && gaps && *ledger.state() == before
}

pub fn ledger(chains: &Pair<Vec<Written>>, order: &[Side]) -> Ledger<Written> {
    let mut ledger = Ledger::default();
    let mut at = Cut::default();
    for &side in order {
        let placed = ledger.insert(chains.of(side)[*at.of(side)].clone(), Time(i64::MAX));
        assert_eq!(placed, Ok(Placed::New), "the model delivers each entry after its past");
        *at.of_mut(side) += 1;
    }
    ledger
}

pub fn fold_in(chains: &Pair<Vec<Written>>, order: &[Side]) -> Folded {
    let mut at = Cut::default();
    let mut taken = Pair::<Vec<bool>>::default();
    let mut state = Contract::default();
    for &side in order {
        let (next, effect) = fold(state, &chains.of(side)[*at.of(side)].0);
        state = next;
        taken.of_mut(side).push(effect == Effect::Taken);
        *at.of_mut(side) += 1;
    }
    Folded { state, taken }
}

/// The order of arrival where `early` hears of nothing before it has written all it can without.
pub fn arrival(chains: &Pair<Vec<Written>>, cut: Cut, early: Side) -> Vec<Side> {
    let mut at = Cut::default();
    let mut order = Vec::new();
    while at != cut {
        let fits = |side: Side| {
            let next = chains.of(side).get(*at.of(side)).filter(|_| at.of(side) < cut.of(side));
            next.is_some_and(|entry| count(&entry.0) <= *at.of(side.other()))
        };
        let side = if fits(early) { early } else { early.other() };
        order.push(side);
        *at.of_mut(side) += 1;
    }
    order
}

pub fn ends(chains: &Pair<Vec<Written>>) -> Cut {
    Cut { buyer: chains.buyer.len(), seller: chains.seller.len() }
}

pub fn count(entry: &Entry) -> usize {
    usize::try_from(entry.header.seen.count).expect("the model's chains are short")
}

pub fn mark(entry: &Entry) -> Mark {
    Mark { seen: count(entry), time: entry.header.time, deadline: entry.payload.deadline() }
}

/// Makes the next entry of a side, which has seen the other chain up to the cut.
pub fn entry(
    chains: &Pair<Vec<Written>>,
    cut: Cut,
    author: Side,
    time: Time,
    terms: Hash,
    payload: Payload,
) -> Written {
    let contract = [Side::Buyer, Side::Seller].into_iter().find_map(|side| {
        chains.of(side).first().filter(|first| first.0.header.contract == Hash::ZERO).map(|first| first.0.id)
    });
    let contract = contract.unwrap_or(Hash::ZERO);
    let (own, seen) = (chains.of(author), *cut.of(author.other()));
    let last_seen = seen.checked_sub(1).map_or(Hash::ZERO, |place| chains.of(author.other())[place].0.id);
    let header = Header {
        v: 0,
        contract,
        author,
        seq: own.len() as u64,
        prev: own.last().map_or(contract, |last| last.0.id),
        seen: Seen { count: seen as u64, hash: last_seen },
        terms,
        kind: payload.kind(),
        time,
        payload_hash: payload_hash(&payload).expect("the model's payloads are canonical"),
    };
    let id = entry_id(&header).expect("the model's headers are canonical");
    Written(Arc::new(Entry { id, header, payload }))
}
