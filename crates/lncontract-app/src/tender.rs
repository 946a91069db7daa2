//! Tender and examination: `tender` by the debtor, `answer` by the creditor,
//! `deem` when the examination ran out.

use lncontract_core::{
    Hash,
    v1::{Answer, Deem, Payload, Tender},
};

use crate::{App, AppError};

impl App {
    /// Proffers performance of a row of ours. Returns the tender's entry.
    ///
    /// # Errors
    /// When the law refuses it: not our row, not in force, too many units, a tender of it under examination.
    pub async fn tender(&self, contract: Hash, tender: Tender) -> Result<Hash, AppError> {
        if tender.documents.is_empty() {
            let todo = "name at least one document with its SHA-256: it is what the other side examines";
            return Err(AppError::refused("no-evidence", "a tender needs evidence", todo));
        }
        let mut live = self.to_sign(contract).await?;
        self.write(&mut live, |_| Ok(Payload::Tender(tender)), |_| Vec::new()).await
    }

    /// Judges a tender of theirs: how many units are accepted, and all reasons at once where not all are.
    ///
    /// # Errors
    /// When the law refuses it: not ours to judge, judged already, after the deadline, no reasons given.
    pub async fn answer_tender(
        &self,
        contract: Hash,
        tender: Hash,
        accepted: u64,
        reasons: Vec<String>,
    ) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let payload = |state| Ok(Payload::Answer(Answer { tender, accepted, reasons, state }));
        self.write(&mut live, payload, |_| Vec::new()).await
    }

    /// States that the examination of our tender ran out unanswered and the terms accept then.
    ///
    /// # Errors
    /// When the law refuses it: answered, not yet past deadline and grace, or the terms don't say so.
    pub async fn deem(&self, contract: Hash, tender: Hash) -> Result<Hash, AppError> {
        let mut live = self.to_sign(contract).await?;
        let known = live.record.state().tenders.get(&tender);
        let deadline = known.ok_or_else(|| AppError::not_found("tender"))?.deadline;
        self.write(&mut live, |_| Ok(Payload::Deem(Deem { tender, deadline })), |_| Vec::new()).await
    }
}
