//! The protocol as a model for stateright: two companies write admissible entries with clocks that lie. Checked
//! are the crate's own merge and ledger and the law's own admit and fold; entries are unsigned, because
//! signatures are not what is searched.
//!
//! There is no network in it: the state is a function of the set of entries held, so a world is such a set, and
//! what the network does (late, lost, doubled, out of order) is how much of the other chain an entry has seen:
//! anything from what the one before it had seen to all that is there. The exchange itself is searched with a
//! network in `tests/record/network.rs`.
//!
//! Included by the test (small bound) and by the example (any bound).

use std::{
    collections::HashMap,
    hash,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use lncontract_core::{
    Contract, Hash, Time, admit,
    v1::{Entry, Pass, Payload, Side},
};
use lncontract_record::{
    ledger::{Ledger, PlaceError, Placed, Verdict},
    merge::{Cut, Mark, Pair, merge},
};
use stateright::{Model, Property};

use crate::{
    chains::{Chains, Folded, SIDES, Written, arrival, count, ends, entry, fold_in, mark, merged},
    crossings::{CROSSINGS, Crossing},
    moves::{Group, day, moves},
    outline::{Base, Outline, outline},
    starts::starts,
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
    /// How often each pair of DESIGN.md section 4 was met.
    crossed: [AtomicU64; CROSSINGS.len()],
    /// What was found by writing an entry, by the outline of the world and who wrote last: nothing else counts.
    tried: Mutex<HashMap<(Outline, Side), (Outline, Found)>>,
}

/// All entries written so far: a set that somebody may hold, whole or in part.
#[derive(Clone, Debug)]
pub struct World {
    chains: Chains,
    /// How many entries each side may still write.
    left: Pair<usize>,
    /// What both hold from the beginning.
    started: Cut,
    /// The entries in the crate's ledger, in the order in which they were written; none where one like it was
    /// tried before or nothing is left to write, and under a wrong rule.
    ledger: Option<Arc<Ledger<Written>>>,
    pub outline: Outline,
    pub found: Found,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        (self.outline, self.found) == (other.outline, other.found)
    }
}

impl hash::Hash for World {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (self.outline, self.found).hash(state);
    }
}

/// What was found when the last entry was written: each must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Found {
    same_state: bool,
    acceptances_stay: bool,
    settled_stay: bool,
    answers_stay: bool,
    facts_stay: bool,
    repeats_harmless: bool,
}

const ALL_WELL: Found = Found {
    same_state: true,
    acceptances_stay: true,
    settled_stay: true,
    answers_stay: true,
    facts_stay: true,
    repeats_harmless: true,
};

impl Model for Search {
    type State = World;
    type Action = Written;

    fn init_states(&self) -> Vec<World> {
        starts(self.group).into_iter().map(|entries| self.start(entries)).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Written>) {
        for side in SIDES.into_iter().filter(|&side| *world.left.of(side) > 0) {
            let last = world.chains.of(side).last();
            let least = last.map_or(0, |last| count(&last.0)).max(*world.started.of(side.other()));
            for seen in least..=world.chains.of(side.other()).len() {
                self.writes(world, side, seen, actions);
            }
        }
    }

    fn next_state(&self, world: &World, written: Written) -> Option<World> {
        let side = written.0.header.author;
        let (chains, left) = longer(world, &written);
        let key = (self.outline(&chains, self.ledger(world).as_deref(), &left), side);
        let tried = self.tried.lock().expect("no thread panics while it holds it").get(&key).copied();
        let next = match tried {
            Some((outline, found)) => {
                World { chains, left, started: world.started, ledger: None, outline, found }
            }
            None => self.write(world, written),
        };
        self.tried
            .lock()
            .expect("no thread panics while it holds it")
            .insert(key, (next.outline, next.found));
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("same set, same state", |_, world: &World| world.found.same_state),
            Property::always("an admitted acceptance stays", |_, world: &World| world.found.acceptances_stay),
            Property::always("a settled effect never flips", |_, world: &World| world.found.settled_stay),
            Property::always("an answer in time stays", |_, world: &World| world.found.answers_stay),
            Property::always("a fact is never overtaken", |_, world: &World| world.found.facts_stay),
            Property::always("what comes twice or too early changes nothing", |_, world: &World| {
                world.found.repeats_harmless
            }),
        ]
    }
}

/// The chains with an entry more, and how many may still follow.
fn longer(world: &World, written: &Written) -> (Chains, Pair<usize>) {
    let (mut chains, mut left) = (world.chains.clone(), world.left);
    chains.of_mut(written.0.header.author).push(written.clone());
    *left.of_mut(written.0.header.author) -= 1;
    (chains, left)
}

/// Later than any clock of the model: nothing is held back for being ahead.
const FAR: Time = Time(i64::MAX);

impl Search {
    /// Searches a group's entries, folded in the order of a rule.
    pub fn new(group: Group, rule: Rule, entries: usize, days: &'static [i64]) -> Self {
        Self { group, rule, entries, days, crossed: Default::default(), tried: Mutex::default() }
    }

    /// The world in which the entry is written, whatever was tried before.
    pub fn write(&self, world: &World, written: Written) -> World {
        let (chains, left) = longer(world, &written);
        let before = self.ledger(world);
        let (found, ledger) = self.try_entry(world, before.as_deref(), &chains, &written);
        let is_last = left == Pair::default();
        // Where nothing follows, only what was found counts.
        let outline =
            if is_last { Outline::default() } else { self.outline(&chains, ledger.as_deref(), &left) };
        World { chains, left, started: world.started, ledger, outline, found }
    }

    /// How many entries were given to the ledger and judged.
    pub fn tried(&self) -> usize {
        self.tried.lock().expect("no thread panics while it holds it").len()
    }

    /// How often each pair of the design's table was met.
    pub fn crossed(&self) -> impl Iterator<Item = (&'static Crossing, u64)> {
        CROSSINGS.iter().zip(&self.crossed).map(|(crossing, count)| (crossing, count.load(Relaxed)))
    }

    fn start(&self, entries: Vec<Written>) -> World {
        let (mut chains, mut ledger) = (Chains::default(), Ledger::default());
        for entry in entries {
            ledger.insert(entry.clone(), FAR).expect("the start of the model is lawful");
            chains.of_mut(entry.0.header.author).push(entry);
        }
        let (started, left) = (ends(&chains), Pair { buyer: self.entries, seller: self.entries });
        let ledger = (self.rule == Rule::Right).then(|| Arc::new(ledger));
        let outline = self.outline(&chains, ledger.as_deref(), &left);
        World { chains, left, started, ledger, outline, found: ALL_WELL }
    }

    fn outline(&self, chains: &Chains, ledger: Option<&Ledger<Written>>, left: &Pair<usize>) -> Outline {
        let nothing = Contract::default();
        let (cut, state) = ledger.map_or((Cut::default(), &nothing), Ledger::base);
        let to_make = |from: Option<Time>| {
            let times =
                self.days.iter().map(|&at| day(at)).filter(|time| from.is_none_or(|from| *time >= from));
            times.flat_map(|time| self.group.deadlines(time)).collect()
        };
        outline(chains, &Base { cut, state }, left, to_make)
    }

    /// The world's ledger, made again where it was left out.
    fn ledger(&self, world: &World) -> Option<Arc<Ledger<Written>>> {
        if self.rule != Rule::Right || world.ledger.is_some() {
            return world.ledger.clone();
        }
        let (mut ledger, mut at) = (Ledger::default(), Cut::default());
        for side in arrival(&world.chains, ends(&world.chains), Side::Buyer) {
            let entry = world.chains.of(side)[*at.of(side)].clone();
            ledger.insert(entry, FAR).expect("it stood in a ledger before");
            *at.of_mut(side) += 1;
        }
        Some(Arc::new(ledger))
    }

    /// Gives the entry to the ledger and the fold, and says what was found.
    fn try_entry(
        &self,
        world: &World,
        before: Option<&Ledger<Written>>,
        chains: &Chains,
        written: &Written,
    ) -> (Found, Option<Arc<Ledger<Written>>>) {
        let full = self.fold(chains, ends(chains));
        let mut found = self.find(world, before, chains, &full);
        self.count_crossings(chains, written, &full);
        let Some(before) = before else {
            found.same_state = self.same_state(chains, &full);
            return (found, None);
        };
        let mut after = before.clone();
        found.same_state = after.insert(written.clone(), FAR) == Ok(Placed::New);
        found.repeats_harmless = repeats_harmless(&mut after, written);
        found.same_state &= agrees(&after, &full);
        (found, Some(Arc::new(after)))
    }

    /// All entries that a side may write with that much of the other chain seen, dated by a clock that says
    /// anything that is not before its last.
    fn writes(&self, world: &World, side: Side, seen: usize, writes: &mut Vec<Written>) {
        let (chains, own) = (&world.chains, world.chains.of(side));
        let mut cut = ends(chains);
        *cut.of_mut(side.other()) = seen;
        let past = match self.ledger(world) {
            Some(ledger) => {
                let (base, state) = ledger.base();
                fold_in(chains, (base, state.clone()), &merged(chains, base, cut)).state
            }
            None => self.fold(chains, cut).state,
        };
        for (time, payload) in moves(self.group, self.days, &past, side, own.len()) {
            if own.last().is_some_and(|last| time < last.0.header.time) {
                continue;
            }
            let entry = entry(chains, cut, side, time, past.terms_hash(), payload);
            if admit(&past, &entry.0).is_ok() {
                writes.push(entry);
            }
        }
    }

    fn fold(&self, chains: &Chains, cut: Cut) -> Folded {
        fold_in(chains, Default::default(), &self.order(chains, cut))
    }

    fn order(&self, chains: &Chains, cut: Cut) -> Vec<Side> {
        let mark = |side: Side, place: usize| mark(&chains.of(side)[place].0);
        match self.rule {
            Rule::Right => merged(chains, Cut::default(), cut),
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

    fn find(&self, world: &World, before: Option<&Ledger<Written>>, chains: &Chains, full: &Folded) -> Found {
        let taken = match before {
            Some(ledger) => {
                let taken = |side: Side| ledger.chain(side).iter().map(|line| line.verdict == Verdict::Taken);
                Pair { buyer: taken(Side::Buyer).collect(), seller: taken(Side::Seller).collect() }
            }
            None => self.fold(&world.chains, ends(&world.chains)).taken,
        };
        let all = |holds: fn(&Payload) -> bool| {
            SIDES.into_iter().all(|side| {
                let mut lines = chains.of(side).iter().zip(full.taken.of(side));
                lines.all(|(entry, taken)| *taken || !holds(&entry.0.payload))
            })
        };
        let settled_stay = SIDES.into_iter().all(|side| {
            let seen = world.chains.of(side.other()).last().map_or(0, |last| count(&last.0));
            taken.of(side)[..seen] == full.taken.of(side)[..seen]
        });
        Found {
            acceptances_stay: all(|payload| matches!(payload, Payload::Accept(_))),
            settled_stay,
            // Only a version that changes its row can undo an answer.
            answers_stay: self.group.has_offers() || all(|payload| matches!(payload, Payload::Answer(_))),
            facts_stay: all(|payload| {
                matches!(
                    payload,
                    Payload::Paid(_) | Payload::Received(_) | Payload::Earmark(_) | Payload::Close(_)
                )
            }),
            ..ALL_WELL
        }
    }

    /// Under a wrong rule there is no ledger: whether the two most different orders of arrival give one state.
    fn same_state(&self, chains: &Chains, full: &Folded) -> bool {
        let fold = |early| fold_in(chains, Default::default(), &arrival(chains, ends(chains), early)).state;
        self.rule != Rule::Arrival || SIDES.into_iter().all(|early| fold(early) == full.state)
    }

    fn count_crossings(&self, chains: &Chains, written: &Written, full: &Folded) {
        for (crossing, count) in CROSSINGS.iter().zip(&self.crossed) {
            if crossing.is_met(chains, written, full) {
                count.fetch_add(1, Relaxed);
            }
        }
    }
}

/// Whether the ledger, however it came to its entries, says the same as the fold of their set.
fn agrees(ledger: &Ledger<Written>, full: &Folded) -> bool {
    let agrees = |side: Side| {
        let mut lines = ledger.chain(side).iter().zip(full.taken.of(side));
        lines.all(|(line, taken)| match line.verdict {
            Verdict::Taken => *taken,
            Verdict::Overtaken(_) => !*taken,
            // What the model writes was admitted on the state of its past.
            Verdict::Fault(_) => false,
        })
    };
    *ledger.state() == full.state && agrees(Side::Buyer) && agrees(Side::Seller)
}

/// Whether the ledger knows what it has, and refuses what it can't have yet. That it stays as it was shows
/// when it is compared.
fn repeats_harmless(ledger: &mut Ledger<Written>, last: &Written) -> bool {
    let known = SIDES.into_iter().all(|side| {
        let again: Vec<_> = ledger.chain(side).iter().map(|line| line.entry.clone()).collect();
        again.into_iter().all(|entry| ledger.insert(entry, FAR) == Ok(Placed::Known))
    });
    let mut beyond = |seq: u64, prev: Hash, seen: u64| {
        let mut header = last.0.header.clone();
        (header.seq, header.prev, header.seen.count) = (header.seq + seq, prev, seen);
        let entry = Entry { id: Hash::ZERO, header, payload: Payload::Pass(Pass {}) };
        ledger.insert(Written(Arc::new(entry)), FAR)
    };
    let gap = beyond(2, Hash::ZERO, last.0.header.seen.count);
    let unseen = beyond(1, last.0.id, 99);
    known
        && matches!(gap, Err(PlaceError::Gap { .. }))
        && matches!(unseen, Err(PlaceError::SeenMissing { .. }))
}
