//! A host that answers as it was told and keeps what it hears.
//!
//! Invariant: what nobody announced is refused, and what nobody expects is failed back. A payment that was
//! recorded as received is not taken again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use crate::{
    Admission, BoxFuture, ChannelId, Claim, Host, InboundChannel, InboundSplice, NodeEvent, NodeKey,
    NotRecorded, OpeningId, PaymentHash, SpliceAdmission,
};

/// How long a case waits for something that should come at once; generous, since machines are shared.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Script {
    admissions: BTreeMap<u64, Admission>,
    splices: BTreeMap<ChannelId, SpliceAdmission>,
    splices_asked: Vec<InboundSplice>,
    claims: BTreeMap<PaymentHash, Claim>,
    received: BTreeSet<PaymentHash>,
    unrecorded: u32,
    events: Vec<NodeEvent>,
    messages: Vec<(NodeKey, Vec<u8>)>,
    asked: Vec<PaymentHash>,
}

/// See the head of this file.
#[derive(Default)]
pub struct ScriptedHost {
    script: Mutex<Script>,
    changed: Notify,
}

impl ScriptedHost {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces a channel of that size; it is accepted under that id, with that delay asked of the opener.
    pub fn announce(&self, amount_sat: u64, opening: OpeningId, to_self_delay_blocks: u16) {
        let admission = Admission::Accept { opening, to_self_delay_blocks };
        self.script().admissions.insert(amount_sat, admission);
    }

    /// Refuses a channel of that size in these words.
    pub fn refuse(&self, amount_sat: u64, text: &str) {
        self.script().admissions.insert(amount_sat, Admission::Refuse { text: text.into() });
    }

    /// Sets the answer for splices of a channel.
    pub fn answer_splice(&self, channel: ChannelId, admission: SpliceAdmission) {
        self.script().splices.insert(channel, admission);
    }

    /// The splices it was asked about.
    pub fn splices_asked(&self) -> Vec<InboundSplice> {
        self.script().splices_asked.clone()
    }

    /// Sets the answer for a payment.
    pub fn answer(&self, payment_hash: PaymentHash, claim: Claim) {
        self.script().claims.insert(payment_hash, claim);
    }

    /// Does not record the next events.
    pub fn fail_to_record(&self, events: u32) {
        self.script().unrecorded = events;
    }

    /// Everything recorded so far.
    pub fn events(&self) -> Vec<NodeEvent> {
        self.script().events.clone()
    }

    /// Everything received so far.
    pub fn messages(&self) -> Vec<(NodeKey, Vec<u8>)> {
        self.script().messages.clone()
    }

    /// How often it was asked about a payment.
    pub fn times_asked(&self, payment_hash: PaymentHash) -> usize {
        self.script().asked.iter().filter(|hash| **hash == payment_hash).count()
    }

    /// Waits until `find` finds something in the events; `what` names it if it never comes.
    pub async fn wait_for<T>(&self, what: &str, find: impl Fn(&NodeEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                let changed = self.changed.notified();
                if let Some(found) = self.script().events.iter().find_map(&find) {
                    return found;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), changed).await;
            }
        };
        match tokio::time::timeout(PATIENCE, found).await {
            Ok(found) => found,
            Err(_elapsed) => panic!("never heard of {what}; heard: {:#?}", self.events()),
        }
    }

    /// Waits until that many messages came.
    pub async fn wait_for_messages(&self, count: usize) -> Vec<(NodeKey, Vec<u8>)> {
        let end = tokio::time::Instant::now() + PATIENCE;
        while self.messages().len() < count {
            assert!(tokio::time::Instant::now() < end, "{count} messages never came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.messages()
    }
}

impl Host for ScriptedHost {
    fn channel_requested(&self, request: InboundChannel) -> BoxFuture<'_, Admission> {
        let announced = self.script().admissions.get(&request.amount_sat).cloned();
        let refusal = Admission::Refuse { text: "no contract announces this channel".into() };
        Box::pin(async move { announced.unwrap_or(refusal) })
    }

    fn splice_requested(&self, request: InboundSplice) -> BoxFuture<'_, SpliceAdmission> {
        let mut script = self.script();
        let announced = script.splices.get(&request.channel).cloned();
        script.splices_asked.push(request);
        let refusal = SpliceAdmission::Refuse { text: "no contract announces this splice".into() };
        Box::pin(async move { announced.unwrap_or(refusal) })
    }

    fn payment_claimable(&self, payment_hash: PaymentHash, _amount_msat: u64) -> BoxFuture<'_, Claim> {
        let mut script = self.script();
        script.asked.push(payment_hash);
        let answer = script.claims.get(&payment_hash).copied().unwrap_or(Claim::FailBack);
        let taken = script.received.contains(&payment_hash);
        Box::pin(async move { if taken { Claim::FailBack } else { answer } })
    }

    fn event(&self, event: NodeEvent) -> BoxFuture<'_, Result<(), NotRecorded>> {
        let mut script = self.script();
        if script.unrecorded > 0 {
            script.unrecorded -= 1;
            return Box::pin(async { Err(NotRecorded("the disk is full for a moment".into())) });
        }
        if let NodeEvent::PaymentReceived { payment_hash, .. } = &event {
            script.received.insert(*payment_hash);
        }
        script.events.push(event);
        drop(script);
        self.changed.notify_waiters();
        Box::pin(async { Ok(()) })
    }

    fn message(&self, from: NodeKey, bytes: Vec<u8>) {
        self.script().messages.push((from, bytes));
        self.changed.notify_waiters();
    }
}
