//! The contract's page: turn, figures, milestones, channels, rows by due date, record.

use lncontract_core::{
    Hash, Time,
    status::{MilestoneView, Status, status},
    v1::{Side, Terms},
};
use lncontract_lightning::{Channel, ChannelState};

use super::{channel, entry, list, todo, words};
use crate::{
    App, AppError,
    companies::node_key,
    fund::opening_id,
    live::Live,
    view::{Badge, ChannelCard, ContractView, FiguresView, MilestoneRow, ObligationRow, Todo, Tone},
};

impl App {
    /// The contract's page.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn contract(&self, contract: Hash) -> Result<ContractView, AppError> {
        let there = self.node_channels().await;
        let connected = self.connected().await;
        let openings = self.store.openings(contract.0).await?;
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let status = status(live.record.state(), self.clock.now());
        let terms = shown_terms(&live)?;
        let theirs = terms.party(live.our_side.other());
        let channels: Vec<ChannelCard> = status
            .channels
            .iter()
            .map(|view| {
                let seen = there.iter().find(|seen| seen.opening == opening_id(view.fund));
                channel::card(&live.record, live.our_side, view, seen, &openings, &theirs.short_name)
            })
            .collect();
        let covered = covered(&live, &status, &there);
        let keys = live.record.state().keys(live.our_side.other());
        let is_there = keys.is_some_and(|keys| node_key(keys).is_ok_and(|key| connected.contains(&key)));
        let can_answer_offer = status.offer.is_some_and(|offer| offer.by != live.our_side && !offer.over);
        Ok(ContractView {
            id: contract,
            number: terms.number.clone(),
            title: terms.title.clone(),
            our_side: live.our_side,
            our_name: terms.party(live.our_side).name.clone(),
            their_name: theirs.name.clone(),
            their_short_name: theirs.short_name.clone(),
            date_of_contract: terms.date_of_contract,
            version: live.record.state().versions.len() as u64,
            state: list::phase(&status, live.our_side),
            alerts: alerts(&live),
            our_turn: turn(contract, &status, live.our_side, &terms),
            their_turn: turn(contract, &status, live.our_side.other(), &terms),
            figures: figures(&live, &status, &channels, covered, &terms),
            rule: rule(&terms),
            milestones: milestones(&status, &terms, covered),
            obligations: obligations(contract, &live, &status, &terms, self.clock.now()),
            channels,
            record: entry::rows(&live.record, live.our_side, &terms),
            state_hash: live.record.state_hash(),
            agreed: agreed(&live),
            connection: connection(is_there, live.is_silent()),
            terms_hash: live
                .record
                .state()
                .offer
                .as_ref()
                .map_or(live.record.state().terms_hash(), |o| o.terms_hash),
            offer_until: status.offer.map(|offer| offer.valid_until),
            can_answer_offer,
        })
    }

    /// The contract as the law sees it now: rows, payables, channels, and what each side is to do next.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn status(&self, contract: Hash) -> Result<Status, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        Ok(status(live.record.state(), self.clock.now()))
    }

    /// The contract's record as a file that anybody can check without us (`lncontract verify`).
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn export_bundle(&self, contract: Hash) -> Result<Vec<u8>, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        lncontract_record::bundle(&live.record).map_err(AppError::from)
    }

    /// Our node's channels; none where it does not answer (pages say so by its state).
    pub(super) async fn node_channels(&self) -> Vec<Channel> {
        match self.node().await {
            Ok(node) => node.channels().await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }
}

/// The terms that a page shows: in force, else offered, else first offered.
pub(super) fn shown_terms(live: &Live) -> Result<Terms, AppError> {
    let state = live.record.state();
    let terms = state.terms.as_ref().or(state.offer.as_ref().map(|offer| &offer.terms));
    let terms = terms.or_else(|| list::first_terms(&live.record));
    terms.cloned().ok_or_else(|| AppError::fault("a contract without terms"))
}

fn alerts(live: &Live) -> Vec<Todo> {
    let href = format!("/contracts/{}/record", live.record.contract());
    let alert = |title: &str, text: &str| Todo {
        title: title.into(),
        text: text.into(),
        tone: Tone::Bad,
        button: "Open the record".into(),
        href: href.clone(),
    };
    let mut alerts = Vec::new();
    if !live.record.forks().is_empty() {
        let text = "Payments are stopped. Both versions are kept as evidence; speak with the other company.";
        alerts.push(alert("Two versions of one entry were signed", text));
    }
    if let Some(reason) = &live.refused {
        let text =
            format!("It was not taken, and nothing rests on it: {reason}. Speak with the other company.");
        alerts.push(alert("The other company's program sent an entry that can't stand in the record", &text));
    }
    if !live.record.differing().is_empty() {
        let text =
            "Payments are stopped. Compare the states with the other company before anything else is signed.";
        alerts.push(alert("The two companies read the record differently", text));
    }
    alerts
}

fn turn(contract: Hash, status: &Status, side: Side, terms: &Terms) -> Vec<Todo> {
    let acts = status.acts.of(side).iter().filter(|act| todo::is_for_people(act));
    acts.map(|act| todo::todo(contract, act, terms)).collect()
}

fn agreed(live: &Live) -> Badge {
    if live.record.payments_frozen() {
        return Badge::new(Tone::Bad, "Read differently");
    }
    let ours = live.record.heads().of(live.our_side).count;
    if live.record.ledger().seen(live.our_side.other()) as u64 >= ours {
        return Badge::new(Tone::Good, "Both companies agree");
    }
    // Acknowledgements of acknowledgements are not written: what waits then is only our own.
    if live.record.needs_ack(live.our_side.other()) {
        Badge::new(Tone::Busy, "Sent, waiting")
    } else {
        Badge::new(Tone::Good, "Both companies agree")
    }
}

fn connection(there: bool, silent: bool) -> Badge {
    match (there, silent) {
        (true, false) => Badge::new(Tone::Good, "Connected"),
        (true, true) => Badge::new(Tone::Warn, "Connected, no answer"),
        (false, _) => Badge::new(Tone::Warn, "Away"),
    }
}

fn rule(terms: &Terms) -> String {
    format!("Rule: covered {} days before due.", terms.funding.covered_days_before)
}

/// What the buyer can pay now over the contract's open channels, each up to what is set aside in it.
pub(super) fn covered(live: &Live, status: &Status, there: &[Channel]) -> u64 {
    let usable = status.channels.iter().filter_map(|channel| {
        let seen = there.iter().find(|seen| seen.opening == opening_id(channel.fund))?;
        let sends = match live.our_side {
            Side::Buyer => seen.outbound_capacity_msat,
            Side::Seller => seen.inbound_capacity_msat,
        };
        (seen.state == ChannelState::Open { usable: true })
            .then_some((sends / 1_000).min(channel.earmarked().0))
    });
    usable.sum()
}

fn figures(live: &Live, status: &Status, cards: &[ChannelCard], covered: u64, terms: &Terms) -> FiguresView {
    let figures = &status.figures;
    let confirms = |state: &Badge| state.word.starts_with("Confirming");
    let channels = cards.iter().filter(|card| confirms(&card.state)).map(|card| card.size_sat);
    let splices = cards.iter().flat_map(|card| &card.splices);
    let confirming =
        channels.chain(splices.filter(|splice| confirms(&splice.state)).map(|splice| splice.amount_sat));
    let paid_over = if status.earmarked.0 > 0 { figures.paid.0 } else { 0 };
    FiguresView {
        total_sat: if live.record.state().terms.is_some() { figures.total.0 } else { terms.total.0 },
        earned_sat: figures.earned.0,
        invoiced_sat: figures.invoiced.0,
        paid_sat: figures.paid.0,
        retained_sat: figures.retained.0,
        outstanding_sat: if live.record.state().terms.is_some() {
            figures.outstanding.0
        } else {
            terms.total.0
        },
        // Payments draw earmarks down.
        earmarked_sat: status.earmarked.0.saturating_sub(paid_over),
        confirming_sat: confirming.sum(),
        covered_sat: covered,
        next_payment_sat: next_payment(status),
    }
}

fn next_payment(status: &Status) -> u64 {
    let payable = status.payables.iter().find(|payable| !payable.is_paid()).map(|payable| payable.amount.0);
    let planned = || status.milestones.iter().find(|milestone| milestone.paid < milestone.amount);
    payable.or_else(|| planned().map(|milestone| milestone.amount.0 - milestone.paid.0)).unwrap_or(0)
}

fn milestones(status: &Status, terms: &Terms, covered: u64) -> Vec<MilestoneRow> {
    let mut left = covered;
    status
        .milestones
        .iter()
        .map(|milestone| {
            let open = milestone.amount.0 - milestone.paid.0.min(milestone.amount.0);
            let is_covered = left >= open;
            left = left.saturating_sub(open);
            let pay = status.obligations.iter().find(|row| {
                row.milestone.as_ref() == Some(&milestone.id)
                    && terms.obligation(&row.row).is_some_and(|row| row.quantity().is_none())
            });
            MilestoneRow {
                title: milestone.title.clone(),
                due: pay.and_then(|row| row.due).and_then(|due| words::day(due, terms)),
                expected: pay.is_some_and(|row| row.expected),
                amount_sat: milestone.amount.0,
                paid: milestone.paid == milestone.amount,
                state: milestone_state(milestone, is_covered),
            }
        })
        .collect()
}

fn milestone_state(milestone: &MilestoneView, covered: bool) -> Badge {
    if milestone.paid == milestone.amount {
        Badge::new(Tone::Good, "Paid")
    } else if milestone.earned > milestone.paid {
        if covered { Badge::new(Tone::Warn, "Due, covered") } else { Badge::new(Tone::Bad, "Due, short") }
    } else if covered {
        Badge::new(Tone::Good, "Covered")
    } else {
        Badge::new(Tone::Mute, "Not covered yet")
    }
}

fn obligations(contract: Hash, live: &Live, status: &Status, terms: &Terms, now: Time) -> Vec<ObligationRow> {
    let today = words::day(now, terms);
    let acts = status.acts.of(live.our_side);
    let row = |view: &lncontract_core::status::ObligationView| {
        let row = terms.obligation(&view.row)?;
        let due = view.due.and_then(|due| words::day(due, terms));
        Some(ObligationRow {
            row: view.row.clone(),
            due,
            in_days: today.zip(due).map(|(today, due)| words::days_between(today, due)),
            expected: view.expected,
            ours: view.debtor == live.our_side,
            what: words::what(row, terms),
            note: note(live, view),
            quantity: words::quantity(row, terms),
            state: words::row_state(&view.state),
            act: todo::row_act(contract, &view.row, acts, terms),
            done: words::is_done(&view.state),
        })
    };
    status.obligations.iter().filter_map(row).collect()
}

/// The reasons of a rejection, which the state does not keep.
fn note(live: &Live, view: &lncontract_core::status::ObligationView) -> String {
    let lncontract_core::status::RowState::Rejected { tender } = &view.state else { return String::new() };
    let chains = [Side::Buyer, Side::Seller].map(|side| live.record.ledger().chain(side));
    let reasons = chains.into_iter().flatten().find_map(|line| match &line.entry.entry().payload {
        lncontract_core::v1::Payload::Answer(answer) if answer.tender == *tender => {
            Some(answer.reasons.join("; "))
        }
        _ => None,
    });
    reasons.map(|reasons| format!("Rejected: {reasons}")).unwrap_or_default()
}
