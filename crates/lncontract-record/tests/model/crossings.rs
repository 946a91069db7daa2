//! The concurrent pairs of DESIGN.md section 4: a search that never met one proves nothing about it.

use lncontract_core::v1::{Entry, Kind, Side};
use lncontract_record::merge::Pair;

use crate::{
    chains::{Chains, Folded, Written, count},
    moves::Group,
};

/// One row of the design's table.
#[derive(Debug)]
pub struct Crossing {
    /// In words.
    pub name: &'static str,
    /// In which groups it must be met, and from how many entries a side on.
    pub groups: &'static [(Group, usize)],
    met: fn(&Met<'_>) -> bool,
}

impl Crossing {
    /// Whether the last entry written meets it.
    pub fn is_met(&self, chains: &Chains, written: &Written, full: &Folded) -> bool {
        let author = written.0.header.author;
        let unseen = count(&written.0)..chains.of(author.other()).len();
        let line = |side: Side, place: usize| Line {
            entry: &chains.of(side)[place].0,
            taken: full.taken.of(side)[place],
        };
        unseen.into_iter().any(|place| {
            let (own, other) = (line(author, chains.of(author).len() - 1), line(author.other(), place));
            let pair = if author == Side::Buyer {
                Pair { buyer: own, seller: other }
            } else {
                Pair { buyer: other, seller: own }
            };
            (self.met)(&Met { pair, full })
        })
    }

    /// Whether a search of that group with that many entries a side has to meet it.
    pub fn is_due(&self, group: Group, entries: usize) -> bool {
        self.groups.iter().any(|&(named, from)| named == group && entries >= from)
    }
}

/// An entry and whether it has its effect.
struct Line<'a> {
    entry: &'a Entry,
    taken: bool,
}

/// Two entries that have not seen each other, in the state of all.
struct Met<'a> {
    pair: Pair<Line<'a>>,
    full: &'a Folded,
}

impl Met<'_> {
    /// Whether they are of these kinds, whoever wrote which, with these effects.
    fn is(&self, one: (&[Kind], bool), two: (&[Kind], bool)) -> bool {
        let fits = |line: &Line<'_>, (kinds, taken): (&[Kind], bool)| {
            line.taken == taken && kinds.contains(&line.entry.header.kind)
        };
        let Pair { buyer, seller } = &self.pair;
        fits(buyer, one) && fits(seller, two) || fits(seller, one) && fits(buyer, two)
    }
}

const ANSWERS: &[Kind] = &[Kind::Reject, Kind::Counter];

/// Every row about kinds that there are.
pub const CROSSINGS: &[Crossing] = &[
    Crossing {
        name: "accept in time, lapse overtaken",
        groups: &[(Group::Pen, 1), (Group::Amendment, 2), (Group::All, 1)],
        met: |met| met.is((&[Kind::Accept], true), (&[Kind::Lapse], false)),
    },
    Crossing {
        name: "reject or counter in time, lapse overtaken",
        groups: &[(Group::Pen, 1), (Group::All, 1)],
        met: |met| met.is((ANSWERS, true), (&[Kind::Lapse], false)),
    },
    Crossing {
        name: "answer in time, deem overtaken",
        groups: &[(Group::Performance, 2), (Group::Amendment, 2), (Group::Silence, 1), (Group::All, 1)],
        met: |met| met.is((&[Kind::Answer], true), (&[Kind::Deem], false)),
    },
    Crossing {
        name: "an entry signed late, timeout before it",
        groups: &[(Group::Pen, 1), (Group::Performance, 2), (Group::All, 1)],
        met: |met| {
            let late = |one: &Line<'_>, two: &Line<'_>| {
                let deadline = two.entry.payload.deadline();
                two.taken && deadline.is_some_and(|deadline| one.entry.header.time > deadline)
            };
            let Pair { buyer, seller } = &met.pair;
            late(buyer, seller) || late(seller, buyer)
        },
    },
    Crossing {
        name: "answer, invoice on the deem that lost overtaken",
        groups: &[(Group::Silence, 2), (Group::All, 2)],
        met: |met| met.is((&[Kind::Answer], true), (&[Kind::Invoice], false)),
    },
    Crossing {
        name: "accept, entry on a changed row after the lapse that lost overtaken",
        groups: &[(Group::Amendment, 3), (Group::All, 2)],
        met: |met| {
            let on_a_row = &[Kind::Tender, Kind::Answer, Kind::Deem, Kind::Fund];
            met.is((&[Kind::Accept], true), (on_a_row, false))
        },
    },
    Crossing {
        name: "accept or counter, new offer after the lapse that lost overtaken",
        groups: &[(Group::Pen, 2), (Group::All, 2)],
        met: |met| met.is((&[Kind::Accept, Kind::Counter], true), (&[Kind::Offer], false)),
    },
    Crossing {
        name: "paid, cancel",
        groups: &[(Group::Payments, 2), (Group::Silence, 3), (Group::All, 1)],
        met: |met| {
            met.is((&[Kind::Paid], true), (&[Kind::Cancel], false))
                || met.is((&[Kind::Paid], true), (&[Kind::Cancel], true))
        },
    },
    Crossing {
        name: "paid, new invoice for the same",
        groups: &[(Group::Payments, 3), (Group::All, 2)],
        met: |met| {
            met.is((&[Kind::Paid], true), (&[Kind::Invoice], true))
                || met.is((&[Kind::Paid], true), (&[Kind::Invoice], false))
        },
    },
    Crossing {
        name: "two payments for one reason stand",
        groups: &[(Group::Payments, 4)],
        met: |met| {
            let paid = met.full.state.invoices.values().filter(|invoice| invoice.paid_at.is_some());
            paid.count() > 1 || met.full.state.strays.values().any(|stray| stray.paid.0 > 0)
        },
    },
    Crossing {
        name: "received of an invoice that was overtaken stands",
        groups: &[(Group::Silence, 3)],
        met: |met| met.full.state.strays.values().any(|stray| stray.received.0 > 0),
    },
    Crossing {
        name: "two timeouts",
        groups: &[(Group::Amendment, 3)],
        met: |met| met.is((&[Kind::Lapse], true), (&[Kind::Deem], true)),
    },
    Crossing {
        name: "both close a channel",
        groups: &[(Group::Channels, 2), (Group::All, 1)],
        met: |met| met.is((&[Kind::Close], true), (&[Kind::Close], true)),
    },
    Crossing {
        name: "the channel's end, release of it overtaken",
        groups: &[(Group::Release, 1)],
        met: |met| met.is((&[Kind::Close], true), (&[Kind::Release], false)),
    },
    Crossing {
        name: "report of a release, next release",
        groups: &[(Group::Release, 2)],
        met: |met| met.is((&[Kind::Earmark, Kind::Close], true), (&[Kind::Release], true)),
    },
    Crossing {
        name: "fund again, report of the channel before",
        groups: &[(Group::Channels, 3), (Group::All, 2)],
        met: |met| met.is((&[Kind::Fund], true), (&[Kind::Earmark, Kind::Close], true)),
    },
];
