//! Samples for this crate's tests: views with the figures of the worked example as of 28 Oct 2026, and a
//! double of the program that answers with them and notes what it was asked to do.

pub mod views;

use std::sync::{Arc, Mutex};

use lncontract_app::{
    Account, AppError, CloseMode, LeaveOrder, Leaving, NodeAccess, PaymentRow, Speed, Taken,
    view::{
        AccountView, CompanyRow, Comparison, ContractRow, ContractView, CostView, Frame, FreePart,
        Negotiation, NodeView, Overview, OwnNodeView, PayPrompt, RaiseView, TenderView, TestedNode,
        TreasuryView, WithdrawalRow,
    },
};
use lncontract_core::{
    Bytes, Hash, Sat,
    v1::{PayableId, Side, Tender, Terms},
};
use tokio::sync::broadcast;

type Answer<T> = Result<T, AppError>;

pub const TOKEN: &str = "5e55";
pub const PASSWORD: &str = "a sentence is fine";
const WRITTEN: Hash = Bytes([0x77; 32]);

pub struct NewCompany {
    pub name: String,
    pub short_name: String,
    pub user: String,
    pub password: String,
}

pub struct NewContract {
    pub counterparty: String,
    pub our_side: Side,
    pub terms: Terms,
    pub valid_days: u32,
}

/// As long as a question may be.
pub const QUESTION_LEN_MAX: usize = 1 << 20;

/// As many as a page of the program's.
pub const CONTRACTS_PAGE_LEN: usize = 50;

/// The double. `calls` has every act in a word, `refuse` makes every act fail with it.
pub struct App {
    pub set_up: bool,
    pub calls: Mutex<Vec<String>>,
    pub refuse: Option<AppError>,
    pub contract: ContractView,
    pub negotiation: Negotiation,
    pub changed: broadcast::Sender<()>,
}

impl App {
    pub fn new() -> Self {
        let changed = broadcast::channel(8).0;
        let (contract, negotiation) = (views::contract(), views::negotiation());
        Self { set_up: true, calls: Mutex::default(), refuse: None, contract, negotiation, changed }
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn act<T>(&self, call: String, answer: T) -> Answer<T> {
        if let Some(error) = &self.refuse {
            return Err(error.clone());
        }
        self.calls.lock().unwrap().push(call);
        Ok(answer)
    }

    fn known<T>(&self, id: Hash, answer: T) -> Answer<T> {
        if id == self.contract.id { Ok(answer) } else { Err(AppError::not_found("contract")) }
    }
}

/// The same signatures as the program's own.
#[allow(clippy::unused_async, reason = "the double has the program's signatures")]
impl App {
    pub fn watch(&self) -> broadcast::Receiver<()> {
        self.changed.subscribe()
    }
    pub async fn is_set_up(&self) -> Answer<bool> {
        Ok(self.set_up)
    }
    pub async fn is_unlocked(&self) -> bool {
        self.set_up
    }
    pub async fn new_company(self: &Arc<Self>, new: NewCompany) -> Answer<Vec<String>> {
        let call = format!("new_company {} {} {} {}", new.name, new.short_name, new.user, new.password.len());
        self.act(call, views::words())
    }
    pub async fn recovery_words(&self, password: &str) -> Answer<Vec<String>> {
        if password == PASSWORD {
            Ok(views::words())
        } else {
            Err(AppError::locked("the password is another one"))
        }
    }
    pub async fn confirm_words(&self, password: &str, some: &[(usize, String)]) -> Answer<()> {
        if password != PASSWORD {
            return Err(AppError::locked("the password is another one"));
        }
        self.act(format!("confirm_words {some:?}"), ())
    }
    pub async fn sign_in(self: &Arc<Self>, name: &str, password: &str) -> Answer<String> {
        let right = name == "Ines Okafor" && password == PASSWORD;
        if right { Ok(TOKEN.into()) } else { Err(AppError::locked("name or password are wrong")) }
    }
    pub async fn session(&self, token: &str) -> Answer<Option<String>> {
        Ok(Some("Ines Okafor".to_owned()).filter(|_| token == TOKEN))
    }
    pub async fn sign_out(&self, token: &str) -> Answer<()> {
        self.act(format!("sign_out {token}"), ())
    }
    pub async fn frame(&self) -> Answer<Frame> {
        Ok(views::frame())
    }
    pub async fn overview(&self) -> Answer<Overview> {
        Ok(views::overview())
    }
    pub async fn contracts(&self, after: Option<Hash>) -> Answer<Vec<ContractRow>> {
        let rows = views::overview().contracts.into_iter();
        Ok(rows
            .skip_while(|row| after.is_some_and(|after| row.id != after))
            .skip(after.iter().count())
            .collect())
    }
    pub async fn contract(&self, contract: Hash) -> Answer<ContractView> {
        self.known(contract, self.contract.clone())
    }
    pub async fn export_bundle(&self, contract: Hash) -> Answer<Vec<u8>> {
        self.known(contract, b"bundle".to_vec())
    }
    pub async fn take_file(&self, bytes: Vec<u8>) -> Answer<Taken> {
        let taken = Taken { contract: self.contract.id, new: 3, known: 40, lacking: 1, ahead: 0 };
        self.act(format!("take_file {}", String::from_utf8_lossy(&bytes)), taken)
    }
    pub async fn treasury(&self) -> Answer<TreasuryView> {
        Ok(views::treasury())
    }
    pub async fn leaving_cost(&self, leaving: &Leaving) -> Answer<CostView> {
        self.act(format!("leaving_cost {leaving:?}"), views::cost())
    }
    pub async fn let_leave(&self, order: LeaveOrder, password: &str) -> Answer<WithdrawalRow> {
        if password != PASSWORD {
            return Err(AppError::refused("wrong-password", "the password is another one", "type it again"));
        }
        self.act(format!("let_leave {order:?}"), views::treasury().withdrawals.remove(0))
    }
    pub async fn raise_cost(&self, txid: &str, speed: Speed) -> Answer<RaiseView> {
        let (fee_sat, reason) = match speed {
            Speed::Day => (None, "it pays what is asked for that speed already: 143 sat".to_owned()),
            _ => (Some(1_872), String::new()),
        };
        self.act(format!("raise_cost {txid} {speed:?}"), RaiseView { fee_sat, reason })
    }
    pub async fn raise(&self, txid: &str, speed: Speed, fee_sat_max: u64) -> Answer<String> {
        self.act(format!("raise {txid} {speed:?} {fee_sat_max}"), txid.to_owned())
    }
    pub async fn answer(&self, body: &[u8]) -> Option<Vec<u8>> {
        (body == b"a question").then(|| b"an answer".to_vec())
    }
    pub async fn terms_of(&self, contract: Hash) -> Answer<Terms> {
        let offered = self.negotiation.offered.clone();
        self.known(contract, offered.unwrap_or_else(views::terms))
    }
    pub async fn negotiation(&self, contract: Hash) -> Answer<Negotiation> {
        self.known(contract, self.negotiation.clone())
    }
    pub async fn compare(&self, contract: Hash, old: &Terms, new: &Terms) -> Answer<Comparison> {
        self.known(contract, views::comparison(old, new))
    }
    pub async fn final_account(&self, contract: Hash) -> Answer<AccountView> {
        self.known(contract, views::final_account())
    }
    pub async fn sign_final_account(&self, _: Hash, read: Hash) -> Answer<Hash> {
        self.act(format!("sign_final_account {}", &read.to_string()[..6]), WRITTEN)
    }
    pub async fn companies(&self) -> Answer<Vec<CompanyRow>> {
        Ok(views::companies())
    }
    pub async fn node_view(&self) -> Answer<NodeView> {
        Ok(views::node())
    }
    pub async fn awaits_own_node(&self) -> bool {
        false
    }
    pub async fn own_node_view(&self) -> Answer<OwnNodeView> {
        Ok(views::own_node())
    }
    pub async fn test_own_node(&self, access: NodeAccess) -> Answer<TestedNode> {
        let NodeAccess { connect, address, certificate, macaroons, reached_at } = access;
        let call = format!("test_own_node {connect} {address} {certificate} {macaroons:?} {reached_at}");
        self.act(call, views::own_node().tested.expect("the sample has one"))
    }
    pub async fn use_own_node(self: &Arc<Self>, id: &str, password: &str) -> Answer<()> {
        if password != PASSWORD {
            return Err(AppError::refused("wrong-password", "the password is another one", "type it again"));
        }
        self.act(format!("use_own_node {id}"), ())
    }
    pub async fn account(&self) -> Answer<Account> {
        Ok(views::account())
    }
    pub async fn new_address(&self) -> Answer<String> {
        self.act("new_address".into(), views::node().deposit_address)
    }
    pub async fn invite(&self) -> Answer<String> {
        Ok(views::INVITE.into())
    }
    pub async fn accept_invite(&self, text: &str) -> Answer<CompanyRow> {
        self.act(format!("accept_invite {text}"), views::companies().remove(0))
    }
    pub async fn confirm_company_words(&self, id: &str) -> Answer<()> {
        self.act(format!("confirm_company_words {id}"), ())
    }
    pub async fn offer(&self, new: NewContract) -> Answer<Hash> {
        let call = format!(
            "offer {} as {:?} to {} for {} days",
            new.terms.total,
            new.our_side,
            &new.counterparty[..6],
            new.valid_days
        );
        self.act(call, views::contract().id)
    }
    pub async fn accept_offer(&self, contract: Hash) -> Answer<Hash> {
        self.known(contract, ())?;
        self.act("accept_offer".into(), WRITTEN)
    }
    pub async fn reject_offer(&self, _: Hash, reason: String) -> Answer<Hash> {
        self.act(format!("reject_offer {reason}"), WRITTEN)
    }
    pub async fn amend(&self, _: Hash, terms: Terms, valid_days: u32) -> Answer<Hash> {
        self.act(format!("amend {} {valid_days}", terms.total), WRITTEN)
    }
    pub async fn counter_offer(&self, _: Hash, terms: Terms, valid_days: u32) -> Answer<Hash> {
        self.act(format!("counter_offer {} {valid_days}", terms.total), WRITTEN)
    }
    pub async fn pass_pen(&self, _: Hash) -> Answer<Hash> {
        self.act("pass_pen".into(), WRITTEN)
    }
    pub async fn lapse_offer(&self, _: Hash) -> Answer<Hash> {
        self.act("lapse_offer".into(), WRITTEN)
    }
    pub async fn fund(&self, _: Hash, tranche: &str) -> Answer<Hash> {
        self.act(format!("fund {tranche}"), WRITTEN)
    }
    pub async fn fund_by_part(&self, _: Hash, tranche: &str, release: Hash) -> Answer<Hash> {
        self.act(format!("fund_by_part {tranche} {}", &release.to_string()[..6]), WRITTEN)
    }
    pub async fn free_parts(&self, contract: Hash) -> Answer<Vec<FreePart>> {
        self.known(contract, views::free_parts())
    }
    pub async fn close_channel(&self, _: Hash, _: Hash, mode: CloseMode) -> Answer<()> {
        self.act(format!("close_channel {mode:?}"), ())
    }
    pub async fn release(&self, _: Hash, _: Hash, amount: Sat) -> Answer<Hash> {
        self.act(format!("release {amount}"), WRITTEN)
    }
    pub async fn take_back(&self, _: Hash, _: Hash) -> Answer<()> {
        self.act("take_back".into(), ())
    }
    pub async fn tender(&self, _: Hash, tender: Tender) -> Answer<Hash> {
        let documents: Vec<_> = tender.documents.iter().map(|document| document.name.as_str()).collect();
        self.act(format!("tender {} {} {documents:?}", tender.row, tender.quantity), WRITTEN)
    }
    pub async fn tender_view(&self, contract: Hash, _: Hash) -> Answer<TenderView> {
        self.known(contract, views::tender_view())
    }
    pub async fn answer_tender(&self, _: Hash, _: Hash, accepted: u64, reasons: Vec<String>) -> Answer<Hash> {
        self.act(format!("answer_tender {accepted} {reasons:?}"), WRITTEN)
    }
    pub async fn deem(&self, _: Hash, _: Hash) -> Answer<Hash> {
        self.act("deem".into(), WRITTEN)
    }
    pub async fn payments(&self, contract: Hash) -> Answer<Vec<PaymentRow>> {
        self.known(contract, vec![views::payment()])
    }
    pub async fn make_invoice(&self, _: Hash, payable: PayableId) -> Answer<Hash> {
        self.act(format!("make_invoice {} {}", payable.row, payable.tender.is_some()), WRITTEN)
    }
    pub async fn cancel_invoice(&self, _: Hash, _: Hash, reason: String) -> Answer<Hash> {
        self.act(format!("cancel_invoice {reason}"), WRITTEN)
    }
    pub async fn pay_prompt(&self, contract: Hash, _: Hash) -> Answer<PayPrompt> {
        self.known(contract, views::pay_prompt())
    }
    pub async fn pay(&self, _: Hash, _: Hash) -> Answer<()> {
        self.act("pay".into(), ())
    }
}
