//! Who sent a request, if they are signed in: a cookie that leads to a session. Readers get none.
//!
//! A page asks for the visitor where it needs one, however deep in its making, so that no handler of a page
//! for readers has to pass it on. Not here: the sessions ([`crate::accounts::sessions`]).

use crate::accounts::sessions::{Secret, Session};
use crate::app::{SharedApp, uptime_secs};
use crate::serve::Caller;
use axum::extract::{Request, State};
use axum::http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use axum::middleware::Next;
use axum::response::Response;
use deadwax_index::Problem;
use std::collections::HashMap;
use std::sync::Arc;

/// Name of the cookie.
const COOKIE_NAME: &str = "session";
/// Not for scripts, and never sent along by another site. Without `Secure`, because onion services and I2P are
/// plain HTTP inside their own encryption; without a date, so that it ends with the browser.
const COOKIE_FLAGS: &str = "Path=/; HttpOnly; SameSite=Strict";
/// Field of every form of somebody who is signed in.
pub const TOKEN_FIELD: &str = "form_token";

/// Who sent a request.
#[derive(Clone, Default)]
pub struct Visitor {
    /// Their session, if they are signed in.
    pub session: Option<Arc<Session>>,
    /// Where they called from.
    pub caller: Caller,
    /// Whether this node has accounts to offer.
    pub is_offered: bool,
}

tokio::task_local! {
    static VISITOR: Visitor;
}

/// Who sent the request that is being answered.
pub fn current() -> Visitor {
    VISITOR.try_with(Clone::clone).unwrap_or_default()
}

/// Runs `work` for a visitor, on a thread that does not know them yet.
pub fn within<T>(visitor: Visitor, work: impl FnOnce() -> T) -> T {
    VISITOR.sync_scope(visitor, work)
}

/// Finds the session of each request's cookie. It has to have begun where the request comes from: in I2P another site
/// can set cookies for this one, and would sign a visitor in as somebody else.
pub async fn recognise(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let secret = cookie(request.headers());
    let caller = request.extensions().get().copied().unwrap_or_default();
    let session = secret.and_then(|secret| app.accounts.sessions.find(secret, caller, uptime_secs()));
    let is_offered = app.accounts.are_offered(app.config.accounts.sign_up);
    VISITOR.scope(Visitor { session, caller, is_offered }, next.run(request)).await
}

/// Gives the browser a session's secret, in place of any that it had.
pub fn give(response: &mut Response, secret: &Secret) {
    set(response, &format!("{COOKIE_NAME}={}; {COOKIE_FLAGS}", secret.as_str()));
}

/// Takes the secret back.
pub fn take_back(response: &mut Response) {
    set(response, &format!("{COOKIE_NAME}=; Max-Age=0; {COOKIE_FLAGS}"));
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, value);
    }
}

/// The secret, if there is one alone: of two, one is not from here, and which is not known.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut secrets =
        pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().strip_prefix("session="));
    secrets.next().filter(|_| secrets.next().is_none())
}

/// Takes the token out of a form and says for whom the form is: the account that is signed in, or the node.
///
/// # Errors
/// A form of another session, or of one that has ended: nobody else may sign what was meant for it.
pub fn signer_of(form: &mut HashMap<String, String>) -> Result<Option<Arc<Session>>, Problem> {
    let problem =
        |message: &str, fix| Err(Problem { code: "form.token", field: "", message: message.into(), fix });
    match (current().session, form.remove(TOKEN_FIELD)) {
        (None, None) => Ok(None),
        (Some(session), Some(token)) if session.is_token(&token) => Ok(Some(session)),
        (None, Some(_)) => problem(
            "You are not signed in any more, so nothing was done.",
            "Sign in in another tab, open the form there, and send it again; or send this one again to go on without an account.",
        ),
        (Some(_), _) => problem(
            "This form was opened before you signed in, or in another session, so nothing was done.",
            "Send it again as it is shown here.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        for (value, found) in [
            ("session=abc", Some("abc")),
            ("theme=dark; session=abc; x=y", Some("abc")),
            ("session=abc; session=def", None),
            ("xsession=abc", None),
            ("session", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, value.parse().unwrap());
            assert_eq!(cookie(&headers), found, "{value}");
        }
    }
}
