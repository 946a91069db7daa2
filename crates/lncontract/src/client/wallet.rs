//! `wallet`: the wallet on chain. Money leaves in two commands, the cost first.
//!
//! Money: the order names what was told: amount, most fee and the id that came with it, so that the same command
//! again pays once.

use serde_json::json;

use super::{
    print,
    session::{Ask, ask, get, post},
};
use crate::config;

/// Asks about the wallet.
#[derive(clap::Args)]
pub struct WalletArgs {
    #[command(subcommand)]
    command: Wallet,
    #[command(flatten)]
    ask: Ask,
}

#[derive(clap::Subcommand)]
enum Wallet {
    /// Coins, what waits for a block, what left
    Show,
    /// What it costs to pay out, and the command that does it
    Cost {
        /// The address that it goes to
        to: String,
        /// How much arrives, in satoshi; without it all that may leave
        #[arg(long)]
        amount_sat: Option<u64>,
        /// How soon it should be in a block
        #[arg(long, default_value = "hour", value_parser = ["next", "hour", "day"])]
        speed: String,
    },
    /// Pay out, as `cost` told it
    PayOut {
        /// The address that it goes to
        to: String,
        /// How much arrives, in satoshi
        #[arg(long)]
        amount_sat: u64,
        /// How soon it should be in a block
        #[arg(long, default_value = "hour", value_parser = ["next", "hour", "day"])]
        speed: String,
        /// The most that it may cost, in satoshi
        #[arg(long)]
        fee_sat_max: u64,
        /// The id that `cost` gave: with it the order is carried out once
        #[arg(long)]
        id: String,
    },
    /// What it costs to raise the fee of a transaction that waits; with --fee-sat-max, do it
    Raise {
        /// The transaction
        txid: String,
        /// How soon it should be in a block
        #[arg(long, default_value = "hour", value_parser = ["next", "hour", "day"])]
        speed: String,
        /// The most that it may cost, in satoshi
        #[arg(long)]
        fee_sat_max: Option<u64>,
    },
}

/// `wallet`.
///
/// # Errors
/// When the program does not answer, or refuses.
pub async fn wallet(args: WalletArgs) -> anyhow::Result<u8> {
    let request = match args.command {
        Wallet::Show => get("/wallet".into(), print::wallet),
        Wallet::Cost { to, amount_sat, speed } => {
            let mut body = json!({ "to": to, "speed": speed });
            if let Some(amount_sat) = amount_sat {
                body["amount_sat"] = amount_sat.into();
            }
            post("/wallet/costs".into(), body, print::cost)
        }
        Wallet::PayOut { to, amount_sat, speed, fee_sat_max, id } => {
            let password = config::password(args.ask.password_file.as_deref(), None)?;
            let password = password.map(|password| password.0).unwrap_or_default();
            let body = json!({
                "id": id, "to": to, "amount_sat": amount_sat, "speed": speed, "fee_sat_max": fee_sat_max,
                "password": password,
            });
            post("/wallet/pay-outs".into(), body, |made| {
                format!("sent as {}; `wallet show` tells the rest", print::field(made, "txid"))
            })
        }
        Wallet::Raise { txid, speed, fee_sat_max: None } => {
            get(format!("/wallet/raises/{}?speed={speed}", super::segment(&txid)?), |cost| {
                match cost["fee_sat"].as_u64() {
                    Some(fee_sat) => format!("it costs {fee_sat} sat; give --fee-sat-max {fee_sat} to do it"),
                    None => format!("it can't be raised: {}", print::field(cost, "reason")),
                }
            })
        }
        Wallet::Raise { txid, speed, fee_sat_max: Some(fee_sat_max) } => post(
            format!("/wallet/raises/{}", super::segment(&txid)?),
            json!({ "speed": speed, "fee_sat_max": fee_sat_max }),
            |raised| format!("raised by {}", print::field(raised, "child")),
        ),
    };
    ask(&args.ask, request).await
}
