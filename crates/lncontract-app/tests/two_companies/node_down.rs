//! A node that does not start takes neither record nor pages with it.

use std::path::{Path, PathBuf};

use lncontract_app::Class;
use lncontract_store::Store;

use crate::support::{MATERIALS, Pair, TRANCHE, row_word, until};

/// The files of that name below a folder.
fn files(dir: &Path, name: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, name)?);
        } else if path.file_name().is_some_and(|of| of == name) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Damages the node's state, so that it does not start.
fn damage(node: &Path) -> std::io::Result<()> {
    let managers = files(node, "manager")?;
    assert_eq!(managers.len(), 1, "where the node keeps its state: {managers:?}");
    managers.into_iter().try_for_each(|path| std::fs::write(path, b"damaged"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_shown_without_a_node_and_paid_only_with_one() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    pair.earn(contract).await?;
    let invoice = pair.invoice(contract).await?;
    until("the invoice at the buyer", || async {
        Ok(pair.buyer.app().pay_prompt(contract, invoice).await.is_ok())
    })
    .await?;
    pair.buyer.stop().await;
    damage(&pair.buyer.dir.join("node"))?;
    pair.buyer.start().await?;

    let app = pair.buyer.app();
    let prompt = app.pay_prompt(contract, invoice).await?;
    assert_eq!((prompt.amount_sat, prompt.number), (25_000_000, 1));
    let [only] = &prompt.obstacles[..] else { panic!("{:?}", prompt.obstacles) };
    assert!(only.starts_with("the node does not run"), "{only}");
    let refused = app.pay(contract, invoice).await.unwrap_err();
    assert_eq!((refused.class, refused.code), (Class::NotNow, "node-stopped"));
    assert_eq!(pair.buyer.store().attempts(contract.0).await?.len(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_node_leaves_the_pages_up_and_says_so() -> anyhow::Result<()> {
    let (mut pair, contract) = Pair::signed().await?;
    let tender = pair.tender(contract).await?;
    let words = pair.buyer.app().companies().await?.remove(0).words;
    let (before, _) = pair.agree(contract).await?;
    pair.buyer.stop().await;
    damage(&pair.buyer.dir.join("node"))?;
    pair.buyer.start().await?;

    let app = pair.buyer.app();
    let frame = app.frame().await?;
    assert_eq!(
        (frame.node.word.as_str(), frame.company.as_str()),
        ("Node stopped", before.our_name.as_str())
    );
    let node = app.node_view().await?;
    assert!(!node.trouble.is_empty());
    let view = app.contract(contract).await?;
    assert_eq!((view.state_hash, row_word(&view, MATERIALS)), (before.state_hash, "Tendered"));
    assert_eq!(app.overview().await?.contracts.len(), 1);
    assert!(!app.export_bundle(contract).await?.is_empty());
    assert_eq!(app.companies().await?.remove(0).words, words, "our own keys changed while the node is down");

    // What needs the node says what to do; what does not is signed, and waits.
    let error = app.fund(contract, TRANCHE).await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::NotNow, "node-stopped"));
    assert_eq!(
        error.todo.to_lowercase(),
        node.trouble.trim_end_matches('.').to_lowercase(),
        "the page's sentence"
    );
    app.answer_tender(contract, tender, 1, Vec::new()).await?;
    let view = app.contract(contract).await?;
    assert_eq!((row_word(&view, MATERIALS), view.agreed.word.as_str()), ("Accepted", "Sent, waiting"));
    Ok(())
}
