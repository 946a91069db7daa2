//! HTTPS between the companies of a test, without sockets: an address leads to a program while it runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use lncontract_app::{App, NotPosted, Post};
use lncontract_lightning::BoxFuture;

/// What is on the way, and what is wrong with it.
#[derive(Default)]
pub struct Wires(Mutex<State>);

#[derive(Default)]
struct State {
    doors: HashMap<String, Weak<App>>,
    cut: bool,
    lost: usize,
    strangers: Option<Vec<u8>>,
    asked: Vec<Vec<u8>>,
}

impl Wires {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A program answers at that address.
    pub fn open(&self, address: &str, app: &Arc<App>) {
        self.state().doors.insert(address.to_owned(), Arc::downgrade(app));
    }

    /// Nothing goes through, or everything again.
    pub fn cut(&self, cut: bool) {
        self.state().cut = cut;
    }

    /// The next answers are lost on their way back.
    pub fn lose_answers(&self, count: usize) {
        self.state().lost = count;
    }

    /// Somebody else answers with that, or nobody else any more.
    pub fn answer_with(&self, bytes: Option<Vec<u8>>) {
        self.state().strangers = bytes;
    }

    /// The questions that went through.
    pub fn questions(&self) -> Vec<Vec<u8>> {
        self.state().asked.clone()
    }

    fn lead(&self, address: &str, body: &[u8]) -> Result<Arc<App>, NotPosted> {
        let mut state = self.state();
        let door = state.doors.get(address).filter(|_| !state.cut).and_then(Weak::upgrade);
        let app = door.ok_or_else(|| NotPosted::Failed("connection refused".into()))?;
        state.asked.push(body.to_vec());
        Ok(app)
    }
}

impl Post for Wires {
    fn post<'a>(&'a self, address: &'a str, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, NotPosted>> {
        Box::pin(async move {
            let app = self.lead(address, &body)?;
            if let Some(stranger) = self.state().strangers.clone() {
                return Ok(stranger);
            }
            let answer = app.answer(&body).await.ok_or(NotPosted::NotForUs)?;
            let mut state = self.state();
            if state.lost > 0 {
                state.lost -= 1;
                return Err(NotPosted::Failed("the connection broke off".into()));
            }
            Ok(answer)
        })
    }
}
