//! Releases: what is set aside goes back to the buyer without the end of its channel.

use lncontract_core::{
    ChannelRefusal, Effect, Hash, Refusal, Sat,
    status::{Progress, RowState, Status},
    v1::{ChannelStage, Close, CloseManner, Earmark, Payload, Release, Side},
};

use crate::{
    account::done,
    fixture::{Play, fund, hash, whole},
};

const FUND: fn() -> Payload = || Payload::Fund(fund("channel-1", 30_000_000, &[]));

fn earmark(fund: Hash, capacity: u64, stage: ChannelStage) -> Payload {
    let outpoint = format!("{}:0", hash(55));
    Payload::Earmark(Earmark { fund, outpoint, capacity: Sat(capacity), stage })
}

fn open(fund: Hash, capacity: u64) -> Payload {
    earmark(fund, capacity, ChannelStage::Open)
}

fn release(fund: Hash, amount: u64) -> Payload {
    Payload::Release(Release { fund, amount: Sat(amount) })
}

fn close(fund: Hash, manner: CloseManner) -> Payload {
    Payload::Close(Close { fund, manner, txid: None })
}

#[track_caller]
fn check(play: &Play, amount: u64, fund: Hash, expected: Result<(), ChannelRefusal>) {
    assert_eq!(play.judge(Side::Seller, release(fund, amount)), expected.map_err(Refusal::from));
}

/// Everything is performed and paid, and a channel of 38,000,000 sat is open.
fn paid() -> (Play, Hash) {
    let mut play = done();
    let fund = *play.state.channels.keys().next().expect("one was announced");
    play.take(Side::Buyer, open(fund, 38_000_000));
    (play, fund)
}

/// A channel for subsystem testing, which is not paid yet, beside a general one.
fn testing() -> (Play, Hash) {
    let mut play = Play::signed();
    let testing = fund("channel-2", 60_000_000, &["subsystem-testing"]);
    let testing = play.take(Side::Buyer, Payload::Fund(testing));
    play.take(Side::Buyer, open(testing, 60_000_000));
    (play, testing)
}

fn figures(status: &Status) -> (u64, u64, Vec<Progress>) {
    let channel = &status.channels[0];
    let releases = channel.releases.iter().map(|release| release.progress).collect();
    (status.earmarked.0, channel.releasable.0, releases)
}

#[test]
fn a_release_lowers_what_is_set_aside_at_once_and_its_splice_is_reported_as_any_other() {
    let (mut play, fund) = paid();
    assert_eq!(figures(&play.status()), (38_000_000, 38_000_000, vec![]));
    let first = play.take(Side::Seller, release(fund, 20_000_000));
    assert_eq!(figures(&play.status()), (18_000_000, 0, vec![Progress::Announced]));
    play.take(Side::Buyer, earmark(first, 17_999_700, ChannelStage::Pending));
    assert_eq!(figures(&play.status()), (18_000_000, 0, vec![Progress::Pending]));
    play.take(Side::Seller, open(first, 17_999_700));
    assert_eq!(figures(&play.status()), (18_000_000, 18_000_000, vec![Progress::Open]));
    let status = play.status();
    assert_eq!((status.channels.len(), status.channels[0].splices.len()), (1, 0), "no channel of its own");
    let row = status.obligations.iter().find(|row| row.row == "fund-channel-1").unwrap();
    assert_eq!(row.state, RowState::Open, "the tranche was set aside all the same");
    play.take(Side::Buyer, close(fund, CloseManner::Cooperative));
    assert_eq!(figures(&play.status()), (0, 0, vec![Progress::Closing]));
}

#[test]
fn a_release_whose_splice_failed_is_void_and_another_may_be_signed() {
    let (mut play, fund) = paid();
    let first = play.take(Side::Seller, release(fund, 38_000_000));
    check(&play, 1, fund, Err(ChannelRefusal::Releasing { fund, release: first }));
    play.take(Side::Buyer, close(first, CloseManner::Failed));
    assert_eq!(figures(&play.status()), (38_000_000, 38_000_000, vec![Progress::Failed]));
    check(&play, 38_000_000, fund, Ok(()));
}

#[test]
fn who_took_a_release_out_can_not_void_it() {
    let (mut play, fund) = paid();
    let first = play.take(Side::Seller, release(fund, 20_000_000));
    play.take(Side::Seller, open(first, 18_000_000));
    play.take(Side::Buyer, close(first, CloseManner::Failed));
    check(
        &play,
        18_000_001,
        fund,
        Err(ChannelRefusal::TooMuch { left: Sat(18_000_000), found: Sat(18_000_001) }),
    );
}

#[test]
fn never_more_is_released_than_is_set_aside_and_not_released_yet() {
    let (mut play, fund) = paid();
    let (left, found) = (Sat(38_000_000), Sat(38_000_001));
    check(&play, 38_000_001, fund, Err(ChannelRefusal::TooMuch { left, found }));
    check(&play, 0, fund, Err(ChannelRefusal::NothingReleased));
    let first = play.take(Side::Seller, release(fund, 37_000_000));
    play.take(Side::Buyer, open(first, 1_000_000));
    check(&play, 1_000_000, fund, Ok(()));
    let (left, found) = (Sat(1_000_000), Sat(1_000_001));
    check(&play, 1_000_001, fund, Err(ChannelRefusal::TooMuch { left, found }));
}

#[test]
fn what_a_milestone_still_has_to_be_paid_from_is_not_released() {
    let (mut play, testing) = testing();
    let milestone = "subsystem-testing".to_owned();
    let owed = ChannelRefusal::StillOwed { milestone, missing: Sat(60_000_000) };
    check(&play, 1, testing, Err(owed));
    let general = play.take(Side::Buyer, FUND());
    play.take(Side::Buyer, open(general, 30_000_000));
    play.perform("subsystem-testing", 1);
    play.settle(&whole("pay-subsystem-testing"));
    check(&play, 1, testing, Ok(()));
    // What is set aside for the contract in general may have to pay any of the others.
    let milestone = "materials-on-order".to_owned();
    check(&play, 1, general, Err(ChannelRefusal::StillOwed { milestone, missing: Sat(25_000_000) }));
}

#[test]
fn only_the_seller_releases_and_only_a_channel_that_is_open() {
    let (mut play, fund) = paid();
    let wrong = Refusal::WrongSide { expected: Side::Seller, author: Side::Buyer };
    assert_eq!(play.judge(Side::Buyer, release(fund, 1)), Err(wrong));
    check(&play, 1, hash(77), Err(ChannelRefusal::NoChannel { fund: hash(77) }));
    let first = play.take(Side::Seller, release(fund, 1));
    check(&play, 1, first, Err(ChannelRefusal::NoChannel { fund: first }));
    play.take(Side::Buyer, close(fund, CloseManner::Cooperative));
    check(&play, 1, fund, Err(ChannelRefusal::Ended { fund }));
    let mut play = done();
    let fund = *play.state.channels.keys().next().unwrap();
    play.take(Side::Buyer, earmark(fund, 38_000_000, ChannelStage::Pending));
    check(&play, 1, fund, Err(ChannelRefusal::TooMuch { left: Sat::ZERO, found: Sat(1) }));
}

#[test]
fn a_release_overtaken_by_the_end_of_its_channel_has_no_effect() {
    let (mut play, fund) = paid();
    let late = play.entry(Side::Seller, release(fund, 20_000_000));
    play.take(Side::Buyer, close(fund, CloseManner::Cooperative));
    assert_eq!(play.fold(&late), Effect::Overtaken(ChannelRefusal::Ended { fund }.into()));
    assert!(play.status().channels[0].releases.is_empty());
}

#[test]
fn money_is_released_when_both_have_signed_the_final_account_too() {
    let (mut play, fund) = paid();
    for side in [Side::Seller, Side::Buyer] {
        play.take(side, Payload::FinalAccount(play.signature()));
    }
    assert!(play.state.is_closed());
    play.take(Side::Seller, release(fund, 38_000_000));
    assert_eq!(figures(&play.status()), (0, 0, vec![Progress::Announced]));
}
