//! Accounts: signing up, in and out, the state of one's own account, and what its owner does with the key.
//!
//! Each form is a [`Form`]; what it does is in [`crate::accounts`]. Not here: cookies and form tokens
//! ([`crate::web::visitor`]).

mod forms;
mod state;

use super::origin::SameOrigin;
use super::{Frame, page};
use crate::accounts::{self, AccountError, Opening, SignedIn};
use crate::app::{App, SharedApp, blocking};
use crate::web::error::{PageError, WebError};
use crate::web::visitor;
use askama::Template;
use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form as FormData, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use deadwax_index::Problem;
use forms::Form;
use std::collections::HashMap;
use zeroize::Zeroizing;

type Pairs = HashMap<String, String>;
type Sent = Result<FormData<Pairs>, FormRejection>;

const ACCOUNT: &str = "/account";
const SIGN_IN: &str = "/account/sign-in";

/// The routes of accounts.
pub fn routes() -> Router<SharedApp> {
    let form = |form: Form| {
        get(move |State(app): State<SharedApp>| async move { show(&app, form) }).post(
            move |origin: SameOrigin, State(app): State<SharedApp>, sent: Sent| async move {
                send(origin, app, form, sent).await
            },
        )
    };
    Form::ALL
        .into_iter()
        .fold(Router::new(), |router, which| router.route(which.path(), form(which)))
        .route(ACCOUNT, get(state::state))
        .route("/account/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "account_key.html")]
struct KeyPage {
    frame: Frame,
    text: String,
}

/// `GET` of a form.
fn show(app: &App, form: Form) -> Response {
    let is_signed_in = visitor::current().session.is_some();
    if is_signed_in != form.is_for_owner() {
        return Redirect::to(if is_signed_in { ACCOUNT } else { SIGN_IN }).into_response();
    }
    forms::page_of(app, form, StatusCode::OK, &Pairs::new(), None)
}

/// `POST` of a form.
async fn send(_: SameOrigin, app: SharedApp, form: Form, sent: Sent) -> Response {
    let FormData(mut pairs) = match sent {
        Ok(sent) => sent,
        Err(error) => return PageError(unreadable(&error)).into_response(),
    };
    // Whoever signs in has no session that could have given out a token, and any earlier one ends.
    let session = match form.is_for_owner() {
        false => {
            pairs.remove(visitor::TOKEN_FIELD);
            visitor::current().session
        }
        true => match visitor::signer_of(&mut pairs) {
            Ok(Some(session)) => Some(session),
            Ok(None) => return Redirect::to(SIGN_IN).into_response(),
            Err(problem) => {
                let form = if visitor::current().session.is_some() { form } else { Form::SignIn };
                return forms::page_of(&app, form, StatusCode::FORBIDDEN, &pairs, Some(&problem));
            }
        },
    };
    let Some(turn) = app.accounts.derivations.turn().await else {
        let (status, problem) = WebError::Busy.parts();
        return forms::page_of(&app, form, status, &pairs, Some(&problem));
    };
    blocking(&app, move |app| {
        let _turn = turn;
        let mut secret = |name: &str| Zeroizing::new(pairs.remove(name).unwrap_or_default());
        let (passphrase, repeat, old) = (secret("passphrase"), secret("repeat"), secret("old"));
        let text = |name: &str| pairs.get(name).map_or("", String::as_str);
        let opening =
            Opening { name: text("name"), passphrase: &passphrase, repeat: &repeat, invite: text("invite") };
        let done = match (form, &session) {
            (Form::SignIn, _) => accounts::sign_in(app, opening.name, &passphrase).map(Done::SignedIn),
            (Form::SignUp, _) => accounts::sign_up(app, &opening).map(Done::SignedIn),
            (Form::Import, _) => accounts::import(app, text("key"), &opening).map(Done::SignedIn),
            (Form::Passphrase, Some(session)) => {
                accounts::change_passphrase(app, session, &old, &passphrase, &repeat).map(Done::SignedIn)
            }
            (Form::Export, Some(session)) => accounts::export(app, session, &passphrase).map(Done::Text),
            (Form::Delete, Some(session)) => {
                accounts::delete(app, session, &passphrase).map(|()| Done::Deleted)
            }
            (Form::Passphrase | Form::Export | Form::Delete, None) => Err(AccountError::Wrong),
        };
        match done {
            Ok(Done::SignedIn(signed_in)) => {
                if let Some(earlier) = session {
                    app.accounts.sessions.end(&earlier);
                }
                enter(&signed_in)
            }
            Ok(Done::Text(text)) => {
                page(StatusCode::OK, &KeyPage { frame: Frame::new(app, ACCOUNT, "Your key"), text })
            }
            Ok(Done::Deleted) => leave(),
            Err(error) => {
                let (status, problem) = parts(error, form);
                forms::page_of(app, form, status, &pairs, Some(&problem))
            }
        }
    })
    .await
}

/// What a form came to.
enum Done {
    SignedIn(SignedIn),
    Text(String),
    Deleted,
}

/// `POST /account/sign-out`.
async fn sign_out(_: SameOrigin, State(app): State<SharedApp>, sent: Sent) -> Result<Response, PageError> {
    let FormData(mut pairs) = sent.map_err(|error| unreadable(&error))?;
    match visitor::signer_of(&mut pairs) {
        Ok(session) => {
            session.iter().for_each(|session| app.accounts.sessions.end(session));
            Ok(leave())
        }
        // Out is where they wanted to be.
        Err(_) if visitor::current().session.is_none() => Ok(leave()),
        Err(problem) => Ok(super::error_page(StatusCode::FORBIDDEN, &problem)),
    }
}

fn enter(signed_in: &SignedIn) -> Response {
    let mut response = Redirect::to(ACCOUNT).into_response();
    visitor::give(&mut response, &signed_in.secret);
    response
}

fn leave() -> Response {
    let mut response = Redirect::to("/").into_response();
    visitor::take_back(&mut response);
    response
}

fn unreadable(error: &FormRejection) -> WebError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return WebError::TooLarge;
    }
    WebError::Bad(Problem {
        code: "form",
        field: "",
        message: error.body_text(),
        fix: "Open the form again and send it from there.",
    })
}

fn parts(error: AccountError, form: Form) -> (StatusCode, Problem) {
    match error {
        AccountError::Problem(problem) => WebError::Bad(problem).parts(),
        AccountError::Wrong => {
            let message = match form.is_for_owner() {
                true => "The passphrase is wrong.",
                false => "The name or the passphrase is wrong.",
            };
            let field = if form == Form::Passphrase { "old" } else { "passphrase" };
            let fix = "Type it again. Nobody can reset a passphrase, because only it opens the key.";
            (StatusCode::FORBIDDEN, Problem { code: "account.wrong", field, message: message.into(), fix })
        }
        AccountError::TooOften(wait_secs) => {
            (StatusCode::TOO_MANY_REQUESTS, accounts::limits::too_often(wait_secs))
        }
        AccountError::Closed => {
            let message = "Nobody can open an account on this node.".into();
            let fix = "Submit without one, or open one on another node.";
            (StatusCode::FORBIDDEN, Problem { code: "account.closed", field: "", message, fix })
        }
        AccountError::Store(error) => WebError::from(error).parts(),
        AccountError::Submit(error) => WebError::from(error).parts(),
        AccountError::Seal(error) => WebError::internal(error).parts(),
        AccountError::Random(error) => WebError::internal(error).parts(),
    }
}
