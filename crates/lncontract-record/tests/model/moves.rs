//! What the two companies of the model may try: the kinds of a group, at a few instants. What the law does not
//! admit is left out by the search.

use std::sync::LazyLock;

use lncontract_core::{
    Bytes, Contract, Hash, Sat, Time,
    state::{ChannelState, Outcome},
    v1::{
        Accept, Ack, Act, Answer, Cancel, ChannelStage, Close, CloseManner, Deem, Duty, Earmark, Fund,
        Invoice, Lapse, Offer, Paid, PaidBy, Pass, PayableId, Payload, Received, Reject, Release, Side,
        Tender, Terms,
    },
};
use lncontract_record::hash::sha256;
use serde_json::json;

use crate::starts::genesis;

/// Kinds that are searched together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Offer, accept, reject, counter, lapse, pass, ack.
    Pen,
    /// Tender, answer, deem, ack.
    Performance,
    /// Invoice, cancel, paid, received.
    Payments,
    /// Fund, earmark, close.
    Channels,
    /// Release, earmark, close, when everything is paid.
    Release,
    /// Offers that change a row, accept, lapse; tender, answer, deem on that row.
    Amendment,
    /// Answer, deem, invoice, cancel, paid, received: what is built on silence.
    Silence,
    /// Every kind.
    All,
}

/// The day of every contract of the model.
pub const BEGIN: Time = Time(1_768_467_600);

/// Days after the beginning that a clock may say. Examinations end after one day, with a day of grace: what is
/// offered or tendered on day 0 can be answered before the end (0) and at it (1), and not when a timeout entry
/// may be written (4). Behind the end and within the grace is ordered as 4 is, and nothing more is admitted then.
pub const DAYS: &[i64] = &[0, 1, 4];

/// The last day of an offer made on a day: as few of them as leave every instant above its meaning.
fn offer_deadline(time: Time) -> Time {
    if time < day(1) { day(1) } else { day(5) }
}

/// The examination's last instant, as the law has it.
pub fn tender_deadline(time: Time) -> Time {
    time.plus_days(1)
}

/// The law compares no instants for these kinds.
pub const ONE_DAY: &[i64] = &[0];

impl Group {
    /// The instants that matter to its kinds.
    pub fn days(self) -> &'static [i64] {
        if matches!(self, Self::Payments | Self::Channels | Self::Release) { ONE_DAY } else { DAYS }
    }

    /// Whether the terms may change.
    pub fn has_offers(self) -> bool {
        matches!(self, Self::Pen | Self::Amendment | Self::All)
    }

    /// The deadlines that may be made at an instant.
    pub fn deadlines(self, time: Time) -> Vec<Time> {
        match self {
            Self::Payments | Self::Channels | Self::Release | Self::Silence => vec![],
            Self::Pen => vec![offer_deadline(time)],
            Self::Performance => vec![tender_deadline(time)],
            Self::Amendment | Self::All => vec![offer_deadline(time), tender_deadline(time)],
        }
    }
}

pub fn day(day: i64) -> Time {
    BEGIN.plus_days(day)
}

/// What an offer would change.
#[derive(Clone, Copy, PartialEq)]
pub enum Change {
    /// The title: no row.
    Title,
    /// What is performed, and how much is set aside: two rows.
    Rows,
}

/// The terms, with two rows changed, and for the pen, which looks at no row, without the funding.
static TERMS: LazyLock<[Terms; 3]> = LazyLock::new(|| {
    let [first, other] = [("work", "50"), ("other work", "60")].map(|(service, aside)| terms(service, aside));
    let mut bare = first.clone();
    bare.obligations.retain(|row| !matches!(row.duty, Duty::Fund { .. }));
    bare.funding.tranches.clear();
    [first, other, bare]
});

fn terms(service: &str, aside: &str) -> Terms {
    let party = |name: &str| json!({"name": name, "short_name": name});
    let acceptance = json!({"from": "acceptance", "row": "work", "months": 0, "days": 0});
    let at_once =
        json!({"rule": {"from": "date_of_contract", "months": 0, "days": 0}, "at": "2026-01-15T23:59:59Z"});
    let terms = json!({
        "law": 1, "number": "1", "title": "first", "unit": "sat", "total": "50",
        "buyer": party("B"), "seller": party("S"),
        "date_of_contract": "2026-01-15", "utc_offset_minutes": 0, "items": [],
        "milestones": [{"id": "stage", "title": "Stage", "amount": "50"}],
        "obligations": [
            {"id": "work", "milestone": "stage", "debtor": "seller", "due": at_once,
             "duty": {"kind": "perform", "service": service, "quantity": 1}},
            {"id": "pay", "milestone": "stage", "debtor": "buyer", "due": {"rule": acceptance},
             "duty": {"kind": "pay", "amount": "50", "trigger": {"on": "acceptance", "rows": ["work"]},
                      "mode": "whole", "net_days": 0}},
            {"id": "aside", "debtor": "buyer", "due": at_once, "duty": {"kind": "fund", "tranche": "channel"}},
        ],
        "funding": {"tranches": [{"id": "channel", "amount": aside, "instrument": {"kind": "channel"}}],
                    "covered_days_before": 14, "notice_blocks": 1008},
        "clauses": {"examination_days": 1, "deemed_accepted": true, "grace_hours": 24},
    });
    serde_json::from_value(terms).expect("the terms above have the shape of law 1")
}

/// Tells the terms' two variants apart by the row that is performed.
pub fn is_other(terms: &Terms) -> bool {
    let duty = terms.obligations.first().map(|row| &row.duty);
    matches!(duty, Some(Duty::Perform { service, .. }) if service == "other work")
}

/// Stands for a company's signature, and is another one for each place.
pub fn act(author: Side, seq: usize) -> Act {
    let mut signature = [0; 64];
    signature[0] = if author == Side::Buyer { 1 } else { 2 };
    signature[1] = u8::try_from(seq).expect("the model's chains are short");
    Act { expires: day(99), signature: Bytes(signature) }
}

pub fn offer(group: Group, past: &Contract, change: Change, author: Side, seq: usize, time: Time) -> Offer {
    let other = past.terms.as_deref().is_some_and(is_other) != (change == Change::Rows);
    let variant = if group == Group::Pen { 2 } else { usize::from(other) };
    // Two versions never have one title, so that the hash of it stands for the hash of the terms.
    let terms = Terms { title: format!("{author:?} {seq}"), ..TERMS[variant].clone() };
    let terms_hash = sha256(terms.title.as_bytes());
    Offer {
        genesis: past.identity.is_none().then(genesis),
        answers: None,
        basis: past.terms_hash(),
        terms_hash,
        terms,
        valid_until: offer_deadline(time),
        state: Hash::ZERO,
        act: act(author, seq),
    }
}

pub fn accept(open: &lncontract_core::state::OpenOffer, author: Side, seq: usize) -> Payload {
    let (offer, terms_hash) = (open.entry, open.terms_hash);
    Payload::Accept(Accept { offer, terms_hash, state: Hash::ZERO, act: act(author, seq) })
}

pub fn tender() -> Payload {
    Payload::Tender(Tender { row: "work".into(), quantity: 1, documents: vec![], note: String::new() })
}

pub fn answer(tender: Hash, accepted: u64) -> Payload {
    Payload::Answer(Answer { tender, accepted, reasons: vec!["seen".to_owned()], state: Hash::ZERO })
}

pub fn ack() -> Payload {
    Payload::Ack(Ack { state: Hash::ZERO })
}

/// Returns what a side may try to write in that state, with the times its clock may say.
pub fn moves(group: Group, days: &[i64], past: &Contract, side: Side, seq: usize) -> Vec<(Time, Payload)> {
    let mut moves = Vec::new();
    for &days in days {
        let time = day(days);
        let offers = |changes: &[Change]| {
            let made = changes.iter().map(|&change| offer(group, past, change, side, seq, time));
            offers(past, made)
        };
        let payloads = match group {
            Group::Pen => [offers(&[Change::Title]), answers(past, side, seq), vec![ack()]].concat(),
            Group::Performance => [vec![tender()], examination(past), vec![ack()]].concat(),
            Group::Payments => payments(past),
            Group::Channels => channels(past),
            Group::Release => [ends(past), releases(past)].concat(),
            Group::Amendment => {
                let mut answers = answers(past, side, seq);
                answers.retain(|answer| matches!(answer, Payload::Accept(_) | Payload::Lapse(_)));
                let mut offers = offers(&[Change::Rows]);
                offers.retain(|offer| matches!(offer, Payload::Offer(_)));
                [offers, answers, vec![tender()], examination(past)].concat()
            }
            Group::Silence => [examination(past), payments(past)].concat(),
            Group::All => [
                offers(&[Change::Title, Change::Rows]),
                answers(past, side, seq),
                vec![tender()],
                examination(past),
                payments(past),
                channels(past),
                releases(past),
                vec![ack(), Payload::Heartbeat(Ack { state: Hash::ZERO })],
            ]
            .concat(),
        };
        moves.extend(payloads.into_iter().map(|payload| (time, payload)));
    }
    moves
}

/// Offers, or counters where one is open.
fn offers(past: &Contract, made: impl Iterator<Item = Offer>) -> Vec<Payload> {
    match &past.offer {
        None => made.map(Payload::Offer).collect(),
        Some(open) => {
            made.map(|offer| Payload::Counter(Offer { answers: Some(open.entry), ..offer })).collect()
        }
    }
}

/// What ends an offer, and passing the pen.
fn answers(past: &Contract, side: Side, seq: usize) -> Vec<Payload> {
    let Some(open) = &past.offer else { return vec![Payload::Pass(Pass {})] };
    let (offer, state) = (open.entry, Hash::ZERO);
    vec![
        accept(open, side, seq),
        Payload::Reject(Reject { offer, reason: "no".to_owned(), state }),
        Payload::Lapse(Lapse { offer, deadline: open.valid_until }),
    ]
}

fn examination(past: &Contract) -> Vec<Payload> {
    let mut payloads = Vec::new();
    for (id, open) in past.tenders.iter().filter(|(_, tender)| tender.outcome == Outcome::Open) {
        payloads.extend([answer(*id, 1), answer(*id, 0)]);
        payloads.push(Payload::Deem(Deem { tender: *id, deadline: open.deadline }));
    }
    payloads
}

pub fn invoice(past: &Contract) -> Payload {
    let number = past.invoices.values().map(|invoice| invoice.number).max().unwrap_or(0) + 1;
    Payload::Invoice(Invoice {
        payable: PayableId { row: "pay".into(), tender: None },
        amount: Sat(50),
        number,
        bolt11: format!("lnbcrt{number}"),
        payment_hash: sha256(preimage(number).as_bytes()),
        expires: day(99),
    })
}

/// The preimage of the invoice with that number.
fn preimage(number: u64) -> Bytes<32> {
    Bytes([u8::try_from(number).unwrap_or(u8::MAX); 32])
}

fn payments(past: &Contract) -> Vec<Payload> {
    let mut payloads = vec![invoice(past)];
    for (&invoice, state) in &past.invoices {
        let (amount, method) = (Sat(50), PaidBy::Lightning { preimage: preimage(state.number) });
        payloads.push(Payload::Cancel(Cancel { invoice, reason: "late".to_owned() }));
        payloads.push(Payload::Paid(Paid { invoice, amount, method }));
        payloads.push(Payload::Received(Received { invoice, amount }));
    }
    payloads
}

pub fn fund(past: &Contract) -> Payload {
    let terms = past.terms.as_ref().and_then(|terms| terms.tranche("channel"));
    let amount = terms.map_or(Sat(0), |tranche| tranche.amount);
    Payload::Fund(Fund {
        tranche: "channel".into(),
        amount,
        stages: vec![],
        notice_blocks: 1008,
        instrument: None,
        of: None,
    })
}

fn channels(past: &Contract) -> Vec<Payload> {
    [vec![fund(past)], reports(past)].concat()
}

pub fn earmark(fund: Hash) -> Payload {
    let (outpoint, capacity, stage) = (format!("{fund}:0"), Sat(50), ChannelStage::Open);
    Payload::Earmark(Earmark { fund, outpoint, capacity, stage })
}

fn reports(past: &Contract) -> Vec<Payload> {
    past.channels.keys().flat_map(|&fund| [earmark(fund), close(fund, CloseManner::Cooperative)]).collect()
}

fn close(fund: Hash, manner: CloseManner) -> Payload {
    Payload::Close(Close { fund, manner, txid: None })
}

/// What comes of releases, and the end of the channel: that it is open both know from the beginning.
fn ends(past: &Contract) -> Vec<Payload> {
    let of = |(&fund, channel): (&Hash, &ChannelState)| match channel.released {
        Some(_) => vec![earmark(fund), close(fund, CloseManner::Failed)],
        None => vec![close(fund, CloseManner::Cooperative)],
    };
    past.channels.iter().flat_map(of).collect()
}

/// Two of these fit into what is set aside, and no third.
fn releases(past: &Contract) -> Vec<Payload> {
    let channels = past.channels.iter().filter(|(_, channel)| channel.announced.is_some());
    channels.map(|(&fund, _)| Payload::Release(Release { fund, amount: Sat(20) })).collect()
}

pub fn paid(invoice: Hash, number: u64) -> Payload {
    let method = PaidBy::Lightning { preimage: preimage(number) };
    Payload::Paid(Paid { invoice, amount: Sat(50), method })
}
