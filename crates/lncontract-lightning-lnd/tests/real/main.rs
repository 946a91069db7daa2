//! The adapter on real LNDs: the port's conformance suite on two of them and on an LND beside an embedded node, each way
//! round; refusals; what else can happen to an LND. All on a real bitcoind.

mod bench;
mod by_hand;
mod disk;
mod faults;
mod full_disk;
mod lnd;
mod not_alone;
#[path = "../../src/pinned.rs"]
mod pinned;
mod refusals;
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;
mod rights;
mod steps;
mod upgraded;

/// What `pinned` asks for.
mod config {
    pub use lncontract_lightning_lnd::LndAccess;
}

/// Two LNDs.
mod real_lnd {
    lncontract_lightning::conformance_tests!(crate::bench::lnd_pays_lnd; common, no_splices);
}

/// The buyer has an LND, the seller an embedded node, which can take a hash later.
mod real_lnd_pays_ldk {
    lncontract_lightning::conformance_tests!(crate::bench::lnd_pays_ldk; common, no_splices, retakes);
}

/// The buyer has an embedded node, the seller an LND.
mod real_lnd_is_paid_by_ldk {
    lncontract_lightning::conformance_tests!(crate::bench::ldk_pays_lnd; common);
}
