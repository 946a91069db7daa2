//! What the node is told at its start, how it cannot start, and the LDK settings that follow.
//!
//! Invariant: every setting that differs from LDK's default says why.
//! Nothing here reads a file or a variable.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bitcoin::Network;
use lightning::util::config::UserConfig;
use lncontract_lightning::{Chain, Host};

/// Fee rate for which closing a channel alone is provided, in satoshi per 1,000 weight units: 50 sat/vB, the
/// 99th percentile of the median block fee rate since 2019 according to LDK's `anchor_channel_reserves`.
pub const RESERVE_FEE_RATE_SAT_PER_KWU: u32 = 12_500;
/// Confirmations we ask of a funding transaction before the channel counts as open.
pub const CONFIRMATIONS: u32 = 3;

/// Everything a node needs to start.
#[derive(Clone)]
pub struct LdkConfig {
    /// The node's own folder; made if it is missing. Never copy it back from a backup.
    pub dir: PathBuf,
    /// The entropy of the 24 seed words (see [`crate::words_of_seed`]). The caller keeps it sealed.
    pub seed: [u8; 32],
    /// The chain it is on.
    pub network: Network,
    /// Where peers connect; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Blocks, broadcast, fee rates.
    pub chain: Arc<dyn Chain>,
    /// The program that decides and records.
    pub host: Arc<dyn Host>,
    /// Confirmations asked of peers that open a channel to us.
    pub confirmations: u32,
    /// How often the chain source is asked for its tip.
    pub poll: Duration,
    /// First block that may hold coins of this seed; `None`: the seed is new, look from now on. Only read
    /// when the folder has no wallet yet, that is when a seed is restored.
    pub birthday_height: Option<u32>,
    /// See [`RESERVE_FEE_RATE_SAT_PER_KWU`].
    pub reserve_fee_rate_sat_per_kwu: u32,
}

impl LdkConfig {
    /// The usual settings for a new seed.
    pub fn new(
        dir: PathBuf,
        seed: [u8; 32],
        network: Network,
        listen: SocketAddr,
        chain: Arc<dyn Chain>,
        host: Arc<dyn Host>,
    ) -> Self {
        // A regtest chain is in this process or on this machine, and people wait for its blocks.
        let poll_ms = if network == Network::Regtest { 100 } else { 2_000 };
        LdkConfig {
            dir,
            seed,
            network,
            listen,
            chain,
            host,
            confirmations: CONFIRMATIONS,
            poll: Duration::from_millis(poll_ms),
            birthday_height: None,
            reserve_fee_rate_sat_per_kwu: RESERVE_FEE_RATE_SAT_PER_KWU,
        }
    }
}

/// Why the node did not start. Nothing was changed by the try, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process, or another node in this one, uses the folder.
    #[error("the folder {} is in use by another node: stop that one first", .0.display())]
    Locked(PathBuf),
    /// The folder cannot be read or written.
    #[error("the node's folder cannot be used while {doing}: {reason}")]
    Folder {
        /// What was tried.
        doing: &'static str,
        /// The system's words.
        reason: String,
    },
    /// The state on disk cannot be read. Never start anew over it: that would forget channels.
    #[error("the node's state ({part}) cannot be read: {reason}; keep the folder as it is and ask for help")]
    State {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder is not the one that ran last: old channel states in it.
    #[error(
        "the node's folder {} is older than this company's record: {why}. A node must not start from it, an \
         old channel state gives the whole channel to the counterparty: put the folder back that ran last; if \
         it is lost, ask the counterparty to close the channels", dir.display()
    )]
    OldFolder {
        /// The folder.
        dir: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// The program's books are not the ones that this folder's node told last.
    #[error(
        "this company's database is older than its node's folder {}: {why}. Nothing may be signed from it, the \
         counterparty may hold entries that it lacks: put the database back that ran last", dir.display()
    )]
    OldBooks {
        /// The folder.
        dir: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// The program could not say what its books say of the node, or could not count the start.
    #[error("the company's database did not answer: {0}")]
    Books(String),
    /// The chain source does not answer, or is on another network.
    #[error("the chain source cannot be used: {0}")]
    Chain(String),
    /// The port cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's words.
        reason: String,
    },
}

/// LDK's settings for a direct-channel node.
pub(crate) fn user_config(config: &LdkConfig) -> UserConfig {
    let mut user = UserConfig::default();
    let handshake = &mut user.channel_handshake_config;
    handshake.announce_for_forwarding = false;
    // The whole channel may be one payment: milestones are large.
    handshake.unannounced_channel_max_inbound_htlc_value_in_flight_percentage = 100;
    handshake.negotiate_anchors_zero_fee_htlc_tx = true;
    // The funding output stays between the two companies.
    handshake.negotiate_scid_privacy = true;
    handshake.minimum_depth = config.confirmations;
    // The protocol's maximum (BOLT 2); the default of 50 is for routing nodes.
    handshake.our_max_accepted_htlcs = 483;
    user.channel_handshake_limits.force_announced_channel_preference = true;
    user.channel_handshake_limits.trust_own_funding_0conf = false;
    user.accept_forwards_to_priv_channels = false;
    // Default true: a splice by the peer would be refused. Here the host decides (`splices::gate`).
    user.reject_inbound_splices = false;
    // At the default of 1,000 sat two fee estimators that differ turn a cooperative close into a forced one.
    user.channel_config.force_close_avoidance_max_fee_satoshis = 20_000;
    user
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_settings_hold_for_every_channel() {
        struct NoHost;
        impl Host for NoHost {
            fn channel_requested(
                &self,
                _: lncontract_lightning::InboundChannel,
            ) -> lncontract_lightning::BoxFuture<'_, lncontract_lightning::Admission> {
                Box::pin(async { lncontract_lightning::Admission::Refuse { text: String::new() } })
            }
            fn splice_requested(
                &self,
                _: lncontract_lightning::InboundSplice,
            ) -> lncontract_lightning::BoxFuture<'_, lncontract_lightning::SpliceAdmission> {
                Box::pin(async { lncontract_lightning::SpliceAdmission::Refuse { text: String::new() } })
            }
            fn payment_claimable(
                &self,
                _: lncontract_lightning::PaymentHash,
                _: u64,
            ) -> lncontract_lightning::BoxFuture<'_, lncontract_lightning::Claim> {
                Box::pin(async { lncontract_lightning::Claim::FailBack })
            }
            fn event(
                &self,
                _: lncontract_lightning::NodeEvent,
            ) -> lncontract_lightning::BoxFuture<'_, Result<(), lncontract_lightning::NotRecorded>>
            {
                Box::pin(async { Ok(()) })
            }
            fn message(&self, _: lncontract_lightning::NodeKey, _: Vec<u8>) {}
        }
        let chain: Arc<dyn Chain> = Arc::new(crate::Bitcoind::new("http://127.0.0.1:1", "u", "p"));
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config =
            LdkConfig::new(PathBuf::new(), [1; 32], Network::Regtest, listen, chain, Arc::new(NoHost));
        let user = user_config(&config);
        assert!(!user.channel_handshake_config.announce_for_forwarding);
        assert!(!user.reject_inbound_splices);
        assert!(!user.accept_forwards_to_priv_channels);
        assert_eq!(
            user.channel_handshake_config.unannounced_channel_max_inbound_htlc_value_in_flight_percentage,
            100
        );
        assert_eq!(user.channel_config.force_close_avoidance_max_fee_satoshis, 20_000);
        assert_eq!(user.channel_handshake_config.minimum_depth, CONFIRMATIONS);
    }
}
