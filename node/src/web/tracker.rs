//! The BitTorrent tracker: announces over I2P, where the network itself says who calls.

use crate::app::{SharedApp, uptime_secs};
use crate::serve::Caller;
use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// `GET /announce`: always status 200 and bencode. i2psnark never comes back after anything else.
pub async fn announce(
    State(app): State<SharedApp>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Response {
    let reply = match caller {
        Caller::I2p(member) => {
            app.tracker.announce(query.as_deref().unwrap_or_default(), member, uptime_secs())
        }
        Caller::Anonymous => b"d14:failure reason44:announces are answered only inside I2P, heree".to_vec(),
    };
    ([(CONTENT_TYPE, "text/plain")], reply).into_response()
}
