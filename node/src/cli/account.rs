//! `deadwax account`: what an operator does with the accounts of a running node.

use super::Context;
use super::client::Client;
use super::output::Failure;
use clap::Subcommand;
use serde_json::{Value, json};

/// Longer than a year, and nobody remembers that it is out there.
const MAX_DAYS: i64 = 366;

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Print a code that opens one account
    Invite {
        /// How long it is good for
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=MAX_DAYS))]
        days: u32,
    },
    /// Print names and keys of all accounts
    List,
    /// Delete an account with its key; what it published stays
    Delete {
        /// Name of the account
        name: String,
    },
}

impl Account {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let mut node = Client::connect(context, "admin.sock")?;
        let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
        match self {
            Self::Invite { days } => {
                let invite = node.post("/admin/v1/accounts/invite", &json!({ "days": days }))?;
                context.out.print(&invite, |invite| {
                    format!(
                        "{}\nopens one account within {days} days, at /account/sign-up\n",
                        text(invite, "invite")
                    )
                });
            }
            Self::List => {
                let all = node.get("/admin/v1/accounts")?;
                context.out.print(&all, |all| {
                    let line =
                        |account: &Value| format!("{}  {}\n", text(account, "key"), text(account, "name"));
                    all.as_array().into_iter().flatten().map(line).collect()
                });
            }
            Self::Delete { name } => {
                let gone = node.post("/admin/v1/accounts/delete", &json!({ "name": name }))?;
                context.out.print(&gone, |gone| {
                    format!("deleted {}, with its key {}\n", text(gone, "name"), text(gone, "key"))
                });
            }
        }
        Ok(())
    }
}
