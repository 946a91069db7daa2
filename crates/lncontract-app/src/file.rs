//! The record by a file, where nothing else carries it: what one company exports (the evidence bundle) is taken by the
//! other.
//!
//! Invariant: a file is judged as a whole before any of it is taken, and each entry of it then as if the other company
//! had sent it. Who brings the file does not matter: the entries are signed. The same file again changes nothing.

use lncontract_core::{Bytes, Hash, v1::Side};
use lncontract_record::{Record, bundle::open_bundle, merge::Cut};

use crate::{App, AppError, app::Work, companies::same_keys, error::chain_of};

/// What a file brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Taken {
    /// The contract.
    pub contract: Hash,
    /// Entries that were not here yet.
    pub new: u64,
    /// Entries that were here already.
    pub known: u64,
    /// Entries that we hold and the file does not: export ours and bring it there.
    pub lacking: u64,
    /// Entries dated ahead of our clock: take the file again once it is their time.
    pub ahead: u64,
}

impl App {
    /// Takes the record that another company exported.
    ///
    /// # Errors
    /// When it is no record, was changed, or is of a company or with keys that we do not know; nothing is taken then.
    pub async fn take_file(&self, bytes: Vec<u8>) -> Result<Taken, AppError> {
        self.unlocked().await?;
        let opened = tokio::task::spawn_blocking(move || open_bundle(&bytes)).await;
        let opened = opened.map_err(|_| AppError::fault("the file could not be read"))?;
        let brought = opened.map_err(|error| {
            let todo = "nothing was taken: let them export it again and bring the file as it is";
            AppError::refused(
                "file-unreadable",
                format!("the file can't be used: {}", chain_of(&error)),
                todo,
            )
        })?;
        let contract = brought.contract();
        let is_new = self.store.contract(contract.0).await?.is_none();
        if is_new {
            let first = brought.entries_from(Cut::default()).next();
            let first = first.ok_or_else(|| AppError::fault("a record without entries"))?;
            self.receive_first(&self.author_of(&brought).await?, first.bytes()).await?;
        }
        let live = self.live(contract).await?;
        let mut live = live.lock().await;
        let before = if is_new { 0 } else { count(&live.record) };
        for entry in brought.entries_from(Cut::default()) {
            self.receive(&mut live, entry.bytes()).await?;
        }
        for fork in brought.forks() {
            self.receive(&mut live, fork.other.bytes()).await?;
        }
        self.mark_delivered(&mut live).await?;
        let (held, in_file) = (count(&live.record), count(&brought));
        let lacking =
            [Side::Buyer, Side::Seller].map(|side| of(&live.record, side).saturating_sub(of(&brought, side)));
        let ahead =
            [Side::Buyer, Side::Seller].map(|side| of(&brought, side).saturating_sub(of(&live.record, side)));
        let (new, lacking, ahead) = (held - before, lacking.iter().sum(), ahead.iter().sum());
        let refused = live.refused.clone().filter(|_| ahead > 0 && live.ask_again_at.is_none());
        drop(live);
        self.wake(Work::Contract(contract));
        match refused {
            Some(reason) => {
                let title = format!("{new} entries were taken, the next one can't be: {reason}");
                let todo =
                    "the contract's page shows it; call the other company before anything else is signed";
                Err(AppError::refused("file-refused", title, todo))
            }
            None => Ok(Taken { contract, new, known: in_file - new - ahead, lacking, ahead }),
        }
    }

    /// Who of the two parties is the other company: one that we know, by exactly these keys.
    async fn author_of(&self, brought: &Record) -> Result<String, AppError> {
        let keys = brought.keys();
        let ours = self.unlocked().await?.statement.clone();
        let parties = [(&keys.buyer, &keys.seller), (&keys.seller, &keys.buyer)];
        let theirs = parties.into_iter().find(|(us, _)| same_keys(us, &ours)).map(|(_, theirs)| theirs);
        let theirs = theirs.ok_or_else(|| {
            let todo =
                "nothing was taken: it is a contract of two other companies, or with older keys of ours";
            AppError::refused("not-ours", "we are no party of this contract", todo)
        })?;
        let peer = self.store.peer(&Bytes(theirs.node_id.0).to_string()).await?;
        let todo = "nothing was taken: take their invite first, under Companies";
        let peer = peer.ok_or_else(|| {
            AppError::refused(
                "unknown-company",
                format!("the contract is with {}, whom we do not know", theirs.name),
                todo,
            )
        })?;
        Ok(peer.id)
    }
}

fn of(record: &Record, side: Side) -> u64 {
    record.heads().of(side).count
}

fn count(record: &Record) -> u64 {
    of(record, Side::Buyer) + of(record, Side::Seller)
}
