//! Channels that several contracts have a part of: whoever pays, in whatever order, takes its own and leaves the rest.

use lncontract_core::{
    Hash, Sat,
    coverage::{ChannelNow, Part, Piece, Standing, Way, Why, choose},
};
use proptest::prelude::*;

use crate::fixture::hash;

/// The first contract opened the channel, and has a second one of its own; the others have parts of the first channel.
const CONTRACTS: usize = 3;

#[derive(Clone, Debug)]
struct Shared {
    /// What the channel can send, reserve and fees taken off.
    can_send: u64,
    /// What is left of what each contract has in it.
    left: [u64; CONTRACTS],
    /// The first contract's other channel.
    other: u64,
}

fn contract(number: usize) -> Hash {
    hash(900 + number as u64)
}

fn fund(number: usize) -> Hash {
    hash(100 + number as u64)
}

const OTHER: u64 = 199;

fn channel(owner: usize, fund: Hash, left: u64, can_send: u64) -> ChannelNow {
    let part = Part { tranche: "channel-1".to_owned(), stages: Vec::new(), left: Sat(left) };
    let (can_send, in_flight_limit) = (Sat(can_send), Sat(u64::MAX));
    ChannelNow {
        contract: contract(owner),
        fund,
        parts: vec![part],
        standing: Standing::Usable,
        can_send,
        at_once: can_send,
        in_flight_limit,
    }
}

impl Shared {
    /// What is left of the parts, but one contract's.
    fn parts(&self, but: usize) -> u64 {
        (1..CONTRACTS).filter(|number| *number != but).map(|number| self.left[number]).sum()
    }

    /// Every contract's look at its channels, as one of them pays.
    fn channels(&self, payer: usize) -> Vec<ChannelNow> {
        let mut all: Vec<_> = (0..CONTRACTS)
            .map(|number| channel(number, fund(number), self.left[number], self.can_send))
            .collect();
        all[payer].leave(Sat(self.parts(payer)));
        all.push(channel(0, hash(OTHER), self.other, self.other));
        all
    }

    /// Pays it if it can be paid whole, and checks what it took.
    fn pay(&mut self, payer: usize, amount: u64) -> Result<(), TestCaseError> {
        let choice = choose(contract(payer), "", Sat(amount), &self.channels(payer));
        let others = choice.passed_over.iter().filter(|(_, why)| *why == Why::OtherContract).count();
        prop_assert_eq!(others, if payer == 0 { CONTRACTS - 1 } else { CONTRACTS });
        let pieces = match choice.way {
            Way::OnePiece { fund } => vec![Piece { fund, amount: Sat(amount) }],
            Way::Split { pieces } => pieces,
            Way::Short { .. } => {
                let sends = self.left[payer].min(self.can_send - self.parts(payer));
                let own = if payer == 0 { self.other } else { 0 };
                prop_assert!(sends + own < amount, "{} of {:?}", amount, self);
                return Ok(());
            }
        };
        for piece in pieces {
            if payer == 0 && piece.fund == hash(OTHER) {
                self.other -= piece.amount.0;
                continue;
            }
            prop_assert_eq!(piece.fund, fund(payer));
            prop_assert!(piece.amount.0 <= self.left[payer], "{:?} of {:?}", piece, self);
            self.left[payer] -= piece.amount.0;
            self.can_send -= piece.amount.0;
        }
        prop_assert!(self.can_send >= self.parts(0), "a part can be paid: {:?}", self);
        Ok(())
    }
}

proptest! {
    #[test]
    fn no_payment_takes_what_is_another_contracts_and_every_part_stays_payable(
        left in [0_u64..1_000, 0..1_000, 0..1_000],
        held_back in 0_u64..1_000,
        other in 0_u64..500,
        payments in prop::collection::vec((0..CONTRACTS, 1_u64..1_200), 1..30),
    ) {
        // The contract that opened it bears what is held back; what is released is not more than can be sent.
        let parts = left[1] + left[2];
        let can_send = (left.iter().sum::<u64>().saturating_sub(held_back)).max(parts);
        let mut shared = Shared { can_send, left, other };
        for (payer, amount) in payments {
            shared.pay(payer, amount)?;
        }
        for part in 1..CONTRACTS {
            let amount = shared.left[part];
            if amount > 0 {
                shared.pay(part, amount)?;
                prop_assert_eq!(shared.left[part], 0);
            }
        }
    }
}
