//! One company is off for thirty days and comes back: the record catches up, what fell due meanwhile has fallen by
//! the signed times, and nothing is paid twice.

use lncontract_app::{Class, view::ContractView};
use lncontract_core::{
    Bytes, Hash,
    v1::{Side, Terms},
};
use lncontract_lightning::Chain;
use lncontract_store::{AttemptState, ReceivableState, Store};

use crate::support::{MATERIALS, Pair, TRANCHE, materials_payable, row_word, until, until_some};

const DAY_S: i64 = 86_400;
const AWAY_DAYS: u32 = 30;
/// Blocks of one moved day: few, since each costs both nodes some milliseconds.
const BLOCKS_A_DAY: u32 = 2;

/// Ten days to examine and one of grace, as the worked example has it; said here because the tests rest on it.
fn ten_days(terms: &mut Terms) {
    terms.clauses.examination_days = 10;
    terms.clauses.grace_hours = 24;
}

/// The first milestone is tendered, its channel open.
async fn tendered() -> anyhow::Result<(Pair, Hash, Hash)> {
    let (pair, contract) = Pair::signed_with(ten_days).await?;
    pair.give_both().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    let tender = pair.tender(contract).await?;
    pair.agree(contract).await?;
    Ok((pair, contract, tender))
}

/// The first milestone is invoiced.
async fn invoiced() -> anyhow::Result<(Pair, Hash, Hash)> {
    let (pair, contract, tender) = tendered().await?;
    pair.buyer.app().answer_tender(contract, tender, 1, Vec::new()).await?;
    pair.agree(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    Ok((pair, contract, invoice))
}

impl Pair {
    /// Days pass with their blocks; the nodes that run follow day by day.
    async fn days_pass(&self, days: u32) -> anyhow::Result<()> {
        for _ in 0..days {
            self.clock.advance(DAY_S);
            self.chain.set_time(self.chain.now().saturating_add(DAY_S.unsigned_abs()));
            self.chain.mine(BLOCKS_A_DAY);
            let tip = self.chain.tip().await?.height;
            for company in [&self.buyer, &self.seller].into_iter().filter(|company| company.is_on()) {
                let node = company.node();
                until("the node at the tip", || async { Ok(node.info().await?.height >= tip) }).await?;
            }
        }
        Ok(())
    }

    /// Pays the invoice that both hold for good, and checks that money moved once, and that nothing is left over.
    async fn pays_once(&self, contract: Hash, invoice: Hash) -> anyhow::Result<()> {
        self.payable(contract, invoice).await?;
        self.buyer.app().pay(contract, invoice).await?;
        self.received_once(contract).await?;
        let attempts = self.buyer.store().attempts(contract.0).await?;
        let paid = attempts.iter().filter(|attempt| attempt.state == AttemptState::Succeeded).count();
        assert_eq!(paid, 1, "{attempts:?}");
        let again = self.buyer.app().pay(contract, invoice).await.expect_err("it was paid already");
        assert_eq!(again.code, "not-payable-now", "{again}");
        let (ours, theirs) = self.agree(contract).await?;
        assert!(ours.alerts.is_empty() && theirs.alerts.is_empty(), "{:?} {:?}", ours.alerts, theirs.alerts);
        Ok(())
    }

    /// The invoice that took the place of one that ran out.
    async fn next_invoice(&self, contract: Hash, before: Hash) -> anyhow::Result<Hash> {
        until_some("the next invoice", || async {
            let all = self.seller.store().receivables(contract.0).await?;
            let live = all.iter().find(|row| row.state == ReceivableState::Live);
            Ok(live.and_then(|row| row.invoice_entry_hash).map(Bytes).filter(|entry| *entry != before))
        })
        .await
    }
}

fn both<'a>(views: &'a (ContractView, ContractView), row: &str) -> (&'a str, &'a str) {
    (row_word(&views.0, row), row_word(&views.1, row))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_was_away_for_thirty_days_was_silent_and_pays_what_is_deemed_accepted()
-> anyhow::Result<()> {
    let (mut pair, contract, tender) = tendered().await?;
    pair.buyer.stop().await;
    pair.days_pass(10).await?;
    let early = pair.seller.app().deem(contract, tender).await.unwrap_err();
    assert_eq!(early.class, Class::Refused, "the grace is not over: {early}");
    pair.days_pass(AWAY_DAYS - 10).await?;
    pair.seller.app().deem(contract, tender).await?;
    let invoice = pair.seller.app().make_invoice(contract, materials_payable()).await?;

    pair.buyer.start().await?;
    let views = pair.agree(contract).await?;
    assert_eq!(both(&views, MATERIALS), ("Deemed accepted", "Deemed accepted"));
    let late = pair.buyer.app().answer_tender(contract, tender, 0, vec!["page 3 is not signed".into()]).await;
    assert_eq!(late.unwrap_err().class, Class::Refused);
    pair.pays_once(contract, invoice).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_the_fifth_day_counts_for_a_seller_who_reads_it_on_the_thirtieth() -> anyhow::Result<()>
{
    let (mut pair, contract, tender) = tendered().await?;
    pair.seller.stop().await;
    pair.days_pass(5).await?;
    pair.buyer.app().answer_tender(contract, tender, 1, Vec::new()).await?;
    pair.days_pass(AWAY_DAYS - 5).await?;

    pair.seller.start().await?;
    let views = pair.agree(contract).await?;
    assert_eq!(both(&views, MATERIALS), ("Accepted", "Accepted"));
    let deem = pair.seller.app().deem(contract, tender).await.unwrap_err();
    assert_eq!(deem.class, Class::Refused, "{deem}");
    let invoice = pair.invoice(contract).await?;
    pair.pays_once(contract, invoice).await
}

/// The invoice runs out while one side is away; another takes its place, and only that one is paid.
async fn an_invoice_runs_out(away: Side) -> anyhow::Result<()> {
    let (mut pair, contract, first) = invoiced().await?;
    pair.of_mut(away).stop().await;
    pair.days_pass(AWAY_DAYS).await?;
    if away == Side::Seller {
        let refused = pair.buyer.app().pay(contract, first).await;
        let refused = refused.expect_err("the payee is away, and the invoice ran out");
        assert_eq!(refused.code, "not-payable-now", "{refused}");
    }
    pair.of_mut(away).start().await?;
    let second = pair.next_invoice(contract, first).await?;
    pair.agree(contract).await?;
    let refused = pair.buyer.app().pay(contract, first).await.expect_err("it ran out");
    assert_eq!(refused.code, "not-payable-now", "{refused}");
    let all = pair.seller.store().receivables(contract.0).await?;
    let cancelled = all.iter().filter(|row| row.state == ReceivableState::Cancelled).count();
    assert_eq!((all.len(), cancelled), (2, 1), "one invoice ran out, however long nobody looked");
    pair.pays_once(contract, second).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_was_away_for_thirty_days_pays_the_invoice_that_took_the_place_of_the_old_one()
-> anyhow::Result<()> {
    an_invoice_runs_out(Side::Buyer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_who_was_away_for_thirty_days_is_paid_once() -> anyhow::Result<()> {
    an_invoice_runs_out(Side::Seller).await
}
