//! What this program may do at an LND, in roles: the exact rights of each, how to bake them, and what an LND can do.
//!
//! Invariant: no role can bake macaroons, send coins, delete payments or disconnect peers. What a role does not have is
//! refused by LND itself, and named by us.

use std::collections::HashMap;

use bitcoin::Network;
use lncontract_lightning::LightningError;

use crate::{
    api::{self, BakeMacaroon, BakedMacaroon, Info, Permission, PermissionsOfCalls, path},
    config::LndAccess,
    macaroon::Macaroon,
    rpc::{Fault, Kind, Rpc},
};

/// A group of rights that a company gives or keeps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name, also of the macaroon's file.
    pub name: &'static str,
    /// What it is for.
    pub what: &'static str,
    /// The calls.
    pub uris: &'static [&'static str],
    /// The root key of its macaroon: `lncli deletemacaroonid` with it revokes the role at once.
    pub root_key_id: u64,
}

/// All roles. Root keys begin above those that people use by hand.
pub const ROLES: &[Role] = &[
    Role {
        name: "watch",
        what: "read channels, payments, invoices, coins and blocks; nothing moves",
        root_key_id: 8_420,
        uris: &[
            path::GET_INFO,
            path::LIST_CHANNELS,
            path::PENDING_CHANNELS,
            path::CLOSED_CHANNELS,
            path::SUBSCRIBE_CHANNEL_EVENTS,
            path::GET_CHAN_INFO,
            path::LIST_PEERS,
            path::SUBSCRIBE_PEER_EVENTS,
            path::WALLET_BALANCE,
            path::CHANNEL_BALANCE,
            path::GET_TRANSACTIONS,
            path::LIST_UNSPENT,
            path::LIST_PAYMENTS,
            path::TRACK_PAYMENT,
            path::TRACK_PAYMENTS,
            path::LIST_INVOICES,
            path::GET_BLOCK,
            path::GET_BLOCK_HASH,
        ],
    },
    Role {
        name: "messages",
        what: "connect to counterparties and exchange the record with them",
        root_key_id: 8_421,
        uris: &[path::CONNECT_PEER, path::SEND_CUSTOM_MESSAGE, path::SUBSCRIBE_CUSTOM_MESSAGES],
    },
    Role {
        name: "invoice",
        what: "make invoices, take or give back what is paid on them",
        root_key_id: 8_422,
        uris: &[
            path::ADD_HOLD_INVOICE,
            path::SETTLE_INVOICE,
            path::CANCEL_INVOICE,
            path::SUBSCRIBE_SINGLE_INVOICE,
        ],
    },
    Role {
        name: "admit",
        what: "decide on channels that others want to open: only what a contract announced",
        root_key_id: 8_423,
        uris: &[path::CHANNEL_ACCEPTOR],
    },
    Role {
        name: "pay",
        what: "pay invoices over named channels",
        root_key_id: 8_424,
        uris: &[path::SEND_PAYMENT, path::SEND_TO_ROUTE],
    },
    Role {
        name: "fund",
        what: "open and close channels, take deposits",
        root_key_id: 8_425,
        uris: &[path::OPEN_CHANNEL, path::CLOSE_CHANNEL, path::NEW_ADDRESS, path::WALLET_ESTIMATE_FEE],
    },
];

impl Role {
    /// The command that bakes it by hand.
    pub fn lncli(&self) -> String {
        let uris: Vec<String> = self.uris.iter().map(|uri| format!("uri:{uri}")).collect();
        format!(
            "lncli bakemacaroon --save_to={} --root_key_id={} {}",
            self.file(),
            self.root_key_id,
            uris.join(" ")
        )
    }

    /// The name of its file.
    pub fn file(&self) -> String {
        format!("lncontract-{}.macaroon", self.name)
    }

    /// Bakes it, with a macaroon that may (LND's own admin.macaroon). Returns the bytes of the file.
    ///
    /// # Errors
    /// When LND is away, or does not let us.
    pub async fn bake(&self, access: &LndAccess) -> Result<Vec<u8>, LightningError> {
        let permission = |uri: &&str| Permission { entity: "uri".into(), action: (*uri).into() };
        let question = BakeMacaroon {
            permissions: self.uris.iter().map(permission).collect(),
            root_key_id: self.root_key_id,
        };
        let baked: BakedMacaroon =
            Rpc::new(access).call(path::BAKE_MACAROON, question).await.map_err(Fault::acting)?;
        let bytes: Option<Vec<u8>> = bitcoin::hex::FromHex::from_hex(&baked.macaroon).ok();
        let unreadable = || LightningError::Misconfigured { reason: "LND's macaroon can't be read".into() };
        let bytes = bytes.filter(|bytes| Macaroon::read(bytes).is_ok());
        bytes.ok_or_else(unreadable)
    }
}

/// What an LND is and can do for contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its key, in hexadecimal.
    pub key: String,
    /// Its name for itself.
    pub alias: String,
    /// Its version.
    pub version: String,
    /// The chain it is on, in its words.
    pub network: String,
    /// Its height.
    pub height: u32,
    /// Whether it follows the chain.
    pub synced: bool,
    /// Addresses that it announces, `key@host:port`.
    pub addresses: Vec<String>,
    /// Why this program can't use it, and what to do; `None` where it can.
    pub obstacle: Option<String>,
    /// Rights that no macaroon has.
    pub missing: Vec<(&'static str, Vec<&'static str>)>,
    /// What it can and can't do, with what changes it.
    pub abilities: Vec<Ability>,
}

/// Something that matters for contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ability {
    /// What.
    pub what: &'static str,
    /// Whether it can; `None` where LND does not tell.
    pub can: Option<bool>,
    /// What follows from it.
    pub so: &'static str,
    /// The line of lnd.conf that changes it.
    pub line: Option<&'static str>,
}

/// `option_support_large_channel` (BOLT 9): bits 18 and 19.
const LARGE_CHANNELS: [u32; 2] = [18, 19];

/// Asks an LND who it is, with what was given, and whether a program on `network` can use it; nothing is kept.
///
/// # Errors
/// When it can't be reached or does not let us: says what to do.
pub async fn report(access: &LndAccess, network: Network) -> Result<Report, LightningError> {
    let rpc = Rpc::new(access);
    crate::start::serving(&rpc).await.map_err(Fault::reading)?;
    let info: Info = rpc.call(path::GET_INFO, api::Nothing {}).await.map_err(Fault::reading)?;
    let needed = needed(&rpc, access).await?;
    let may = |uri: &str| match &needed {
        Some(needed) => access.macaroons.allow(uri, needed.get(uri).map_or(&[], Vec::as_slice)),
        None => rpc.may(uri),
    };
    let missing = ROLES.iter().filter_map(|role| {
        let lacks: Vec<_> = role.uris.iter().copied().filter(|uri| !may(uri)).collect();
        (!lacks.is_empty()).then_some((role.name, lacks))
    });
    let missing: Vec<_> = missing.collect();
    let unseen = missing.iter().any(|(role, _)| *role == ROLES[0].name).then(|| {
        "no macaroon has all the rights of `watch`, and without them nothing can be seen: bake it (`lncontract lnd bake` \
         prints the command) and give it too"
            .to_owned()
    });
    Ok(Report {
        obstacle: crate::start::check(&info, network).err().map(|error| error.to_string()).or(unseen),
        missing,
        abilities: abilities(&info),
        network: info.chains.first().map(|chain| chain.network.clone()).unwrap_or_default(),
        key: info.identity_pubkey,
        alias: info.alias,
        version: info.version.split(' ').next().unwrap_or_default().to_owned(),
        height: info.block_height,
        synced: info.synced_to_chain,
        addresses: info.uris,
    })
}

/// Which entities and actions each call needs, where a macaroon has rights of that kind and lets us ask.
async fn needed(
    rpc: &Rpc,
    access: &LndAccess,
) -> Result<Option<HashMap<String, Vec<(String, String)>>>, LightningError> {
    if !access.macaroons.have_others() {
        return Ok(None);
    }
    let answer: Result<PermissionsOfCalls, Fault> = rpc.call(path::LIST_PERMISSIONS, api::Nothing {}).await;
    let answer = match answer {
        Ok(answer) => answer,
        // It may not ask for that: then only a call itself tells.
        Err(Fault { kind: Kind::Setup, .. }) => return Ok(None),
        Err(fault) => return Err(fault.reading()),
    };
    let of =
        |list: api::Permissions| list.permissions.into_iter().map(|one| (one.entity, one.action)).collect();
    Ok(Some(answer.method_permissions.into_iter().map(|(uri, list)| (uri, of(list))).collect()))
}

fn abilities(info: &Info) -> Vec<Ability> {
    let large = LARGE_CHANNELS.iter().any(|bit| info.features.contains_key(bit));
    vec![
        Ability {
            what: "channels above 16,777,215 sat",
            can: Some(large),
            so: "a larger tranche has to be split, or is refused by this LND",
            line: (!large).then_some("protocol.wumbo-channels=true"),
        },
        Ability {
            what: "several channels of one company waiting for confirmations",
            can: None,
            so: "LND allows one unless told otherwise, both directions together; the next one waits until it is open",
            line: Some("maxpendingchannels=5"),
        },
        Ability {
            what: "splicing",
            can: Some(false),
            so: "money is added by a further channel, and taken out by closing one",
            line: None,
        },
        Ability {
            what: "BOLT 12 offers",
            can: Some(false),
            so: "milestones are paid by BOLT 11 invoices",
            line: None,
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_role_can_do_more_than_contracts_need() {
        let all: Vec<&str> = ROLES.iter().flat_map(|role| role.uris).copied().collect();
        for never in [path::BAKE_MACAROON, "/lnrpc.Lightning/SendCoins", "/lnrpc.Lightning/DeletePayment"] {
            assert!(!all.contains(&never), "{never}");
        }
        let distinct: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len(), "a right is in one role");
        let ids: BTreeSet<u64> = ROLES.iter().map(|role| role.root_key_id).collect();
        assert_eq!(ids.len(), ROLES.len(), "each role is revoked by itself");
    }

    #[test]
    fn the_command_names_the_exact_rights() {
        let pay = ROLES.iter().find(|role| role.name == "pay").expect("there is one");
        assert_eq!(
            pay.lncli(),
            "lncli bakemacaroon --save_to=lncontract-pay.macaroon --root_key_id=8424 \
             uri:/routerrpc.Router/SendPaymentV2 uri:/routerrpc.Router/SendToRouteV2"
        );
    }

    #[test]
    fn large_channels_are_read_from_the_features() {
        let off = abilities(&Info::default());
        assert_eq!((off[0].can, off[0].line), (Some(false), Some("protocol.wumbo-channels=true")));
        let features = [(19, api::Feature { name: "wumbo-channels".into() })].into_iter().collect();
        let on = abilities(&Info { features, ..Info::default() });
        assert_eq!((on[0].can, on[0].line), (Some(true), None));
    }
}
