//! What is killed when: drawn from seed and run number, and from nothing else.
//!
//! Invariant: the same seed and run give the same plan. What a kill then hits also hangs on the machine.

use std::{fmt, time::Duration};

use crate::company::Side;

/// Points that the story passes, in this order. A kill waits for one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// The buyer is about to be asked for the channel.
    Fund,
    /// The opening transaction is known; blocks come.
    Confirming,
    /// The channel is open on both pages.
    Open,
    /// The seller is about to tender.
    Tender,
    /// The buyer is about to accept.
    Accept,
    /// The seller is about to make the invoice.
    Invoice,
    /// The buyer is about to be told to pay.
    Pay,
    /// The buyer's record has the payment.
    Paid,
}

const POINTS: [Point; 8] = [
    Point::Fund,
    Point::Confirming,
    Point::Open,
    Point::Tender,
    Point::Accept,
    Point::Invoice,
    Point::Pay,
    Point::Paid,
];

/// A moment of the whole play, each counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// An act of one of the two, or a move of the clock.
    Step(u64),
    /// The buyer is about to be asked for a channel or a splice.
    Fund(u64),
    /// The buyer is about to be told to pay.
    Pay(u64),
    /// The buyer is about to be told to close a channel.
    Close(u64),
}

/// What the worked example has of each, as the play goes.
const FUNDS: u64 = 5;
const PAYMENTS: u64 = 11;
const CHANNELS: u64 = 2;
const STEPS: u64 = 75;

/// One kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill<P> {
    /// Who.
    pub side: Side,
    /// After which point.
    pub point: P,
    /// How long after it.
    pub delay: Duration,
    /// How long it stays away.
    pub pause: Duration,
}

/// All kills of a run, in the order of their points.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan<P> {
    pub kills: Vec<Kill<P>>,
}

impl Plan<Point> {
    /// One to four kills. Half of them fall on the payment itself, half come within a few milliseconds of their
    /// point, half of the programs come back at once.
    pub fn of_milestone(seed: u64, run: u64) -> Self {
        Plan::drawn(seed, run, 1..=4, |draw| {
            if draw.below(2) == 0 { Point::Pay } else { POINTS[draw.below(POINTS.len() as u64) as usize] }
        })
    }
}

impl Plan<Moment> {
    /// Four to nine kills. Half of them fall on an opening, a splice, a payment or a closing, the others anywhere.
    pub fn of_whole(seed: u64, run: u64) -> Self {
        Plan::drawn(seed, run, 4..=9, |draw| match draw.below(6) {
            0 => Moment::Fund(draw.below(FUNDS)),
            1 => Moment::Pay(draw.below(PAYMENTS)),
            2 => Moment::Close(draw.below(CHANNELS)),
            _ => Moment::Step(draw.below(STEPS)),
        })
    }
}

impl<P: Copy + Ord> Plan<P> {
    fn drawn(
        seed: u64,
        run: u64,
        count: std::ops::RangeInclusive<u64>,
        point: impl Fn(&mut Draw) -> P,
    ) -> Self {
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ run);
        let count = count.start() + draw.below(count.end() - count.start() + 1);
        let mut kills: Vec<Kill<P>> = (0..count).map(|_| kill(&mut draw, &point)).collect();
        kills.sort_by_key(|kill| (kill.point, kill.delay));
        Plan { kills }
    }
}

impl<P> Plan<P> {
    /// The kills of one company.
    pub fn of_side(&self, side: Side) -> impl Iterator<Item = &Kill<P>> {
        self.kills.iter().filter(move |kill| kill.side == side)
    }
}

fn kill<P>(draw: &mut Draw, point: &impl Fn(&mut Draw) -> P) -> Kill<P> {
    let side = if draw.below(2) == 0 { Side::Buyer } else { Side::Seller };
    let point = point(draw);
    let delay_ms = if draw.below(2) == 0 { draw.below(120) } else { draw.below(1_500) };
    let pause_ms = if draw.below(2) == 0 { 0 } else { draw.below(2_500) };
    Kill { side, point, delay: Duration::from_millis(delay_ms), pause: Duration::from_millis(pause_ms) }
}

/// SplitMix64: a few lines, the same numbers for ever.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one; so small that the remainder's bias is of no matter.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

impl<P: fmt::Debug> fmt::Display for Plan<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Kill { side, point, delay, pause }) in self.kills.iter().enumerate() {
            let comma = if number == 0 { "" } else { "; " };
            write!(f, "{comma}{side} killed {delay:?} after {point:?}")?;
            if !pause.is_zero() {
                write!(f, ", away {pause:?}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_run_give_the_same_kills_and_another_run_others() {
        assert_eq!(Plan::of_milestone(7, 3), Plan::of_milestone(7, 3));
        assert_ne!(Plan::of_milestone(7, 3), Plan::of_milestone(7, 4));
        assert_ne!(Plan::of_milestone(7, 3), Plan::of_milestone(8, 3));
    }

    #[test]
    fn fifty_runs_kill_both_companies_at_every_point() {
        let kills: Vec<Kill<Point>> = (1..=50).flat_map(|run| Plan::of_milestone(1, run).kills).collect();
        for point in POINTS {
            for side in [Side::Buyer, Side::Seller] {
                assert!(
                    kills.iter().any(|kill| kill.point == point && kill.side == side),
                    "{side} {point:?}"
                );
            }
        }
        assert!((1..=50).all(|run| (1..=4).contains(&Plan::of_milestone(1, run).kills.len())));
    }

    #[test]
    fn the_whole_play_is_killed_at_openings_payments_closings_and_anywhere() {
        assert_eq!(Plan::of_whole(7, 3), Plan::of_whole(7, 3));
        let kills: Vec<Kill<Moment>> = (1..=20).flat_map(|run| Plan::of_whole(1, run).kills).collect();
        for side in [Side::Buyer, Side::Seller] {
            let hit =
                |fits: fn(&Moment) -> bool| kills.iter().any(|kill| kill.side == side && fits(&kill.point));
            assert!(hit(|moment| matches!(moment, Moment::Fund(_))), "{side}");
            assert!(hit(|moment| matches!(moment, Moment::Pay(_))), "{side}");
            assert!(hit(|moment| matches!(moment, Moment::Close(_))), "{side}");
            assert!(hit(|moment| matches!(moment, Moment::Step(_))), "{side}");
        }
    }
}
