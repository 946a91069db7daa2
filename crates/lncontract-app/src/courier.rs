//! The record over HTTPS: our questions to other companies' programs, and our answers to theirs (docs/transport.md).
//!
//! Invariant: a question and its answer are signed by the record keys and bound to each other; who is no counterparty
//! of ours gets no answer at all, whatever is wrong. What is carried are frames of the exchange, the same as over the
//! nodes' connection: a lost answer costs time, never an entry.

use std::sync::{Arc, MutexGuard, PoisonError};

use lncontract_core::{Bytes, NodeId, Time, v1::KeyStatement};
use lncontract_lightning::BoxFuture;
pub use lncontract_record::envelope::ENVELOPE_LEN_MAX as QUESTION_LEN_MAX;
use lncontract_record::envelope::{Envelope, Kind};
use rand::Rng;
use tokio::time::Instant;

use crate::{
    App, AppError,
    app::{Unlocked, Work},
    carriers::{CLOCK_DIFFERS_MAX_S, Carrier, Link, Links},
    companies::{https_address, statement_of},
};

/// Asks another company's program: the binary wires how.
pub trait Post: Send + Sync + 'static {
    /// Sends `body` to an address as a POST request. Returns the body of the answer.
    fn post<'a>(&'a self, address: &'a str, body: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, NotPosted>>;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotPosted {
    /// Something answers there, and not to us.
    NotForUs,
    /// Nothing answers; says why, in few words.
    Failed(String),
}

/// In the place of one that asks: the program is reached, if at all, and asks nobody by itself.
pub struct NoPost;

impl Post for NoPost {
    fn post<'a>(&'a self, _: &'a str, _: Vec<u8>) -> BoxFuture<'a, Result<Vec<u8>, NotPosted>> {
        Box::pin(async { Err(NotPosted::Failed("this program asks nobody over HTTPS".into())) })
    }
}

impl App {
    pub(crate) fn links(&self) -> MutexGuard<'_, Links> {
        // A link is plain data: half a change is no harm.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a question that came over HTTPS; nothing for who is not to learn that we are here.
    pub async fn answer(&self, body: &[u8]) -> Option<Vec<u8>> {
        match self.try_answer(body).await {
            Ok(answer) => Some(answer),
            Err(reason) => {
                tracing::debug!(reason, "a question over HTTPS was not answered");
                None
            }
        }
    }

    async fn try_answer(&self, body: &[u8]) -> Result<Vec<u8>, String> {
        let opened = Envelope::open(body).map_err(|error| error.to_string())?;
        let question = opened.envelope;
        let unlocked = self.unlocked().await.map_err(|error| error.to_string())?;
        if question.kind != Kind::Question || question.to != unlocked.statement.record_key {
            return Err("it is no question to us".into());
        }
        let peer = self.peer_of_record_key(&question).await.map_err(|error| error.to_string())?;
        let (peer, theirs) = peer.ok_or("it is of a company that we do not know")?;
        let now = self.clock.now();
        let answer = |kind, frames| {
            let (to, from) = (question.from, question.to);
            Envelope { kind, to, from, time: now, token: opened.digest, frames }.seal(&unlocked.record_key).0
        };
        if (question.time.0 - now.0).abs() > CLOCK_DIFFERS_MAX_S {
            return Ok(answer(Kind::OtherTime, Vec::new()));
        }
        let opens = {
            let mut links = self.links();
            let link = links.entry(peer).or_insert_with(|| Link::to(https_address(&theirs)));
            if !link.is_new(opened.digest, question.time, now) {
                return Err("it came before".into());
            }
            link.was_asked(Instant::now(), now)
        };
        if opens {
            self.wake(Work::All);
        }
        let replies = self.take_frames(peer, question.frames).await;
        let frames = {
            let mut links = self.links();
            let link = links.entry(peer).or_insert_with(|| Link::to(https_address(&theirs)));
            replies.into_iter().for_each(|frame| link.lay_by(frame));
            link.take_waiting()
        };
        Ok(answer(Kind::Answer, frames))
    }

    async fn peer_of_record_key(&self, of: &Envelope) -> Result<Option<(NodeId, KeyStatement)>, AppError> {
        for peer in self.store.peers().await? {
            let statement = statement_of(&peer)?;
            if statement.record_key == of.from {
                return Ok(Some((statement.node_id, statement)));
            }
        }
        Ok(None)
    }

    /// Takes frames that came over HTTPS, and returns what is said to them.
    async fn take_frames(&self, peer: NodeId, frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut replies = Vec::new();
        for frame in frames {
            match self.take_frame(peer, &frame).await {
                Ok(said) => replies.extend(said),
                Err(error) => tracing::warn!(%peer, %error, "a message of a peer was of no use"),
            }
        }
        replies
    }

    /// Asks all whose time has come, each in a task of its own. `asks` holds those under way.
    pub(crate) async fn ask_due(self: &Arc<Self>, asks: &mut tokio::task::JoinSet<()>) {
        let Ok(unlocked) = self.unlocked().await else { return };
        let connected = self.connected_nodes().await;
        let (now, reached) = (Instant::now(), self.peer_address.is_some());
        let mut due = Vec::new();
        for (peer, link) in self.links().iter_mut() {
            link.note_silence(now);
            let ask_at = link.ask_at(now, connected.contains(peer), reached);
            if ask_at.is_some_and(|at| at <= now)
                && let Some((address, frames)) = link.begin()
            {
                due.push((*peer, address, frames));
            }
        }
        for (peer, address, frames) in due {
            let (app, unlocked) = (Arc::clone(self), Arc::clone(&unlocked));
            asks.spawn(async move { app.ask(peer, &address, frames, &unlocked).await });
        }
    }

    async fn ask(&self, peer: NodeId, address: &str, frames: Vec<Vec<u8>>, unlocked: &Unlocked) {
        let answer = self.question(peer, address, frames, unlocked).await;
        let (now, at) = (Instant::now(), self.clock.now());
        let opens = {
            let mut links = self.links();
            let Some(link) = links.get_mut(&peer) else { return };
            match &answer {
                Ok(_) => link.answered(now, at),
                Err(reason) => {
                    link.failed(now, at, reason.clone(), rand::rng().next_u32().to_be_bytes()[0]);
                    false
                }
            }
        };
        match answer {
            Ok(frames) => {
                if opens {
                    self.wake(Work::All);
                }
                let replies = self.take_frames(peer, frames).await;
                self.lay_by(peer, replies);
            }
            Err(reason) => {
                tracing::info!(%peer, reason, "not reached over HTTPS; tried again later");
                self.announce();
            }
        }
    }

    async fn question(
        &self,
        peer: NodeId,
        address: &str,
        frames: Vec<Vec<u8>>,
        unlocked: &Unlocked,
    ) -> Result<Vec<Vec<u8>>, String> {
        let theirs = self.peer(&peer.to_string()).await.and_then(|peer| statement_of(&peer));
        let theirs = theirs.map_err(|error| error.to_string())?;
        let mut token = [0; 32];
        rand::rng().fill_bytes(&mut token);
        let (to, from, time) = (theirs.record_key, unlocked.statement.record_key, self.clock.now());
        let question = Envelope { kind: Kind::Question, to, from, time, token: Bytes(token), frames };
        let (body, digest) = question.seal(&unlocked.record_key);
        let body = match self.post.post(address, body).await {
            Ok(body) => body,
            Err(NotPosted::NotForUs) => return Err(NOT_FOR_US.to_owned()),
            Err(NotPosted::Failed(reason)) => return Err(reason),
        };
        let answer = Envelope::open(&body).map_err(|_| NOT_THEM.to_owned())?.envelope;
        if (answer.from, answer.to, answer.token) != (to, from, digest) {
            return Err(NOT_THEM.to_owned());
        }
        match answer.kind {
            Kind::Answer => Ok(answer.frames),
            Kind::OtherTime => Err(other_time(time, answer.time)),
            Kind::Question => Err(NOT_THEM.to_owned()),
        }
    }

    /// Lays frames by for a peer that is reached over HTTPS.
    pub(crate) fn lay_by(&self, peer: NodeId, frames: Vec<Vec<u8>>) {
        if frames.is_empty() {
            return;
        }
        if let Some(link) = self.links().get_mut(&peer) {
            frames.into_iter().for_each(|frame| link.lay_by(frame));
        }
        self.mail.notify_one();
    }

    /// What carries to a peer now.
    pub(crate) fn carrier(&self, peer: NodeId, node: bool) -> Option<Carrier> {
        match self.links().get(&peer) {
            Some(link) => link.carrier(Instant::now(), node),
            None => node.then_some(Carrier::Node),
        }
    }

    /// Learns where a counterparty is reached.
    pub(crate) fn know_ways_to(&self, theirs: &KeyStatement) {
        let mut links = self.links();
        let link = links.entry(theirs.node_id).or_default();
        let address = https_address(theirs);
        if link.address != address {
            // What was seen of the old address says nothing of the new one.
            (link.address, link.trouble) = (address, None);
        }
        drop(links);
        self.mail.notify_one();
    }
}

const NOT_FOR_US: &str = "something answers there, and not to us: their program is locked, another program has that \
                          address, or they have not taken our invite";
const NOT_THEM: &str = "what answers there is not signed by this company: ask them whether the address in their invite \
                        is right";

fn other_time(ours: Time, theirs: Time) -> String {
    let by = (theirs.0 - ours.0).abs();
    let which = if theirs.0 > ours.0 { "behind" } else { "ahead of" };
    format!("our clock is {by} seconds {which} theirs: set the clock of whichever is wrong")
}
