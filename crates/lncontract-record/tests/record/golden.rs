//! Golden vectors: with fixed keys and a fixed first entry the bytes, hashes and signatures never change.
//! Compatibility: `v: 0` may still change; then these change with it, on purpose and in the same commit.

use lncontract_core::{
    Sat,
    v1::{ChannelStage, Earmark, Fund, Offer, Part, Payload, Release, Side, Terms},
};
use lncontract_record::{
    Record, SignedEntry, comparison_words,
    hash::{sha256, terms_hash},
};
use serde_json::json;

use crate::party::{Party, act, first_entry, genesis, paid_contract, record_key, terms};

#[track_caller]
fn check(found: &[(&str, String)], golden: &[(&str, &str)]) {
    let found: Vec<_> = found.iter().map(|(what, value)| (*what, value.as_str())).collect();
    assert_eq!(found, golden);
}

#[test]
fn the_first_entry_has_its_golden_bytes() {
    let entry = first_entry();
    let keys = genesis();
    let record = Record::replay([entry.bytes()]).unwrap();
    check(
        &[
            ("record key", record_key(Side::Seller).public().to_string()),
            ("bytes", sha256(entry.bytes()).to_string()),
            ("id", entry.id().to_string()),
            ("signature", entry.signature().to_string()),
            ("state", record.state_hash().to_string()),
            ("words", comparison_words(&keys.buyer, &keys.seller).unwrap()),
        ],
        &[
            ("record key", "d793631af7aa0e709439dd47fc001acd0b0727670b6670ea528ac83cb0127f4a"),
            ("bytes", "912ebc1f5e86df29501469163e2633fd9f030b63394c4ef300d32bb96c745832"),
            ("id", "c628aa16d4add2cc302ac2593605602eb2c5e052ddd54f36ad6d7a26b20679ad"),
            (
                "signature",
                concat!(
                    "461f322a893feb4d87e7b77579fd8680b81851dbbc047acee7ed7f63fb4efee6",
                    "2f7221964dc4731df9701d725e91c134315b5a79e518398c2e1d661875cca19e"
                ),
            ),
            ("state", "18d9791dd2bdc620f935ec25daf6282fa96f46877914b0f9b7665ec901351822"),
            ("words", "3173 4869 9445 1028 7728 6986 / 6051 5804 4023 0882 8018 6117"),
        ],
    );
}

#[test]
fn the_paid_contract_has_its_golden_state() {
    let (buyer, _, _) = paid_contract();
    let bundle = lncontract_record::bundle(&buyer.record).unwrap();
    check(
        &[("state", buyer.record.state_hash().to_string()), ("bundle", sha256(&bundle).to_string())],
        &[
            ("state", "8dba47979c85945803187ff6d20db8051a9c1ed59699da721a42512f99381a0d"),
            ("bundle", "96e3fb7b934ab2072d99778827ec8fd242807dc6598791dcc69c09a7282b1a46"),
        ],
    );
}

/// The paid contract, amended to set 30,000 sat aside, before the buyer accepts that.
fn amended_contract() -> (Party, Party) {
    let (mut buyer, mut seller, _) = paid_contract();
    let mut terms = serde_json::to_value(terms("Assembly and retention")).unwrap();
    let due = terms["obligations"][0]["due"].clone();
    let row = json!({"id": "aside", "debtor": "buyer", "due": due, "duty": {"kind": "fund", "tranche": "channel-1"}});
    terms["obligations"].as_array_mut().unwrap().push(row);
    terms["funding"]["tranches"] =
        json!([{"id": "channel-1", "amount": "30000", "instrument": {"kind": "channel"}}]);
    let terms: Terms = serde_json::from_value(terms).unwrap();
    let terms_hash = terms_hash(&terms).unwrap();
    let offer = seller.write(Payload::Offer(Offer {
        genesis: None,
        answers: None,
        basis: seller.record.state().terms_hash(),
        terms,
        terms_hash,
        valid_until: seller.now.plus_days(10),
        state: seller.record.state_hash(),
        act: act(Side::Seller, seller.record.contract(), "offer", terms_hash),
    }));
    buyer.take(&offer);
    (buyer, seller)
}

fn channel_1(of: Option<Part>) -> Payload {
    let (tranche, amount, stages, notice_blocks) = ("channel-1".into(), Sat(30_000), Vec::new(), 1_008);
    Payload::Fund(Fund { tranche, amount, stages, notice_blocks, instrument: None, of })
}

/// Those 30,000 sat set aside and released in part.
fn released_contract() -> (Record, SignedEntry) {
    let (mut buyer, mut seller) = amended_contract();
    let outpoint = format!("{}:0", sha256(b"opening"));
    let (accept, fund) = (buyer.accept(), buyer.write(channel_1(None)));
    let (fund_id, capacity, stage) = (fund.id(), Sat(30_000), ChannelStage::Open);
    let earmark = buyer.write(Payload::Earmark(Earmark { fund: fund_id, outpoint, capacity, stage }));
    [accept, fund, earmark].iter().for_each(|entry| drop(seller.take(entry)));
    let release = seller.write(Payload::Release(Release { fund: fund_id, amount: Sat(20_000) }));
    buyer.take(&release);
    (buyer.record, release)
}

#[test]
fn a_release_has_its_golden_bytes_and_state() {
    let (record, release) = released_contract();
    let channels = record.state().channels.len();
    assert_eq!(channels, 2, "the channel, and what was released of it");
    check(
        &[
            ("bytes", sha256(release.bytes()).to_string()),
            ("id", release.id().to_string()),
            ("state", record.state_hash().to_string()),
        ],
        &[
            ("bytes", "ae87057f80a980a238e5458713f1913aeedefd9427824a068efe5d9114560598"),
            ("id", "1d0ddb9b90dd8b87d50f8503595496b33cc5f7ba2c749b0c7904125611f7a92b"),
            ("state", "342c395185fa0f8533ddee39d9ad5f31b40c09e5fe6cd7baf113fc15ab9601b7"),
        ],
    );
}

#[test]
fn a_fund_entry_with_a_part_has_its_golden_bytes_and_state() {
    let (mut buyer, _) = amended_contract();
    buyer.accept();
    let id = |words: &[u8]| sha256(words);
    let (contract, channel, release) = (id(b"contract"), id(b"channel"), id(b"release"));
    let fund = buyer.write(channel_1(Some(Part { contract, channel, release })));
    check(
        &[
            ("bytes", sha256(fund.bytes()).to_string()),
            ("id", fund.id().to_string()),
            ("state", buyer.record.state_hash().to_string()),
        ],
        &[
            ("bytes", "7d0f64eb9824654c1a77c92e4cd25ed27ce370c079206e957b91461935164c0f"),
            ("id", "53449b5ce5a703107c0a327295aaf79a707be86d14339fd32c08688588a588f7"),
            ("state", "5a7f6fca992dd141722722716a224976f32e68e5cc412face3ac660ad7f00e05"),
        ],
    );
}
