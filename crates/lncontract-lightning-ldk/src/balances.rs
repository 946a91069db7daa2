//! The node's money: on chain, in channels, on its way back.
//!
//! Invariant: no satoshi is counted twice. What closes is counted as closing until a block pays the wallet.
//! While an HTLC claim is between its first and sixth confirmation it may be seen in both places.

use bitcoin::FeeRate;
use lightning::{
    chain::channelmonitor::{Balance, BalanceSource},
    ln::types::ChannelId,
    sign::SpendableOutputDescriptor,
    util::{
        anchor_channel_reserves::{AnchorChannelReserveContext, get_reserve_per_channel},
        sweep::OutputSpendStatus,
    },
};
use lncontract_lightning::{Balances, ChannelState, ForcedClose, OpeningId};

use crate::{
    channels::{ChannelRow, End},
    parts::Parts,
    splices::signed,
};

/// One large payment at a time goes over a channel (DESIGN 8), so one HTLC is provided for.
const RESERVE_HTLCS: u16 = 1;

/// What closing one channel alone may cost in fees, in satoshi.
fn reserve_per_channel_sat(rate_sat_per_kwu: u32) -> u64 {
    let context = AnchorChannelReserveContext {
        upper_bound_fee_rate: FeeRate::from_sat_per_kwu(rate_sat_per_kwu.into()),
        expected_accepted_htlcs: RESERVE_HTLCS,
        taproot_wallet: false,
    };
    get_reserve_per_channel(&context).to_sat()
}

impl Parts {
    /// The reserve for all channels there are, those being opened included.
    pub(crate) fn reserve_sat(&self) -> u64 {
        self.reserve_for_sat(self.manager.list_channels().len())
    }

    /// The reserve with one more channel.
    pub(crate) fn reserve_with_another_sat(&self) -> u64 {
        self.reserve_for_sat(self.manager.list_channels().len() + 1)
    }

    fn reserve_for_sat(&self, channels: usize) -> u64 {
        channels as u64 * reserve_per_channel_sat(self.config.reserve_fee_rate_sat_per_kwu)
    }

    /// What has to be deposited before a peer's channel is accepted. LDK lists a channel that the peer has
    /// asked for only once it is accepted.
    pub(crate) fn reserve_missing_for_another_sat(&self) -> u64 {
        self.reserve_with_another_sat().saturating_sub(self.wallet.holdings().spendable_sat)
    }

    /// See the port.
    pub(crate) fn balances(&self) -> Balances {
        let holdings = self.wallet.holdings();
        let live = self.manager.list_channels();
        let channels = self.book.channels(&live);
        let open =
            |state: &ChannelState| matches!(state, ChannelState::Pending { .. } | ChannelState::Open { .. });
        let closing = |state: &ChannelState| matches!(state, ChannelState::Closing { .. });
        let channels_msat = channels
            .iter()
            .filter(|channel| open(&channel.state))
            .map(|channel| channel.local_msat)
            .sum::<u64>()
            // What a signed splice adds has left the wallet; what it takes out is there already.
            .saturating_add_signed(
                live.iter().flat_map(signed).map(|splice| splice.change_sat * 1_000).sum(),
            );
        let no_tx_sat: u64 = channels
            .iter()
            .filter(|channel| closing(&channel.state))
            .map(|channel| channel.local_msat / 1_000)
            .sum();
        // What these will bring is counted with the channel.
        let counted = |id: &ChannelId| {
            channels
                .iter()
                .any(|channel| channel.id.0 == id.0 && !matches!(channel.state, ChannelState::Closed { .. }))
        };
        let monitors = self.monitor.list_monitors().into_iter().filter(|id| !counted(id));
        let closed_sat: u64 = monitors
            .filter_map(|id| self.monitor.get_monitor(id).ok())
            .flat_map(|monitor| monitor.get_claimable_balances())
            .map(|balance| closing_sat(&balance))
            .sum();
        Balances {
            onchain_spendable_sat: holdings.spendable_sat,
            onchain_total_sat: holdings.total_sat,
            anchor_reserve_sat: self.reserve_sat().min(holdings.total_sat),
            channels_msat,
            closing_sat: no_tx_sat + closed_sat + self.sweeping_sat(),
        }
    }

    /// See the port.
    pub(crate) fn forced_closes(&self) -> Vec<ForcedClose> {
        let close = |(opening, row): (OpeningId, ChannelRow)| match row.end {
            Some(End::Closed { forced: true, closing_tx: Some(txid), .. }) => {
                let (height, outputs_sat) = (row.closing_height, row.closing_outputs_sat);
                Some(ForcedClose { opening, txid, height, outputs_sat, spent_by: self.wallet.spenders(txid) })
            }
            _ => None,
        };
        self.book.rows().into_iter().filter_map(close).collect()
    }

    /// Outputs that LDK's sweeper holds and no block has moved to the wallet.
    fn sweeping_sat(&self) -> u64 {
        let waiting = self.sweeper.tracked_spendable_outputs().into_iter().filter(|output| {
            !matches!(output.status, OutputSpendStatus::PendingThresholdConfirmations { .. })
        });
        waiting
            .map(|output| match output.descriptor {
                SpendableOutputDescriptor::DelayedPaymentOutput(output) => output.output.value.to_sat(),
                SpendableOutputDescriptor::StaticPaymentOutput(output) => output.output.value.to_sat(),
                // Paid to a script of the wallet: counted there.
                SpendableOutputDescriptor::StaticOutput { .. } => 0,
            })
            .sum()
    }
}

/// What one claim of a closed channel will bring, as far as the wallet does not hold it yet.
fn closing_sat(balance: &Balance) -> u64 {
    match balance {
        // The closing transaction is in a block and pays a script of the wallet.
        Balance::ClaimableAwaitingConfirmations { source: BalanceSource::CoopClose, .. } => 0,
        other => other.claimable_amount_satoshis(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_pays_a_forced_close_with_one_htlc_at_the_given_rate() {
        let at_50 = reserve_per_channel_sat(12_500);
        assert!((40_000..80_000).contains(&at_50), "{at_50}");
        assert_eq!(reserve_per_channel_sat(0), 0);
    }

    #[test]
    fn a_confirmed_cooperative_close_is_counted_in_the_wallet_alone() {
        let awaiting = |source| Balance::ClaimableAwaitingConfirmations {
            amount_satoshis: 7,
            confirmation_height: 100,
            source,
        };
        assert_eq!(closing_sat(&awaiting(BalanceSource::CoopClose)), 0);
        assert_eq!(closing_sat(&awaiting(BalanceSource::HolderForceClosed)), 7);
    }
}
