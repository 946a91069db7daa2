//! The protocol as a model for stateright: two companies write admissible entries with clocks that lie, and
//! hear of each other's entries late, never, twice or in any order. Checked are the crate's own merge and
//! ledger and the law's own admit and fold; entries are unsigned,
//! because signatures are not what is searched.
//!
//! Included by the test (small bound) and by the example (any bound).

use std::{collections::HashMap, hash, sync::Mutex};

use lncontract_core::{
    Hash, admit,
    v1::{Payload, Side},
};
use lncontract_record::{
    ledger::Verdict,
    merge::{Cut, Mark, Pair, merge},
};
use stateright::{Model, Property};

use crate::{
    chains::{Folded, Written, arrival, count, ends, entry, fold_in, ledger, mark, repeats_harmless},
    moves::{Group, moves, start},
};

/// The order that is searched: the right one, or one that the search must find wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The crate's merge.
    Right,
    /// All of the buyer's entries, then all of the seller's.
    BuyerFirst,
    /// As they came in, which is another order for each side.
    Arrival,
    /// The merge without its rule for timeouts.
    NoTimeouts,
}

/// What is searched.
#[derive(Debug)]
pub struct Search {
    /// Which kinds.
    group: Group,
    /// In which order they are folded.
    rule: Rule,
    /// How many entries each side writes at most, besides those of the start.
    entries: usize,
    /// Which days after the beginning a clock may say.
    days: &'static [i64],
    /// What was found already, by the last entries of both chains: they name everything before them.
    found: Memo<Tips, Found>,
    /// What a side may write, by its last entry and the last one of the other chain that it holds.
    writes: Memo<(Side, Tips), Vec<Written>>,
}

type Tips = (Option<Hash>, Option<Hash>);
type Memo<K, V> = Mutex<HashMap<K, V>>;

fn remember<K: Eq + hash::Hash, V: Clone>(memo: &Memo<K, V>, key: K, make: impl FnOnce() -> V) -> V {
    if let Some(value) = memo.lock().expect("no thread panics while it holds the memo").get(&key) {
        return value.clone();
    }
    // Made outside of the lock: two threads may make the same, and both make it equal.
    let value = make();
    memo.lock().expect("no thread panics while it holds the memo").insert(key, value.clone());
    value
}

fn tips(chains: &Pair<Vec<Written>>, cut: Cut) -> Tips {
    let tip = |side: Side| cut.of(side).checked_sub(1).map(|place| chains.of(side)[place].0.id);
    (tip(Side::Buyer), tip(Side::Seller))
}

/// Both chains, and how much of the other each side holds.
#[derive(Clone, Debug)]
pub struct World {
    pub chains: Pair<Vec<Written>>,
    pub known: Pair<usize>,
    started: Cut,
    found: Found,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        (&self.chains, self.known) == (&other.chains, other.known)
    }
}

impl hash::Hash for World {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (&self.chains, self.known).hash(state);
    }
}

/// What was found at a world, once, when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    same_state: bool,
    acceptances_stay: bool,
    settled_stay: bool,
    facts_stay: bool,
    repeats_harmless: bool,
    overtaken: bool,
}

/// What one side does, or the network.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A side writes the next entry of its chain.
    Write(Written),
    /// The next entry of the other's chain reaches that side.
    Deliver(Side),
}

impl Model for Search {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        start(self.group)
            .into_iter()
            .map(|entries| {
                let mut chains = Pair::<Vec<Written>>::default();
                entries.into_iter().for_each(|entry| chains.of_mut(entry.0.header.author).push(entry));
                let ends = ends(&chains);
                let known = Pair { buyer: ends.seller, seller: ends.buyer };
                self.world(chains, known, ends)
            })
            .collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for side in [Side::Buyer, Side::Seller] {
            if *world.known.of(side) < world.chains.of(side.other()).len() {
                actions.push(Action::Deliver(side));
            }
            if world.chains.of(side).len() < world.started.of(side) + self.entries {
                actions.extend(self.writes(world, side).into_iter().map(Action::Write));
            }
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let (mut chains, mut known) = (world.chains.clone(), world.known);
        match action {
            Action::Deliver(side) => {
                // The set of entries is the same, and so is all that was found.
                *known.of_mut(side) += 1;
                Some(World { chains, known, ..*world })
            }
            Action::Write(entry) => {
                chains.of_mut(entry.0.header.author).push(entry);
                Some(self.world(chains, known, world.started))
            }
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("same set, same state", |_, world: &World| world.found.same_state),
            Property::always("an admitted acceptance stays", |_, world: &World| world.found.acceptances_stay),
            Property::always("a settled effect never flips", |_, world: &World| world.found.settled_stay),
            Property::always("a fact is never overtaken", |_, world: &World| world.found.facts_stay),
            Property::always("what comes twice or too early changes nothing", |_, world: &World| {
                world.found.repeats_harmless
            }),
            Property::sometimes("an entry is overtaken", |_, world: &World| world.found.overtaken),
        ]
    }
}

impl Search {
    /// Searches a group's entries, folded in the order of a rule.
    pub fn new(group: Group, rule: Rule, entries: usize, days: &'static [i64]) -> Self {
        Self { group, rule, entries, days, found: Memo::default(), writes: Memo::default() }
    }

    fn world(&self, chains: Pair<Vec<Written>>, known: Pair<usize>, started: Cut) -> World {
        let found = remember(&self.found, tips(&chains, ends(&chains)), || self.find(&chains));
        World { chains, known, started, found }
    }

    /// All entries that a side may write now, with any time that is not before its last.
    fn writes(&self, world: &World, side: Side) -> Vec<Written> {
        let mut cut = ends(&world.chains);
        *cut.of_mut(side.other()) = *world.known.of(side);
        let key = (side, tips(&world.chains, cut));
        remember(&self.writes, key, || self.try_moves(&world.chains, cut, side))
    }

    fn try_moves(&self, chains: &Pair<Vec<Written>>, cut: Cut, side: Side) -> Vec<Written> {
        let past = self.fold(chains, cut).state;
        let mut written = Vec::new();
        let own = chains.of(side);
        for (time, payload) in moves(self.group, self.days, &past, side, own.len()) {
            if own.last().is_some_and(|last| time < last.0.header.time) {
                continue;
            }
            let entry = entry(chains, cut, side, time, past.terms_hash(), payload);
            if admit(&past, &entry.0).is_ok() {
                written.push(entry);
            }
        }
        written
    }

    fn fold(&self, chains: &Pair<Vec<Written>>, cut: Cut) -> Folded {
        fold_in(chains, &self.order(chains, cut))
    }

    fn order(&self, chains: &Pair<Vec<Written>>, cut: Cut) -> Vec<Side> {
        let mark = |side: Side, place: usize| mark(&chains.of(side)[place].0);
        match self.rule {
            Rule::Right => merge(Cut::default(), cut, mark),
            Rule::NoTimeouts => {
                merge(Cut::default(), cut, |side, place| Mark { deadline: None, ..mark(side, place) })
            }
            Rule::BuyerFirst => merge(Cut::default(), cut, |side, place| Mark {
                deadline: None,
                seen: 0,
                ..mark(side, place)
            }),
            Rule::Arrival => arrival(chains, cut, Side::Buyer),
        }
    }

    fn find(&self, chains: &Pair<Vec<Written>>) -> Found {
        let ends = ends(chains);
        let full = self.fold(chains, ends);
        let all = |holds: &dyn Fn(&Payload) -> bool| {
            [Side::Buyer, Side::Seller].into_iter().all(|side| {
                let mut lines = chains.of(side).iter().zip(full.taken.of(side));
                lines.all(|(entry, taken)| *taken || !holds(&entry.0.payload))
            })
        };
        Found {
            same_state: self.same_state(chains, &full),
            acceptances_stay: all(&|payload| matches!(payload, Payload::Accept(_))),
            settled_stay: [Side::Buyer, Side::Seller]
                .into_iter()
                .all(|last| self.settled_stay(chains, &full, last)),
            facts_stay: all(&|payload| matches!(payload, Payload::Paid(_) | Payload::Received(_))),
            repeats_harmless: self.rule != Rule::Right || repeats_harmless(chains),
            overtaken: !all(&|_| true),
        }
    }

    /// Whether the entries give one state however they came in: here,
    /// in the two most different orders of arrival.
    fn same_state(&self, chains: &Pair<Vec<Written>>, full: &Folded) -> bool {
        let mut orders =
            [Side::Buyer, Side::Seller].map(|early| arrival(chains, ends(chains), early)).to_vec();
        orders.dedup();
        match self.rule {
            Rule::Right => orders.iter().all(|order| {
                let ledger = ledger(chains, order);
                let agrees = |side: Side| {
                    let lines = ledger.chain(side).iter().zip(full.taken.of(side));
                    lines.into_iter().all(|(line, taken)| (line.verdict == Verdict::Taken) == *taken)
                };
                *ledger.state() == full.state && agrees(Side::Buyer) && agrees(Side::Seller)
            }),
            Rule::Arrival => orders.iter().all(|order| fold_in(chains, order).state == full.state),
            Rule::BuyerFirst | Rule::NoTimeouts => true,
        }
    }

    /// Whether what was settled before that side's last entry has the same effect after it.
    fn settled_stay(&self, chains: &Pair<Vec<Written>>, full: &Folded, last: Side) -> bool {
        let mut cut = ends(chains);
        let Some(shorter) = cut.of(last).checked_sub(1) else { return true };
        *cut.of_mut(last) = shorter;
        let seen = |side: Side, cut: Cut| {
            cut.of(side).checked_sub(1).map_or(0, |place| count(&chains.of(side)[place].0))
        };
        if seen(last.other(), cut) > shorter || cut == Cut::default() {
            return true;
        }
        let before = self.fold(chains, cut);
        [Side::Buyer, Side::Seller].into_iter().all(|side| {
            let settled = seen(side.other(), cut).min(*cut.of(side));
            before.taken.of(side)[..settled] == full.taken.of(side)[..settled]
        })
    }
}
