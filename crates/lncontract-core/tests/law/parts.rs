//! Parts: what one contract released carries out a tranche of another one.

use lncontract_core::{
    ChannelRefusal, Hash, Refusal, Sat,
    status::Progress,
    v1::{ChannelStage, Close, CloseManner, Earmark, Fund, Instrument, Part, Payload, Release, Side},
};

use crate::fixture::{Play, fund, hash};

fn part(release: u64) -> Part {
    Part { contract: hash(70), channel: hash(71), release: hash(release) }
}

fn by_part(tranche: &str, amount: u64, release: u64) -> Fund {
    Fund { of: Some(part(release)), ..fund(tranche, amount, &[]) }
}

fn general(release: u64) -> Fund {
    by_part("channel-1", 30_000_000, release)
}

fn open(fund: Hash) -> Payload {
    let outpoint = format!("{}:0", hash(55));
    Payload::Earmark(Earmark { fund, outpoint, capacity: Sat(90_000_000), stage: ChannelStage::Open })
}

fn close(fund: Hash) -> Payload {
    Payload::Close(Close { fund, manner: CloseManner::Cooperative, txid: None })
}

#[track_caller]
fn check(play: &Play, fund: Fund, expected: Result<(), ChannelRefusal>) {
    assert_eq!(play.judge(Side::Buyer, Payload::Fund(fund)), expected.map_err(Refusal::from));
}

#[test]
fn a_part_sets_aside_what_its_tranche_asks_for_whatever_the_size_of_the_channel() {
    let mut play = Play::signed();
    let aside = play.take(Side::Buyer, Payload::Fund(general(72)));
    assert_eq!(play.state.channels[&aside].part(), Some(&part(72)));
    assert_eq!(play.status().earmarked, Sat::ZERO, "nobody has seen it");
    play.take(Side::Buyer, open(aside));
    play.take(Side::Seller, open(aside));
    let status = play.status();
    let seen = &status.channels[0];
    assert_eq!((seen.progress, seen.of.clone()), (Progress::Open, Some(part(72))));
    assert_eq!(status.earmarked, Sat(30_000_000));
    play.take(Side::Seller, close(aside));
    assert_eq!(play.status().earmarked, Sat::ZERO);
}

#[test]
fn the_amount_of_a_part_is_that_of_its_tranche() {
    let (planned, found) = (Sat(30_000_000), Sat(4_000_000));
    let wrong = by_part("channel-1", 4_000_000, 72);
    check(&Play::signed(), wrong, Err(ChannelRefusal::Amount { planned, found }));
}

#[test]
fn a_part_is_of_another_contract() {
    let play = Play::signed();
    let own = Part { contract: play.state.id(), ..part(72) };
    check(&play, Fund { of: Some(own), ..general(72) }, Err(ChannelRefusal::PartOfItself));
}

#[test]
fn a_part_is_named_once_also_after_its_end() {
    let mut play = Play::signed();
    let first = play.take(Side::Buyer, Payload::Fund(general(72)));
    let taken = || Err(ChannelRefusal::PartTaken { release: hash(72), fund: first });
    let splice =
        |release| Fund { instrument: Some(Instrument::Channel), ..by_part("splice-1", 20_000_000, release) };
    check(&play, splice(72), taken());
    check(&play, splice(73), Ok(()));
    play.take(Side::Buyer, close(first));
    check(&play, general(72), taken());
    check(&play, general(73), Ok(()));
}

#[test]
fn a_splice_takes_no_part_and_goes_into_none() {
    let mut play = Play::signed();
    let aside = play.take(Side::Buyer, Payload::Fund(general(72)));
    let into = || Err(ChannelRefusal::SpliceIntoPart { into: "channel-1".to_owned() });
    check(&play, fund("splice-1", 20_000_000, &[]), into());
    play.take(Side::Buyer, close(aside));
    play.take(Side::Buyer, Payload::Fund(fund("channel-1", 30_000_000, &[])));
    let splice = by_part("splice-1", 20_000_000, 73);
    check(&play, splice.clone(), Err(ChannelRefusal::PartForSplice { tranche: "splice-1".to_owned() }));
    check(&play, Fund { instrument: Some(Instrument::Channel), ..splice }, Ok(()));
}

#[test]
fn a_part_is_not_released() {
    let mut play = Play::signed();
    let aside = play.take(Side::Buyer, Payload::Fund(general(72)));
    play.take(Side::Buyer, open(aside));
    let release = Payload::Release(Release { fund: aside, amount: Sat(1) });
    let refused = Err(ChannelRefusal::ReleaseOfPart { fund: aside }.into());
    assert_eq!(play.judge(Side::Seller, release), refused);
    assert_eq!(play.status().channels[0].releasable, Sat::ZERO);
}
