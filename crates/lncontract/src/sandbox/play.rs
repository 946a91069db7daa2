//! `sandbox --play`: signs the worked example, funds 30,000,000 sat, tenders twice,
//! pays 25,000,000 sat, closes.
//!
//! It does what people do on the pages, through the same use cases, and mines the blocks. Every wait ends:
//! with what it waited for, or with an error that says what did not come.

use std::{future::Future, time::Duration};

use anyhow::{Context, bail, ensure};
use jiff::{Timestamp, tz::Offset};
use lncontract_app::{
    App, CloseMode, NewContract,
    view::{ChannelCard, ContractView},
};
use lncontract_core::{
    Hash,
    template::supply::worked_example,
    v1::{Document, Party, PayableId, Side, Tender},
};
use lncontract_lightning::{Lightning, LightningError, OpenChannel, OpenFailure, OpeningId};
use lncontract_record::{hash::sha256, verify_bundle};
use serde_json::{Value, json};

use super::{Company, PASSWORD, Sandbox, new_company, report::Report};

/// Satoshi that the chain gives the buyer: the channel, its fees, and the anchor reserve.
const BUYER_SAT: u64 = 31_000_000;
/// Satoshi that the chain gives the seller: the anchor reserve.
const SELLER_SAT: u64 = 1_000_000;
/// How long a step may take before the play gives up and says what did not come.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Walks the play. Returns the exit code.
pub async fn run(sandbox: &Sandbox, json: bool) -> anyhow::Result<u8> {
    let mut report = Report::new(json);
    let (contract, money) = walk(sandbox, &mut report).await?;
    let result = account(sandbox, contract, &money).await?;
    let ok = result["result"] == "ok";
    report.end(&result);
    Ok(u8::from(!ok))
}

async fn walk(sandbox: &Sandbox, report: &mut Report) -> anyhow::Result<(Hash, Given)> {
    let (buyer, seller) = (&sandbox.buyer, &sandbox.seller);
    for company in [buyer, seller] {
        set_up(company, report).await?;
    }
    meet(buyer, seller, report).await?;
    let given = give(sandbox, report).await?;
    refuse_unannounced(sandbox, report).await?;
    let contract = sign(buyer, seller, report).await?;
    let fund = open_channel(sandbox, contract, report).await?;
    deliver_first_milestone(buyer, seller, contract, report).await?;
    pay(buyer, seller, contract, report).await?;
    close(sandbox, contract, fund, report).await?;
    Ok((contract, given))
}

async fn set_up(company: &Company, report: &mut Report) -> anyhow::Result<()> {
    let words = company.app.new_company(new_company(company.side)).await?;
    let some: Vec<(usize, String)> = [3, 11, 20].map(|place| (place, words[place - 1].clone())).to_vec();
    company.app.confirm_words(PASSWORD, &some).await?;
    report.step("company.ready", company.side, json!({}));
    Ok(())
}

async fn meet(buyer: &Company, seller: &Company, report: &mut Report) -> anyhow::Result<()> {
    for (us, them) in [(buyer, seller), (seller, buyer)] {
        let row = us.app.accept_invite(&them.app.invite().await?).await?;
        us.app.confirm_company_words(&row.id).await?;
        report.step("company.met", us.side, json!({ "words": row.words.join(" / ") }));
    }
    let mine = buyer.app.companies().await?.remove(0).words;
    ensure!(mine == seller.app.companies().await?.remove(0).words, "the two companies read different words");
    Ok(())
}

/// What the chain gave, in satoshi.
struct Given {
    buyer_sat: u64,
    seller_sat: u64,
}

async fn give(sandbox: &Sandbox, report: &mut Report) -> anyhow::Result<Given> {
    for (company, sat) in [(&sandbox.buyer, BUYER_SAT), (&sandbox.seller, SELLER_SAT)] {
        let node = node(company)?;
        let address = node.new_address().await?;
        sandbox.chain.fund(&address, sat)?;
        sandbox.chain.mine(1);
        until("the deposit", || async {
            Ok((node.balances().await?.onchain_spendable_sat >= sat).then_some(()))
        })
        .await?;
        report.step("deposit.confirmed", company.side, json!({ "sat": sat }));
    }
    Ok(Given { buyer_sat: BUYER_SAT, seller_sat: SELLER_SAT })
}

/// The buyer's node opens a channel that nobody announced: the seller's refuses, and says why.
async fn refuse_unannounced(sandbox: &Sandbox, report: &mut Report) -> anyhow::Result<()> {
    let peer = node(&sandbox.seller)?.info().await?.key;
    let node = node(&sandbox.buyer)?;
    let refused = node.open_channel(OpenChannel { opening: OpeningId(1), peer, amount_sat: 1_000_000 }).await;
    let Err(LightningError::Open(OpenFailure::Policy { text })) = refused else {
        bail!("a channel that nobody announced was not refused by the seller: {refused:?}");
    };
    report.step("channel.refused", "seller", json!({ "text": text }));
    Ok(())
}

async fn sign(buyer: &Company, seller: &Company, report: &mut Report) -> anyhow::Result<Hash> {
    let counterparty = buyer.app.companies().await?.remove(0).id;
    let today = Offset::UTC.to_datetime(Timestamp::from_second(buyer.app.now().0)?).date();
    let party = |company: &Company| {
        let names = new_company(company.side);
        Party {
            name: names.name,
            short_name: names.short_name,
            tax_id: String::new(),
            address: String::new(),
        }
    };
    let terms = worked_example(today, party(buyer), party(seller), 0);
    let total = terms.total.0;
    let new = NewContract { counterparty, our_side: Side::Buyer, terms, valid_days: 14 };
    let contract = buyer.app.offer(new).await?;
    report.step(
        "contract.offered",
        buyer.side,
        json!({ "contract": contract.to_string(), "total_sat": total }),
    );
    until("the offer at the seller", || async {
        Ok(seller.app.contract(contract).await.ok().filter(|view| view.can_answer_offer))
    })
    .await?;
    seller.app.accept_offer(contract).await?;
    report.step("contract.accepted", seller.side, json!({}));
    see(&buyer.app, contract, "the acceptance at the buyer", |view| (view.version == 1).then_some(()))
        .await?;
    report.step("contract.in_force", buyer.side, json!({}));
    Ok(contract)
}

async fn open_channel(sandbox: &Sandbox, contract: Hash, report: &mut Report) -> anyhow::Result<Hash> {
    let buyer = &sandbox.buyer;
    let fund = buyer.app.fund(contract, "channel-1").await?;
    report.step("channel.requested", buyer.side, json!({ "fund": fund.to_string(), "sat": 30_000_000 }));
    let outpoint = see(&buyer.app, contract, "the funding transaction", |view| {
        card(view, fund).and_then(|card| card.outpoint.clone())
    })
    .await?;
    let mut told = None;
    for blocks in 0..=12 {
        let open = until("the channel's next stage", || async {
            let seen = confirmations(buyer, fund).await?;
            Ok(match seen {
                Stage::Pending(confirmations) if told != Some(confirmations) => Some(Some(confirmations)),
                Stage::Open => Some(None),
                _ => None,
            })
        })
        .await?;
        let Some(confirmations) = open else { break };
        told = Some(confirmations);
        report.step(
            "channel.pending",
            buyer.side,
            json!({ "outpoint": outpoint, "confirmations": confirmations }),
        );
        ensure!(blocks < 12, "the channel was not open after 12 blocks");
        sandbox.chain.mine(1);
    }
    for company in [buyer, &sandbox.seller] {
        see(&company.app, contract, "the open channel", |view| {
            card(view, fund).filter(|card| card.state.word == "Open").map(|_| ())
        })
        .await?;
        report.step("channel.open", company.side, json!({ "outpoint": outpoint }));
    }
    Ok(fund)
}

enum Stage {
    Other,
    Pending(u32),
    Open,
}

async fn confirmations(company: &Company, fund: Hash) -> anyhow::Result<Stage> {
    let channels = node(company)?.channels().await?;
    let channel = channels.into_iter().find(|channel| channel.opening == lncontract_app::opening_id(fund));
    Ok(match channel.map(|channel| channel.state) {
        Some(lncontract_lightning::ChannelState::Pending { confirmations, .. }) => {
            Stage::Pending(confirmations)
        }
        Some(lncontract_lightning::ChannelState::Open { usable: true }) => Stage::Open,
        Some(lncontract_lightning::ChannelState::Failed(failure)) => bail!("the channel failed: {failure}"),
        _ => Stage::Other,
    })
}

async fn deliver_first_milestone(
    buyer: &Company,
    seller: &Company,
    contract: Hash,
    report: &mut Report,
) -> anyhow::Result<()> {
    let first = tender(seller, contract, "Purchase orders 4471-A and 4471-B", report).await?;
    examine(buyer, contract, first).await?;
    let reasons =
        vec!["the order for the housings is not confirmed by the mill".into(), "page 3 is not signed".into()];
    buyer.app.answer_tender(contract, first, 0, reasons.clone()).await?;
    report.step("tender.rejected", buyer.side, json!({ "reasons": reasons }));
    see(&seller.app, contract, "the rejection at the seller", |view| {
        row(view, "materials-on-order").filter(|word| word == "Rejected").map(|_| ())
    })
    .await?;
    let second =
        tender(seller, contract, "Purchase orders 4471-A and 4471-B, confirmed and signed", report).await?;
    examine(buyer, contract, second).await?;
    buyer.app.answer_tender(contract, second, 1, Vec::new()).await?;
    report.step("tender.accepted", buyer.side, json!({}));
    Ok(())
}

async fn tender(
    seller: &Company,
    contract: Hash,
    evidence: &str,
    report: &mut Report,
) -> anyhow::Result<Hash> {
    let document = Document { name: format!("{evidence}.pdf"), sha256: sha256(evidence.as_bytes()) };
    let sha256 = document.sha256.to_string();
    let tender = Tender {
        row: "materials-on-order".into(),
        quantity: 1,
        documents: vec![document],
        note: String::new(),
    };
    let id = seller.app.tender(contract, tender).await?;
    report.step("tender.made", seller.side, json!({ "row": "materials-on-order", "sha256": sha256 }));
    Ok(id)
}

async fn examine(buyer: &Company, contract: Hash, tender: Hash) -> anyhow::Result<()> {
    until("the tender at the buyer", || async { Ok(buyer.app.tender_view(contract, tender).await.ok()) })
        .await?;
    Ok(())
}

async fn pay(buyer: &Company, seller: &Company, contract: Hash, report: &mut Report) -> anyhow::Result<()> {
    let payable = PayableId { row: "pay-materials-on-order".into(), tender: None };
    see(&seller.app, contract, "the acceptance at the seller", |view| {
        (view.figures.earned_sat == 25_000_000).then_some(())
    })
    .await?;
    let invoice = seller.app.make_invoice(contract, payable).await?;
    report.step("invoice.made", seller.side, json!({ "invoice": invoice.to_string(), "sat": 25_000_000 }));
    until("a payable invoice at the buyer", || async {
        let prompt = buyer.app.pay_prompt(contract, invoice).await.ok();
        Ok(prompt.filter(|prompt| prompt.obstacles.is_empty()))
    })
    .await?;
    buyer.app.pay(contract, invoice).await?;
    report.step("payment.requested", buyer.side, json!({ "sat": 25_000_000 }));
    for (company, step) in [(buyer, "payment.sent"), (seller, "payment.received")] {
        let receipt = until("the receipt", || async {
            let prompt = company.app.pay_prompt(contract, invoice).await?;
            let view = company.app.contract(contract).await?;
            let both =
                view.record.iter().filter(|row| row.kind == "paid" || row.kind == "received").count() == 2;
            Ok(prompt.receipt.filter(|_| both && view.figures.paid_sat == 25_000_000))
        })
        .await?;
        report.step(step, company.side, json!({ "sat": 25_000_000, "receipt": receipt.to_string() }));
    }
    Ok(())
}

async fn close(sandbox: &Sandbox, contract: Hash, fund: Hash, report: &mut Report) -> anyhow::Result<()> {
    sandbox.buyer.app.close_channel(contract, fund, CloseMode::Cooperative).await?;
    report.step("channel.closing", "buyer", json!({}));
    for blocks in 0.. {
        let closed = |company: &Company| {
            let app = company.app.clone();
            async move {
                let view = app.contract(contract).await?;
                anyhow::Ok(card(&view, fund).is_some_and(|card| card.state.word == "Closed"))
            }
        };
        if closed(&sandbox.buyer).await? && closed(&sandbox.seller).await? {
            break;
        }
        ensure!(blocks < 100, "the channel was not closed after 10 seconds and a block each");
        tokio::time::sleep(Duration::from_millis(100)).await;
        sandbox.chain.mine(1);
    }
    report.step("channel.closed", "buyer", json!({}));
    Ok(())
}

/// Compares what both records and both nodes say, to the millisatoshi.
async fn account(sandbox: &Sandbox, contract: Hash, given: &Given) -> anyhow::Result<Value> {
    let (buyer, seller) = (&sandbox.buyer, &sandbox.seller);
    let states = until("both records in step", || async {
        let (ours, theirs) = (buyer.app.contract(contract).await?, seller.app.contract(contract).await?);
        let still =
            ours.agreed.word == "Both companies agree" && theirs.agreed.word == "Both companies agree";
        Ok((still && ours.state_hash == theirs.state_hash).then_some((ours, theirs)))
    })
    .await;
    let (ours, theirs) = match states {
        Ok(states) => states,
        Err(_) => (buyer.app.contract(contract).await?, seller.app.contract(contract).await?),
    };
    let bundle = sandbox.dir.join("contract.lncontract.json");
    let bytes = buyer.app.export_bundle(contract).await?;
    tokio::fs::write(&bundle, &bytes).await.with_context(|| format!("bundle {}", bundle.display()))?;
    let verified = verify_bundle(&bytes).is_ok();
    let sides = [(buyer, given.buyer_sat, &ours), (seller, given.seller_sat, &theirs)];
    let mut accounts = Vec::new();
    let (mut equal, mut fees) = (verified && ours.state_hash == theirs.state_hash, 0);
    for (company, _, view) in sides {
        let account = company.app.account().await?;
        equal &= account.ledger_msat == account.node_msat;
        fees += account.onchain_fee_sat;
        accounts.push(json!({
            "state": view.state_hash.to_string(),
            "ledger_msat": account.ledger_msat.to_string(),
            "node_msat": account.node_msat.to_string(),
        }));
    }
    // Money: what the chain gave is with the two companies, or was paid as a fee; nothing else.
    let left = total_msat(buyer, seller).await?;
    let explained = i128::from(given.buyer_sat + given.seller_sat) * 1_000 - i128::from(fees) * 1_000;
    equal &= left == explained;
    let seller_account = accounts.pop().unwrap_or_default();
    let buyer_account = accounts.pop().unwrap_or_default();
    Ok(json!({
        "result": if equal { "ok" } else { "disagreement" },
        "contract_total_sat": ours.figures.total_sat,
        "paid_sat": ours.figures.paid_sat,
        "state_equal": ours.state_hash == theirs.state_hash,
        "buyer": buyer_account,
        "seller": seller_account,
        "onchain_fee_sat": fees,
        "bundle": bundle.display().to_string(),
    }))
}

async fn total_msat(buyer: &Company, seller: &Company) -> anyhow::Result<i128> {
    let mut total = 0;
    for company in [buyer, seller] {
        total += i128::from(company.app.account().await?.node_msat);
    }
    Ok(total)
}

fn node(company: &Company) -> anyhow::Result<std::sync::Arc<dyn Lightning>> {
    company.node.running().with_context(|| format!("the {}'s node does not run", company.side))
}

fn card(view: &ContractView, fund: Hash) -> Option<&ChannelCard> {
    view.channels.iter().find(|card| card.fund == fund)
}

fn row(view: &ContractView, id: &str) -> Option<String> {
    view.obligations.iter().find(|row| row.row == id).map(|row| row.state.word.clone())
}

/// Looks at a contract's page until it shows what is waited for.
async fn see<T>(
    app: &App,
    contract: Hash,
    what: &str,
    look: impl Fn(&ContractView) -> Option<T>,
) -> anyhow::Result<T> {
    until(what, || async { Ok(look(&app.contract(contract).await?)) }).await
}

/// Asks until there is an answer.
async fn until<T, F>(what: &str, ask: impl Fn() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let mut tick = tokio::time::interval(LOOK_EVERY);
    let looking = async {
        loop {
            tick.tick().await;
            if let Some(found) = ask().await? {
                return anyhow::Ok(found);
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .with_context(|| format!("{what} did not come within {PATIENCE:?}"))?
}
