//! The law from outside: what a company may write, and what it comes to. One file per subject, all on the
//! worked example; `fixture` plays both companies without chains or signatures, which are `record`'s matter.

mod account;
mod amendments;
mod channels;
mod coverage;
mod crossing;
mod difference;
mod drafts;
mod example;
mod fixture;
mod from_seller;
mod money;
mod offers;
mod parts;
mod performance;
mod plan;
mod properties;
mod releases;
mod shares;
mod terms;
mod view;
mod whole;
