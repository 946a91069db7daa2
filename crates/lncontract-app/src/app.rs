//! The program of one company: its store, clock, keys, node and open contracts. Use cases are methods on it,
//! one file each; nothing here knows a contract's rules.
//!
//! Invariant: a contract's lock is never held while the node is called; the node's event handler may take one
//! for a moment: so neither can wait for the other.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use lncontract_core::{Hash, NodeId, v1::KeyStatement};
use lncontract_lightning::{BoxFuture, Host, Lightning, OpeningId};
use lncontract_record::SecretKey;
use lncontract_store::Store;
use tokio::{
    sync::{Mutex, Notify, RwLock, broadcast, mpsc, watch},
    task::JoinHandle,
};

use crate::{
    AppError, Clock,
    carriers::Links,
    courier::Post,
    keys::Seed,
    live::Live,
    own_node::{NodeAccess, OwnNode, Tested},
};

/// Starts the company's node from its seed. The binary wires which node that is.
pub trait StartNode: Send + Sync + 'static {
    /// Starts it; `access` leads to the company's own node, where that was connected on the page.
    fn start<'a>(
        &'a self,
        seed: &'a [u8; 32],
        access: Option<&'a NodeAccess>,
        host: Arc<dyn Host>,
    ) -> BoxFuture<'a, Result<Arc<dyn Lightning>, NotStarted>>;
}

/// Why there is no node; each says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// Something is broken or away: record and pages stay up.
    Trouble(String),
    /// As somebody wanted it.
    LeftOut(String),
    /// The node's folder or our database came back from a copy. The keys stay locked: a node would lose its
    /// channels, and what is signed may contradict what was signed before.
    OldCopy(String),
}

/// What the binary wires.
pub struct Wiring {
    /// The company's store.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How its node starts.
    pub node: Arc<dyn StartNode>,
    /// The company's own node, where it is not the embedded one.
    pub own_node: Option<Arc<dyn OwnNode>>,
    /// `regtest` or `signet`.
    pub network: String,
    /// Where other nodes reach ours: `host:port`.
    pub node_address: String,
    /// Where other companies' programs reach ours over HTTPS, if they do: `https://host/path`.
    pub peer_address: Option<String>,
    /// How we reach theirs.
    pub post: Arc<dyn Post>,
}

/// A company's program.
pub struct App {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) network: String,
    node_address: String,
    pub(crate) peer_address: Option<String>,
    pub(crate) post: Arc<dyn Post>,
    pub(crate) links: std::sync::Mutex<Links>,
    /// Something waits to go over HTTPS.
    pub(crate) mail: Notify,
    starter: Arc<dyn StartNode>,
    pub(crate) own_node: Option<Arc<dyn OwnNode>>,
    /// Held while the company's own node is exchanged.
    pub(crate) tested: Mutex<Option<Tested>>,
    pub(crate) unlocked: RwLock<Option<Arc<Unlocked>>>,
    pub(crate) contracts: Mutex<HashMap<Hash, Arc<Mutex<Live>>>>,
    /// Whose each channel is, as far as contracts were looked at.
    pub(crate) openings: std::sync::Mutex<HashMap<OpeningId, Hash>>,
    pub(crate) strangers: Mutex<crate::exchange::Strangers>,
    pub(crate) falls: Mutex<crate::falls::Falls>,
    pub(crate) by_hand: Mutex<crate::settlement::by_hand::ByHand>,
    /// What left the wallet and is in the ledger, as far as this run of the program has looked.
    pub(crate) withdrawn: Mutex<HashSet<OpeningId>>,
    /// Held while it is decided what a release is used for: taken out, or set aside for another contract.
    pub(crate) parts: Mutex<()>,
    changed: broadcast::Sender<()>,
    pub(crate) work: mpsc::UnboundedSender<Work>,
    pub(crate) inbox: mpsc::Sender<(NodeId, Vec<u8>)>,
    stopping: watch::Sender<bool>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// What wakes the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Something about this contract changed.
    Contract(Hash),
    /// Something about the node changed: look at all contracts that wait for something.
    All,
}

/// What there is only while the company's keys are unlocked.
#[derive(Clone)]
pub struct Unlocked {
    /// Signs acts.
    pub(crate) company_key: Arc<SecretKey>,
    /// Signs headers.
    pub(crate) record_key: Arc<SecretKey>,
    /// The node; or why it does not run, and what to do.
    pub(crate) node: Result<Arc<dyn Lightning>, String>,
    /// What leads to the company's own node, where that was connected on the page.
    pub(crate) access: Option<NodeAccess>,
    /// Where other nodes reach ours; empty without one.
    pub(crate) node_address: String,
    /// Our own key statement.
    pub(crate) statement: KeyStatement,
    /// The name for pages.
    pub(crate) short_name: String,
}

/// How many unread messages of peers are kept before new ones are dropped: they are sent again.
const INBOX_LEN_MAX: usize = 4_096;

impl App {
    /// Makes the program and starts its worker on the present runtime.
    pub fn start(wiring: Wiring) -> Arc<Self> {
        let (work, work_queue) = mpsc::unbounded_channel();
        let (inbox, inbox_queue) = mpsc::channel(INBOX_LEN_MAX);
        let (stopping, stop) = watch::channel(false);
        let app = Arc::new(Self {
            store: wiring.store,
            clock: wiring.clock,
            network: wiring.network,
            node_address: wiring.node_address,
            peer_address: wiring.peer_address,
            post: wiring.post,
            links: std::sync::Mutex::default(),
            mail: Notify::new(),
            starter: wiring.node,
            own_node: wiring.own_node,
            tested: Mutex::default(),
            unlocked: RwLock::new(None),
            contracts: Mutex::new(HashMap::new()),
            openings: std::sync::Mutex::default(),
            strangers: Mutex::default(),
            falls: Mutex::default(),
            by_hand: Mutex::default(),
            withdrawn: Mutex::default(),
            parts: Mutex::default(),
            changed: broadcast::channel(64).0,
            work,
            inbox,
            stopping,
            worker: Mutex::default(),
        });
        let worker = crate::worker::spawn(&app, work_queue, inbox_queue, stop);
        // Nobody else has the program yet.
        *app.worker.try_lock().expect("it was made just now") = Some(worker);
        app
    }

    /// Returns notices that something a page shows may have changed.
    pub fn watch(&self) -> broadcast::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether the keys are unlocked.
    pub async fn is_unlocked(&self) -> bool {
        self.unlocked.read().await.is_some()
    }

    /// Ends the worker, then the node, in order. The program may be dropped after it.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        if let Some(worker) = self.worker.lock().await.take()
            && let Err(error) = worker.await
        {
            tracing::error!(%error, "the worker broke off");
        }
        let unlocked = self.unlocked.write().await.take();
        if let Some(Ok(node)) = unlocked.map(|unlocked| unlocked.node.clone()) {
            node.stop().await;
        }
    }

    pub(crate) fn announce(&self) {
        // No page is open: nobody has to be told.
        let _ = self.changed.send(());
    }

    pub(crate) fn wake(&self, work: Work) {
        // The worker ends with the program only.
        let _ = self.work.send(work);
        self.announce();
    }

    pub(crate) async fn unlocked(&self) -> Result<Arc<Unlocked>, AppError> {
        self.unlocked.read().await.clone().ok_or_else(|| AppError::locked("the company's keys are locked"))
    }

    pub(crate) async fn node(&self) -> Result<Arc<dyn Lightning>, AppError> {
        let node = self.unlocked().await?.node.clone();
        node.map_err(|todo| AppError::not_now("node-stopped", "the node does not run", todo))
    }

    /// Makes keys of the seed and starts the node; a node that does not start leaves record and pages up,
    /// unless it is because something came back from a copy.
    pub(crate) async fn unlock(
        self: &Arc<Self>,
        seed: &Seed,
        name: &str,
        short_name: &str,
    ) -> Result<(), AppError> {
        let mut unlocked = self.unlocked.write().await;
        if unlocked.is_some() {
            return Ok(());
        }
        let bad_key = |_| AppError::fault("the seed makes no key");
        let company_key = SecretKey::from_bytes(&seed.company()).map_err(bad_key)?;
        let record_key = SecretKey::from_bytes(&seed.record()).map_err(bad_key)?;
        let access = self.kept_access(seed).await?;
        let (node, node_id) = self.start_node(&*self.starter, seed, access.as_ref()).await?;
        let on_page = self.own_node.as_ref().is_some_and(|own| !own.by_options());
        let connected = access.as_ref().filter(|_| on_page);
        let node_address = connected.map_or(&self.node_address, |access| &access.reached_at).clone();
        let statement = KeyStatement {
            name: name.to_owned(),
            company_key: company_key.public(),
            record_key: record_key.public(),
            node_id,
            endpoints: [&node_address].into_iter().chain(&self.peer_address).cloned().collect(),
        };
        let short_name = short_name.to_owned();
        *unlocked = Some(Arc::new(Unlocked {
            company_key: Arc::new(company_key),
            record_key: Arc::new(record_key),
            node,
            access,
            node_address,
            statement,
            short_name,
        }));
        drop(unlocked);
        self.connect_all().await?;
        self.wake(Work::All);
        Ok(())
    }
}
