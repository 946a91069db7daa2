//! The two chains of the model: making entries, orders of arrival, and folding them with the crate's own
//! functions.
//!
//! An entry's id is its place and not a hash: in the model nobody writes two entries for one place, so a place
//! names an entry, and chains that differ only in hashes are one. Entries are unsigned.

use std::{fmt, sync::Arc};

use lncontract_core::{
    Bytes, Contract, Effect, Hash, Time, fold,
    v1::{Entry, Header, Payload, Seen, Side},
};
use lncontract_record::merge::{Cut, Mark, Pair, merge};

/// Both sides.
pub const SIDES: [Side; 2] = [Side::Buyer, Side::Seller];

/// An entry of the model.
#[derive(Clone, PartialEq)]
pub struct Written(pub Arc<Entry>);

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

/// The chains as far as anybody has written them.
pub type Chains = Pair<Vec<Written>>;

/// A state, and which entries have their effect.
pub struct Folded {
    pub state: Contract,
    pub taken: Pair<Vec<bool>>,
}

/// Folds entries in an order, from a cut and its state on.
pub fn fold_in(chains: &Chains, from: (Cut, Contract), order: &[Side]) -> Folded {
    let (mut at, mut state) = from;
    let mut taken = Pair::<Vec<bool>>::default();
    for &side in order {
        let (next, effect) = fold(state, &chains.of(side)[*at.of(side)].0);
        state = next;
        taken.of_mut(side).push(effect == Effect::Taken);
        *at.of_mut(side) += 1;
    }
    Folded { state, taken }
}

/// The crate's order of the entries between two cuts.
pub fn merged(chains: &Chains, from: Cut, to: Cut) -> Vec<Side> {
    merge(from, to, |side, place| mark(&chains.of(side)[place].0))
}

/// The order of arrival where `early` hears of nothing before it has written all it can without.
pub fn arrival(chains: &Chains, cut: Cut, early: Side) -> Vec<Side> {
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

pub fn ends(chains: &Chains) -> Cut {
    Cut { buyer: chains.buyer.len(), seller: chains.seller.len() }
}

pub fn count(entry: &Entry) -> usize {
    usize::try_from(entry.header.seen.count).expect("the model's chains are short")
}

pub fn mark(entry: &Entry) -> Mark {
    Mark { seen: count(entry), time: entry.header.time, deadline: entry.payload.deadline() }
}

/// The id of the entry at a place; zero before the first.
fn id_before(side: Side, places: usize) -> Hash {
    let mut id = [0; 32];
    if places > 0 {
        id[0] = if side == Side::Buyer { 1 } else { 2 };
        id[1] = u8::try_from(places).expect("the model's chains are short");
    }
    Bytes(id)
}

/// Makes the next entry of a side, which has seen the other chain up to the cut.
pub fn entry(chains: &Chains, cut: Cut, author: Side, time: Time, terms: Hash, payload: Payload) -> Written {
    let first = |side: Side| chains.of(side).first().filter(|first| first.0.header.contract == Hash::ZERO);
    let contract = SIDES.into_iter().find_map(first).map_or(Hash::ZERO, |first| first.0.id);
    let (place, seen) = (chains.of(author).len(), *cut.of(author.other()));
    let header = Header {
        v: 0,
        contract,
        author,
        seq: place as u64,
        prev: if place == 0 { contract } else { id_before(author, place) },
        seen: Seen { count: seen as u64, hash: id_before(author.other(), seen) },
        terms,
        kind: payload.kind(),
        time,
        payload_hash: Hash::ZERO,
    };
    Written(Arc::new(Entry { id: id_before(author, place + 1), header, payload }))
}
