//! Announcing channels, and reporting them.

use lncontract_core::{
    ChannelRefusal, Effect, Refusal, Sat,
    status::{Agreement, Progress, RowState},
    v1::{ChannelStage, Close, CloseManner, Earmark, Fund, Instrument, Payload, Side},
};

use crate::fixture::{Play, example, fund, hash};

#[track_caller]
fn check(play: &Play, author: Side, payload: Payload, expected: Result<(), Refusal>) {
    assert_eq!(play.judge(author, payload), expected);
}

fn earmark(fund: u64, capacity: u64, stage: ChannelStage) -> Payload {
    let (fund, outpoint) = (hash(fund), format!("{}:0", hash(55)));
    Payload::Earmark(Earmark { fund, outpoint, capacity: Sat(capacity), stage })
}

fn close(fund: u64, manner: CloseManner) -> Payload {
    Payload::Close(Close { fund: hash(fund), manner, txid: None })
}

#[test]
fn the_buyer_announces_exactly_what_the_plan_says() {
    let mut play = Play::signed();
    let good = fund("channel-1", 30_000_000, &[]);
    check(&play, Side::Buyer, Payload::Fund(good.clone()), Ok(()));
    let testing = fund("channel-2", 60_000_000, &["subsystem-testing"]);
    check(&play, Side::Buyer, Payload::Fund(testing), Ok(()));
    let wrong = Refusal::WrongSide { expected: Side::Buyer, author: Side::Seller };
    check(&play, Side::Seller, Payload::Fund(good.clone()), Err(wrong));
    let unknown = ChannelRefusal::UnknownTranche { tranche: "channel-9".to_owned() };
    check(&play, Side::Buyer, Payload::Fund(fund("channel-9", 1, &[])), Err(unknown.into()));
    let amount = ChannelRefusal::Amount { planned: Sat(30_000_000), found: Sat(20_000_000) };
    check(&play, Side::Buyer, Payload::Fund(fund("channel-1", 20_000_000, &[])), Err(amount.into()));
    let stages = ChannelRefusal::Stages { tranche: "channel-2".to_owned() };
    check(&play, Side::Buyer, Payload::Fund(fund("channel-2", 60_000_000, &[])), Err(stages.into()));
    let notice = ChannelRefusal::Notice { planned: 1_008, found: 144 };
    let short = Fund { notice_blocks: 144, ..good.clone() };
    check(&play, Side::Buyer, Payload::Fund(short), Err(notice.into()));
    let live = play.take(Side::Buyer, Payload::Fund(good.clone()));
    let funded = ChannelRefusal::Funded { tranche: "channel-1".to_owned(), fund: live };
    check(&play, Side::Buyer, Payload::Fund(good), Err(funded.into()));
}

#[test]
fn nothing_is_announced_before_terms_are_in_force() {
    let mut play = Play::new();
    play.take(Side::Seller, play.genesis(example()));
    let payload = Payload::Fund(fund("channel-1", 30_000_000, &[]));
    check(&play, Side::Buyer, payload, Err(Refusal::NotInForce));
}

#[test]
fn an_opening_that_failed_is_announced_again_and_a_channel_that_closed_is_not_owed_again() {
    let mut play = Play::signed();
    let good = || Payload::Fund(fund("channel-1", 30_000_000, &[]));
    let state = |play: &Play| {
        let rows = play.status().obligations;
        rows.into_iter().find(|row| row.row == "fund-channel-1").unwrap().state
    };
    assert_eq!(state(&play), RowState::Due);
    play.take(Side::Buyer, good());
    assert_eq!(state(&play), RowState::Announced);
    play.take(Side::Buyer, close(3, CloseManner::Failed));
    assert_eq!(state(&play), RowState::Due);
    play.take(Side::Buyer, good());
    play.take(Side::Seller, earmark(5, 30_000_000, ChannelStage::Pending));
    assert_eq!(state(&play), RowState::Pending);
    play.take(Side::Buyer, earmark(5, 30_000_000, ChannelStage::Open));
    assert_eq!(state(&play), RowState::Open);
    play.take(Side::Seller, close(5, CloseManner::Cooperative));
    assert_eq!(state(&play), RowState::Closed);
    assert!(!play.status().acts.buyer.iter().any(|act| {
        matches!(&act.todo, lncontract_core::status::Todo::Fund { tranche, .. } if tranche == "channel-1")
    }));
}

#[test]
fn each_side_reports_what_its_own_node_sees_and_open_earmarks_sum_up() {
    let mut play = Play::signed();
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    let view = |play: &Play| {
        let status = play.status();
        (status.channels[0].progress, status.channels[0].agreement, status.earmarked.0)
    };
    assert_eq!(view(&play), (Progress::Announced, Agreement::Unseen, 0));
    play.take(Side::Buyer, earmark(3, 30_000_000, ChannelStage::Pending));
    assert_eq!(view(&play), (Progress::Pending, Agreement::SeenBy { side: Side::Buyer }, 0));
    play.take(Side::Buyer, earmark(3, 30_000_000, ChannelStage::Open));
    play.take(Side::Seller, earmark(3, 29_000_000, ChannelStage::Open));
    assert_eq!(view(&play), (Progress::Open, Agreement::Differs, 30_000_000));
    play.take(Side::Seller, earmark(3, 30_000_000, ChannelStage::Open));
    assert_eq!(view(&play), (Progress::Open, Agreement::Same, 30_000_000));
    play.take(Side::Seller, close(3, CloseManner::Forced));
    assert_eq!(view(&play), (Progress::Closing, Agreement::Same, 0));
    let txid = Some(hash(66));
    let payload = Payload::Close(Close { fund: hash(3), manner: CloseManner::Forced, txid });
    play.take(Side::Buyer, payload);
    assert_eq!(view(&play).0, Progress::Closed);
}

#[test]
fn a_report_names_a_channel_that_was_announced_and_an_output() {
    let mut play = Play::signed();
    let unknown = Refusal::from(ChannelRefusal::UnknownFund { fund: hash(44) });
    check(&play, Side::Buyer, earmark(44, 1, ChannelStage::Open), Err(unknown.clone()));
    check(&play, Side::Buyer, close(44, CloseManner::Failed), Err(unknown));
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    for found in ["", "55:0", &format!("{}", hash(5)), &format!("{}:01", hash(5)), &format!("{}:-1", hash(5))]
    {
        let (fund, outpoint) = (hash(3), found.to_owned());
        let payload = Earmark { fund, outpoint, capacity: Sat(1), stage: ChannelStage::Open };
        let refusal = ChannelRefusal::Outpoint { found: found.to_owned() };
        check(&play, Side::Buyer, Payload::Earmark(payload), Err(refusal.into()));
    }
}

#[test]
fn a_report_of_a_channel_whose_announcement_was_overtaken_is_kept() {
    let mut play = Play::signed();
    let entry = play.entry(Side::Buyer, earmark(44, 30_000_000, ChannelStage::Open));
    assert_eq!(play.fold(&entry), Effect::Taken);
    let status = play.status();
    assert_eq!((status.channels[0].tranche.clone(), status.channels[0].progress), (None, Progress::Open));
    assert_eq!(status.earmarked, Sat::ZERO);
}

#[test]
fn a_splice_adds_to_its_channel_and_ends_with_it() {
    let mut play = Play::signed();
    let splice = fund("splice-1", 20_000_000, &[]);
    let nothing = ChannelRefusal::NothingToSplice { into: "channel-1".to_owned() };
    check(&play, Side::Buyer, Payload::Fund(splice.clone()), Err(nothing.clone().into()));
    let base = play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    play.take(Side::Buyer, earmark(3, 30_000_000, ChannelStage::Open));
    let added = play.take(Side::Buyer, Payload::Fund(splice.clone()));
    assert_eq!(play.state.channels[&added].announced.as_ref().and_then(|fund| fund.into), Some(base));
    let view = |play: &Play| {
        let status = play.status();
        assert_eq!(status.channels.len(), 1, "one channel, whatever was added to it");
        let channel = &status.channels[0];
        (channel.progress, channel.splices[0].progress, status.earmarked.0)
    };
    assert_eq!(view(&play), (Progress::Open, Progress::Announced, 30_000_000));
    play.take(Side::Seller, earmark(5, 50_000_000, ChannelStage::Pending));
    assert_eq!(view(&play), (Progress::Open, Progress::Pending, 30_000_000));
    play.take(Side::Buyer, earmark(5, 50_000_000, ChannelStage::Open));
    assert_eq!(view(&play), (Progress::Open, Progress::Open, 50_000_000));
    assert_eq!(play.status().channels[0].earmarked(), Sat(50_000_000));
    play.take(Side::Seller, close(3, CloseManner::Cooperative));
    assert_eq!(view(&play), (Progress::Closing, Progress::Closing, 0));
    let rows = play.status().obligations;
    assert_eq!(rows.iter().find(|row| row.row == "fund-splice-1").unwrap().state, RowState::Closed);
    let second = fund("splice-2", 25_000_000, &[]);
    check(&play, Side::Buyer, Payload::Fund(second.clone()), Err(nothing.into()));
    let further = Fund { instrument: Some(Instrument::Channel), ..second };
    check(&play, Side::Buyer, Payload::Fund(further), Ok(()));
}

#[test]
fn a_splice_that_failed_is_owed_again_and_only_a_splice_departs_from_the_plan() {
    let mut play = Play::signed();
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    let splice = fund("splice-1", 20_000_000, &[]);
    play.take(Side::Buyer, Payload::Fund(splice.clone()));
    play.take(Side::Buyer, close(4, CloseManner::Failed));
    assert_eq!(play.status().channels[0].progress, Progress::Announced, "the channel goes on");
    assert_eq!(play.status().channels[0].splices[0].progress, Progress::Failed);
    let further = Fund { instrument: Some(Instrument::Channel), ..splice.clone() };
    check(&play, Side::Buyer, Payload::Fund(further.clone()), Ok(()));
    check(&play, Side::Buyer, Payload::Fund(splice.clone()), Ok(()));
    let refused = |tranche: &str| Err(ChannelRefusal::Instrument { tranche: tranche.to_owned() }.into());
    let into = Instrument::SpliceIn { into: "channel-1".to_owned() };
    let other = Fund { instrument: Some(into.clone()), ..splice };
    check(&play, Side::Buyer, Payload::Fund(other), refused("splice-1"));
    let channel = Fund { instrument: Some(into), ..fund("channel-2", 60_000_000, &["subsystem-testing"]) };
    check(&play, Side::Buyer, Payload::Fund(channel), refused("channel-2"));
    play.take(Side::Buyer, Payload::Fund(further));
    assert_eq!(play.status().channels.len(), 2, "a channel of its own");
}
