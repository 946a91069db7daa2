//! What the counterparty sends into the record: the same judgement as for our own entries, then the same commit.
//!
//! Invariant: what stands is stored before it is believed; two versions of one entry are kept, both; what can't
//! stand is told, also after a restart, and not kept, since without a place it has no past to be judged by.

use lncontract_core::{
    Hash,
    v1::{Seen, Side},
};
use lncontract_record::{Fork, Inserted, Pair, PlaceError, Record, RecordError, SignedEntry, Verdict};
use lncontract_store::{Change, Setting};
use tokio::time::Instant;

use crate::{App, AppError, app::Work, companies::same_keys, error::chain_of, live::Live};

impl App {
    /// Takes an entry that the counterparty sent; what can't stand in the record is told and not kept.
    pub(crate) async fn receive(&self, live: &mut Live, bytes: &[u8]) -> Result<(), AppError> {
        self.make_sure(live).await?;
        let contract = live.record.contract();
        let (held, forks) = (live.record.heads(), live.record.forks().len());
        let inserted = match live.record.insert(bytes, self.clock.now()) {
            Err(RecordError::Place(PlaceError::Held { until, .. })) => {
                tracing::info!(%contract, %until, "an entry dated ahead of our clock is asked for again");
                live.ask_again_at = Some(live.ask_again_at.map_or(until, |at| at.min(until)));
                return Ok(());
            }
            Err(error) => {
                let reason = chain_of(&error);
                tracing::warn!(%contract, reason, "an entry of the other company was refused");
                return self.tell_refused(live, reason).await;
            }
            Ok(inserted) => inserted,
        };
        let is_new = match inserted {
            Inserted::Known => false,
            Inserted::Forked(_) => live.record.forks().len() > forks,
            Inserted::New(_) => true,
        };
        if !is_new {
            return Ok(());
        }
        // Nothing is awaited between the insertion and this mark.
        live.unsure = true;
        let changes = match &inserted {
            Inserted::Forked(fork) => {
                tracing::error!(%contract, "two versions of one entry were signed: payments are stopped");
                let mut changes = self.row(&live.record, live.our_side, &live.peer)?;
                changes.push(Change::InsertFork(self.evidence(contract, fork)));
                changes
            }
            _ => {
                let entry = newest(&live.record, &held).ok_or_else(|| AppError::fault("a lost entry"))?;
                if let Some(Verdict::Fault(fault)) = live.record.effect(&entry.id()) {
                    let fault = chain_of(fault);
                    tracing::warn!(%contract, fault, "an entry without effect");
                }
                live.heard_at = Some(Instant::now());
                let mut changes = self.taken(&live.record, live.our_side, &live.peer, entry)?;
                changes.extend(live.refused.is_some().then(|| refusal(contract, NOT_REFUSED)));
                changes
            }
        };
        let stands = !matches!(inserted, Inserted::Forked(_));
        self.commit_inserted(live, changes).await?;
        if stands {
            (live.refused, live.at_odds) = (None, false);
        }
        self.wake(Work::Contract(contract));
        Ok(())
    }

    /// Shows why an entry was refused, until one stands. A peer that repeats itself is written down once.
    async fn tell_refused(&self, live: &mut Live, reason: String) -> Result<(), AppError> {
        live.at_odds = true;
        if live.refused.as_ref() == Some(&reason) {
            return Ok(());
        }
        let kept = refusal(live.record.contract(), &reason);
        live.refused = Some(reason);
        self.announce();
        Ok(self.store.commit(vec![kept]).await?)
    }

    /// Why the last entry of the counterparty was refused, as an earlier run of the program kept it.
    pub(crate) async fn stored_refusal(&self, contract: Hash) -> Result<Option<String>, AppError> {
        let kept = self.store.setting(&refusal_key(contract)).await?;
        Ok(kept.filter(|reason| reason != NOT_REFUSED))
    }

    fn evidence(&self, contract: Hash, fork: &Fork) -> lncontract_store::Fork {
        lncontract_store::Fork {
            contract_id: contract.0,
            hash: fork.other.id().0,
            held_hash: fork.held.id().0,
            bytes: fork.other.bytes().to_vec(),
            stored_at: self.clock.now().0,
        }
    }

    /// Begins a contract with the first entry of a known counterparty.
    pub(crate) async fn receive_first(&self, peer: &str, bytes: &[u8]) -> Result<(), AppError> {
        let ours = self.unlocked().await?.statement.clone();
        let theirs = crate::companies::statement_of(&self.peer(peer).await?)?;
        let record = Record::begin(bytes, self.clock.now())?;
        let keys = record.keys();
        let are = |buyer, seller| same_keys(&keys.buyer, buyer) && same_keys(&keys.seller, seller);
        let our_side = if are(&ours, &theirs) {
            Side::Buyer
        } else if are(&theirs, &ours) {
            Side::Seller
        } else {
            let todo = "both companies have to exchange new invites first";
            return Err(AppError::refused(
                "other-keys",
                "the contract names other keys than the invites",
                todo,
            ));
        };
        let first = record.entry(our_side.other(), 0);
        let first = first
            .ok_or_else(|| AppError::refused("own-first", "the first entry is ours", "send it yourself"))?;
        self.store.commit(self.taken(&record, our_side, peer, first)?).await?;
        self.keep(Live::new(record, our_side, peer.to_owned())).await;
        Ok(())
    }
}

/// Kept in the place of a reason once an entry stands.
const NOT_REFUSED: &str = "";

fn refusal_key(contract: Hash) -> String {
    format!("refused-entry:{contract}")
}

fn refusal(contract: Hash, reason: &str) -> Change {
    Change::PutSetting(Setting { key: refusal_key(contract), value: reason.to_owned() })
}

/// The entry that came since; after a restore it may be one of ours that the other company kept.
fn newest<'a>(record: &'a Record, held: &Pair<Seen>) -> Option<&'a SignedEntry> {
    let grown = [Side::Buyer, Side::Seller]
        .into_iter()
        .find(|side| record.heads().of(*side).count > held.of(*side).count)?;
    record.entry(grown, usize::try_from(held.of(grown).count).ok()?)
}
