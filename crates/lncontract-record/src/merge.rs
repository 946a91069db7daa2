//! The one order of a set of entries (DESIGN.md section 4, *Merge*).
//!
//! Invariant: the order is a function of the two chains, never of arrival; an entry stands behind all of its
//! past. Pure: knows places, times and deadlines, no entries.

use lncontract_core::{Time, v1::Side};

/// One of something for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pair<T> {
    /// The buyer's.
    pub buyer: T,
    /// The seller's.
    pub seller: T,
}

impl<T> Pair<T> {
    /// Returns that side's.
    pub fn of(&self, side: Side) -> &T {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }

    /// Returns that side's, to change it.
    pub fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Buyer => &mut self.buyer,
            Side::Seller => &mut self.seller,
        }
    }
}

/// How many entries of each chain: all before that place.
pub type Cut = Pair<usize>;

/// What the order asks of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// How many entries of the other chain its author had.
    pub seen: usize,
    /// When it was signed.
    pub time: Time,
    /// In a timeout entry (`deem`, `lapse`): the deadline that ran out.
    pub deadline: Option<Time>,
}

/// Returns the order of the entries between two cuts, as the sides whose next entry is taken.
///
/// `from` must be a cut that every entry behind it has seen (or the beginning); then the whole order of `to`
/// is the order of `from` followed by this.
pub fn merge(from: Cut, to: Cut, mark: impl Fn(Side, usize) -> Mark) -> Vec<Side> {
    let mut at = from;
    let mut order = Vec::with_capacity((to.buyer - from.buyer) + (to.seller - from.seller));
    while at != to {
        let side = if at.buyer == to.buyer {
            Side::Seller
        } else if at.seller == to.seller {
            Side::Buyer
        } else {
            first(at, mark(Side::Buyer, at.buyer), mark(Side::Seller, at.seller))
        };
        order.push(side);
        *at.of_mut(side) += 1;
    }
    order
}

/// Decides whose entry goes first, of the two next ones.
fn first(at: Cut, buyer: Mark, seller: Mark) -> Side {
    if buyer.seen > at.seller {
        return Side::Seller;
    }
    if seller.seen > at.buyer {
        return Side::Buyer;
    }
    match (buyer.deadline, seller.deadline) {
        // Two timeouts: the one that is in time for the other's deadline, else the buyer's.
        (Some(deadline), Some(others)) if buyer.time > others && seller.time <= deadline => Side::Seller,
        (Some(_), Some(_)) => Side::Buyer,
        // An answer that was signed in time goes before the timeout that it had not seen;
        // a late one behind it.
        (None, Some(deadline)) => in_time(buyer, deadline, Side::Buyer),
        (Some(deadline), None) => in_time(seller, deadline, Side::Seller),
        (None, None) => Side::Buyer,
    }
}

/// Returns `side` when its entry was signed by the other's deadline, else the other side.
fn in_time(entry: Mark, deadline: Time, side: Side) -> Side {
    if entry.time <= deadline { side } else { side.other() }
}

/// Returns the last cut that every entry behind it has seen, and every entry still to come: what is before it
/// never moves again. `from` is an earlier such cut, `to` the ends of the chains.
pub fn seen_by_both(from: Cut, to: Cut, mark: impl Fn(Side, usize) -> Mark) -> Cut {
    let mut cut = to;
    loop {
        let mut lower = cut;
        for side in [Side::Buyer, Side::Seller] {
            // What comes next in this chain, or follows its last entry,
            // has seen at least that much of the other.
            let end = *to.of(side);
            let next = (*cut.of(side)).min(end.saturating_sub(1));
            let seen = if end == 0 { 0 } else { mark(side, next).seen };
            let other = lower.of_mut(side.other());
            *other = (*other).min(seen);
        }
        let floor = Cut { buyer: lower.buyer.max(from.buyer), seller: lower.seller.max(from.seller) };
        if floor == cut {
            return cut;
        }
        cut = floor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks as `(seen, time, deadline)`, time and deadline in seconds, deadline 0 for none.
    type Short = (usize, i64, i64);

    fn marks(chain: &[Short]) -> Vec<Mark> {
        let deadline = |at: i64| (at != 0).then_some(Time(at));
        chain
            .iter()
            .map(|&(seen, time, at)| Mark { seen, time: Time(time), deadline: deadline(at) })
            .collect()
    }

    #[track_caller]
    fn check(buyer: &[Short], seller: &[Short], expect: &str) {
        let chains = Pair { buyer: marks(buyer), seller: marks(seller) };
        let to = Cut { buyer: buyer.len(), seller: seller.len() };
        let order = merge(Cut::default(), to, |side, place| chains.of(side)[place]);
        let order: String = order.iter().map(|side| if *side == Side::Buyer { 'b' } else { 's' }).collect();
        assert_eq!(order, expect, "{buyer:?} {seller:?}");
    }

    #[test]
    fn one_order_for_every_pair() {
        check(&[], &[], "");
        check(&[(0, 1, 0)], &[(0, 1, 0)], "bs");
        check(&[(1, 1, 0)], &[(0, 1, 0)], "sb");
        check(&[(0, 1, 0)], &[(1, 1, 0)], "bs");
        // The seller's deem, deadline 5: an answer in time goes first, a late one behind it.
        check(&[(0, 5, 0)], &[(0, 9, 5)], "bs");
        check(&[(0, 6, 0)], &[(0, 9, 5)], "sb");
        // The buyer's lapse, deadline 5.
        check(&[(0, 9, 5)], &[(0, 5, 0)], "sb");
        check(&[(0, 9, 5)], &[(0, 6, 0)], "bs");
        // Two timeouts: the buyer's, unless only the seller's was in time for the other's deadline.
        check(&[(0, 9, 5)], &[(0, 9, 5)], "bs");
        check(&[(0, 9, 8)], &[(0, 8, 5)], "sb");
        check(&[(0, 4, 3)], &[(0, 8, 5)], "bs");
        // What was seen decides before anything else.
        check(&[(0, 1, 0), (2, 9, 0)], &[(0, 9, 5), (0, 9, 0)], "bssb");
    }

    #[track_caller]
    fn check_cut(buyer: &[Short], seller: &[Short], expect: (usize, usize)) {
        let chains = Pair { buyer: marks(buyer), seller: marks(seller) };
        let to = Cut { buyer: buyer.len(), seller: seller.len() };
        let cut = seen_by_both(Cut::default(), to, |side, place| chains.of(side)[place]);
        assert_eq!((cut.buyer, cut.seller), expect, "{buyer:?} {seller:?}");
    }

    #[test]
    fn the_cut_seen_by_both_is_what_nobody_can_get_before() {
        check_cut(&[], &[], (0, 0));
        check_cut(&[(0, 1, 0)], &[], (0, 0));
        check_cut(&[(0, 1, 0)], &[(1, 1, 0)], (1, 0));
        check_cut(&[(0, 1, 0), (1, 2, 0)], &[(1, 1, 0)], (1, 1));
        check_cut(&[(0, 1, 0), (1, 2, 0)], &[(1, 1, 0), (2, 3, 0)], (2, 1));
        check_cut(&[(0, 1, 0), (0, 2, 0)], &[(1, 1, 0), (1, 3, 0)], (1, 0));
    }
}
