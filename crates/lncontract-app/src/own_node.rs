//! The company's own node, connected from the page: looked at first, used after the password, kept sealed.
//!
//! Invariant: what leads to the node is a secret: it is kept only under a key of the company's seed, shown nowhere, and
//! forgotten if nobody uses it. A company has one node for good: another key than the one before is refused, since its
//! channels and our key statement belong to that one.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use lncontract_core::{Bytes, NodeId, Time};
use lncontract_lightning::{BoxFuture, Lightning};
use lncontract_store::{Change, Setting};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{
    App, AppError, NotStarted, Seed,
    app::{StartNode, Unlocked},
    seal,
    view::{NodeChoice, NodeReport, OwnNodeView, TestedNode},
};

/// How long what was tested waits to be used.
const TESTED_S: i64 = 900;
/// The setting with what leads to the node, sealed.
const NODE_ACCESS: &str = "node-access";
/// The setting that keeps our node's key.
const NODE_ID: &str = "node-id";

/// What leads to a company's own node, as it was typed or uploaded. Not printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeAccess {
    /// An `lndconnect://` string; empty: address, certificate and macaroons instead.
    pub connect: String,
    /// `host:port` of its interface.
    pub address: String,
    /// Its own certificate, PEM.
    pub certificate: String,
    /// What lets us in, hexadecimal.
    pub macaroons: Vec<String>,
    /// Where other nodes reach it, `host:port`; empty: as it announces itself.
    pub reached_at: String,
}

impl fmt::Debug for NodeAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeAccess")
    }
}

/// The company's own node in place of the embedded one. The binary wires which software that is.
pub trait OwnNode: Send + Sync + 'static {
    /// Whether the command line says which one it is: then the page shows it and changes nothing.
    fn by_options(&self) -> bool;

    /// Asks it who it is and what it can do for contracts; keeps nothing. The one of the command line, if that says
    /// which; else the one that `access` leads to.
    fn look<'a>(&'a self, access: Option<&'a NodeAccess>) -> BoxFuture<'a, Result<NodeReport, AppError>>;
}

/// What was looked at a moment ago, and is not used yet.
pub(crate) struct Tested {
    shown: TestedNode,
    access: NodeAccess,
    at: Time,
}

impl App {
    /// Whether no node is connected yet, and the page is where that is done.
    pub async fn awaits_own_node(&self) -> bool {
        let on_page = self.own_node.as_ref().is_some_and(|own| !own.by_options());
        on_page && self.unlocked().await.is_ok_and(|unlocked| unlocked.access.is_none())
    }

    /// The page of our own node: what it can do for contracts, asked now.
    ///
    /// # Errors
    /// When the keys are locked.
    pub async fn own_node_view(&self) -> Result<OwnNodeView, AppError> {
        let unlocked = self.unlocked().await?;
        let mut view = OwnNodeView { reached_at: unlocked.node_address.clone(), ..OwnNodeView::default() };
        let Some(own) = &self.own_node else { return Ok(view) };
        view.choice = if own.by_options() { NodeChoice::Options } else { NodeChoice::Page };
        view.connected = own.by_options() || unlocked.access.is_some();
        if view.connected {
            match own.look(unlocked.access.as_ref()).await {
                Ok(report) => view.report = Some(self.judged(report).await?),
                Err(error) => view.trouble = format!("{}: {}", error.title, error.todo),
            }
        }
        view.tested = self.tested.lock().await.as_ref().filter(|tested| self.is_fresh(tested)).map(shown);
        Ok(view)
    }

    /// Asks the node that `access` leads to who it is and what it can do; it can be used for a quarter of an hour.
    ///
    /// # Errors
    /// When it can't be asked: says why, and what to give instead. Nothing is kept then.
    pub async fn test_own_node(&self, mut access: NodeAccess) -> Result<TestedNode, AppError> {
        let own = self.chosen_on_page()?;
        let report = self.judged(own.look(Some(&access)).await?).await?;
        if access.reached_at.trim().is_empty() {
            let announced = report.addresses.first().map(|uri| uri.rsplit('@').next().unwrap_or_default());
            access.reached_at = announced.unwrap_or_default().to_owned();
        }
        let (host, port) = access.reached_at.trim().rsplit_once(':').unwrap_or_default();
        if host.is_empty() || host.contains(['/', '@', ' ']) || port.parse::<u16>().is_err() {
            let title = "it is not said where other nodes reach this one, and it announces no address";
            let todo = "give HOST:PORT where they do (LND's --listen, port 9735 as a rule): it stands in our invites";
            return Err(AppError::refused("node-reached-at", title, todo));
        }
        access.reached_at = access.reached_at.trim().to_owned();
        let id = format!("{:032x}", rand::rng().random::<u128>());
        let shown = TestedNode { id, report, reached_at: access.reached_at.clone() };
        let tested = Tested { shown: shown.clone(), access, at: self.clock.now() };
        *self.tested.lock().await = Some(tested);
        Ok(shown)
    }

    /// Uses the node that was tested with this id, from now on and at each start.
    ///
    /// # Errors
    /// When the password is another one, the test is too old, or the node can't be used; the one of before stays then.
    pub async fn use_own_node(self: &Arc<Self>, id: &str, password: &str) -> Result<(), AppError> {
        let own = self.chosen_on_page()?;
        self.check_password(password).await?;
        let mut turn = self.tested.lock().await;
        let tested = turn.as_ref().filter(|tested| self.is_fresh(tested) && tested.shown.id == id);
        let access = tested.map(|tested| tested.access.clone()).ok_or_else(|| {
            let todo = "test the connection again, then use it; nothing was changed";
            AppError::refused("test-over", "that test is over, or another one came after it", todo)
        })?;
        let report = self.judged(own.look(Some(&access)).await?).await?;
        if !report.obstacle.is_empty() {
            return Err(AppError::refused("node-unusable", "this node can't be used", report.obstacle));
        }
        let seed = self.open_seed(password).await?;
        self.keep_access(&seed, &access).await?;
        *turn = None;
        drop(turn);
        tracing::info!(node = %report.key, "the company's own node is connected, as ordered on the page");
        self.change_node(&seed).await
    }

    /// Stops the node that runs, and starts the one that is kept now.
    async fn change_node(self: &Arc<Self>, seed: &Seed) -> Result<(), AppError> {
        let company = self.company().await?;
        let before = {
            let mut unlocked = self.unlocked.write().await;
            let before = unlocked.take().ok_or_else(|| AppError::locked("the company's keys are locked"))?;
            // Pages stay up meanwhile. No lock is held while the node ends: its last reports still come in.
            let todo = "it is being connected anew; look again in a moment".to_owned();
            *unlocked = Some(Arc::new(Unlocked { node: Err(todo), ..(*before).clone() }));
            before
        };
        if let Ok(node) = &before.node {
            node.stop().await;
        }
        *self.unlocked.write().await = None;
        self.unlock(seed, &company.name, &company.short_name).await
    }

    fn chosen_on_page(&self) -> Result<&Arc<dyn OwnNode>, AppError> {
        let refused = |title: &str, todo: &str| Err(AppError::refused("node-by-options", title, todo));
        match &self.own_node {
            None => refused(
                "this program runs its embedded node",
                "a company has one node for good: to use your own LND, set up the company with the program started \
                 without --bitcoind-url and --esplora-url",
            ),
            Some(own) if own.by_options() => refused(
                "the command line says which node is used",
                "change its options (--lnd-address and the others), or leave them out and connect the node here",
            ),
            Some(own) => Ok(own),
        }
    }

    /// A report, with what only we know: whether it is the node of before.
    async fn judged(&self, mut report: NodeReport) -> Result<NodeReport, AppError> {
        let known = self.known_node_id().await?;
        if report.obstacle.is_empty() && known != NodeId::ZERO && known.to_string() != report.key {
            report.obstacle = other_node(&report.key, known);
        }
        Ok(report)
    }

    fn is_fresh(&self, tested: &Tested) -> bool {
        (0..TESTED_S).contains(&(self.clock.now().0 - tested.at.0))
    }

    async fn keep_access(&self, seed: &Seed, access: &NodeAccess) -> Result<(), AppError> {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(access).expect("strings have a JSON form"));
        let sealed = seal::seal_with_key(&seed.node_access(), &plain);
        let sealed = sealed.map_err(|error| AppError::fault(error.to_string()))?;
        let value = STANDARD.encode(sealed);
        let setting = Setting { key: NODE_ACCESS.into(), value };
        Ok(self.store.commit(vec![Change::PutSetting(setting)]).await?)
    }

    /// What was connected on the page, if something was. What can't be opened is told, and keeps nobody out: the node
    /// can be connected again.
    pub(crate) async fn kept_access(&self, seed: &Seed) -> Result<Option<NodeAccess>, AppError> {
        let Some(value) = self.store.setting(NODE_ACCESS).await? else { return Ok(None) };
        let sealed = STANDARD.decode(value).ok();
        let plain = sealed.and_then(|sealed| seal::open_with_key(&seed.node_access(), &sealed).ok());
        let access = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        if access.is_none() {
            tracing::error!("what leads to our own node can't be opened: connect it again on its page");
        }
        Ok(access)
    }

    /// Starts the node and learns its key. One that does not start leaves record and pages up, unless it is because
    /// something came back from a copy.
    pub(crate) async fn start_node(
        self: &Arc<Self>,
        starter: &dyn StartNode,
        seed: &Seed,
        access: Option<&NodeAccess>,
    ) -> Result<(Result<Arc<dyn Lightning>, String>, NodeId), AppError> {
        let known = self.known_node_id().await?;
        let host = Arc::new(crate::host::AppHost::new(self));
        let node = match starter.start(&seed.node(), access, host).await {
            Ok(node) => node,
            Err(NotStarted::OldCopy(todo)) => {
                tracing::error!(reason = %todo, "the keys stay locked");
                return Err(AppError::not_now("old-copy", "the keys stay locked, nothing was written", todo));
            }
            Err(NotStarted::Trouble(todo)) => {
                tracing::error!(reason = %todo, "the node does not run; record and pages stay up");
                return Ok((Err(todo), known));
            }
            Err(NotStarted::LeftOut(todo)) => {
                tracing::info!(reason = %todo, "there is no node; record and pages are up");
                return Ok((Err(todo), known));
            }
        };
        match node.info().await {
            Ok(info) => {
                let node_id: NodeId = Bytes(info.key.serialize());
                if known != NodeId::ZERO && known != node_id {
                    node.stop().await;
                    let todo = other_node(&node_id.to_string(), known);
                    tracing::error!(reason = %todo, "the node does not run; record and pages stay up");
                    return Ok((Err(todo), known));
                }
                let setting = Setting { key: NODE_ID.into(), value: node_id.to_string() };
                self.store.commit(vec![Change::PutSetting(setting)]).await?;
                Ok((Ok(node), node_id))
            }
            // One that was used before is waited for: an LND that is locked or just starting.
            Err(error) if known != NodeId::ZERO => {
                tracing::warn!(%error, "the node is not there yet; record and pages are up");
                Ok((Ok(node), known))
            }
            Err(error) => {
                tracing::error!(%error, "the node does not run; record and pages stay up");
                Ok((Err(error.to_string()), known))
            }
        }
    }

    /// Our node's key as it was when the node ran last; zero if it never did. Without it our own key
    /// statement would be another one while the node is down.
    async fn known_node_id(&self) -> Result<NodeId, AppError> {
        let stored = self.store.setting(NODE_ID).await?;
        Ok(stored.and_then(|text| text.parse().ok()).unwrap_or(NodeId::ZERO))
    }
}

fn shown(tested: &Tested) -> TestedNode {
    tested.shown.clone()
}

fn other_node(found: &str, known: NodeId) -> String {
    format!(
        "this node has the key {found}, and the one that this company uses has {known}: its channels, and what we \
         signed for our counterparties, belong to that one; connect it, or set up a new company for another node"
    )
}
