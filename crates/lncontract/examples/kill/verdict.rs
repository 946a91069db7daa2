//! What has to be true after a run of the first milestone, however often anybody was killed, and what is the same for
//! the whole play (`whole`).
//!
//! Money: 25,000,000 sat were received exactly once: in both records, in both books, on both nodes, to the
//! millisatoshi; and the channel is where it was, open, its output unspent.

pub mod whole;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::{
    company::Company,
    regtest::Regtest,
    scene::{Scene, until},
};

const PAID_SAT: u64 = 25_000_000;
/// Of an opening that came to nothing: nothing was spent.
const REFUSED: &str = "Refused";

/// What both had.
pub struct Before {
    buyer_msat: i64,
    seller_msat: i64,
}

impl Before {
    pub fn look(scene: &Scene, buyer: &Company, seller: &Company) -> anyhow::Result<Self> {
        let node_msat = |company: &Company| msat(&company.get("/node/account")?, "node_msat");
        let before = Before { buyer_msat: node_msat(buyer)?, seller_msat: node_msat(seller)? };
        let given =
            [(before.buyer_msat, scene.setting.buyer_sat), (before.seller_msat, scene.setting.seller_sat)];
        anyhow::ensure!(
            given.iter().all(|(has, sat)| *has == sat.cast_signed() * 1_000),
            "the scene has lost money"
        );
        Ok(before)
    }
}

fn msat(account: &Value, key: &str) -> anyhow::Result<i64> {
    account[key].as_i64().with_context(|| format!("{key} is missing in {account}"))
}

/// A list of an answer.
fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Ids of the entries of a kind that have effect or are on their way to it.
pub fn entries<'a>(view: &'a Value, kind: &str) -> Vec<&'a Value> {
    list(&view["record"]).iter().filter(|row| row["kind"] == kind).map(|row| &row["id"]).collect()
}

/// The channel of a contract's page that did not come to nothing.
pub fn live_channel(view: &Value) -> Option<&Value> {
    list(&view["channels"]).iter().find(|channel| channel["state"]["word"] != REFUSED)
}

/// Waits until nothing is wrong, or says what is.
pub fn reach(
    contract: &str,
    regtest: &Regtest,
    buyer: &Company,
    seller: &Company,
    before: &Before,
) -> anyhow::Result<()> {
    wait_until_nothing_is_wrong(|| faults(contract, regtest, buyer, seller, before))
}

fn wait_until_nothing_is_wrong(look: impl Fn() -> anyhow::Result<Vec<String>>) -> anyhow::Result<()> {
    let mut wrong = Vec::new();
    let settled = until("an end without a fault", || {
        wrong = look()?;
        Ok(wrong.is_empty().then_some(()))
    });
    match settled {
        Ok(()) => Ok(()),
        Err(_) if !wrong.is_empty() => bail!("{}", wrong.join("; ")),
        Err(error) => Err(error),
    }
}

fn faults(
    contract: &str,
    regtest: &Regtest,
    buyer: &Company,
    seller: &Company,
    before: &Before,
) -> anyhow::Result<Vec<String>> {
    let path = format!("/contracts/{contract}");
    let (ours, theirs) = (buyer.get(&path)?, seller.get(&path)?);
    let mut faults = Faults::default();
    for (who, company, view) in [("buyer", buyer, &ours), ("seller", seller, &theirs)] {
        agreed(&mut faults, who, company, view)?;
        record(&mut faults, who, view);
        channel(&mut faults, who, &company.get("/node")?, view);
        payment(&mut faults, who, &company.get(&format!("{path}/payments"))?);
    }
    faults.must(ours["state_hash"] == theirs["state_hash"], || "the state hashes differ".into());
    faults.must(list(&ours["record"]).len() == list(&theirs["record"]).len(), || {
        "the records are of different length".into()
    });
    unspent(&mut faults, regtest, &ours)?;
    moved(&mut faults, buyer, seller, before, PAID_SAT)?;
    Ok(faults.0)
}

#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn must(&mut self, holds: bool, words: impl FnOnce() -> String) {
        if !holds {
            self.0.push(words());
        }
    }
}

/// Both companies agree, nothing is without effect, nobody is alarmed.
fn agreed(faults: &mut Faults, who: &str, company: &Company, view: &Value) -> anyhow::Result<()> {
    let rows = list(&view["record"]);
    for row in rows.iter().filter(|row| row["state"]["tone"] == "bad" || row["state"]["word"] == "Overtaken")
    {
        faults
            .must(false, || format!("{who}: entry {} {}: {}", row["kind"], row["id"], row["state"]["word"]));
    }
    faults.must(view["alerts"] == json!([]), || format!("{who}: alerts {}", view["alerts"]));
    faults.must(view["agreed"]["tone"] == "good", || format!("{who}: {}", view["agreed"]["word"]));
    let overview = company.get("/overview")?;
    let bad = list(&overview["todos"]).iter().any(|todo| todo["tone"] == "bad");
    faults.must(!bad, || format!("{who}: {}", overview["todos"]));
    Ok(())
}

/// One entry of each kind; a channel that came to nothing is announced again.
fn record(faults: &mut Faults, who: &str, view: &Value) {
    let (channels, funds) = (list(&view["channels"]).len(), entries(view, "fund").len());
    faults.must(funds == channels, || format!("{who}: {funds} entries fund for {channels} channels"));
    for kind in ["tender", "answer", "invoice", "paid", "received"] {
        let count = entries(view, kind).len();
        faults.must(count == 1, || format!("{who}: {count} entries {kind}"));
    }
    let paid = &view["figures"]["paid_sat"];
    faults.must(*paid == PAID_SAT, || format!("{who}: paid {paid}"));
}

/// One channel, open and seen alike by both.
fn channel(faults: &mut Faults, who: &str, node: &Value, view: &Value) {
    let states = |list: &Value| -> Vec<String> {
        self::list(list)
            .iter()
            .map(|channel| channel["state"]["word"].as_str().unwrap_or("?").to_owned())
            .filter(|word| word != REFUSED)
            .collect()
    };
    for (where_, list) in [("on the node", &node["channels"]), ("in the record", &view["channels"])] {
        faults.must(states(list) == ["Open"], || format!("{who}: channels {where_}: {:?}", states(list)));
    }
    let seen = &live_channel(view).unwrap_or(&Value::Null)["seen"];
    faults.must(seen["tone"] == "good", || format!("{who}: the channel is {}", seen["word"]));
    faults.must(node["state"]["tone"] == "good", || format!("{who}: the node is {}", node["state"]["word"]));
}

/// One payment, at its end.
fn payment(faults: &mut Faults, who: &str, payments: &Value) {
    let word = if who == "buyer" { "Paid" } else { "Received" };
    let holds = match list(payments) {
        [one] => {
            one["finished"] == true && one["state"]["word"] == word && one["amount_msat"] == PAID_SAT * 1_000
        }
        _ => false,
    };
    faults.must(holds, || format!("{who}: payments {payments}"));
}

/// The channel's output is unspent: nobody closed it, alone or together.
fn unspent(faults: &mut Faults, regtest: &Regtest, view: &Value) -> anyhow::Result<()> {
    let outpoint = live_channel(view).and_then(|channel| channel["outpoint"].as_str()).unwrap_or_default();
    let Some((txid, index)) = outpoint.split_once(':') else {
        faults.must(false, || "the channel has no output".into());
        return Ok(());
    };
    let index: u32 = index.parse().context("an output has a number")?;
    let output = regtest.call("gettxout", &json!([txid, index, true]));
    faults.must(!output.is_null(), || format!("the channel's output {outpoint} is spent"));
    Ok(())
}

/// Books and nodes say the same, and exactly what was paid and the transactions' fees have moved.
fn moved(
    faults: &mut Faults,
    buyer: &Company,
    seller: &Company,
    before: &Before,
    paid_sat: u64,
) -> anyhow::Result<()> {
    let paid_msat = paid_sat.cast_signed() * 1_000;
    let parts =
        [("buyer", buyer, before.buyer_msat, -paid_msat), ("seller", seller, before.seller_msat, paid_msat)];
    for (who, company, had_msat, moved_msat) in parts {
        let account = company.get("/node/account")?;
        let (ledger, node) = (msat(&account, "ledger_msat")?, msat(&account, "node_msat")?);
        let fees_msat = msat(&account, "onchain_fee_sat")? * 1_000;
        faults.must(ledger == node, || format!("{who}: books {ledger} msat, node {node} msat"));
        let expected = had_msat + moved_msat - fees_msat;
        faults.must(node == expected, || format!("{who}: node {node} msat, expected {expected} msat"));
    }
    Ok(())
}
