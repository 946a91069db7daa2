//! The acceptance of the first milestone, with the built program: the play's lines in order, its last line,
//! and a bundle that verifies and in which no byte can be changed unnoticed.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use lncontract_record::{BundleError, verify_bundle};
use serde_json::Value;

/// One play for all tests of this file.
static PLAY: LazyLock<Play> = LazyLock::new(|| played("play", &["first-milestone"]));

/// Plays in a folder of Cargo's own, emptied before use; it is left behind once and not again and again.
fn played(name: &str, more: &[&str]) -> Play {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).expect("only one test uses the folder");
    }
    let output = lncontract(&[&["sandbox", "--json", "--dir", text(&dir), "--play"], more].concat());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(!told.contains("ERROR"), "a play without an error has none in its log: {told}");
    let lines = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let mut lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("each line is one JSON object")).collect();
    let last = lines.pop().expect("there is a last line");
    let bundle = PathBuf::from(last["bundle"].as_str().expect("the last line names the bundle"));
    Play { steps: lines, last, bundle }
}

struct Play {
    steps: Vec<Value>,
    last: Value,
    bundle: PathBuf,
}

fn lncontract(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lncontract")).args(arguments).output().expect("the program was built")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary names are plain text")
}

/// The steps that issue 3 names, in the order in which they have to come, with whose they are.
const REQUIRED: &[(&str, &str)] = &[
    ("channel.refused", "seller"),
    ("contract.offered", "buyer"),
    ("contract.accepted", "seller"),
    ("channel.requested", "buyer"),
    ("channel.pending", "buyer"),
    ("channel.open", "buyer"),
    ("channel.open", "seller"),
    ("tender.made", "seller"),
    ("tender.rejected", "buyer"),
    ("tender.made", "seller"),
    ("tender.accepted", "buyer"),
    ("invoice.made", "seller"),
    ("payment.sent", "buyer"),
    ("payment.received", "seller"),
    ("channel.closed", "buyer"),
];

#[test]
fn every_step_of_the_milestone_comes_in_order() {
    let mut steps = PLAY.steps.iter();
    for (step, company) in REQUIRED {
        let found = steps.find(|line| line["step"] == *step && line["company"] == *company);
        assert!(found.is_some(), "{step} of the {company} is missing, or too early");
    }
    for line in &PLAY.steps {
        assert!(line["ok"] == true && line["ms"].is_u64(), "{line}");
        assert!(matches!(line["company"].as_str(), Some("buyer" | "seller")), "{line}");
    }
}

#[test]
fn a_channel_is_announced_with_its_outpoint_and_confirmations_that_rise() {
    let pending: Vec<&Value> = PLAY.steps.iter().filter(|line| line["step"] == "channel.pending").collect();
    let confirmations: Vec<u64> = pending.iter().filter_map(|line| line["confirmations"].as_u64()).collect();
    assert!(confirmations.len() >= 2 && confirmations.is_sorted_by(|a, b| a < b), "{confirmations:?}");
    for line in pending {
        let (txid, output) =
            line["outpoint"].as_str().and_then(|text| text.split_once(':')).expect("txid:output");
        assert!(txid.len() == 64 && output.parse::<u32>().is_ok(), "{line}");
    }
}

#[test]
fn what_nobody_announced_is_refused_with_the_sellers_text_and_a_rejection_has_reasons() {
    let step = |name| PLAY.steps.iter().find(|line| line["step"] == name).expect("a required step");
    let refused = step("channel.refused")["text"].as_str().expect("the seller's text");
    assert!(refused.contains("no channel is announced"), "{refused}");
    assert!(step("tender.rejected")["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()));
}

#[test]
fn the_last_line_has_equal_states_and_a_ledger_that_equals_the_node() {
    let last = &PLAY.last;
    assert_eq!(last["result"], "ok");
    assert_eq!(last["contract_total_sat"], 150_000_000);
    assert_eq!(last["paid_sat"], 25_000_000);
    assert_eq!(last["state_equal"], true);
    assert!(last["onchain_fee_sat"].is_u64());
    assert_eq!(last["buyer"]["state"], last["seller"]["state"]);
    assert_eq!(last["buyer"]["state"].as_str().map(str::len), Some(64));
    for side in ["buyer", "seller"] {
        let msat = |key: &str| last[side][key].as_str().and_then(|text| text.parse::<i64>().ok());
        assert!(msat("ledger_msat").is_some_and(|ledger| ledger > 0), "{}", last[side]);
        assert_eq!(msat("ledger_msat"), msat("node_msat"), "the {side}'s books and node");
    }
}

#[test]
fn the_bundle_verifies_and_says_what_is_proven_and_how_strongly() {
    let output = lncontract(&["verify", text(&PLAY.bundle)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let state = PLAY.last["buyer"]["state"].as_str().unwrap();
    for expect in
        ["terms  ", "buyer  ", "seller  ", state, "both companies signed: paid and received", "not proven"]
    {
        assert!(said.contains(expect), "{expect} is missing in:\n{said}");
    }
}

/// A play that goes to the end of its contract: every satoshi is explained, and the bundle verifies.
fn played_to_its_end(name: &str, more: &[&str]) -> Play {
    let play = played(name, more);
    let last = &play.last;
    assert_eq!(last["result"], "ok", "{last}");
    assert_eq!(last["state_equal"], true);
    let sat = |key: &str| last[key].as_u64().expect("an amount");
    assert_eq!(sat("given_sat"), sat("returned_onchain_sat") + sat("onchain_fee_sat"), "{last}");
    let verified = lncontract(&["verify", text(&play.bundle)]);
    assert_eq!(verified.status.code(), Some(0));
    play
}

#[test]
fn the_whole_example_is_played_to_the_last_satoshi() {
    let Play { steps, last, .. } = played_to_its_end("example", &[]);
    let expect = serde_json::json!({
        "contract_total_sat": 150_000_000, "paid_sat": 150_000_000, "funded_sat": 155_000_000,
        "channels": 2, "splices": 3, "units_accepted": 12,
        "milestones": [25_000_000, 15_000_000, 30_000_000, 60_000_000, 20_000_000],
    });
    for (key, value) in expect.as_object().expect("an object") {
        assert_eq!(last[key], *value, "{key}");
    }
    let sat = |line: &Value| line["sat"].as_u64().expect("an amount");
    let released: Vec<u64> =
        steps.iter().filter(|line| line["step"] == "channel.released").map(sat).collect();
    assert!(matches!(released[..], [1..5_000_000]), "of the 5,000,000 sat that nothing needed: {released:?}");
    assert_eq!(steps.iter().filter(|line| line["step"] == "channel.taken_back").count(), 1);
}

#[test]
fn the_amended_example_is_played_to_its_end() {
    let last = played_to_its_end("amendment", &["amendment"]).last;
    assert_eq!(last["contract_total_sat"], 156_000_000);
    assert_eq!(last["paid_sat"], 156_000_000);
    assert_eq!(last["units_accepted"], 12);
}

#[test]
fn every_terms_file_of_the_repository_is_played_to_its_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/terms");
    let check = |file: &str, total_sat: u64, units: u64| {
        let path = folder.join(file);
        let last = played_to_its_end(file, &["--terms", text(&path)]).last;
        assert_eq!(last["contract_total_sat"], total_sat, "{file}");
        assert_eq!(last["paid_sat"], total_sat, "{file}");
        assert_eq!(last["units_accepted"], units, "{file}");
    };
    check("1-worked-example.toml", 150_000_000, 12);
    check("2-uneven-deliveries.toml", 100_000_003, 17);
    check("3-deposit-returned.toml", 37_000_000, 0);
}

#[test]
fn what_the_plan_of_a_terms_file_can_never_pay_is_told_by_its_path_before_anything_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("short.toml");
    let deposit = include_str!("../../../examples/terms/3-deposit-returned.toml");
    std::fs::write(&file, deposit.replace("amount = 38_000_000", "amount = 18_000_000")).unwrap();
    let sandbox = dir.path().join("sandbox");
    let output = lncontract(&["sandbox", "--play", "--terms", text(&file), "--dir", text(&sandbox)]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("stages[1]: of 20000000") && told.contains("set aside more"), "{told}");
    assert!(!sandbox.exists());
}

#[test]
fn one_changed_byte_anywhere_is_found_and_is_no_unreadable_file() {
    let bytes = std::fs::read(&PLAY.bundle).unwrap();
    let ends = (0..64).chain(bytes.len() - 64..bytes.len());
    let spread = (0..200).map(|part| part * bytes.len() / 200);
    for (round, position) in ends.chain(spread).enumerate() {
        let mut changed = bytes.clone();
        // Another bit each time: letters become other letters, digits other digits,
        // quotes and brackets something else.
        changed[position] ^= 1 << (round % 8);
        let error = verify_bundle(&changed).err();
        let error = error.unwrap_or_else(|| panic!("byte {position} was changed and not found"));
        assert!(!error.is_unreadable(), "byte {position}: {error}");
    }
}

#[test]
fn the_program_answers_1_for_a_damaged_bundle() {
    let bytes = std::fs::read(&PLAY.bundle).unwrap();
    let check = |what: &str, damaged: Vec<u8>| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("bundle.json");
        std::fs::write(&file, damaged).unwrap();
        let output = lncontract(&["verify", text(&file)]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{what}: {told}");
        assert!(told.contains("not proven"), "{what}: {told}");
    };
    let flipped = |position: usize| {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        changed
    };
    check("first byte", flipped(0));
    check("a byte in the middle", flipped(bytes.len() / 2));
    check("last byte", flipped(bytes.len() - 1));
    check("cut file", bytes[..bytes.len() * 9 / 10].to_vec());
    check("entries that the other has seen are left out", without_tail(&bytes));
}

/// A well-formed bundle in which the seller's `received` and what follows it of the seller is gone, although
/// the buyer's later entries have seen it.
fn without_tail(bytes: &[u8]) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(bytes).expect("a bundle is JSON");
    let entries = file["entries"].as_array_mut().expect("a bundle has entries");
    let author = |entry: &Value| entry["header"]["author"].clone();
    let at = entries.iter().position(|entry| entry["header"]["kind"] == "received");
    let at = at.expect("the play ends with a received payment");
    let seller = author(&entries[at]);
    let mut place = 0;
    entries.retain(|entry| {
        place += 1;
        place <= at || author(entry) != seller
    });
    serde_json::to_vec(&file).expect("JSON can be written")
}

#[test]
fn a_file_that_is_no_bundle_or_not_there_is_2() {
    let dir = tempfile::tempdir().unwrap();
    let check = |name: &str, content: Option<&str>| {
        let file = dir.path().join(name);
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let output = lncontract(&["verify", text(&file)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!output.stderr.is_empty(), "{name}: it says why");
    };
    check("missing.json", None);
    check("empty.json", Some(""));
    check("letter.txt", Some("Dear sirs,"));
    check("other.json", Some("{\"invoice\":1}"));
    assert!(matches!(verify_bundle(b"{}"), Err(BundleError::Unreadable(_))));
}

#[test]
fn a_contract_is_exported_from_the_database_when_the_program_does_not_run() {
    let dir = PLAY.bundle.parent().unwrap().join("seller");
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("evidence.json");
    let export = |contract: &str, file: &Path| {
        lncontract(&["export", "--json", "--dir", text(&dir), "--contract", contract, "--out", text(file)])
    };
    let wrong = export("00", &file);
    assert_eq!(wrong.status.code(), Some(2));
    let step = PLAY.steps.iter().find(|line| line["step"] == "contract.offered").unwrap();
    let id = step["contract"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains(id), "it lists what there is");
    assert!(!file.exists());
    let right = export(id, &file);
    assert_eq!(right.status.code(), Some(0), "{}", String::from_utf8_lossy(&right.stderr));
    assert_eq!(verify_bundle(&std::fs::read(&file).unwrap()).unwrap().contract.to_string(), id);
    assert_eq!(export(id, &file).status.code(), Some(2), "what is there is not written over");
}
