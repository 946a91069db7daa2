//! A peer asks to open a channel: what the node itself never takes is refused here,
//! the rest the host decides.
//!
//! Invariant: nothing is accepted that the host did not accept, and the row is on disk before LDK accepts.
//! The refusal's text reaches the opener verbatim.

use std::{sync::Arc, time::Duration};

use lightning::{
    events::InboundChannelFunds,
    ln::types::ChannelId as LdkChannelId,
    util::config::{ChannelConfigOverrides, ChannelHandshakeConfigUpdate},
};
use lightning_types::features::ChannelTypeFeatures;
use lncontract_lightning::{Admission, InboundChannel, OpeningId};

use crate::{
    channels::{ChannelRow, End},
    parts::Parts,
};

/// How long the host may take; the opener's node waits too.
const HOST_WAIT: Duration = Duration::from_secs(30);
/// What LDK accepts as the delay of the opener's own output, in blocks: a day to two weeks.
const DELAY_BLOCKS: std::ops::RangeInclusive<u16> = 144..=2_016;

/// An inbound opening as LDK tells it.
pub(crate) struct Asked {
    pub(crate) temporary: LdkChannelId,
    pub(crate) request: InboundChannel,
    pub(crate) funds: InboundChannelFunds,
    pub(crate) channel_type: ChannelTypeFeatures,
}

/// Decides, and tells LDK.
pub(crate) async fn decide(parts: Arc<Parts>, asked: Asked) {
    let result = match admit(&parts, &asked).await {
        Ok((opening, delay_blocks)) => accept(&parts, &asked, opening, delay_blocks),
        Err(text) => Err(text),
    };
    if let Err(text) = result {
        tracing::info!(peer = %asked.request.peer, text, "a channel was refused");
        let refused = parts.health.call(|| {
            parts.manager.force_close_broadcasting_latest_txn(&asked.temporary, &asked.request.peer, text)
        });
        if let Ok(Err(error)) = refused {
            tracing::debug!(?error, "the opening was gone already");
        }
    }
    let _ = parts.health.call(|| parts.peers.process_events());
    parts.bell.ring();
}

async fn admit(parts: &Parts, asked: &Asked) -> Result<(OpeningId, u16), String> {
    if asked.request.announced {
        return Err("this node takes unannounced channels only".into());
    }
    if !matches!(asked.funds, InboundChannelFunds::PushMsat(0)) {
        return Err("this node takes channels funded by the opener alone, without a push amount".into());
    }
    if !parts.synced() {
        return Err("this node does not yet follow the chain; try again later".into());
    }
    let missing_sat = parts.reserve_missing_for_another_sat();
    if missing_sat > 0 {
        return Err(format!(
            "this node lacks {missing_sat} sat on chain, confirmed, to pay the fees if the channel must be \
             closed; its operator has to deposit them first"
        ));
    }
    let decision = parts.config.host.channel_requested(asked.request.clone());
    let (opening, delay_blocks) = match tokio::time::timeout(HOST_WAIT, decision).await {
        Ok(Admission::Accept { opening, to_self_delay_blocks }) => (opening, to_self_delay_blocks),
        Ok(Admission::Refuse { text }) => return Err(text),
        Err(_elapsed) => return Err("this node's program did not decide in time; try again".into()),
    };
    // Last: after any refusal LDK asks once more with a plainer channel type, and it is the last answer that
    // the opener reads.
    if !asked.channel_type.supports_anchors_zero_fee_htlc_tx() {
        return Err("this node takes channels with anchors (option_anchors) only".into());
    }
    Ok((opening, delay_blocks))
}

fn accept(parts: &Parts, asked: &Asked, opening: OpeningId, delay_blocks: u16) -> Result<(), String> {
    let failed = |row: &ChannelRow| matches!(row.end, Some(End::Failed(_)));
    if parts.book.get(opening).is_some_and(|row| !failed(&row)) {
        return Err("this channel is open or on its way already".into());
    }
    let InboundChannel { peer, amount_sat, .. } = asked.request;
    let row = ChannelRow::ordered(peer, false, amount_sat);
    parts.book.put(opening, row).map_err(|error| parts.disk_fault(&error).to_string())?;
    let delay = delay_blocks.clamp(*DELAY_BLOCKS.start(), *DELAY_BLOCKS.end());
    let handshake = ChannelHandshakeConfigUpdate { to_self_delay: Some(delay), ..Default::default() };
    let overrides = ChannelConfigOverrides { handshake_overrides: Some(handshake), update_overrides: None };
    let accepted = parts
        .health
        .call(|| parts.manager.accept_inbound_channel(&asked.temporary, &peer, opening.0, Some(overrides)));
    let error = match accepted {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => format!("{error:?}"),
        Err(error) => error.to_string(),
    };
    parts.book.remove(opening).map_err(|error| parts.disk_fault(&error).to_string())?;
    Err(format!("this node could not accept the channel: {error}"))
}
