//! The record as its users see it: entries, the record of two companies, exchange, evidence, golden vectors.

#[cfg(test)]
mod account;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod entry;
#[cfg(test)]
mod fork;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod history;
#[cfg(test)]
mod late;
#[cfg(test)]
mod network;
#[cfg(test)]
mod outline;
#[cfg(test)]
mod party;
#[cfg(test)]
mod sync;
