//! A node's folder from before a payment is found out by what the ledger says, also where nobody counted starts.

use std::path::Path;

use crate::support::{Pair, TRANCHE};

/// The folder is copied while the node is stopped, to do on purpose what nobody must do.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_from_before_a_payment_of_the_ledger_is_refused() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::with_money().await?;
    let fund = pair.buyer.app().fund(contract, TRANCHE).await?;
    pair.open(contract, fund).await?;
    let (node, old) = (pair.buyer.dir.join("node"), pair.buyer.dir.join("old"));
    pair.buyer.stop().await;
    copy(&node, &old)?;
    pair.buyer.start().await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    pair.payable(contract, invoice).await?;
    pair.buyer.app().pay(contract, invoice).await?;
    pair.received_once(contract).await?;
    pair.buyer.stop().await;

    // The count of starts alone would not tell: it is the newest.
    std::fs::copy(node.join("starts"), old.join("starts"))?;
    std::fs::rename(&node, pair.buyer.dir.join("newest"))?;
    std::fs::rename(&old, &node)?;
    let refused = pair.buyer.start().await.unwrap_err().to_string();
    for says in ["older than this company's record", "does not have the payment", "keys stay locked"] {
        assert!(refused.contains(says), "{says:?} is missing in: {refused}");
    }
    // The right one is taken.
    std::fs::remove_dir_all(&node)?;
    std::fs::rename(pair.buyer.dir.join("newest"), &node)?;
    pair.buyer.start().await?;
    pair.agree(contract).await?;
    pair.balance().await
}
