//! The contract's page: turn, figures, milestones, channels, rows by due date, record.

use lncontract_core::{
    Hash, Time,
    coverage::expected,
    status::{MilestoneView, Status, status},
    v1::{Side, Terms},
};
use lncontract_lightning::Channel;

use super::{
    channel,
    coverage::Covered,
    ended, entry, list, timeline,
    todo::{self, Watch},
    way, words,
};
use crate::{
    App, AppError,
    carriers::Carrier,
    exchange::peer_of,
    live::Live,
    view::{Badge, ChannelCard, ContractView, FiguresView, MilestoneRow, ObligationRow, Todo, Tone},
};

impl App {
    /// The contract's page.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn contract(&self, contract: Hash) -> Result<ContractView, AppError> {
        let live = self.live(contract).await?;
        // The node is asked while nobody holds the contract.
        let closed = live.lock().await.record.state().is_closed();
        let node = self.look(closed).await;
        let connected = self.connected_nodes().await;
        let falls = self.falls().await;
        let openings = self.store.openings(contract.0).await?;
        let parts = self.parts_look(&live).await?;
        let live = live.lock().await;
        let (state, now) = (live.record.state(), self.clock.now());
        let status = status(state, now);
        let terms = shown_terms(&live)?;
        let theirs = terms.party(live.our_side.other());
        let limits = node.limits();
        let covered = Covered::of(state, live.our_side, node.channels(), &limits, now);
        let covered = Some(covered).filter(|_| node.answers() && state.terms.is_some());
        let desk = channel::Desk {
            live: &live,
            terms: &terms,
            openings: &openings,
            node: &node,
            covered: covered.as_ref(),
            parts: &parts,
            now,
        };
        let channels: Vec<ChannelCard> = status.channels.iter().map(|view| desk.card(view)).collect();
        let watch = Watch { contract, ours: live.our_side, terms: &terms, now };
        let ended = ended::ended(&live, &node)?;
        let running = ended.is_none();
        let warnings =
            covered.as_ref().map(|covered| covered.outlook.warnings.as_slice()).unwrap_or_default();
        let peer = peer_of(&live)?;
        let carrier = self.carrier(peer, connected.contains(&peer));
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
            state: list::phase(status.phase, live.our_side),
            alerts: {
                let falls = falls.iter().filter(|fall| fall.peer.as_ref() == Some(&live.peer));
                let falls = falls.map(|fall| todo::fall(fall, &theirs.short_name));
                alerts(&live).into_iter().chain(falls).collect()
            },
            our_turn: turn(contract, &status, live.our_side, &terms),
            their_turn: turn(contract, &status, live.our_side.other(), &terms),
            watch: if running { watch.todos(warnings, &channels) } else { Vec::new() },
            figures: figures(&live, &status, &channels, covered.as_ref(), &terms),
            rule: rule(&terms),
            milestones: milestones(&status, &terms, covered.as_ref(), live.our_side),
            coverage: covered.as_ref().map(|covered| covered.view(state, &terms, &limits, now)),
            timeline: timeline::timeline(state, &status, &terms, &channels),
            ended,
            obligations: obligations(contract, &live, &status, &terms, now),
            channels,
            record: entry::rows(&live.record, live.our_side, &terms),
            state_hash: live.record.state_hash(),
            agreed: agreed(&live),
            connection: connection(carrier, live.is_silent()),
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
    let terms = state.terms.as_deref().or(state.offer.as_ref().map(|offer| &*offer.terms));
    let terms = terms.or_else(|| list::first_terms(&live.record));
    terms.cloned().ok_or_else(|| AppError::fault("a contract without terms"))
}

fn alerts(live: &Live) -> Vec<Todo> {
    let refused = live.refused.as_ref().map(|reason| Todo {
        title: "The other company's program sent an entry that can't stand in the record".into(),
        text: format!("It was not taken, and nothing rests on it: {reason}. Speak with the other company."),
        tone: Tone::Bad,
        button: "Open the record".into(),
        href: format!("/contracts/{}/record", live.record.contract()),
    });
    let disputes = todo::disputes(&live.record).into_iter().map(|kept| todo::shown_at(kept, Time(0)));
    refused.into_iter().chain(disputes).collect()
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

fn connection(carrier: Option<Carrier>, silent: bool) -> Badge {
    match (carrier, silent) {
        (Some(_), true) => Badge::new(Tone::Warn, "Connected, no answer"),
        _ => way::badge(carrier),
    }
}

fn rule(terms: &Terms) -> String {
    format!("Rule: covered {} days before due.", terms.funding.covered_days_before)
}

fn figures(
    live: &Live,
    status: &Status,
    cards: &[ChannelCard],
    covered: Option<&Covered>,
    terms: &Terms,
) -> FiguresView {
    let figures = &status.figures;
    let confirms = |state: &Badge| state.word.starts_with("Confirming");
    let channels = cards.iter().filter(|card| confirms(&card.state)).map(|card| card.size_sat);
    let splices = cards.iter().flat_map(|card| &card.splices);
    let confirming =
        channels.chain(splices.filter(|splice| confirms(&splice.state)).map(|splice| splice.amount_sat));
    let paid_over = if status.earmarked.0 > 0 { figures.paid.0 } else { 0 };
    let in_force = live.record.state().terms.is_some();
    let next = covered.and_then(|covered| covered.now.first());
    FiguresView {
        total_sat: if in_force { figures.total.0 } else { terms.total.0 },
        earned_sat: figures.earned.0,
        invoiced_sat: figures.invoiced.0,
        paid_sat: figures.paid.0,
        retained_sat: figures.retained.0,
        outstanding_sat: if in_force { figures.outstanding.0 } else { terms.total.0 },
        // Payments draw earmarks down.
        earmarked_sat: status.earmarked.0.saturating_sub(paid_over),
        confirming_sat: confirming.sum(),
        covered_sat: covered.map_or(0, Covered::in_all_sat),
        next_payment_sat: expected(live.record.state()).first().map_or(0, |next| next.amount.0),
        next_covered_sat: next.map_or(0, |next| next.covered.0),
    }
}

fn milestones(status: &Status, terms: &Terms, covered: Option<&Covered>, ours: Side) -> Vec<MilestoneRow> {
    let row = |milestone: &MilestoneView| {
        let pay = status.obligations.iter().find(|row| {
            row.milestone.as_ref() == Some(&milestone.id)
                && terms.obligation(&row.row).is_some_and(|row| row.quantity().is_none())
        });
        MilestoneRow {
            title: milestone.title.clone(),
            due: pay.and_then(|row| row.due).and_then(|due| words::day(due, terms)),
            expected: pay.is_some_and(|row| row.expected),
            amount_sat: milestone.amount.0,
            ours: milestone.payer == ours,
            paid: milestone.paid == milestone.amount,
            state: milestone_state(milestone, covered, status.as_of),
        }
    };
    status.milestones.iter().map(row).collect()
}

/// Channels cover what the buyer pays; what the seller pays needs no coverage.
fn milestone_state(milestone: &MilestoneView, covered: Option<&Covered>, now: Time) -> Badge {
    let due = milestone.earned > milestone.paid;
    match (milestone.payer, covered) {
        _ if milestone.paid == milestone.amount => Badge::new(Tone::Good, "Paid"),
        (Side::Buyer, Some(covered)) => covered.milestone(&milestone.id, due, now),
        _ if due => Badge::new(Tone::Warn, "Due"),
        (Side::Seller, _) => Badge::new(Tone::Mute, "Not earned yet"),
        (Side::Buyer, None) => Badge::new(Tone::Mute, "Coverage not known"),
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
