//! Golden vectors: with fixed keys and a fixed first entry the bytes, hashes and signatures never change.
//! Compatibility: `v: 0` may still change; then these change with it, on purpose and in the same commit.

use lncontract_core::v1::Side;
use lncontract_record::{Record, comparison_words, hash::sha256};

use crate::party::{first_entry, genesis, paid_contract, record_key};

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
