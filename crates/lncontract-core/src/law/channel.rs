//! Channels: the buyer announces an opening or a splice, both sides report what their own node sees,
//! either reports the end.
//!
//! A part of another contract's channel may carry a tranche out in place of an opening.
//!
//! Invariant: a tranche has at most one channel or splice announced that has not ended, and a splice ends with
//! its channel. A part is named once. Reports and ends are facts: a
//! channel that exists is shown even where its announcement was overtaken.

use super::{At, ChannelRefusal, Refusal, Rule, standing::standing};
use crate::{
    Contract, Hash,
    state::{Announced, ChannelState, CloseReport, Report},
    v1::{Close, Earmark, Fund, Instrument, RowId, Tranche},
};

/// Returns the tranche in the terms in force, if it has a row on which the entry may stand.
fn planned<'a>(past: &'a Contract, at: At<'_>, fund: &Fund) -> Result<(&'a Tranche, u16), Refusal> {
    let terms = past.terms.as_ref().ok_or(Refusal::NotInForce)?;
    let unknown = || ChannelRefusal::UnknownTranche { tranche: fund.tranche.clone() };
    let tranche = terms.tranche(&fund.tranche).ok_or_else(unknown)?;
    let row = standing(past, at, &terms.fund_row(&fund.tranche).ok_or_else(unknown)?.id)?;
    let (expected, author) = (row.debtor, at.header.author);
    if author != expected {
        return Err(Refusal::WrongSide { expected, author });
    }
    Ok((tranche, terms.funding.notice_blocks))
}

impl Fund {
    /// The tranche whose channel it is spliced into; none: it opens a channel.
    fn target<'a>(&self, tranche: &'a Tranche) -> Option<&'a RowId> {
        match &tranche.instrument {
            Instrument::SpliceIn { into } if self.instrument.is_none() => Some(into),
            _ => None,
        }
    }

    fn check_instrument(&self, past: &Contract, tranche: &Tranche) -> Result<(), Refusal> {
        let departs = self.instrument.is_some();
        let splice = matches!(tranche.instrument, Instrument::SpliceIn { .. });
        if departs && !(splice && self.instrument == Some(Instrument::Channel)) {
            return Err(ChannelRefusal::Instrument { tranche: self.tranche.clone() }.into());
        }
        let Some(into) = self.target(tranche) else { return Ok(()) };
        match past.live_channel(into) {
            None => Err(ChannelRefusal::NothingToSplice { into: into.clone() }.into()),
            Some(_) if self.of.is_some() => {
                Err(ChannelRefusal::PartForSplice { tranche: self.tranche.clone() }.into())
            }
            Some((_, channel)) if channel.part().is_some() => {
                Err(ChannelRefusal::SpliceIntoPart { into: into.clone() }.into())
            }
            Some(_) => Ok(()),
        }
    }

    /// Money: what was released once is set aside once. That it was released at all the other record says.
    fn check_part(&self, past: &Contract) -> Result<(), Refusal> {
        let Some(part) = &self.of else { return Ok(()) };
        if part.contract == past.id() {
            return Err(ChannelRefusal::PartOfItself.into());
        }
        let names = |channel: &ChannelState| channel.part().is_some_and(|of| of.release == part.release);
        match past.channels.iter().find(|(_, channel)| names(channel)) {
            Some((fund, _)) => Err(ChannelRefusal::PartTaken { release: part.release, fund: *fund }.into()),
            None => Ok(()),
        }
    }
}

impl Rule for Fund {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let (tranche, notice) = planned(past, at, self)?;
        if let Some((fund, _)) = past.live_channel(&self.tranche) {
            return Err(ChannelRefusal::Funded { tranche: self.tranche.clone(), fund }.into());
        }
        if self.amount != tranche.amount {
            return Err(ChannelRefusal::Amount { planned: tranche.amount, found: self.amount }.into());
        }
        if self.stages != tranche.stages {
            return Err(ChannelRefusal::Stages { tranche: self.tranche.clone() }.into());
        }
        if self.notice_blocks != notice {
            return Err(ChannelRefusal::Notice { planned: notice, found: self.notice_blocks }.into());
        }
        self.check_instrument(past, tranche)?;
        self.check_part(past)
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let tranche = state.terms.as_ref().and_then(|terms| terms.tranche(&self.tranche));
        let into = tranche.and_then(|tranche| self.target(tranche));
        let into = into.and_then(|into| state.live_channel(into)).map(|(fund, _)| fund);
        state.channels.or_default(&at.id).announced = Some(Announced {
            tranche: self.tranche.clone(),
            amount: self.amount,
            stages: self.stages.clone(),
            notice_blocks: self.notice_blocks,
            into,
            of: self.of.clone(),
            at: at.header.time,
        });
    }
}

/// Checks that the fund entry was ever in effect for the author.
fn known(past: &Contract, fund: Hash) -> Result<(), Refusal> {
    if past.channels.contains_key(&fund) { Ok(()) } else { Err(ChannelRefusal::UnknownFund { fund }.into()) }
}

/// Tells whether a text is a transaction id and an output index, written as block explorers do.
fn is_outpoint(text: &str) -> bool {
    let Some((txid, index)) = text.split_once(':') else { return false };
    let plain = index.parse::<u32>().is_ok_and(|number| number.to_string() == index);
    txid.parse::<Hash>().is_ok() && plain
}

impl Rule for Earmark {
    fn guard(&self, _past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn only_admit(&self, past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        known(past, self.fund)?;
        if is_outpoint(&self.outpoint) {
            Ok(())
        } else {
            Err(ChannelRefusal::Outpoint { found: self.outpoint.clone() }.into())
        }
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let report = Report {
            outpoint: self.outpoint.clone(),
            capacity: self.capacity,
            stage: self.stage,
            at: at.header.time,
        };
        state.channels.or_default(&self.fund).reports.insert(at.header.author, report);
    }
}

impl Rule for Close {
    fn guard(&self, _past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn only_admit(&self, past: &Contract, _at: At<'_>) -> Result<(), Refusal> {
        known(past, self.fund)
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let report = CloseReport { manner: self.manner, txid: self.txid, at: at.header.time };
        state.channels.or_default(&self.fund).closes.insert(at.header.author, report);
    }
}
