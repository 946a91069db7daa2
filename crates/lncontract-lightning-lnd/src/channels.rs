//! Channels as the port shows them: LND's three lists and our notes, put together in one look.
//!
//! Invariant: an opening has one row, written before LND hears of it, and keeps it after the channel is gone, since LND
//! keeps no memo of a closed one. A channel that this program did not open or admit has a row too, under an id of its
//! own: what other software on that LND does with it is seen.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use bitcoin::{OutPoint, secp256k1::PublicKey};
use lncontract_lightning::{
    Channel, ChannelId, ChannelState, LightningError, NodeKey, OpenFailure, OpeningId,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    api::{self, Channels, PendingChannel, PendingChannels, path},
    closings::{self, Closing},
    confirmations, limits,
    parts::{Parts, unix_time},
    rpc::Fault,
};

/// What the opener's memo begins with; our id in hexadecimal follows.
const MEMO: &str = "lncontract ";
/// Two anchors of 330 sat, which the opener pays (BOLT 3).
pub(crate) const ANCHORS_SAT: u64 = 660;
/// How long an opening may be without trace before it is said that it never was one: LND gives a reservation up after
/// 10 minutes and looks each minute.
const WITHOUT_TRACE_S: u64 = 15 * 60;
/// How old a look may be that is used again.
const MOMENT: Duration = Duration::from_millis(100);

/// What is remembered of an opening, ours or the peer's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpeningRow {
    pub(crate) peer: PublicKey,
    pub(crate) outbound: bool,
    pub(crate) amount_sat: u64,
    /// When it was ordered or admitted, seconds since 1970 UTC.
    pub(crate) since_s: u64,
    pub(crate) funding: Option<OutPoint>,
    /// Confirmations that it needs.
    pub(crate) needed: Option<u32>,
    /// What was ours in it when it was seen last, commitment fee and anchors counted.
    pub(crate) local_msat: u64,
    /// It never came to be.
    pub(crate) failed: Option<OpenFailure>,
    /// It is closing or closed.
    pub(crate) closing: Option<Closing>,
}

impl OpeningRow {
    pub(crate) fn ordered(peer: NodeKey, outbound: bool, amount_sat: u64) -> Self {
        Self {
            peer,
            outbound,
            amount_sat,
            since_s: unix_time(),
            funding: None,
            needed: None,
            local_msat: 0,
            failed: None,
            closing: None,
        }
    }

    /// As a channel, without anything that only LND knows.
    pub(crate) fn channel(&self, opening: OpeningId) -> Channel {
        let state = match (&self.failed, &self.closing) {
            (Some(failure), _) => ChannelState::Failed(failure.clone()),
            (None, Some(closing)) => closing.state(),
            (None, None) => ChannelState::Requested,
        };
        let ended = self.failed.is_some();
        Channel {
            id: self.funding.map_or(ChannelId([0; 32]), channel_id),
            opening,
            peer: self.peer,
            outbound: self.outbound,
            funding: self.funding,
            capacity_sat: self.amount_sat,
            local_msat: if ended { 0 } else { self.local_msat },
            outbound_capacity_msat: 0,
            next_outbound_htlc_limit_msat: 0,
            inbound_capacity_msat: 0,
            reserve_sat: 0,
            in_flight_limit_msat: 0,
            our_delay_blocks: None,
            state,
            splices: Vec::new(),
        }
    }
}

/// The `channel_id` of a funding output (BOLT 2): the transaction's id with the index in its last two bytes.
pub(crate) fn channel_id(funding: OutPoint) -> ChannelId {
    let mut id: [u8; 32] = *bitcoin::hashes::Hash::as_byte_array(&funding.txid);
    let [high, low] = u16::try_from(funding.vout).unwrap_or(u16::MAX).to_be_bytes();
    id[30] ^= high;
    id[31] ^= low;
    ChannelId(id)
}

pub(crate) fn memo(opening: OpeningId) -> String {
    format!("{MEMO}{}", row_key(opening))
}

fn opening_of_memo(memo: &str) -> Option<OpeningId> {
    opening_of_key(memo.strip_prefix(MEMO)?)
}

/// The key of an opening's row.
pub(crate) fn row_key(opening: OpeningId) -> String {
    format!("{:032x}", opening.0)
}

fn opening_of_key(key: &str) -> Option<OpeningId> {
    (key.len() == 32).then(|| u128::from_str_radix(key, 16).ok().map(OpeningId))?
}

/// The id of a channel that nobody announced to us: from its outpoint, so that it is the same after a restart.
fn foreign(funding: OutPoint) -> OpeningId {
    let id = channel_id(funding).0;
    let (first, _) = id.split_at(16);
    OpeningId(u128::from_be_bytes(first.try_into().expect("16 of 32 bytes")))
}

/// What the last look saw.
#[derive(Clone, Default)]
pub(crate) struct Looked {
    /// When, and how often the bell had rung by then.
    at: Option<Instant>,
    rung: u64,
    pub(crate) height: u32,
    pub(crate) channels: Arc<Vec<Seen>>,
    /// What waits in outputs of closing transactions that a block holds.
    pub(crate) limbo_sat: u64,
    /// What opener's fees and anchors of live channels hold of ours: in no balance that LND tells.
    pub(crate) held_back_sat: u64,
}

/// A channel with what payments need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) channel: Channel,
    /// The short channel id (BOLT 7) that LND's payment calls take, while it is open.
    pub(crate) scid: Option<u64>,
}

/// LND's lists, as nearly of one moment as they can be had.
struct Lists {
    open: Vec<api::OpenChannel>,
    /// Those that wait for confirmations, asked for before the open ones: a channel that opens meanwhile is in one of
    /// the two.
    opening: Vec<api::PendingOpen>,
    /// Those that end, asked for after the open ones, for the same reason.
    ending: PendingChannels,
    height: u32,
}

async fn lists(parts: &Parts) -> Result<Lists, Fault> {
    let before: PendingChannels = parts.rpc.call(path::PENDING_CHANNELS, api::Nothing {}).await?;
    let info = parts.info();
    let open = parts.rpc.call::<_, Channels>(path::LIST_CHANNELS, api::Nothing {});
    let (info, open) = tokio::try_join!(info, open)?;
    let ending: PendingChannels = parts.rpc.call(path::PENDING_CHANNELS, api::Nothing {}).await?;
    let is_open = |pending: &api::PendingOpen| {
        let point = pending.channel.as_ref().map(|channel| channel.channel_point.as_str());
        open.channels.iter().any(|open| Some(open.channel_point.as_str()) == point)
    };
    let opening = before.opening.into_iter().filter(|pending| !is_open(pending)).collect();
    Ok(Lists { open: open.channels, opening, ending, height: info.block_height })
}

/// A look at all channels that is at most a moment old: many ask at once, and each look costs LND some calls.
pub(crate) async fn look(parts: &Parts) -> Result<Looked, LightningError> {
    parts.check()?;
    {
        let looked = parts.looked.lock().await;
        let rung = *parts.bell.borrow();
        if looked.at.is_some_and(|at| at.elapsed() < MOMENT) && looked.rung == rung {
            return Ok(looked.clone());
        }
    }
    look_now(parts).await
}

/// Looks at all channels now, and notes what has changed.
pub(crate) async fn look_now(parts: &Parts) -> Result<Looked, LightningError> {
    parts.check()?;
    let mut looked = parts.looked.lock().await;
    let (rung, at) = (*parts.bell.borrow(), Some(Instant::now()));
    let lists = lists(parts).await.map_err(Fault::reading)?;
    let mut known = Known::of(parts);
    let mut alive: Vec<(OpeningId, OpeningRow, Seen)> = Vec::new();
    let mut held_back_sat = 0;
    for open in &lists.open {
        let Some((opening, row)) = known.row_of(&Found::of_open(open)) else { continue };
        held_back_sat += limits::held_back_sat(open);
        let usable = open.active && has_edge(parts, open.chan_id).await;
        let seen = limits::open(open, &row, opening, usable);
        alive.push((opening, OpeningRow { local_msat: seen.channel.local_msat, ..row }, seen));
    }
    for pending in &lists.opening {
        let Some(channel) = &pending.channel else { continue };
        let Some((opening, row)) = known.row_of(&Found::of_pending(channel)) else { continue };
        let held = if channel.outbound() { sat(pending.commit_fee) + ANCHORS_SAT } else { 0 };
        held_back_sat += held;
        let waits = confirmations::of(parts, pending, &row, lists.height).await.map_err(Fault::reading)?;
        let local_msat = (sat(channel.local_balance) + held) * 1_000;
        let row = OpeningRow { needed: waits.told.then_some(waits.needed), local_msat, ..row };
        let seen = limits::pending(pending, &row, opening, waits);
        alive.push((opening, row, seen));
    }
    let mut channels = Vec::new();
    for (opening, row, seen) in alive {
        // Seen alive: a block that was thought to hold its closing has been left behind.
        let row = OpeningRow { closing: None, ..row };
        parts.openings.put(&row_key(opening), row).map_err(|error| parts.disk_fault(&error))?;
        known.rows.remove(&opening);
        channels.push(seen);
    }
    let since = looked.height;
    for (opening, row) in known.rows {
        let Some(row) = not_alive(parts, opening, row, &lists, since).await? else { continue };
        let nowhere = row.funding.is_some() && row.failed.is_none() && row.closing.is_none();
        // LND lists it nowhere, and nothing says that it ended: it is as it was seen last.
        let before = looked.channels.iter().find(|seen| nowhere && seen.channel.opening == opening);
        channels.push(before.cloned().unwrap_or_else(|| Seen { channel: row.channel(opening), scid: None }));
    }
    *looked = Looked {
        at,
        rung,
        height: lists.height,
        channels: Arc::new(channels),
        limbo_sat: lists.ending.force_closing.iter().map(|closing| sat(closing.limbo_balance)).sum(),
        held_back_sat,
    };
    let noted = parts.cursors.put(HEIGHT, u64::from(lists.height));
    noted.map_err(|error| parts.disk_fault(&error))?;
    Ok(looked.clone())
}

/// What was seen at that height by the process before this one.
impl From<u32> for Looked {
    fn from(height: u32) -> Self {
        Self { height, ..Self::default() }
    }
}

/// The cursor that says up to which block all channels were looked at.
pub(crate) const HEIGHT: &str = "height";

pub(crate) fn sat(amount: i64) -> u64 {
    u64::try_from(amount).unwrap_or(0)
}

/// A channel in one of LND's lists.
struct Found<'a> {
    peer: &'a str,
    funding: &'a str,
    amount_sat: u64,
    outbound: bool,
    memo: &'a str,
}

impl<'a> Found<'a> {
    fn of_open(open: &'a api::OpenChannel) -> Self {
        Self {
            peer: &open.remote_pubkey,
            funding: &open.channel_point,
            amount_sat: sat(open.capacity),
            outbound: open.initiator,
            memo: &open.memo,
        }
    }

    fn of_pending(channel: &'a PendingChannel) -> Self {
        Self {
            peer: &channel.remote_node_pub,
            funding: &channel.channel_point,
            amount_sat: sat(channel.capacity),
            outbound: channel.outbound(),
            memo: &channel.memo,
        }
    }
}

/// All rows, as a look begins with them.
struct Known {
    rows: BTreeMap<OpeningId, OpeningRow>,
    by_funding: HashMap<OutPoint, OpeningId>,
}

impl Known {
    fn of(parts: &Parts) -> Self {
        let rows: BTreeMap<_, _> = parts
            .openings
            .all()
            .into_iter()
            .filter_map(|(key, row)| Some((opening_of_key(&key)?, row)))
            .collect();
        let by_funding = rows.iter().filter_map(|(opening, row)| Some((row.funding?, *opening))).collect();
        Self { rows, by_funding }
    }

    /// The row of a listed channel: by its outpoint, by our memo, by what we admitted, or a new one.
    fn row_of(&mut self, found: &Found<'_>) -> Option<(OpeningId, OpeningRow)> {
        let (Ok(peer), Ok(funding)) = (found.peer.parse::<PublicKey>(), found.funding.parse::<OutPoint>())
        else {
            tracing::error!(channel = found.funding, "LND lists a channel that can't be read");
            return None;
        };
        let by_memo = || opening_of_memo(found.memo).filter(|_| found.outbound);
        let opening = self.by_funding.get(&funding).copied().or_else(by_memo);
        let opening = opening.or_else(|| self.admitted(&peer, found)).unwrap_or_else(|| foreign(funding));
        let row = self.rows.get(&opening).cloned();
        let row = row.unwrap_or_else(|| OpeningRow::ordered(peer, found.outbound, found.amount_sat));
        let row = OpeningRow { funding: Some(funding), failed: None, ..row };
        self.rows.insert(opening, row.clone());
        self.by_funding.insert(funding, opening);
        Some((opening, row))
    }

    /// What was admitted of that peer, of exactly that size, and has no channel yet.
    fn admitted(&self, peer: &PublicKey, found: &Found<'_>) -> Option<OpeningId> {
        let fits = |row: &OpeningRow| {
            let waits = row.funding.is_none() && row.failed.is_none();
            !row.outbound && waits && row.peer == *peer && row.amount_sat == found.amount_sat
        };
        let waiting = self.rows.iter().filter(|(_, row)| fits(row)).min_by_key(|(_, row)| row.since_s);
        waiting.filter(|_| !found.outbound).map(|(opening, _)| *opening)
    }
}

/// Whether LND's own graph has both sides of a channel: before that it knows no way to pay over it.
async fn has_edge(parts: &Parts, scid: u64) -> bool {
    if crate::notes::lock(&parts.edges).contains(&scid) {
        return true;
    }
    let edge: Result<api::Edge, Fault> =
        parts.rpc.call(path::GET_CHAN_INFO, api::ChanInfo { chan_id: scid }).await;
    let has = edge.is_ok_and(|edge| edge.node1_policy.is_some() && edge.node2_policy.is_some());
    if has {
        crate::notes::lock(&parts.edges).insert(scid);
    }
    has
}

/// A row whose channel is in neither list of live ones: not there yet, closing, closed, or never opened.
async fn not_alive(
    parts: &Parts,
    opening: OpeningId,
    row: OpeningRow,
    lists: &Lists,
    since: u32,
) -> Result<Option<OpeningRow>, LightningError> {
    let now = match row.funding {
        _ if row.failed.is_some() => return Ok(Some(row)),
        None => without_trace(&row),
        Some(funding) => {
            let followed = closings::follow(parts, &row, funding, &lists.ending, (since, lists.height)).await;
            followed.map_err(Fault::reading)?
        }
    };
    if now.failed.is_some() && !now.outbound && now.funding.is_none() {
        // The opener did not come back to it. What the record announces may still be opened: it is asked anew then.
        parts.openings.remove(&row_key(opening)).map_err(|error| parts.disk_fault(&error))?;
        return Ok(None);
    }
    if now != row {
        parts.openings.put(&row_key(opening), now.clone()).map_err(|error| parts.disk_fault(&error))?;
    }
    Ok(Some(now))
}

/// An opening of which LND shows nothing. It may still come; after a while it never was one.
fn without_trace(row: &OpeningRow) -> OpeningRow {
    let waited_s = unix_time().saturating_sub(row.since_s);
    if waited_s < WITHOUT_TRACE_S {
        return row.clone();
    }
    let text = format!("LND has had no trace of it for {} minutes; nothing was spent", waited_s / 60);
    OpeningRow { failed: Some(OpenFailure::TimedOut { text }), ..row.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNDING: &str = "7f62a214dfc356efc386f5c018b7b90a02be6b8d31305422233aa4abeeea3195:1";

    #[test]
    fn our_id_comes_back_from_the_memo() {
        let opening = OpeningId(0x5eed);
        assert_eq!(opening_of_memo(&memo(opening)), Some(opening));
        assert!(memo(OpeningId(u128::MAX)).len() < 500, "LND takes 500 characters");
        for other in ["", "lncontract ", "lncontract 5eed", "somebody else's"] {
            assert_eq!(opening_of_memo(other), None, "{other}");
        }
    }

    #[test]
    fn a_channel_has_the_id_of_bolt_2() {
        let funding: OutPoint = FUNDING.parse().expect("an outpoint");
        let id = channel_id(funding).to_string();
        assert_eq!(
            id, "9531eaeeaba43a23225430318d6bbe020ab9b718c0f586c3ef56c3df14a2627e",
            "the last byte xor 1"
        );
    }

    #[test]
    fn an_opening_without_trace_is_given_up_late_and_not_before() {
        use bitcoin::secp256k1::{Secp256k1, SecretKey};
        let peer = SecretKey::from_slice(&[1; 32]).expect("a key").public_key(&Secp256k1::new());
        let row = OpeningRow::ordered(peer, true, 1_000_000);
        assert_eq!(without_trace(&row), row);
        let old = OpeningRow { since_s: row.since_s - WITHOUT_TRACE_S, ..row };
        assert!(matches!(without_trace(&old).failed, Some(OpenFailure::TimedOut { .. })));
    }
}
