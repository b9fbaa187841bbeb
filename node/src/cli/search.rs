//! `deadwax search`: asks the running node, or reads its files where none runs.

use super::Context;
use super::client::Client;
use super::output::Failure;
use crate::run;
use crate::web::api::run_search;
use crate::web::search_query::{DEFAULT_LIMIT, SearchQuery};
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

#[derive(Debug, Args)]
pub struct Search {
    /// Words, "phrases", -exclusions, filters like format:flac; or an identifier, like an MBID
    #[arg(required = true)]
    query: Vec<String>,
    /// How many release groups to show, 1 to 100
    #[arg(long, default_value_t = DEFAULT_LIMIT)]
    limit: usize,
}

impl Search {
    pub fn run(self, context: &Context) -> Result<(), Failure> {
        let query = self.query.join(" ");
        let answer = match Client::connect(context, "web.sock") {
            Ok(mut client) => {
                let q = utf8_percent_encode(&query, NON_ALPHANUMERIC);
                client.get(&format!("/api/v1/search?q={q}&limit={}", self.limit))?
            }
            Err(no_node) if no_node.is_no_node() => {
                let app = run::open_for_reading(context.config()?, &context.data_dir);
                let app =
                    app.map_err(|error| error.problem(&context.data_dir).map_or(no_node, Failure::refused))?;
                let query = SearchQuery { q: query, limit: Some(self.limit), ..SearchQuery::default() };
                let answer = run_search(&app, &query).map_err(|error| Failure::refused(error.parts().1))?;
                serde_json::to_value(answer).expect("answers always serialise")
            }
            Err(error) => return Err(error),
        };
        context.out.print(&answer, text);
        Ok(())
    }
}

fn text(answer: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut out = String::new();
    for group in answer["groups"].as_array().into_iter().flatten() {
        let year = group["year"].as_u64().map_or(String::new(), |year| format!(" ({year})"));
        out += &format!(
            "{} - {}{year}  {}\n",
            word(&group["artist"]),
            word(&group["title"]),
            word(&group["mbid"])
        );
        for link in group["links"].as_array().into_iter().flatten() {
            let format = ["format", "encoding", "media"].map(|field| link[field].as_str());
            let format = format.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            let seeders =
                link["seeders"].as_u64().map_or("no seeders announced".into(), |n| format!("{n} seeders"));
            let magnet =
                link["magnet"].as_str().unwrap_or("no magnet: this node knows no I2P tracker for it");
            out += &format!("    {format}  {seeders}\n    {magnet}\n");
        }
    }
    out + &format!(
        "{} release groups in {:.1} ms\n",
        answer["total"],
        answer["took_ms"].as_f64().unwrap_or(0.0)
    )
}
