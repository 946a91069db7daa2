//! What two looks at two sources mean: which one leads, and what is told.
//!
//! Invariant: asks nobody. What was untrue stays told until the program ends; everything else goes when it has gone.

use std::time::{Duration, Instant};

use bitcoin::BlockHash;
use lncontract_lightning::{ChainError, HeaderAt};

use super::Tolerance;
use crate::headers::HeaderTree;

/// Estimators differ, by two or three times in a rush; more than this is told.
const FEES_APART: u32 = 10;

/// A source's tip, checked, and its fee rate if it gave one.
pub(super) type Look = Result<(HeaderAt, Option<u32>), ChainError>;

/// How the sources have stood.
pub(super) struct Watch {
    tolerance: Tolerance,
    lead: usize,
    /// For each: since when it is away, behind or on another branch.
    since: [Option<Instant>; 2],
    /// For each: the first thing it said that was not true.
    lies: [Option<String>; 2],
    /// For each: how it stands apart, in words, once that is worth them.
    apart: [Option<String>; 2],
    fees: Option<String>,
    /// The block that nobody gave, and since when.
    unserved: Option<(BlockHash, Instant)>,
}

impl Watch {
    pub(super) fn new(tolerance: Tolerance) -> Self {
        Watch {
            tolerance,
            lead: 0,
            since: Default::default(),
            lies: Default::default(),
            apart: Default::default(),
            fees: None,
            unserved: None,
        }
    }

    /// Who is asked first.
    pub(super) fn lead(&self) -> usize {
        self.lead
    }

    pub(super) fn doubts(&self) -> Vec<String> {
        self.lies.iter().chain(&self.apart).flatten().chain(&self.fees).cloned().collect()
    }

    /// A block that the leading source names was not to be had. Some servers are slow to index one; for longer than the
    /// tolerance that is work without blocks, which would hold the node up.
    pub(super) fn unserved(&mut self, name: &str, hash: BlockHash, now: Instant) {
        let since = match self.unserved {
            Some((block, since)) if block == hash => since,
            _ => now,
        };
        self.unserved = Some((hash, since));
        if now.saturating_duration_since(since) >= self.tolerance.time {
            self.untrue(self.lead, name, &format!("there is a block {hash}, and nobody can have it"));
        }
    }

    /// A source said what can't be.
    pub(super) fn untrue(&mut self, which: usize, name: &str, text: &str) {
        if self.lies[which].is_none() {
            tracing::error!(source = name, text, "a chain source says what is not true");
            let told = format!(
                "{name} said what is not true: {text}. The node follows the other source; use another one"
            );
            self.lies[which] = Some(told);
        }
        self.lead = self.prefer(1 - which);
    }

    /// That one, unless only the other one has always been true.
    fn prefer(&self, which: usize) -> usize {
        if self.lies[which].is_some() && self.lies[1 - which].is_none() { 1 - which } else { which }
    }

    pub(super) fn judge(&mut self, names: [&str; 2], looks: [Look; 2], tree: &HeaderTree, now: Instant) {
        for (which, look) in looks.iter().enumerate() {
            if let Err(ChainError::Untrue(text)) = look {
                self.untrue(which, names[which], text);
            }
        }
        self.fees = None;
        match &looks {
            [Ok((first, first_fee)), Ok((second, second_fee))] => {
                self.both(names, [*first, *second], tree, now);
                self.fees = fees_apart(names, *first_fee, *second_fee);
            }
            [Ok(_), Err(error)] => self.one_fails(1, names, error, now),
            [Err(error), Ok(_)] => self.one_fails(0, names, error, now),
            // The node itself says that it has lost its chain source.
            [Err(_), Err(_)] => {}
        }
    }

    fn both(&mut self, names: [&str; 2], tips: [HeaderAt; 2], tree: &HeaderTree, now: Instant) {
        let [first, second] = tips;
        // Equal work is no reason to leave the first one.
        let more = usize::from(second.chainwork > first.chainwork);
        // More work that a liar shows may have no blocks to it.
        self.lead = self.prefer(more);
        let less = 1 - more;
        self.since[more] = None;
        self.apart[more] = None;
        if first.header == second.header {
            self.since[less] = None;
            self.apart[less] = None;
            return;
        }
        let (ahead, behind) = (tips[more], tips[less]);
        let common = tree.ancestor(ahead, behind.height).is_some_and(|at| at.header == behind.header);
        let missing = if common { ahead.height - behind.height } else { depth(tree, behind, ahead) };
        let elapsed = self.elapsed(less, now);
        let (slow, good) = (names[less], names[more]);
        let told = match (common, missing > self.tolerance.blocks) {
            (true, true) if elapsed >= self.tolerance.time => Some(format!(
                "{slow} is {missing} blocks behind {good} ({}): what is kept back could hide that a channel was closed \
                 with an old state. The node follows {good}; see what holds {slow} up",
                lasting(elapsed)
            )),
            (true, true) => None,
            // A few blocks behind is usual and made good by the next look.
            (true, false) => {
                self.since[less] = None;
                None
            }
            (false, deep) if deep || elapsed >= self.tolerance.time => Some(format!(
                "{slow} is on another branch with less work than {good}, {missing} blocks long ({}). The node follows \
                 {good}, which has more; don't use {slow} alone",
                lasting(elapsed)
            )),
            (false, _) => None,
        };
        self.apart[less] = told;
    }

    fn one_fails(&mut self, which: usize, names: [&str; 2], error: &ChainError, now: Instant) {
        self.lead = self.prefer(1 - which);
        self.since[1 - which] = None;
        self.apart[1 - which] = None;
        let elapsed = self.elapsed(which, now);
        let (away, good) = (names[which], names[1 - which]);
        let told = format!(
            "{away} gives no chain to compare ({}): {error}. The node follows {good} alone",
            lasting(elapsed)
        );
        // Words about a lie are there already.
        let news = elapsed >= self.tolerance.time && !matches!(error, ChainError::Untrue(_));
        self.apart[which] = news.then_some(told);
    }

    fn elapsed(&mut self, which: usize, now: Instant) -> Duration {
        now.saturating_duration_since(*self.since[which].get_or_insert(now))
    }
}

/// How many blocks of the branch that ends with `tip` are not below `other`.
fn depth(tree: &HeaderTree, tip: HeaderAt, other: HeaderAt) -> u32 {
    let mut depth = 0;
    let mut at = Some(tip);
    while let Some(here) = at {
        if tree.ancestor(other, here.height).is_some_and(|there| there.header == here.header) {
            break;
        }
        depth += 1;
        at = tree.known(&here.header.prev_blockhash);
    }
    depth
}

fn fees_apart(names: [&str; 2], first: Option<u32>, second: Option<u32>) -> Option<String> {
    let (first, second) = (first?, second?);
    let (low, high) = (first.min(second), first.max(second));
    (high / low.max(1) >= FEES_APART).then(|| {
        format!(
            "fee rates differ: {} says {first} satoshi per 1,000 weight units, {} says {second}. The first one's are used; \
             see which is wrong before a channel is opened or closed",
            names[0], names[1]
        )
    })
}

/// How long something has lasted, so roughly that the words seldom change.
fn lasting(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..60 => "just now".to_owned(),
        60..120 => "for a minute".to_owned(),
        s @ 120..7_200 => format!("for {} minutes", s / 60),
        s => format!("for {} hours", s / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_it_lasts_is_said_in_one_unit() {
        let check = |s, expect| assert_eq!(lasting(Duration::from_secs(s)), expect);
        check(59, "just now");
        check(119, "for a minute");
        check(7_199, "for 119 minutes");
        check(7_200, "for 2 hours");
    }

    #[test]
    fn a_liar_leads_only_over_another_liar() {
        let mut watch = Watch::new(Tolerance::usual(bitcoin::Network::Signet));
        watch.untrue(0, "first", "x");
        assert_eq!((watch.lead(), watch.prefer(0), watch.doubts().len()), (1, 1, 1));
        watch.untrue(0, "first", "y");
        assert!(watch.doubts()[0].contains('x'), "the first lie is the one that is told");
        watch.untrue(1, "second", "z");
        assert_eq!((watch.prefer(0), watch.prefer(1), watch.doubts().len()), (0, 1, 2));
    }
}
