//! Offers: the first one makes the contract, later ones amend it; accept, reject or counter answer them; lapse
//! states that one ran out; pass gives the pen away.

use lncontract_core::{
    Bytes, Hash, check_terms,
    v1::{Accept, Genesis, Kind, Lapse, Offer, Pass, Payload, Reject, Side, Terms},
};
use lncontract_record::{ActStatement, hash::terms_hash, sign_act};
use rand::Rng;

use crate::{App, AppError, companies::statement_of, live::Live};

/// How long a company's signature under an act may be used, beyond the offer it is about.
const ACT_DAYS: i64 = 30;

/// What is offered, and to whom.
#[derive(Clone, Debug)]
pub struct NewContract {
    /// The counterparty's id (its node key).
    pub counterparty: String,
    /// Our part.
    pub our_side: Side,
    /// The whole terms.
    pub terms: Terms,
    /// For how many days the offer stands.
    pub valid_days: u32,
}

impl App {
    /// Offers a new contract. Returns its id.
    ///
    /// # Errors
    /// When the terms break a rule (every fault by its path), or the words were not compared yet.
    pub async fn offer(&self, new: NewContract) -> Result<Hash, AppError> {
        let peer = self.peer(&new.counterparty).await?;
        if peer.words_confirmed_at.is_none() {
            let todo = "compare the words with them by voice and confirm it on the page Companies";
            return Err(AppError::refused("words-not-compared", "their keys are not confirmed", todo));
        }
        check_terms(&new.terms).map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            AppError::refused("terms", "the terms break a rule", faults.join("; "))
        })?;
        let (ours, theirs) = (self.unlocked().await?.statement.clone(), statement_of(&peer)?);
        let (buyer, seller) = match new.our_side {
            Side::Buyer => (ours, theirs),
            Side::Seller => (theirs, ours),
        };
        let mut salt = [0; 32];
        rand::rng().fill_bytes(&mut salt);
        let genesis = Genesis { salt: Bytes(salt), buyer, seller };
        let hash = terms_hash(&new.terms).map_err(AppError::from)?;
        let now = self.clock.now();
        let valid_until = now.plus_days(i64::from(new.valid_days));
        let act = self.act(Hash::ZERO, Kind::Offer, hash, valid_until.plus_days(ACT_DAYS)).await?;
        let offer = Offer {
            genesis: Some(genesis),
            answers: None,
            basis: Hash::ZERO,
            terms: new.terms,
            terms_hash: hash,
            valid_until,
            state: Hash::ZERO,
            act,
        };
        self.begin(Payload::Offer(offer), new.our_side, &peer.id).await
    }

    /// Offers other terms for a contract that is in force. Returns the offer's entry.
    ///
    /// # Errors
    /// When the terms break a rule or don't fit what was done already, the pen is not ours, or an offer is open.
    pub async fn amend(&self, contract: Hash, terms: Terms, valid_days: u32) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let offer = self.next_offer(&live, Kind::Offer, None, terms, valid_days).await?;
        self.write(&mut live, |state| Ok(Payload::Offer(Offer { state, ..offer })), |_| Vec::new()).await
    }

    /// Answers the open offer of the other side with other terms, and so takes the pen. Returns its entry.
    ///
    /// # Errors
    /// When the terms break a rule or don't fit what was done already, or no offer of theirs is open.
    pub async fn counter_offer(
        &self,
        contract: Hash,
        terms: Terms,
        valid_days: u32,
    ) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let (answers, _) = open_offer(&live)?;
        let offer = self.next_offer(&live, Kind::Counter, Some(answers), terms, valid_days).await?;
        self.write(&mut live, |state| Ok(Payload::Counter(Offer { state, ..offer })), |_| Vec::new()).await
    }

    /// An offer on what is in force, signed by the company; the hash of the state is still to be put in.
    async fn next_offer(
        &self,
        live: &Live,
        kind: Kind,
        answers: Option<Hash>,
        terms: Terms,
        valid_days: u32,
    ) -> Result<Offer, AppError> {
        let terms_hash = terms_hash(&terms).map_err(AppError::from)?;
        let valid_until = self.clock.now().plus_days(i64::from(valid_days));
        let contract = live.record.contract();
        let act = self.act(contract, kind, terms_hash, valid_until.plus_days(ACT_DAYS)).await?;
        let basis = live.record.state().terms_hash();
        Ok(Offer { genesis: None, answers, basis, terms, terms_hash, valid_until, state: Hash::ZERO, act })
    }

    /// Gives the pen to the other side: from then on it may offer.
    ///
    /// # Errors
    /// When the pen is not ours, or an offer is open.
    pub async fn pass_pen(&self, contract: Hash) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        self.write(&mut live, |_| Ok(Payload::Pass(Pass {})), |_| Vec::new()).await
    }

    /// Takes the open offer of the other side.
    ///
    /// # Errors
    /// When the law refuses it: no open offer of theirs, or after its last instant.
    pub async fn accept_offer(&self, contract: Hash) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let (offer, terms_hash) = open_offer(&live)?;
        let act = self.act(contract, Kind::Accept, terms_hash, self.act_expires()).await?;
        let payload = |state| Ok(Payload::Accept(Accept { offer, terms_hash, state, act }));
        self.write(&mut live, payload, |_| Vec::new()).await
    }

    /// Declines the open offer of the other side.
    ///
    /// # Errors
    /// When the law refuses it.
    pub async fn reject_offer(&self, contract: Hash, reason: String) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let (offer, _) = open_offer(&live)?;
        let payload = |state| Ok(Payload::Reject(Reject { offer, reason, state }));
        self.write(&mut live, payload, |_| Vec::new()).await
    }

    /// States that our own offer ran out unanswered.
    ///
    /// # Errors
    /// When the law refuses it: it was answered, or its time and grace are not over.
    pub async fn lapse_offer(&self, contract: Hash) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let none = || AppError::refused("no-offer", "no offer is open", "look at the contract's record");
        let open = live.record.state().offer.as_ref().ok_or_else(none)?;
        let lapse = Lapse { offer: open.entry, deadline: open.valid_until };
        self.write(&mut live, |_| Ok(Payload::Lapse(lapse)), |_| Vec::new()).await
    }

    /// The terms of the open offer, or those in force.
    ///
    /// # Errors
    /// When there is no such contract.
    pub async fn terms_of(&self, contract: Hash) -> Result<Terms, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        let state = live.record.state();
        let open = state.offer.as_ref().map(|offer| &offer.terms);
        let terms = open.or(state.terms.as_ref()).ok_or_else(|| AppError::not_found("terms"))?;
        Ok(Terms::clone(terms))
    }

    /// Until when a signature under an act that waits for nobody may be used.
    pub(crate) fn act_expires(&self) -> lncontract_core::Time {
        self.clock.now().plus_days(ACT_DAYS)
    }

    pub(crate) async fn act(
        &self,
        contract: Hash,
        kind: Kind,
        target: Hash,
        expires: lncontract_core::Time,
    ) -> Result<lncontract_core::v1::Act, AppError> {
        let unlocked = self.unlocked().await?;
        let statement = ActStatement { contract, act: kind.word(), target, expires };
        Ok(sign_act(&statement, &unlocked.company_key))
    }
}

fn open_offer(live: &Live) -> Result<(Hash, Hash), AppError> {
    let open = live.record.state().offer.as_ref().filter(|offer| offer.by != live.our_side);
    let none =
        || AppError::refused("no-offer", "no offer of theirs waits for us", "look at the contract's record");
    open.map(|offer| (offer.entry, offer.terms_hash)).ok_or_else(none)
}
