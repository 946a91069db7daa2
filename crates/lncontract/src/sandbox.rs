//! `sandbox`: two companies on one machine, a regtest chain in the process, two embedded nodes, two web
//! pages. The same code as `serve`, other wiring.

pub mod play;
pub mod report;
pub mod time;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use lncontract_app::App;
use lncontract_core::Time;
use tokio::net::TcpListener;

use self::{play::Play, time::SandboxTime};
use crate::{
    say::say,
    terms_file,
    wire::{self, Kept, Place},
};

/// How often a block comes while people click.
const BLOCK_EVERY: Duration = Duration::from_secs(3);
/// What the chain sends to each company.
const DEPOSIT_SAT: u64 = 40_000_000;
/// How long open pages may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Walk the worked example by itself, print each step, and end [default PLAY: example, from draft to final account]
    #[arg(long, value_enum, value_name = "PLAY", num_args = 0..=1)]
    #[expect(clippy::option_option, reason = "the flag may stand alone")]
    play: Option<Option<Play>>,
    /// With --play: walk the contract of this terms file instead of the worked example
    #[arg(long, requires = "play", value_name = "FILE")]
    terms: Option<PathBuf>,
    /// With --play: one JSON object a line
    #[arg(long, requires = "play")]
    json: bool,
    /// Folder for both companies [default: a new one, removed at the end; kept for the bundle with --play]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Port of the buyer's page; the seller's is the next one
    #[arg(long, default_value_t = 8420)]
    port: u16,
}

/// One of the two companies.
pub struct Company {
    /// `buyer` or `seller`.
    pub side: &'static str,
    /// Its program.
    pub app: Arc<App>,
    /// Its node.
    pub node: Arc<Kept>,
}

/// Both companies and their chain.
pub struct Sandbox {
    /// Their one clock, and the chain that follows it.
    pub time: Arc<SandboxTime>,
    /// The buyer.
    pub buyer: Company,
    /// The seller.
    pub seller: Company,
    /// Where the bundle goes.
    pub dir: PathBuf,
}

/// Runs it. Returns the exit code.
///
/// # Errors
/// When a folder or port can't be used.
pub async fn run(args: Args) -> anyhow::Result<u8> {
    let dir = match args.dir {
        Some(dir) => dir,
        None => std::env::temp_dir().join(format!("lncontract-sandbox-{}", std::process::id())),
    };
    // What is wrong with the file is said before anything is started.
    let terms = args.terms.as_deref().map(terms_file::read_to_play).transpose()?;
    let begin = terms.as_ref().and_then(play::begin);
    let sandbox = start(dir, begin).await?;
    if let Some(play) = args.play {
        let code = play::run(&sandbox, play.unwrap_or(Play::Example), terms, args.json).await;
        sandbox.stop().await;
        return code;
    }
    serve(&sandbox, args.port).await?;
    sandbox.stop().await;
    Ok(0)
}

/// Starts both companies in a folder, with no pages. `begin`: where the clock stands, if that is not yet over.
///
/// # Errors
/// When the folder can't be used, or no port is free.
pub async fn start(dir: PathBuf, begin: Option<Time>) -> anyhow::Result<Sandbox> {
    let (time, chain) = SandboxTime::starting(begin);
    let mut companies = Vec::new();
    for side in ["buyer", "seller"] {
        let listen = free_address()?;
        let folder = dir.join(side);
        std::fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
        let place = Place {
            dir: &folder,
            network: bitcoin::Network::Regtest,
            listen,
            reached: wire::Reached::by_node(listen.to_string()),
        };
        let (app, node) = wire::company(place, Arc::clone(&chain) as _, time.clock()).await?;
        companies.push(Company { side, app, node });
    }
    let seller = companies.pop().expect("two were made");
    let buyer = companies.pop().expect("two were made");
    Ok(Sandbox { time: Arc::new(time), buyer, seller, dir })
}

/// An address on this machine that nobody listens on.
fn free_address() -> anyhow::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?)
}

impl Sandbox {
    /// Ends both, in order.
    pub async fn stop(&self) {
        self.buyer.app.stop().await;
        self.seller.app.stop().await;
    }
}

/// Shows both companies' pages until Ctrl-C, with a block every few seconds.
async fn serve(sandbox: &Sandbox, port: u16) -> anyhow::Result<()> {
    let mut pages = Vec::new();
    for (company, port) in [(&sandbox.buyer, port), (&sandbox.seller, port.saturating_add(1))] {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("port {port} of 127.0.0.1 is in use: give another one with --port"))?;
        let stopped = async {
            // Without a signal handler the process ends at once; there is nothing to finish then.
            let _ = tokio::signal::ctrl_c().await;
        };
        say!("{:<7} http://{address}", company.side);
        let clock = Some(Arc::clone(&sandbox.time) as _);
        pages.push(tokio::spawn(lncontract_web::serve(listener, Arc::clone(&company.app), clock, stopped)));
    }
    say!(
        "\nBegin on both pages: name the company, keep the words, deposit (the chain sends {DEPOSIT_SAT} sat to"
    );
    say!(
        "each first address by itself), exchange invites under Companies. A block comes every {BLOCK_EVERY:?}."
    );
    say!("The clock of both is moved on each page, or by: lncontract clock forward DAYS");
    say!("Ctrl-C ends it; what was done is in {}", sandbox.dir.display());
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = live(sandbox) => {}
    }
    for page in pages {
        // A page that did not end in time is cut off: its browser holds a live connection.
        let _ = tokio::time::timeout(STOP_PATIENCE, page).await;
    }
    Ok(())
}

/// What the outside world does in the sandbox: blocks, and a deposit to each company's first address.
async fn live(sandbox: &Sandbox) {
    let mut given = [false, false];
    let mut tick = tokio::time::interval(BLOCK_EVERY);
    loop {
        tick.tick().await;
        for (company, given) in [&sandbox.buyer, &sandbox.seller].into_iter().zip(&mut given) {
            if *given {
                continue;
            }
            let Some(node) = company.node.running() else { continue };
            let Ok(address) = node.new_address().await else { continue };
            match sandbox.time.chain().send(&address, DEPOSIT_SAT) {
                Ok(_) => *given = true,
                Err(error) => {
                    tracing::warn!(%error, "the sandbox's chain could not send the deposit; tried again")
                }
            }
        }
        sandbox.time.chain().mine(1);
    }
}
