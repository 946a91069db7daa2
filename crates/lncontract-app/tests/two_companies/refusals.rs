//! What is refused says what to do, and writes nothing.

use lncontract_app::{AppError, Class, Invite};
use lncontract_core::Hash;
use lncontract_store::{Peer, Store};

use crate::support::{Company, Pair, SELLER_SAT, TRANCHE, evidence, materials_payable, see};

/// Everything of a contract that a use case could have written.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    entries: usize,
    waiting: usize,
    openings: usize,
    attempts: usize,
    receivables: usize,
    peers: Vec<Peer>,
}

async fn written(company: &Company, contract: Hash) -> anyhow::Result<Written> {
    let store = company.store();
    Ok(Written {
        entries: company.entries(contract).await?,
        waiting: store.outbox_waiting(contract.0).await?.len(),
        openings: store.openings(contract.0).await?.len(),
        attempts: store.attempts(contract.0).await?.len(),
        receivables: store.receivables(contract.0).await?.len(),
        peers: store.peers().await?,
    })
}

/// The act is refused with these words in its way out, and nothing was written by either company.
async fn check<T: std::fmt::Debug>(
    pair: &Pair,
    contract: Hash,
    act: impl Future<Output = Result<T, AppError>>,
    expect: (&str, &str),
) -> anyhow::Result<AppError> {
    pair.agree(contract).await?;
    let before = (written(&pair.buyer, contract).await?, written(&pair.seller, contract).await?);
    let error = act.await.expect_err("the act is refused");
    assert_eq!(error.code, expect.0, "{error}");
    assert!(error.to_string().contains(expect.1), "{error}");
    assert!(!error.todo.is_empty());
    let after = (written(&pair.buyer, contract).await?, written(&pair.seller, contract).await?);
    assert_eq!(before, after, "{error}");
    Ok(error)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_that_can_not_be_used_says_why() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    let (buyer, theirs) = (pair.buyer.app(), pair.seller.app().invite().await?);
    let ours = buyer.invite().await?;
    let known = pair.seller.store().peers().await?.remove(0);
    let keys = serde_json::from_str(&known.key_statement)?;
    let mut abroad = Invite::from_text(&theirs, "regtest", &keys)?;
    abroad.network = "signet".into();
    let abroad = abroad.to_text();
    let cases = [
        (&theirs[..theirs.len() - 5], "copy it again, whole"),
        ("", "does not begin with"),
        (ours.as_str(), "our own"),
        (abroad.as_str(), "for the network signet"),
    ];
    for (text, words) in cases {
        check(&pair, contract, buyer.accept_invite(text), ("invite-unreadable", words)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_of_a_company_that_can_not_be_reached_is_not_kept() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    let buyer = pair.buyer.app();
    let stranger = Pair::met().await?;
    let text = stranger.seller.app().invite().await?;
    let mut stranger = stranger;
    stranger.seller.stop().await;
    let error =
        check(&pair, contract, buyer.accept_invite(&text), ("peer-unreachable", "program runs")).await?;
    assert_eq!(error.class, Class::NotNow);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_without_the_money_names_what_is_missing_and_where_to_send_it() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    pair.give(lncontract_core::v1::Side::Buyer, 10_000_000).await?;
    let buyer = pair.buyer.app();
    let error =
        check(&pair, contract, buyer.fund(contract, TRANCHE), ("insufficient-funds", "bcrt1")).await?;
    let missing: Option<u64> = error
        .todo
        .split_whitespace()
        .find_map(|word| word.parse().ok().filter(|sat: &u64| *sat > 20_000_000));
    let missing_sat = missing.expect("the missing sum stands in the text");
    assert!(error.title.contains(&missing_sat.to_string()), "{error}");

    // What it says is true: with that sum it is taken.
    let node = pair.buyer.node();
    pair.chain.fund(&node.new_address().await?, missing_sat)?;
    pair.chain.mine(1);
    pair.give(lncontract_core::v1::Side::Seller, SELLER_SAT).await?;
    crate::support::until("the rest", || async {
        Ok(node.balances().await?.onchain_spendable_sat >= 10_000_000 + missing_sat)
    })
    .await?;
    buyer.fund(contract, TRANCHE).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_out_of_turn_are_refused() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    let (buyer, seller) = (pair.buyer.app(), pair.seller.app());
    let payable = materials_payable();
    check(&pair, contract, seller.make_invoice(contract, payable.clone()), ("not-payable", "accepted"))
        .await?;
    let mut bare = evidence("nothing");
    bare.documents.clear();
    check(&pair, contract, seller.tender(contract, bare), ("no-evidence", "document")).await?;
    check(&pair, contract, buyer.tender(contract, evidence("theirs")), ("not-allowed", "seller")).await?;
    check(&pair, contract, buyer.fund(contract, "no-such"), ("not-found", "tranche")).await?;

    let tender = pair.tender(contract).await?;
    check(&pair, contract, seller.tender(contract, evidence("again")), ("not-allowed", "examin")).await?;
    check(&pair, contract, seller.deem(contract, tender), ("not-allowed", "")).await?;
    let silent = buyer.answer_tender(contract, tender, 0, Vec::new());
    check(&pair, contract, silent, ("not-allowed", "reason")).await?;
    buyer.answer_tender(contract, tender, 1, Vec::new()).await?;
    let again = buyer.answer_tender(contract, tender, 0, vec!["on second thoughts".into()]);
    check(&pair, contract, again, ("not-allowed", "")).await?;

    see(seller, contract, "the acceptance", |view| view.figures.earned_sat == 25_000_000).await?;
    let invoice = pair.invoice(contract).await?;
    check(&pair, contract, seller.make_invoice(contract, payable), ("invoiced", "cancel it first")).await?;
    pair.agree(contract).await?;
    check(&pair, contract, buyer.pay(contract, invoice), ("not-payable-now", "no open channel")).await?;
    check(&pair, contract, seller.pay(contract, invoice), ("not-payable-now", "our own invoice")).await?;
    Ok(())
}
