//! Falls of a balance that nothing explains: our books beside our node, every few seconds, for the channels with
//! each counterparty and for everything the node holds.
//!
//! Invariant: both sides of a comparison are made anew from ledger and node each time; kept between two is only
//! since when a difference is there. A payment on its way explains what it may have taken, whatever its outcome.
//! While a payment moves between ledger and channel the two differ for a moment: only what stays is told.

use std::{collections::BTreeMap, time::Duration};

use lncontract_lightning::{Channel, ChannelState, Splice, SpliceState, SpliceWay};
use tokio::time::Instant;

use crate::{App, AppError};

/// How often the books are compared.
pub(crate) const COMPARE_EVERY: Duration = Duration::from_secs(2);
/// How long channels may hold less than the books say, as long as they can be used: a payment's last messages.
const CHANNELS_PATIENCE: Duration = Duration::from_secs(10);
/// How long the node as a whole may: transactions come into its wallet by blocks.
const NODE_PATIENCE: Duration = Duration::from_secs(60);
const LEDGER_PAGE: u32 = 1_000;

/// Less on the node than in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fall {
    /// The counterparty whose channels it is about, by its node's key in hex; none: all that the node holds.
    pub(crate) peer: Option<String>,
    /// What is there by our books, payments on their way taken off.
    pub(crate) books_msat: i64,
    /// What the node holds.
    pub(crate) node_msat: i64,
}

impl Fall {
    /// What is missing.
    pub(crate) fn missing_msat(&self) -> i64 {
        self.books_msat.saturating_sub(self.node_msat)
    }

    fn patience(&self) -> Duration {
        if self.peer.is_some() { CHANNELS_PATIENCE } else { NODE_PATIENCE }
    }
}

/// What the ledger says of payments, with each counterparty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Paid {
    /// Up to which line of the ledger.
    position: i64,
    /// What came in less what went out, and its fees.
    by_peer_msat: BTreeMap<String, i64>,
    /// What unfinished payments may have taken.
    in_flight_msat: BTreeMap<String, u64>,
}

/// What is known of falls.
#[derive(Debug, Default)]
pub(crate) struct Falls {
    paid: Paid,
    /// Each with the moment since which it is there.
    seen: Vec<(Instant, Fall)>,
}

impl Falls {
    /// Those that stayed.
    fn told(&self, now: Instant) -> Vec<Fall> {
        let stayed = |(since, fall): &&(Instant, Fall)| now.duration_since(*since) >= fall.patience();
        self.seen.iter().filter(stayed).map(|(_, fall)| fall.clone()).collect()
    }

    /// Takes what one comparison found of each that it could judge. Of the others, what was told stays told.
    fn note(&mut self, now: Instant, judged: Vec<Fall>) {
        let told = self.told(now);
        let before = std::mem::take(&mut self.seen);
        for fall in judged.iter().filter(|fall| fall.missing_msat() > 0) {
            let since = before.iter().find(|(_, old)| old.peer == fall.peer).map_or(now, |(since, _)| *since);
            self.seen.push((since, fall.clone()));
        }
        let kept = before
            .into_iter()
            .filter(|(_, old)| told.contains(old) && judged.iter().all(|fall| fall.peer != old.peer));
        self.seen.extend(kept);
    }
}

impl App {
    /// The falls of a balance that nothing explains.
    pub(crate) async fn falls(&self) -> Vec<Fall> {
        self.falls.lock().await.told(Instant::now())
    }

    /// Compares the books with the node once.
    pub(crate) async fn compare_books(&self) -> Result<(), AppError> {
        self.book_withdrawals().await?;
        let node = self.node().await?;
        let before = self.paid().await?;
        let channels = node.channels().await.map_err(AppError::from)?;
        let account = self.account_with(before.by_peer_msat.values().sum()).await?;
        if self.paid().await? != before {
            // A payment was booked meanwhile: the next comparison sees both.
            return Ok(());
        }
        let mut judged = judge(&channels, &before);
        let in_channels_msat: i64 = judged.iter().map(|fall| fall.missing_msat().max(0)).sum();
        let in_flight_msat: u64 = before.in_flight_msat.values().sum();
        // What is missing in channels is told once.
        let books_msat = account.ledger_msat - in_flight_msat.cast_signed() - in_channels_msat;
        judged.push(Fall { peer: None, books_msat, node_msat: account.node_msat });
        let mut falls = self.falls.lock().await;
        let (now, told) = (Instant::now(), falls.told(Instant::now()));
        falls.note(now, judged);
        for fall in falls.told(now).iter().filter(|fall| !told.contains(fall)) {
            tracing::error!(?fall, "the node holds less than the books say, and nothing explains it");
        }
        if falls.told(now) != told {
            self.announce();
        }
        Ok(())
    }

    /// What the ledger says of payments now: only the lines that are new are read.
    async fn paid(&self) -> Result<Paid, AppError> {
        let mut paid = self.falls.lock().await.paid.clone();
        loop {
            let page = self.store.ledger(None, paid.position, LEDGER_PAGE).await?;
            let Some(last) = page.last() else { break };
            paid.position = last.position;
            for line in &page {
                let peer = self.peer_of(line.contract_id).await?;
                let sum_msat = paid.by_peer_msat.entry(peer).or_default();
                *sum_msat += line.amount_msat - line.fee_msat.cast_signed();
            }
        }
        paid.in_flight_msat.clear();
        for attempt in self.store.attempts_unfinished().await? {
            let peer = self.peer_of(Some(attempt.contract_id)).await?;
            *paid.in_flight_msat.entry(peer).or_default() += attempt.amount_msat;
        }
        self.falls.lock().await.paid = paid.clone();
        Ok(paid)
    }

    /// The counterparty of a contract; empty where there is none.
    async fn peer_of(&self, contract: Option<lncontract_store::Hash>) -> Result<String, AppError> {
        let Some(contract) = contract else { return Ok(String::new()) };
        Ok(self.store.contract(contract).await?.map(|row| row.peer_id).unwrap_or_default())
    }
}

/// The channels with each counterparty beside what its payments left in them. A counterparty is not judged while
/// one of its channels can't be used (the last messages of a payment may be outstanding), and not once one was
/// closed alone: what was under way then is decided by the chain, and seen in what the node holds as a whole.
fn judge(channels: &[Channel], paid: &Paid) -> Vec<Fall> {
    let mut by_peer: BTreeMap<String, Vec<&Channel>> = BTreeMap::new();
    for channel in channels {
        let peer = lncontract_core::Bytes(channel.peer.serialize()).to_string();
        by_peer.entry(peer).or_default().push(channel);
    }
    let clear = |channel: &&Channel| match channel.state {
        ChannelState::Requested | ChannelState::Pending { .. } | ChannelState::Failed(_) => true,
        ChannelState::Open { usable } => usable,
        ChannelState::Closing { forced } | ChannelState::Closed { forced, .. } => !forced,
    };
    by_peer.retain(|_, channels| channels.iter().all(clear));
    let fall = |(peer, channels): (String, Vec<&Channel>)| {
        let funded =
            |channel: &&&Channel| !matches!(channel.state, ChannelState::Requested | ChannelState::Failed(_));
        let put_in_msat: i64 = channels.iter().filter(funded).map(|channel| put_in_msat(channel)).sum();
        let node_msat: u64 = channels.iter().filter(funded).map(|channel| channel.local_msat).sum();
        let paid_msat = paid.by_peer_msat.get(&peer).copied().unwrap_or(0);
        let in_flight_msat = paid.in_flight_msat.get(&peer).copied().unwrap_or(0);
        let books_msat = put_in_msat + paid_msat - in_flight_msat.cast_signed();
        Fall { peer: Some(peer), books_msat, node_msat: node_msat.cast_signed() }
    };
    by_peer.into_iter().map(fall).collect()
}

/// What we have put into a channel, less what we took out: all of it but what the other side did.
fn put_in_msat(channel: &Channel) -> i64 {
    let locked = |ours: bool| {
        let of_side = move |splice: &&Splice| splice.ours == ours && splice.state == SpliceState::Locked;
        channel.splices.iter().filter(of_side).map(change_sat).sum::<i64>()
    };
    let sat =
        if channel.outbound { channel.capacity_sat.cast_signed() - locked(false) } else { locked(true) };
    sat * 1_000
}

/// What a splice added to the side that ordered it.
fn change_sat(splice: &Splice) -> i64 {
    match splice.way {
        SpliceWay::In => splice.amount_sat.cast_signed(),
        // Its fee is paid out of the channel.
        SpliceWay::Out => -(splice.amount_sat + splice.fee_sat).cast_signed(),
    }
}

#[cfg(test)]
mod tests;
