//! Payments of the fake network: real BOLT 11 invoices, parts locked in channels,
//! decided by the payee's host.

use std::{str::FromStr, time::Duration};

use bitcoin::{
    hashes::{Hash, sha256},
    secp256k1::Secp256k1,
};
use lightning_invoice::{Bolt11Invoice, Currency, InvoiceBuilder, PaymentSecret};

use super::{channels::Stage, state::State};
use crate::{
    By, ChannelId, Claim, LightningError, MadeInvoice, NewInvoice, NodeEvent, Pay, PaymentHash,
    PaymentPreimage, PaymentState, Share,
};

/// Blocks that the last hop leaves (BOLT 11 tag `c`).
const FINAL_CLTV_BLOCKS: u64 = 42;

/// A payment, seen by both ends.
#[derive(Clone, Debug)]
pub(super) struct FakePayment {
    pub(super) hash: PaymentHash,
    pub(super) payer: usize,
    pub(super) payee: usize,
    pub(super) amount_msat: u64,
    /// Place of the channel and what is locked in it.
    pub(super) parts: Vec<(usize, u64)>,
    pub(super) outcome: Option<Result<PaymentPreimage, String>>,
}

fn refused(reason: impl Into<String>) -> LightningError {
    LightningError::Refused { by: By::Us, reason: reason.into() }
}

impl State {
    pub(super) fn make_invoice(&mut self, seat: usize, new: &NewInvoice, now_s: u64) -> MadeInvoice {
        let preimage = self.draw();
        let payment_hash = sha256::Hash::hash(&preimage).to_byte_array();
        let secret = self.seats[seat].secret;
        let invoice = InvoiceBuilder::new(Currency::Regtest)
            .description_hash(sha256::Hash::from_byte_array(new.description_hash))
            .payment_hash(lightning_invoice::PaymentHash(payment_hash))
            .payment_secret(PaymentSecret(self.draw()))
            .duration_since_epoch(Duration::from_secs(now_s))
            .min_final_cltv_expiry_delta(FINAL_CLTV_BLOCKS)
            .expiry_time(Duration::from_secs(new.expiry_s.into()))
            .amount_milli_satoshis(new.amount_msat)
            .basic_mpp()
            .build_signed(|hash| Secp256k1::new().sign_ecdsa_recoverable(hash, &secret))
            .expect("all fields are given, and the clock is below 2^35 seconds");
        self.seats[seat].invoices.insert(payment_hash, preimage);
        let expires_at_s = now_s + u64::from(new.expiry_s);
        MadeInvoice { bolt11: invoice.to_string(), payment_hash, expires_at_s }
    }

    fn last_payment(&self, seat: usize, hash: &PaymentHash) -> Option<&FakePayment> {
        self.payments.iter().rev().find(|payment| payment.payer == seat && payment.hash == *hash)
    }

    pub(super) fn payment_state(&self, seat: usize, hash: &PaymentHash) -> PaymentState {
        match self.last_payment(seat, hash).map(|payment| &payment.outcome) {
            None => PaymentState::Absent,
            Some(None) => PaymentState::InFlight,
            Some(Some(Ok(preimage))) => PaymentState::Sent { preimage: *preimage, fee_msat: 0 },
            Some(Some(Err(reason))) => PaymentState::Failed { reason: reason.clone() },
        }
    }

    /// Takes the order: locks the parts. A hash that is on its way or arrived is left as it is.
    pub(super) fn pay(&mut self, seat: usize, pay: &Pay, now_s: u64) -> Result<(), LightningError> {
        let invoice = Bolt11Invoice::from_str(&pay.bolt11)
            .map_err(|error| refused(format!("the invoice cannot be read: {error}")))?;
        let hash = invoice.payment_hash().0;
        let known = self.last_payment(seat, &hash).map(|payment| &payment.outcome);
        if matches!(known, Some(None | Some(Ok(_)))) {
            return Ok(());
        }
        if invoice.would_expire(Duration::from_secs(now_s)) {
            return Err(LightningError::Expired);
        }
        let amount_msat =
            invoice.amount_milli_satoshis().ok_or_else(|| refused("the invoice has no amount"))?;
        let payee = self.seat_of(&invoice.get_payee_pub_key());
        let payee = payee.ok_or_else(|| refused("the payee is not on this network"))?;
        let rooms = self.rooms(seat, payee, pay)?;
        let parts = split(amount_msat, rooms.clone()).ok_or_else(|| {
            let room_msat: u64 = rooms.iter().map(|(_, room_msat)| room_msat).sum();
            refused(format!(
                "the payment is {amount_msat} msat, and the named channels can carry {room_msat} msat now"
            ))
        })?;
        for (index, part_msat) in &parts {
            let channel = &mut self.channels[*index];
            let end = channel.end_of(seat).expect("a room of this node");
            channel.balance_msat[end] -= part_msat;
        }
        self.payments.push(FakePayment { hash, payer: seat, payee, amount_msat, parts, outcome: None });
        Ok(())
    }

    /// The named channels that can be used now, with what each can carry.
    fn rooms(&self, seat: usize, payee: usize, pay: &Pay) -> Result<Vec<(usize, u64)>, LightningError> {
        if pay.channels.is_empty() {
            return Err(refused("no channel is named for this payment"));
        }
        let mut rooms = Vec::new();
        for Share { channel: id, most_msat } in &pay.channels {
            let index = self.channels.iter().position(|channel| {
                channel.id == *id && channel.end_of(seat).is_some() && channel.stage == Stage::Open
            });
            let index = index.ok_or_else(|| refused(format!("this node has no open channel {id}")))?;
            let channel = &self.channels[index];
            let end = channel.end_of(seat).expect("just looked for");
            if channel.ends[1 - end] != payee {
                return Err(refused(format!("channel {id} does not end at the payee")));
            }
            rooms.push((index, self.carry_msat(channel, end).min(*most_msat)));
        }
        if !self.linked(seat, payee) {
            let reason =
                "none of the named channels can be used now: the payee's node is not connected".into();
            return Err(LightningError::Unavailable { reason });
        }
        Ok(rooms)
    }

    /// What that node has in flight over a channel.
    pub(super) fn in_flight_msat(&self, id: ChannelId, payer: usize) -> u64 {
        let ours = self.payments.iter().filter(|payment| payment.payer == payer && payment.outcome.is_none());
        let parts = ours.flat_map(|payment| &payment.parts);
        parts.filter(|(index, _)| self.channels[*index].id == id).map(|(_, part_msat)| part_msat).sum()
    }

    pub(super) fn in_flight_over(&self, index: usize) -> bool {
        self.payments.iter().any(|payment| {
            payment.outcome.is_none() && payment.parts.iter().any(|(channel, _)| *channel == index)
        })
    }

    /// Payments that wait for the word of that node's host, and that it can answer now.
    pub(super) fn undecided(&self, seat: usize) -> Vec<(PaymentHash, u64)> {
        let waits = |payment: &&FakePayment| {
            payment.payee == seat && payment.outcome.is_none() && self.linked(payment.payer, seat)
        };
        self.payments.iter().filter(waits).map(|payment| (payment.hash, payment.amount_msat)).collect()
    }

    /// The word of the payee's host.
    pub(super) fn decide(&mut self, seat: usize, hash: PaymentHash, claim: Claim) {
        let open = |payment: &FakePayment| {
            payment.payee == seat && payment.hash == hash && payment.outcome.is_none()
        };
        let Some(index) = self.payments.iter().position(open) else { return };
        // As over a wire: an answer needs a connection.
        if !self.linked(self.payments[index].payer, seat) {
            return;
        }
        match (claim, self.seats[seat].invoices.get(&hash).copied()) {
            (Claim::AskAgain, _) => {}
            (Claim::Take, Some(preimage)) => self.take(index, preimage),
            (Claim::Take | Claim::FailBack, _) => self.fail(index, "the payee refused it"),
        }
    }

    fn take(&mut self, index: usize, preimage: PaymentPreimage) {
        let payment = self.payments[index].clone();
        self.payments[index].outcome = Some(Ok(preimage));
        let mut channels = Vec::new();
        for (at, part_msat) in &payment.parts {
            let channel = &mut self.channels[*at];
            let end = channel.end_of(payment.payee).expect("the named channels end at the payee");
            channel.balance_msat[end] += part_msat;
            channels.push(channel.id);
        }
        channels.sort();
        let (payment_hash, amount_msat) = (payment.hash, payment.amount_msat);
        self.push(payment.payee, NodeEvent::PaymentReceived { payment_hash, amount_msat, channels });
        self.push(payment.payer, NodeEvent::PaymentSent { payment_hash, preimage, fee_msat: 0 });
    }

    fn fail(&mut self, index: usize, reason: &str) {
        let payment = self.payments[index].clone();
        self.payments[index].outcome = Some(Err(reason.into()));
        for (at, part_msat) in &payment.parts {
            let channel = &mut self.channels[*at];
            let end = channel.end_of(payment.payer).expect("the payer locked it there");
            channel.balance_msat[end] += part_msat;
        }
        let event = NodeEvent::PaymentFailed { payment_hash: payment.hash, reason: reason.into() };
        self.push(payment.payer, event);
    }

    /// The channel was closed alone with payments in it: they go back to the payer.
    pub(super) fn fail_over(&mut self, channel: usize) {
        for index in 0..self.payments.len() {
            let payment = &self.payments[index];
            if payment.outcome.is_none() && payment.parts.iter().any(|(at, _)| *at == channel) {
                self.fail(index, "its channel was closed on chain");
            }
        }
    }
}

/// Largest rooms first, unless one carries it whole: then the smallest that does.
fn split(amount_msat: u64, mut rooms: Vec<(usize, u64)>) -> Option<Vec<(usize, u64)>> {
    let whole = rooms.iter().filter(|(_, room_msat)| *room_msat >= amount_msat);
    if let Some((index, _)) = whole.min_by_key(|(_, room_msat)| *room_msat) {
        return Some(vec![(*index, amount_msat)]);
    }
    rooms.sort_by_key(|(_, room_msat)| std::cmp::Reverse(*room_msat));
    let mut left_msat = amount_msat;
    let mut parts = Vec::new();
    for (index, room_msat) in rooms {
        let part_msat = left_msat.min(room_msat);
        if part_msat > 0 {
            parts.push((index, part_msat));
            left_msat -= part_msat;
        }
    }
    (left_msat == 0).then_some(parts)
}
