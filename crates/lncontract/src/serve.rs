//! `serve`: one company's program. Its pages and REST interface, its record, its node on a bitcoind.
//!
//! Invariant: whatever can be found wrong is found before the data directory is touched. On SIGINT or SIGTERM
//! the pages end first, then the node in order; a second signal ends at once.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use lncontract_app::{App, SystemClock};
use serde_json::json;
use tokio::{net::TcpListener, sync::watch};

use crate::{
    chain,
    config::{NodeSettings, PeerSettings, Settings, Typed},
    say::say,
    wire::{self, Place, Reached},
};

/// How long pages may take to end; a browser's live connection would never.
const PAGES_PATIENCE: Duration = Duration::from_secs(2);

/// What the command line says.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    typed: Typed,
    /// Say where the pages are as one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs until it is told to stop. Returns the exit code.
///
/// # Errors
/// When it can't start; nothing was written then.
pub async fn run(args: Args) -> anyhow::Result<u8> {
    let settings = args.typed.meaning()?;
    let mut signals = Signals::listen()?;
    let listener = TcpListener::bind(settings.listen_web).await;
    let listener = listener.with_context(|| {
        let address = settings.listen_web;
        format!(
            "can't show pages on {address}: stop what listens there, or give --listen-web another address"
        )
    })?;
    let door = listen_for_peers(&settings).await?;
    let app = start(&settings).await?;
    if let Err(error) = unlock(&app, &settings).await {
        app.stop().await;
        return Err(error);
    }
    announce(&app, &settings, &listener, door.as_ref(), args.json).await?;
    let (stop, stopped) = watch::channel(false);
    let answers =
        door.map(|door| lncontract_web::serve_peers(door, Arc::clone(&app), until(stopped.clone())));
    let pages = lncontract_web::serve(listener, Arc::clone(&app), None, until(stopped));
    let mut pages = tokio::spawn(async move {
        match answers {
            Some(answers) => tokio::try_join!(pages, answers).map(|_| ()),
            None => pages.await,
        }
    });
    let ended = tokio::select! {
        () = signals.next() => None,
        ended = &mut pages => Some(ended),
    };
    // The pages may be gone already: then nobody listens.
    let _ = stop.send(true);
    let in_order = async {
        if ended.is_none() && tokio::time::timeout(PAGES_PATIENCE, &mut pages).await.is_err() {
            pages.abort();
        }
        app.stop().await;
    };
    tokio::select! {
        () = in_order => {}
        () = signals.next() => {
            anyhow::bail!("stopped before the node had ended in order: it continues at the next start")
        }
    }
    match ended {
        None => Ok(0),
        Some(ended) => {
            ended.context("the pages broke off")?.context("the pages can't be shown any more").map(|()| 1)
        }
    }
}

async fn listen_for_peers(settings: &Settings) -> anyhow::Result<Option<TcpListener>> {
    let Some(PeerSettings { listen, .. }) = settings.peer else { return Ok(None) };
    let door = TcpListener::bind(listen).await.with_context(|| {
        format!(
            "can't answer other companies on {listen}: stop what listens there, or give --listen-peer another address"
        )
    });
    door.map(Some)
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender goes only after it has sent.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn start(settings: &Settings) -> anyhow::Result<Arc<App>> {
    let clock = Arc::new(SystemClock);
    let (dir, network) = (&settings.dir, settings.network);
    let peer = settings.peer.as_ref().map(|peer| peer.address.clone());
    match &settings.node {
        None => wire::company_without_node(dir, network, peer, clock).await,
        Some(NodeSettings::Lnd { access, address }) => {
            let reached = Reached { node: address.clone(), peer };
            let (app, _) = wire::company_with_lnd(dir, network, reached, Some(access.clone()), clock).await?;
            Ok(app)
        }
        Some(NodeSettings::OnPage { address }) => {
            let reached = Reached { node: address.clone().unwrap_or_default(), peer };
            let (app, _) = wire::company_with_lnd(dir, network, reached, None, clock).await?;
            Ok(app)
        }
        Some(NodeSettings::Embedded { listen, address, chain }) => {
            let chain = chain::reach(chain, network).await?;
            let reached = Reached { node: address.clone(), peer };
            let place = Place { dir, network, listen: *listen, reached };
            let (app, _) = wire::company(place, chain, clock).await?;
            Ok(app)
        }
    }
}

async fn unlock(app: &Arc<App>, settings: &Settings) -> anyhow::Result<()> {
    let Some(password) = &settings.password else { return Ok(()) };
    if !app.is_set_up().await? {
        tracing::warn!(
            "a password is given, and no company is set up here yet: do the first run on the page"
        );
        return Ok(());
    }
    Ok(app.unlock_with(&password.0).await?)
}

async fn announce(
    app: &App,
    settings: &Settings,
    listener: &TcpListener,
    door: Option<&TcpListener>,
    json: bool,
) -> anyhow::Result<()> {
    let web = format!("http://{}", listener.local_addr()?);
    let (set_up, unlocked) = (app.is_set_up().await?, app.is_unlocked().await);
    let next = match (set_up, unlocked) {
        (false, _) => "open the page to set up your company",
        (true, false) => "the keys are locked: sign in on the page to unlock them and start the node",
        (true, true) => "the keys are unlocked",
    };
    let peer = door.map(TcpListener::local_addr).transpose()?;
    if json {
        let line = json!({
            "web": web,
            "network": settings.network.to_string(),
            "set_up": set_up,
            "unlocked": unlocked,
            "node": settings.node.is_some(),
            "peer": peer,
        });
        say!("{line}");
        return Ok(());
    }
    say!("pages   {web}");
    let node = match &settings.node {
        None => ", the node is left out",
        Some(NodeSettings::OnPage { .. }) => {
            "; no chain source is given: the node is the LND that is connected on the page"
        }
        Some(_) => "",
    };
    say!("chain   {}{node}", settings.network);
    if let (Some(listen), Some(peer)) = (peer, &settings.peer) {
        say!("peers   {} leads to {listen}", peer.address);
    }
    say!("state   {next}");
    say!("Ctrl-C stops it in order.");
    if !settings.listen_web.ip().is_loopback() {
        say!(
            "Others can reach {web}, and nothing on the way is encrypted: put a proxy with TLS in front of it."
        );
    }
    Ok(())
}

/// What asks a program to stop.
struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        // Without a handler the system ends the process by itself.
        let _ = tokio::signal::ctrl_c().await;
    }
}
