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

/// One kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kill {
    /// Who.
    pub side: Side,
    /// After which point.
    pub point: Point,
    /// How long after it.
    pub delay: Duration,
    /// How long it stays away.
    pub pause: Duration,
}

/// All kills of a run, in the order of their points.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    pub kills: Vec<Kill>,
}

impl Plan {
    /// One to four kills. Half of them fall on the payment itself, half come within a few milliseconds of their
    /// point, half of the programs come back at once.
    pub fn of(seed: u64, run: u64) -> Self {
        let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ run);
        let mut kills: Vec<Kill> = (0..=draw.below(4)).map(|_| kill(&mut draw)).collect();
        kills.sort_by_key(|kill| (kill.point, kill.delay));
        Plan { kills }
    }

    /// The kills of one company.
    pub fn of_side(&self, side: Side) -> impl Iterator<Item = &Kill> {
        self.kills.iter().filter(move |kill| kill.side == side)
    }
}

fn kill(draw: &mut Draw) -> Kill {
    let side = if draw.below(2) == 0 { Side::Buyer } else { Side::Seller };
    let point =
        if draw.below(2) == 0 { Point::Pay } else { POINTS[draw.below(POINTS.len() as u64) as usize] };
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

impl fmt::Display for Plan {
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
        assert_eq!(Plan::of(7, 3), Plan::of(7, 3));
        assert_ne!(Plan::of(7, 3), Plan::of(7, 4));
        assert_ne!(Plan::of(7, 3), Plan::of(8, 3));
    }

    #[test]
    fn fifty_runs_kill_both_companies_at_every_point() {
        let kills: Vec<Kill> = (1..=50).flat_map(|run| Plan::of(1, run).kills).collect();
        for point in POINTS {
            for side in [Side::Buyer, Side::Seller] {
                assert!(
                    kills.iter().any(|kill| kill.point == point && kill.side == side),
                    "{side} {point:?}"
                );
            }
        }
        assert!((1..=50).all(|run| (1..=4).contains(&Plan::of(1, run).kills.len())));
    }
}
