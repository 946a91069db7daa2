//! The built program from outside: what it refuses, what it finds out at its start, what a crash leaves.

#[cfg(unix)]
mod bitcoind;
#[cfg(unix)]
mod esplora;
#[cfg(unix)]
mod full_disk;
#[cfg(unix)]
#[expect(dead_code, reason = "it is started and read here, not stopped")]
#[path = "../../../lncontract-lightning-lnd/tests/real/lnd.rs"]
mod lnd;
#[cfg(unix)]
mod log;
#[cfg(unix)]
mod old_copy;
#[cfg(target_os = "linux")]
mod output;
#[cfg(unix)]
mod own_lnd;
#[cfg(unix)]
mod peer;
mod refusals;
#[cfg(unix)]
#[expect(dead_code, reason = "no money moves here")]
#[path = "../../../lncontract-lightning-ldk/tests/conformance/regtest.rs"]
mod regtest;
#[cfg(unix)]
#[path = "../../../lncontract-lightning-ldk/tests/esplora/server.rs"]
mod server;
mod support;
#[cfg(unix)]
mod terms;
#[cfg(unix)]
mod tls;
