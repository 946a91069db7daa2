//! Invoices: hold invoices of LND's, so that the program decides when the money has come, and not before.
//!
//! Money: LND takes a plain invoice's payment by itself, also one that the contract has cancelled meanwhile. A hold
//! invoice waits for the preimage; nothing is settled that the host did not say to take. What is undecided when its
//! deadline nears LND gives back by itself, 12 blocks before the HTLC ends: no channel closes over it.
//! Invariant: the preimage comes from our secret and a nonce that LND keeps in the invoice's memo, so a restart finds
//! every invoice again, and LND's database alone does not give it away. What is not over is noted: one that somebody
//! deleted at LND is missed.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::hex::{DisplayHex, FromHex};
use lncontract_lightning::{
    ChannelId, Claim, LightningError, MadeInvoice, NewInvoice, NodeEvent, PaymentHash, PaymentPreimage,
};
use rand::Rng;

use crate::{
    api::{self, Invoice, Invoices, invoice_state, path},
    channels,
    notes::lock,
    parts::{Parts, unix_time},
    rpc::Fault,
    watch::{own_fault, tell},
};

/// What the memo of our invoices begins with; the nonce in hexadecimal follows, then the label.
const MEMO: &str = "lncontract ";
/// LND's limit for memos is 639 bytes; a label is cut.
const LABEL_MOST: usize = 400;
/// Blocks that the payer's HTLC has at least: the program may be away for some hours.
const CLTV_EXPIRY_BLOCKS: u64 = 80;
/// How often an undecided claim is asked about.
const TURN: Duration = Duration::from_secs(1);
/// How long it waits at the most before it tells again what the host could not carry out yet.
const TURN_MOST: Duration = Duration::from_secs(60);
/// How long the host may take to answer.
const HOST_WAIT: Duration = Duration::from_secs(10);
const PAGE: u64 = 500;
/// The cursor: invoices up to that index are over and told.
const CURSOR: &str = "invoices";

/// The invoices that a task follows.
#[derive(Default)]
pub(crate) struct Live(HashSet<PaymentHash>);

type Nonce = [u8; 16];

/// The preimage that belongs to a nonce (tagged hash as in BIP 340).
fn preimage(secret: &[u8; 32], nonce: &Nonce) -> PaymentPreimage {
    let tag = sha256::Hash::hash(b"lncontract/lnd-preimage");
    let mut engine = sha256::Hash::engine();
    for part in [tag.as_byte_array().as_slice(), tag.as_byte_array(), secret, nonce] {
        engine.input(part);
    }
    sha256::Hash::from_engine(engine).to_byte_array()
}

fn hash_of(preimage: &PaymentPreimage) -> PaymentHash {
    sha256::Hash::hash(preimage).to_byte_array()
}

fn memo(nonce: &Nonce, label: &str) -> String {
    let label: String = label.chars().filter(|c| !c.is_control()).take(LABEL_MOST / 4).collect();
    format!("{MEMO}{} {label}", nonce.to_lower_hex_string()).trim_end().to_owned()
}

/// The preimage of an invoice of ours; none if LND's other users made it.
fn ours(secret: &[u8; 32], invoice: &Invoice) -> Option<PaymentPreimage> {
    let nonce = invoice.memo.strip_prefix(MEMO)?.split(' ').next()?;
    let preimage = preimage(secret, &Nonce::from_hex(nonce).ok()?);
    (hash_of(&preimage).as_slice() == invoice.r_hash).then_some(preimage)
}

/// Makes one and follows it.
pub(crate) async fn create(parts: &Arc<Parts>, new: NewInvoice) -> Result<MadeInvoice, LightningError> {
    parts.check()?;
    let mut nonce = Nonce::default();
    rand::rng().fill_bytes(&mut nonce);
    let preimage = preimage(&parts.config.secret, &nonce);
    let hash = hash_of(&preimage);
    let question = api::AddHoldInvoice {
        memo: memo(&nonce, &new.label),
        hash: hash.to_vec(),
        description_hash: new.description_hash.to_vec(),
        expiry: i64::from(new.expiry_s),
        cltv_expiry: CLTV_EXPIRY_BLOCKS,
        value_msat: i64::try_from(new.amount_msat).unwrap_or(i64::MAX),
    };
    // Money: followed before it can be paid. An invoice whose making got no answer is nobody's: it is never handed out.
    let made: api::AddedInvoice =
        parts.rpc.call(path::ADD_HOLD_INVOICE, question).await.map_err(Fault::reading)?;
    let noted = parts.invoices.put(&key(hash), made.add_index);
    noted.map_err(|error| parts.disk_fault(&error))?;
    follow(parts, hash, preimage, made.add_index);
    let expires_at_s = unix_time() + u64::from(new.expiry_s);
    let told = made.payment_request.parse::<lightning_invoice::Bolt11Invoice>().ok();
    let expires_at_s = told.and_then(|told| told.expires_at()).map_or(expires_at_s, |at| at.as_secs());
    Ok(MadeInvoice { bolt11: made.payment_request, payment_hash: hash, expires_at_s })
}

/// Finds the invoices that are not over, and follows each; then waits for the end.
pub(crate) async fn run(parts: Arc<Parts>) -> Result<(), Fault> {
    // Before LND is asked: all of these it had.
    let mut missing: HashSet<PaymentHash> =
        parts.invoices.all().iter().filter_map(|(key, _)| PaymentHash::from_hex(key).ok()).collect();
    let mut cursor = parts.cursors.get(CURSOR).unwrap_or(0);
    let mut unbroken = true;
    loop {
        let question = api::ListInvoices { index_offset: cursor, num_max_invoices: PAGE };
        let page: Invoices = parts.rpc.call(path::LIST_INVOICES, question).await?;
        for invoice in &page.invoices {
            let over = match ours(&parts.config.secret, invoice) {
                None => true,
                Some(preimage) => {
                    let hash = hash_of(&preimage);
                    missing.remove(&hash);
                    let noted = parts.invoices.get(&key(hash)).is_some();
                    // One without a note that is over was told in its time.
                    let over = !noted && matches!(invoice.state, invoice_state::CANCELED)
                        || invoice.state == invoice_state::SETTLED && received(&parts, invoice).await;
                    if over {
                        forget(&parts, hash);
                    } else {
                        let noted = parts.invoices.put(&key(hash), invoice.add_index);
                        noted.map_err(|error| own_fault(&error))?;
                        follow(&parts, hash, preimage, invoice.add_index);
                    }
                    over
                }
            };
            unbroken &= over;
            if unbroken {
                parts.cursors.put(CURSOR, invoice.add_index).map_err(|error| own_fault(&error))?;
            }
        }
        if page.invoices.is_empty() {
            break;
        }
        cursor = page.last_index_offset;
    }
    for hash in missing {
        tracing::warn!(hash = hash.to_lower_hex_string(), "an invoice of ours was deleted at LND");
        withdrawn(&parts, hash).await;
    }
    // What is made from here on is followed when it is made. After a lost connection each task asks again by itself.
    std::future::pending().await
}

fn key(hash: PaymentHash) -> String {
    hash.to_lower_hex_string()
}

/// It is over, and told.
fn forget(parts: &Parts, hash: PaymentHash) {
    if let Err(error) = parts.invoices.remove(&key(hash)) {
        tracing::error!(%error, "an invoice that is over is looked at again at the next start");
    }
}

/// Follows one invoice in a task of its own, once.
fn follow(parts: &Arc<Parts>, hash: PaymentHash, preimage: PaymentPreimage, add_index: u64) {
    if !lock(&parts.live).0.insert(hash) {
        return;
    }
    let parts = Arc::clone(parts);
    tokio::spawn(async move {
        loop {
            let followed = tokio::select! {
                followed = to_its_end(&parts, hash, &preimage, add_index) => followed,
                () = parts.stopping() => return,
            };
            match followed {
                Ok(true) => break,
                Ok(false) => {}
                Err(fault) => tracing::debug!(reason = fault.text, "an invoice is asked about again"),
            }
            tokio::select! {
                () = tokio::time::sleep(TURN) => {}
                () = parts.stopping() => return,
            }
        }
        forget(&parts, hash);
        lock(&parts.live).0.remove(&hash);
    });
}

/// Follows an invoice until it is settled or withdrawn, and told.
async fn to_its_end(
    parts: &Parts,
    hash: PaymentHash,
    preimage: &PaymentPreimage,
    add_index: u64,
) -> Result<bool, Fault> {
    let question = api::OneInvoice { r_hash: hash.to_vec() };
    let mut states = parts.rpc.answers::<_, Invoice>(path::SUBSCRIBE_SINGLE_INVOICE, question).await?;
    // Of one that it does not have LND says nothing: it might come.
    if !is_listed(parts, hash, add_index).await? {
        withdrawn(parts, hash).await;
        return Ok(true);
    }
    while let Some(invoice) = states.next().await? {
        match invoice.state {
            invoice_state::ACCEPTED => decide(parts, hash, preimage, &invoice).await?,
            invoice_state::CANCELED => {
                withdrawn(parts, hash).await;
                return Ok(true);
            }
            invoice_state::SETTLED => {
                while !received(parts, &invoice).await {
                    tokio::time::sleep(TURN).await;
                }
                return Ok(true);
            }
            _ => {}
        }
    }
    Ok(false)
}

/// Whether LND has it still, at its place.
async fn is_listed(parts: &Parts, hash: PaymentHash, add_index: u64) -> Result<bool, Fault> {
    let question = api::ListInvoices { index_offset: add_index.saturating_sub(1), num_max_invoices: 1 };
    let page: Invoices = parts.rpc.call(path::LIST_INVOICES, question).await?;
    Ok(page.invoices.first().is_some_and(|invoice| invoice.r_hash == hash))
}

/// Tells the host that an invoice can't be paid any more, until it has carried that out.
async fn withdrawn(parts: &Parts, hash: PaymentHash) {
    let mut pause = TURN;
    while !tell(&*parts.config.host, NodeEvent::InvoiceWithdrawn { payment_hash: hash }).await {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(TURN_MOST);
    }
    forget(parts, hash);
}

/// Asks the host about money that has arrived, until it decides.
async fn decide(
    parts: &Parts,
    hash: PaymentHash,
    preimage: &PaymentPreimage,
    invoice: &Invoice,
) -> Result<(), Fault> {
    let amount_msat = u64::try_from(invoice.amt_paid_msat).unwrap_or(0);
    loop {
        let asked = parts.config.host.payment_claimable(hash, amount_msat);
        let answer = tokio::time::timeout(HOST_WAIT, asked).await.unwrap_or(Claim::AskAgain);
        let (path, bytes) = match answer {
            Claim::Take => (path::SETTLE_INVOICE, preimage.to_vec()),
            Claim::FailBack => (path::CANCEL_INVOICE, hash.to_vec()),
            Claim::AskAgain => {
                tokio::time::sleep(TURN).await;
                continue;
            }
        };
        // Twice is harmless: LND takes a second settling as done, and a settled one can't be cancelled.
        let question = api::Bytes32 { bytes };
        parts.rpc.call::<_, api::Nothing>(path, question).await?;
        return Ok(());
    }
}

/// Tells the host that an invoice's money is ours.
async fn received(parts: &Parts, invoice: &Invoice) -> bool {
    let Ok(payment_hash) = PaymentHash::try_from(invoice.r_hash.as_slice()) else { return true };
    let amount_msat = u64::try_from(invoice.amt_paid_msat).unwrap_or(0);
    let event =
        NodeEvent::PaymentReceived { payment_hash, amount_msat, channels: over(parts, invoice).await };
    tell(&*parts.config.host, event).await
}

/// The channels over which it came, as far as they are open still.
async fn over(parts: &Parts, invoice: &Invoice) -> Vec<ChannelId> {
    let looked = channels::look(parts).await;
    let seen = looked.map(|looked| looked.channels).unwrap_or_default();
    let settled = invoice.htlcs.iter().filter(|htlc| htlc.state == 1);
    let id = |scid: u64| seen.iter().find(|seen| seen.scid == Some(scid)).map(|seen| seen.channel.id);
    settled.filter_map(|htlc| id(htlc.chan_id)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(memo: String, hash: PaymentHash) -> Invoice {
        Invoice { memo, r_hash: hash.to_vec(), ..Invoice::default() }
    }

    #[test]
    fn an_invoice_of_ours_is_found_by_its_memo_and_no_other() {
        let (secret, nonce) = ([7; 32], [9; 16]);
        let preimage = preimage(&secret, &nonce);
        let made = invoice(memo(&nonce, "contract 7, stage 1"), hash_of(&preimage));
        assert_eq!(ours(&secret, &made), Some(preimage));
        assert_eq!(ours(&[8; 32], &made), None, "another company's secret");
        assert_eq!(ours(&secret, &invoice(memo(&nonce, ""), [1; 32])), None, "another hash");
        for memo in ["", "lncontract", "lncontract zz", "rent"] {
            assert_eq!(ours(&secret, &invoice(memo.into(), hash_of(&preimage))), None, "{memo}");
        }
    }

    #[test]
    fn a_memo_fits_lnds_limit_whatever_the_label() {
        let long = memo(&[0xff; 16], &"\u{20ac}".repeat(1_000));
        assert!(long.len() <= 639, "{} bytes", long.len());
        assert!(!memo(&[0; 16], "two\nlines").contains('\n'));
    }
}
