//! The final account: what a contract came to, signed by both companies.
//!
//! Money: who signs names the account that was on the page; if it is another one by now, nothing is signed.

use lncontract_core::{
    Hash,
    account::{account, open_rows},
    v1::{FinalAccount, Kind, Payload, Side, Sums, Terms},
};
use lncontract_record::hash::account_hash;

use crate::{
    App, AppError,
    live::Live,
    view::{AccountLine, AccountSums, AccountView},
};

impl App {
    /// What the contract comes to, and who has signed that.
    ///
    /// # Errors
    /// When there is no such contract, or no terms are in force yet.
    pub async fn final_account(&self, contract: Hash) -> Result<AccountView, AppError> {
        let live = self.live(contract).await?;
        let live = live.lock().await;
        view(&live)
    }

    /// Signs the final account with the company's key. Returns the entry.
    ///
    /// # Errors
    /// When it is another one than `read`, something is still open, or we have signed it.
    pub async fn sign_final_account(&self, contract: Hash, read: Hash) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let account = account(live.record.state()).ok_or_else(no_terms)?;
        let account_hash = account_hash(&account).map_err(AppError::from)?;
        if account_hash != read {
            let title = "the account changed since it was shown";
            return Err(AppError::refused("account-changed", title, "read the account shown now, then sign"));
        }
        let act = self.act(contract, Kind::FinalAccount, account_hash, self.act_expires()).await?;
        let payload = |state| Ok(Payload::FinalAccount(FinalAccount { account, account_hash, state, act }));
        self.write(&mut live, payload, |_| Vec::new()).await
    }
}

fn no_terms() -> AppError {
    AppError::refused("not-in-force", "no terms are in force", "wait for the acceptance")
}

pub(crate) fn view(live: &Live) -> Result<AccountView, AppError> {
    let state = live.record.state();
    let (Some(terms), Some(account)) = (&state.terms, account(state)) else { return Err(no_terms()) };
    let line = |of: &lncontract_core::v1::AccountLine| AccountLine {
        title: title(terms, &of.milestone),
        ours: of.payer == live.our_side,
        sums: sums(of.sums),
    };
    let has_signed = |side: Side| state.accounts.get(&side).is_some_and(|signed| signed.account == account);
    let open: Vec<String> = open_rows(state);
    let signed_by_us = has_signed(live.our_side);
    let hash = account_hash(&account).map_err(AppError::from)?;
    Ok(AccountView {
        lines: account.milestones.iter().map(line).collect(),
        buyer: sums(account.buyer),
        seller: sums(account.seller),
        can_sign: open.is_empty() && !signed_by_us && state.offer.is_none(),
        open,
        signed_by_us,
        signed_by_them: has_signed(live.our_side.other()),
        hash,
    })
}

fn title(terms: &Terms, milestone: &str) -> String {
    let found = terms.milestones.iter().find(|of| of.id == milestone);
    found.map_or_else(|| milestone.to_owned(), |of| of.title.clone())
}

fn sums(of: Sums) -> AccountSums {
    AccountSums {
        owed_sat: of.owed.0,
        paid_sat: of.paid.0,
        credited_sat: of.credited.0,
        retained_sat: of.retained.0,
    }
}
