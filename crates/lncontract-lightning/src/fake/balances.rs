//! The money of a node of the fake network.

use super::{RESERVE_SAT, channels::Stage, state::State};
use crate::Balances;

impl State {
    pub(super) fn balances(&self, seat: usize) -> Balances {
        let onchain_total_sat: u64 = self.seats[seat].coins.iter().map(|coin| coin.sat).sum();
        let mut channels_msat = 0;
        let mut closing_sat: u64 = self.seats[seat].returning.iter().map(|returning| returning.sat).sum();
        let mut count = 0;
        for channel in &self.channels {
            let Some(end) = channel.end_of(seat) else { continue };
            match channel.stage {
                Stage::Pending(_) | Stage::Open => {
                    channels_msat +=
                        channel.balance_msat[end].saturating_add_signed(channel.coming_msat(end));
                    count += 1;
                }
                Stage::Closing { .. } => {
                    let coming = channel.balance_msat[end].saturating_add_signed(channel.coming_msat(end));
                    closing_sat += coming / 1_000;
                }
                Stage::Asked | Stage::Closed { .. } | Stage::Failed(_) => {}
            }
        }
        Balances {
            onchain_spendable_sat: self.spendable_sat(seat),
            onchain_total_sat,
            anchor_reserve_sat: (count * RESERVE_SAT).min(onchain_total_sat),
            channels_msat,
            closing_sat,
        }
    }
}
