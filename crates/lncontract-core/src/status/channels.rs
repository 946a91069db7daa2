//! The channels of the view: how far each is, and whether both sides see the same.

use serde::Serialize;

use super::sum;
use crate::{
    Contract, Hash, Sat, Time,
    law::free,
    state::{ChannelState, CloseReport, Report},
    v1::{ChannelStage, CloseManner, Part, RowId, Side},
};

/// A channel as the record knows it, or a splice into one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelView {
    /// The `fund` entry.
    pub fund: Hash,
    /// The tranche; none if the announcement was overtaken.
    pub tranche: Option<RowId>,
    /// How much the tranche sets aside.
    pub amount: Sat,
    /// The stages it is earmarked to; empty: the contract in general.
    pub stages: Vec<RowId>,
    /// The part of another contract's channel that it is; none: money of its own.
    pub of: Option<Part>,
    /// When it was announced.
    pub announced_at: Option<Time>,
    /// How far it is.
    pub progress: Progress,
    /// Whether both sides see the same.
    pub agreement: Agreement,
    /// What the buyer's node sees.
    pub buyer: Option<Report>,
    /// What the seller's node sees.
    pub seller: Option<Report>,
    /// What was added to it: output and size are those after each. Empty for a splice.
    pub splices: Vec<ChannelView>,
    /// What was released of it: its entries stand where the `fund` entry does, and output and size are those after
    /// the splice that takes it out.
    pub releases: Vec<ChannelView>,
    /// What the seller may release of it now.
    pub releasable: Sat,
}

impl ChannelView {
    /// Returns what is set aside in it now: its own tranche and the splices that are locked, less what was released,
    /// taken out or not.
    pub fn earmarked(&self) -> Sat {
        let parts = std::iter::once(self).chain(&self.splices);
        let open = sum(parts.filter(|part| part.progress == Progress::Open).map(|part| part.amount));
        let ended = |part: &&Self| part.progress == Progress::Failed;
        open.less(sum(self.releases.iter().filter(|part| !ended(part)).map(|part| part.amount)))
    }
}

/// How far a channel is, by the further of the two reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// No node has reported it.
    Announced,
    /// Its funding transaction is known, and not deep enough.
    Pending,
    /// Payable.
    Open,
    /// Its end has begun; the closing transaction is not known yet.
    Closing,
    /// Its closing transaction is known.
    Closed,
    /// It never opened.
    Failed,
}

/// Whether both sides see the same channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Agreement {
    /// Neither has reported it.
    Unseen,
    /// Only one side has.
    SeenBy {
        /// Which.
        side: Side,
    },
    /// Both, with the same output and size.
    Same,
    /// Both, and output or size differ.
    Differs,
}

pub(super) fn channels(contract: &Contract) -> Vec<ChannelView> {
    let of = |base: Option<Hash>, released: bool| {
        let is_it = |channel: &ChannelState| channel.base() == base && channel.released.is_some() == released;
        let these = contract.channels.iter().filter(|(_, channel)| is_it(channel));
        let mut these: Vec<_> = these.map(|(fund, channel)| view(contract, *fund, channel)).collect();
        these.sort_by_key(|channel| (channel.announced_at.is_none(), channel.announced_at));
        these
    };
    let mut all = of(None, false);
    for channel in &mut all {
        channel.splices = of(Some(channel.fund), false);
        channel.releases = of(Some(channel.fund), true);
        if channel.progress == Progress::Open {
            channel.releasable = free(contract, channel.fund);
        }
    }
    all
}

fn view(contract: &Contract, fund: Hash, channel: &ChannelState) -> ChannelView {
    let (announced, released) = (channel.announced.as_ref(), channel.released.as_ref());
    let (buyer, seller) = (channel.reports.get(&Side::Buyer), channel.reports.get(&Side::Seller));
    let agreement = match (buyer, seller) {
        (None, None) => Agreement::Unseen,
        (Some(_), None) => Agreement::SeenBy { side: Side::Buyer },
        (None, Some(_)) => Agreement::SeenBy { side: Side::Seller },
        (Some(a), Some(b)) if a.outpoint == b.outpoint && a.capacity == b.capacity => Agreement::Same,
        (Some(_), Some(_)) => Agreement::Differs,
    };
    ChannelView {
        fund,
        tranche: announced.map(|fund| fund.tranche.clone()),
        amount: announced.map(|fund| fund.amount).or(released.map(|found| found.amount)).unwrap_or_default(),
        stages: announced.map(|fund| fund.stages.clone()).unwrap_or_default(),
        of: announced.and_then(|fund| fund.of.clone()),
        announced_at: announced.map(|fund| fund.at).or(released.map(|found| found.at)),
        progress: progress(contract, channel),
        agreement,
        buyer: buyer.cloned(),
        seller: seller.cloned(),
        splices: Vec::new(),
        releases: Vec::new(),
        releasable: Sat::ZERO,
    }
}

fn progress(contract: &Contract, channel: &ChannelState) -> Progress {
    let any = |wanted: fn(&CloseReport) -> bool| contract.ends(channel).any(wanted);
    if any(|end| end.txid.is_some()) {
        Progress::Closed
    } else if any(|end| end.manner == CloseManner::Failed) {
        Progress::Failed
    } else if any(|_| true) {
        Progress::Closing
    } else {
        match channel.reports.values().map(|report| report.stage).max() {
            None => Progress::Announced,
            Some(ChannelStage::Pending) => Progress::Pending,
            Some(ChannelStage::Open) => Progress::Open,
        }
    }
}

/// Returns the sum of the earmarks whose channel is open.
pub(super) fn earmarked(channels: &[ChannelView]) -> Sat {
    sum(channels.iter().map(ChannelView::earmarked))
}
