//! The final account: each company signs it once; when both have signed the same, the contract is closed.
//!
//! Invariant: signed only while nothing is open, no row and no offer, and only the account of that very state; so a
//! contract that is closed has nothing left to tender, invoice or offer. Reports of channels and payments are facts
//! and stay possible. Terms that come into force void what was signed before them.

use super::{AccountRefusal, At, Refusal, Rule};
use crate::{
    Contract,
    account::{account, open_rows},
    state::SignedAccount,
    v1::FinalAccount,
};

impl Rule for FinalAccount {
    fn guard(&self, past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        let account = account(past).ok_or(Refusal::NotInForce)?;
        if let Some(offer) = &past.offer {
            return Err(AccountRefusal::Offer { offer: offer.entry }.into());
        }
        let rows = open_rows(past);
        if !rows.is_empty() {
            return Err(AccountRefusal::Open { rows }.into());
        }
        if self.account != account {
            return Err(AccountRefusal::Differs.into());
        }
        let own = past.accounts.get(&at.header.author);
        if own.is_some_and(|signed| signed.account == account) {
            return Err(AccountRefusal::Signed { by: at.header.author }.into());
        }
        Ok(())
    }

    fn only_admit(&self, _past: &Contract, at: At<'_>) -> Result<(), Refusal> {
        if self.act.expires < at.header.time {
            return Err(AccountRefusal::ActExpired { expires: self.act.expires, time: at.header.time }.into());
        }
        Ok(())
    }

    fn apply(&self, state: &mut Contract, at: At<'_>) {
        let signed = SignedAccount { account: self.account.clone(), at: at.header.time };
        state.accounts.insert(at.header.author, signed);
    }
}
