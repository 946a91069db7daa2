//! Our money of an ended contract on chain: what came back, what it cost, for either company and either way to close.

use bitcoin::{Txid, hashes::Hash as _};
use lncontract_lightning::{ForcedClose, OpeningId};

use super::{
    super::coverage::tests::{contract, hash, node as channel},
    *,
};

fn txid(number: u8) -> Txid {
    Txid::from_byte_array([number; 32])
}

fn movement(tx: u8, received_sat: u64, outputs_sat: u64, fee_sat: Option<u64>) -> OnchainMovement {
    OnchainMovement { txid: txid(tx), received_sat, sent_sat: 0, outputs_sat, fee_sat, height: Some(7) }
}

/// The first channel of the sample, opened by transaction 1, with 50,000,000 sat in it at its end.
fn view(
    ours: Side,
    state: ChannelState,
    closes: Vec<ForcedClose>,
    movements: Vec<OnchainMovement>,
) -> OnchainView {
    let mut sample = contract();
    for later in [hash(2), hash(3)] {
        sample.channels.remove(&later);
    }
    for report in sample.channels.get_mut(&hash(1)).unwrap().reports.values_mut() {
        report.outpoint = format!("{}:0", txid(1));
    }
    let mut there = channel(hash(1), 50_000_000, state, Vec::new());
    there.outbound = ours == Side::Buyer;
    onchain(ours, &sample, &NodeLook::told(vec![there], closes, movements))
}

fn shown(funded_sat: u64, returned_sat: u64, fees_sat: u64, there_sat: u64) -> OnchainView {
    OnchainView { funded_sat, returned_sat, fees_sat, there_sat }
}

#[test]
fn a_channel_closed_together_brings_back_what_its_transaction_paid_to_us_and_the_opener_pays() {
    let closed = || ChannelState::Closed { forced: false, closing_tx: Some(txid(2)) };
    let moves = |received| {
        vec![movement(1, 0, 0, Some(155)), movement(2, received, 49_979_830, None), movement(9, 5, 5, None)]
    };
    assert_eq!(
        view(Side::Buyer, closed(), Vec::new(), moves(9_979_830)),
        shown(30_000_000, 9_979_830, 20_325, 0)
    );
    assert_eq!(view(Side::Seller, closed(), Vec::new(), moves(40_000_000)), shown(0, 40_000_000, 0, 0));
}

#[test]
fn a_channel_closed_alone_brings_back_what_the_sweeps_brought_less_their_fees() {
    let closed = || ChannelState::Closed { forced: true, closing_tx: Some(txid(2)) };
    let close = |index: u32| ForcedClose {
        opening: channel(hash(1), 0, closed(), Vec::new()).opening,
        txid: txid(2),
        height: Some(7),
        outputs_sat: vec![9_990_000, 40_000_000],
        spent_by: vec![(index, txid(3))],
    };
    let buyer = view(Side::Buyer, closed(), vec![close(0)], vec![movement(3, 9_989_000, 9_989_000, None)]);
    assert_eq!(buyer, shown(30_000_000, 9_989_000, 11_000, 0));
    let seller =
        view(Side::Seller, closed(), vec![close(1)], vec![movement(3, 39_999_000, 39_999_000, None)]);
    assert_eq!(seller, shown(0, 39_999_000, 1_000, 0));
}

#[test]
fn what_is_not_closed_is_there_still_and_what_is_another_contracts_is_not_counted() {
    let open = ChannelState::Open { usable: true };
    assert_eq!(view(Side::Buyer, open, Vec::new(), Vec::new()), shown(30_000_000, 0, 0, 50_000_000));
    let mut other = channel(hash(8), 5, ChannelState::Open { usable: true }, Vec::new());
    other.opening = OpeningId(8);
    let node = NodeLook::told(vec![other], Vec::new(), Vec::new());
    assert_eq!(onchain(Side::Seller, &contract(), &node), OnchainView::default());
}
