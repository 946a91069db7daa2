//! The protocol is searched to a small bound, and the search itself is tried: wrong orders must be found wrong,
//! every crossing of the design must be met, and worlds that count as one must go on alike.

use std::collections::{BTreeSet, HashMap};

use stateright::{Checker, Model};

mod chains;
mod crossings;
mod moves;
mod outline;
mod search;
mod starts;

use moves::{DAYS, Group, ONE_DAY};
use search::{Rule, Search};

const ACCEPTANCE: &str = "an admitted acceptance stays";
const ANSWER: &str = "an answer in time stays";
const STATE: &str = "same set, same state";

#[track_caller]
fn check_right(group: Group, entries: usize, days: &'static [i64]) {
    let search = Search::new(group, Rule::Right, entries, days);
    let checker = search.checker().threads(2).spawn_dfs().join();
    let broken: Vec<_> = checker.discoveries().into_keys().collect();
    assert_eq!(broken, [""; 0], "{group:?}");
    assert!(checker.model().tried() > 10, "the search found hardly anything to do");
    for (crossing, count) in checker.model().crossed() {
        assert!(count > 0 || !crossing.is_due(group, entries), "{group:?} never met: {}", crossing.name);
    }
}

#[test]
fn the_pen_is_right_with_two_entries_a_side() {
    // Two of the three days, so that it takes seconds; the example takes them all.
    check_right(Group::Pen, 2, &[0, 4]);
}

#[test]
fn performance_is_right_with_two_entries_a_side() {
    check_right(Group::Performance, 2, DAYS);
}

#[test]
fn payments_are_right_with_four_entries_a_side() {
    check_right(Group::Payments, 4, ONE_DAY);
}

#[test]
fn channels_are_right_with_three_entries_a_side() {
    check_right(Group::Channels, 3, ONE_DAY);
}

#[test]
fn releases_are_right_with_two_entries_a_side() {
    check_right(Group::Release, 2, ONE_DAY);
}

#[test]
fn amendments_are_right_with_three_entries_a_side() {
    check_right(Group::Amendment, 3, DAYS);
}

#[test]
fn what_rests_on_silence_is_right_with_three_entries_a_side() {
    check_right(Group::Silence, 3, DAYS);
}

#[test]
fn all_kinds_are_right_with_one_entry_a_side() {
    check_right(Group::All, 1, DAYS);
}

/// A wrong order must be found wrong in every group where it can be.
#[track_caller]
fn check_wrong(rule: Rule, cases: &[(Group, usize, &str)]) {
    for &(group, entries, expect) in cases {
        let search = Search::new(group, rule, entries, group.days());
        let found = search.checker().threads(2).spawn_dfs().join().discoveries();
        assert!(found.contains_key(expect), "{rule:?} {group:?}: {:?}", found.keys());
    }
}

#[test]
fn the_buyer_always_first_undoes_acceptances_and_answers() {
    check_wrong(
        Rule::BuyerFirst,
        &[
            (Group::Pen, 1, ACCEPTANCE),
            (Group::Amendment, 1, ACCEPTANCE),
            (Group::All, 1, ACCEPTANCE),
            (Group::Performance, 2, ANSWER),
            (Group::Silence, 1, ANSWER),
        ],
    );
}

#[test]
fn the_order_of_arrival_gives_two_states_to_one_set() {
    check_wrong(
        Rule::Arrival,
        &[
            (Group::Pen, 1, STATE),
            (Group::Performance, 2, STATE),
            (Group::Payments, 2, STATE),
            (Group::Amendment, 2, STATE),
            (Group::Silence, 1, STATE),
            (Group::All, 1, STATE),
        ],
    );
}

#[test]
fn without_the_rule_for_timeouts_acceptances_are_undone() {
    // Not where only the seller writes timeout entries: the buyer's answer goes first in any case.
    check_wrong(
        Rule::NoTimeouts,
        &[(Group::Pen, 1, ACCEPTANCE), (Group::Amendment, 2, ACCEPTANCE), (Group::All, 1, ACCEPTANCE)],
    );
}

/// Walks every way, merging nothing, and compares what may follow wherever two worlds have one outline.
#[track_caller]
fn check_outlines(group: Group, entries: usize, days: &'static [i64]) {
    let search = Search::new(group, Rule::Right, entries, days);
    let mut worlds = search.init_states();
    let mut known = HashMap::new();
    let mut again = 0;
    while let Some(world) = worlds.pop() {
        let mut writes = Vec::new();
        search.actions(&world, &mut writes);
        let next: Vec<_> = writes.into_iter().map(|written| search.write(&world, written)).collect();
        let ahead: BTreeSet<_> = next.iter().map(|world| (world.outline, world.found)).collect();
        match known.get(&world.outline) {
            None => drop(known.insert(world.outline, ahead)),
            Some(before) if world.outline != Default::default() => {
                assert_eq!(*before, ahead, "{group:?}: {world:?}");
                again += 1;
            }
            Some(_) => {}
        }
        worlds.extend(next);
    }
    assert!(again > 10, "{group:?}: no two worlds were alike");
}

#[test]
fn worlds_with_one_outline_go_on_alike() {
    check_outlines(Group::Pen, 2, &[4]);
    check_outlines(Group::Performance, 2, &[0, 4]);
    check_outlines(Group::Amendment, 2, DAYS);
    check_outlines(Group::Silence, 2, DAYS);
    check_outlines(Group::Channels, 3, ONE_DAY);
    check_outlines(Group::Release, 2, ONE_DAY);
}
