//! The protocol is searched to a small bound, and the search itself is tried:
//! wrong orders must be found wrong.

use stateright::{Checker, Model};

mod chains;
mod moves;
mod search;

use moves::{DAYS, Group};
use search::{Rule, Search};

/// Searches all, and returns the names of the properties that were broken.
fn broken(group: Group, rule: Rule, entries: usize, days: &'static [i64]) -> Vec<&'static str> {
    let checker = Search::new(group, rule, entries, days).checker().threads(2).spawn_bfs().join();
    assert!(checker.unique_state_count() > 10, "the search found hardly anything to do");
    let mut found: Vec<_> = checker.discoveries().into_keys().collect();
    found.sort_unstable();
    found
}

#[track_caller]
fn check_right(group: Group, days: &'static [i64]) {
    assert_eq!(broken(group, Rule::Right, 2, days), ["an entry is overtaken"], "{group:?}");
}

#[test]
fn the_pen_is_right_with_two_entries_a_side() {
    // Two of the three days, so that it takes seconds; the example takes them all.
    check_right(Group::Pen, &[0, 4]);
}

#[test]
fn performance_is_right_with_two_entries_a_side() {
    check_right(Group::Performance, &[0, 4]);
}

#[test]
fn payments_are_right_with_two_entries_a_side() {
    check_right(Group::Payments, DAYS);
}

#[test]
fn amendments_are_right_with_two_entries_a_side() {
    check_right(Group::Amendment, DAYS);
}

#[track_caller]
fn check_wrong(rule: Rule, expect: &str) {
    let found = broken(Group::Pen, rule, 1, DAYS);
    assert!(found.contains(&expect), "{rule:?}: {found:?}");
}

#[test]
fn the_buyer_always_first_undoes_acceptances() {
    check_wrong(Rule::BuyerFirst, "an admitted acceptance stays");
}

#[test]
fn the_order_of_arrival_gives_two_states_to_one_set() {
    check_wrong(Rule::Arrival, "same set, same state");
}

#[test]
fn without_the_rule_for_timeouts_acceptances_are_undone() {
    check_wrong(Rule::NoTimeouts, "an admitted acceptance stays");
}
