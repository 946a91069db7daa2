//! Lists and sums say what the pages of the contracts say, though no record is opened for them.

use lncontract_app::{App, CONTRACTS_PAGE_LEN};
use lncontract_core::{Bytes, Hash};
use lncontract_record::hash::sha256;
use lncontract_store::{Change, Channels, Contract, Store, Summary};

use crate::support::{Pair, TRANCHE, until};

/// Whether list and overview say what the only contract's page says, `outstanding_sat` of it among that.
async fn says_the_page(app: &App, contract: Hash, outstanding_sat: u64) -> anyhow::Result<bool> {
    let (row, view) = (app.contracts(None).await?.remove(0), app.contract(contract).await?);
    let (sums, figures) = (app.overview().await?, &view.figures);
    let of_row = (row.total_sat, row.paid_sat, row.covered_sat, row.outstanding_sat);
    let of_page = (figures.total_sat, figures.paid_sat, figures.covered_sat, figures.outstanding_sat);
    let outstanding = sums.outstanding_ours_sat + sums.outstanding_theirs_sat;
    let earmarked = sums.earmarked_by_us_sat + sums.earmarked_for_us_sat;
    Ok(of_row == of_page
        && row.state == view.state
        && (outstanding, earmarked) == (outstanding_sat, figures.earmarked_sat)
        && outstanding == figures.outstanding_sat
        && sums.todo_count == view.our_turn.len() as u64
        && view.our_turn.iter().all(|todo| sums.todos.iter().any(|known| known.what == *todo)))
}

async fn agree(pair: &Pair, contract: Hash, outstanding_sat: u64) -> anyhow::Result<()> {
    for company in [&pair.buyer, &pair.seller] {
        let what = format!("the {:?}'s list and overview as its page is", company.side);
        until(&what, || says_the_page(company.app(), contract, outstanding_sat)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn list_and_overview_say_what_the_page_says_from_signature_to_receipt() -> anyhow::Result<()> {
    let (pair, contract) = Pair::with_money().await?;
    agree(&pair, contract, 150_000_000).await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    agree(&pair, contract, 150_000_000).await?;
    assert_eq!(pair.buyer.app().overview().await?.earmarked_by_us_sat, 30_000_000);
    pair.earn(contract).await?;
    agree(&pair, contract, 150_000_000).await?;
    let (ours, theirs) = (pair.buyer.app().overview().await?, pair.seller.app().overview().await?);
    assert_eq!((ours.we_owe_sat, ours.owed_to_us_sat), (25_000_000, 0));
    assert_eq!((theirs.we_owe_sat, theirs.owed_to_us_sat), (0, 25_000_000));
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    agree(&pair, contract, 125_000_000).await?;
    assert_eq!(pair.buyer.app().overview().await?.we_owe_sat, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_comes_in_pages_the_newest_first_and_none_is_missing() -> anyhow::Result<()> {
    let (pair, contract) = Pair::signed().await?;
    let (app, store) = (pair.buyer.app(), pair.buyer.store());
    let row = store.contract(contract.0).await?.expect("it is signed");
    // Rows without a record, two of them in each second.
    let copy = |number: u8| {
        let (id, created_at) = (sha256(&[number]), row.created_at - 1 - i64::from(number / 2));
        let projection = row.projection.replace(&contract.to_string(), &id.to_string());
        Change::PutContract(Contract { id: id.0, projection, created_at, ..row.clone() })
    };
    store.commit((0..110).map(copy).collect()).await?;
    let mut found = Vec::new();
    loop {
        let page = app.contracts(found.last().copied()).await?;
        assert!(page.len() == CONTRACTS_PAGE_LEN || found.len() + page.len() == 111);
        if page.is_empty() {
            break;
        }
        found.extend(page.iter().map(|row| row.id));
    }
    assert_eq!(found.len(), 111);
    let mut seen = found.clone();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 111, "one came twice");
    let mut times = Vec::new();
    for id in &found {
        times.push(store.contract(id.0).await?.expect("it is in the list").created_at);
    }
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    let overview = app.overview().await?;
    assert_eq!(overview.contract_count, 111, "what can't be opened does not take the overview with it");
    assert!(overview.contracts.iter().map(|row| row.id).eq(found.iter().copied().take(10)));
    assert_eq!(overview.todo_count, 111 * u64::from(row.summary.todos));
    app.contracts(Some(Bytes([7; 32]))).await.unwrap_err();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_from_before_there_were_summaries_is_filled_in_by_the_first_look() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.agree(contract).await?;
    let row = pair.buyer.store().contract(contract.0).await?.expect("it is signed");
    assert_eq!((row.summary.outstanding_sat, row.summary.channels), (150_000_000, Channels::None));
    assert!(row.summary.todos > 0);
    // As the migration leaves it.
    let bare = Summary { look_at: Some(0), channels: Channels::Moving, ..Summary::default() };
    pair.buyer.store().commit(vec![Change::PutContract(Contract { summary: bare, ..row.clone() })]).await?;
    pair.buyer.stop().await;
    pair.buyer.start().await?;
    let store = pair.buyer.store();
    until("the summary", || async {
        let now = store.contract(contract.0).await?.expect("it stays");
        let same = Summary { look_at: row.summary.look_at, ..now.summary };
        Ok(same == row.summary && now.summary.look_at > Some(0))
    })
    .await
}
