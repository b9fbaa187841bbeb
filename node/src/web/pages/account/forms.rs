//! The forms of accounts: their fields, and how they look with what was typed. Passphrases are never shown again.

use super::{Frame, Pairs, page};
use crate::app::App;
use crate::config::SignUp;
use crate::web::visitor;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use deadwax_index::Problem;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For whoever has an account.
    SignIn,
    /// A new key.
    SignUp,
    /// A key from elsewhere.
    Import,
    /// Another passphrase.
    Passphrase,
    /// The key as a text.
    Export,
    /// The end.
    Delete,
}

/// How a field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Passphrase,
    Long,
}

struct FieldSpec {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    sort: Sort,
    /// What password managers take it for.
    autocomplete: &'static str,
}

struct Field<'a> {
    spec: &'static FieldSpec,
    value: &'a str,
    problem: Option<&'a Problem>,
}

impl Field<'_> {
    fn described_by(&self) -> String {
        let name = self.spec.name;
        match (self.problem.is_some(), self.spec.hint.is_empty()) {
            (false, true) => String::new(),
            (false, false) => format!("{name}-hint"),
            (true, true) => format!("{name}-error"),
            (true, false) => format!("{name}-error {name}-hint"),
        }
    }

    fn is_passphrase(&self) -> bool {
        self.spec.sort == Sort::Passphrase
    }

    fn is_long(&self) -> bool {
        self.spec.sort == Sort::Long
    }
}

const NAME: FieldSpec =
    FieldSpec { name: "name", label: "Name", hint: "", sort: Sort::Text, autocomplete: "username" };
const NEW_NAME: FieldSpec = FieldSpec {
    hint: "For signing in here; it is not published. Letters and digits of any script, with - _ or . between them.",
    ..NAME
};
const PASSPHRASE: FieldSpec = FieldSpec {
    name: "passphrase",
    label: "Passphrase",
    hint: "",
    sort: Sort::Passphrase,
    autocomplete: "current-password",
};
const NEW_PASSPHRASE: FieldSpec = FieldSpec {
    hint: "At least 12 characters; best five or six words that nobody else would choose. Nobody can reset it.",
    autocomplete: "new-password",
    ..PASSPHRASE
};
const REPEAT: FieldSpec =
    FieldSpec { name: "repeat", label: "Passphrase once more", autocomplete: "new-password", ..PASSPHRASE };
const OLD: FieldSpec = FieldSpec { name: "old", label: "Passphrase until now", ..PASSPHRASE };
const INVITE: FieldSpec = FieldSpec {
    name: "invite",
    label: "Invite",
    hint: "A code from whoever runs this node. Each opens one account.",
    sort: Sort::Text,
    autocomplete: "off",
};
const KEY: FieldSpec = FieldSpec {
    name: "key",
    label: "Key",
    hint: "The whole text of an exported key, from its BEGIN line to its END line.",
    sort: Sort::Long,
    autocomplete: "off",
};
const IMPORTED_PASSPHRASE: FieldSpec = FieldSpec {
    hint: "The one that the key was exported with. It opens the account here, too.",
    ..PASSPHRASE
};

const CAN_READ: &str = "This node keeps your key, encrypted under your passphrase. While you are signed in it holds the open key in its memory, and a dishonest node could read it and sign in your name. If you do not trust whoever runs this node that far, keep a key of your own on your machine.";

const SIGN_IN: [FieldSpec; 2] = [NAME, PASSPHRASE];
const SIGN_UP: [FieldSpec; 4] = [NEW_NAME, NEW_PASSPHRASE, REPEAT, INVITE];
const IMPORT: [FieldSpec; 4] = [NEW_NAME, KEY, IMPORTED_PASSPHRASE, INVITE];
const CHANGE: [FieldSpec; 3] = [OLD, NEW_PASSPHRASE, REPEAT];
const CONFIRM: [FieldSpec; 1] = [PASSPHRASE];

impl Form {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::SignIn, Self::SignUp, Self::Import, Self::Passphrase, Self::Export, Self::Delete];

    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::SignIn => super::SIGN_IN,
            Self::SignUp => "/account/sign-up",
            Self::Import => "/account/import",
            Self::Passphrase => "/account/passphrase",
            Self::Export => "/account/export",
            Self::Delete => "/account/delete",
        }
    }

    /// Whether it is for somebody who is signed in; the others are for those who are not.
    pub fn is_for_owner(self) -> bool {
        matches!(self, Self::Passphrase | Self::Export | Self::Delete)
    }

    fn opens_account(self) -> bool {
        matches!(self, Self::SignUp | Self::Import)
    }

    fn heading(self) -> &'static str {
        match self {
            Self::SignIn => "Sign in",
            Self::SignUp => "Open an account",
            Self::Import => "Bring your key here",
            Self::Passphrase => "Change your passphrase",
            Self::Export => "Take your key with you",
            Self::Delete => "Delete your account",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::SignIn => "Sign in",
            Self::SignUp => "Open the account",
            Self::Import => "Open the account with this key",
            Self::Passphrase => "Change the passphrase",
            Self::Export => "Show the encrypted key",
            Self::Delete => "Delete the account for good",
        }
    }

    fn lede(self) -> &'static str {
        match self {
            Self::SignIn => "While you are signed in, what you submit is signed with your own key.",
            Self::SignUp => {
                "An account is a key that signs what you submit, so that it counts as yours. Reading needs none, and neither does submitting."
            }
            Self::Import => {
                "An account for a key that you have: exported from another node, or from the command line."
            }
            Self::Passphrase => {
                "Every other session of this account ends. Keys that you exported keep the passphrase that they had."
            }
            Self::Export => {
                "You get your key as a text, encrypted under your passphrase in the format of age. Another node takes it, and so do deadwax identity import and age."
            }
            Self::Delete => {
                "The key is deleted from this node, and nobody can bring it back. What you published stays, and cannot be taken back without the key: export it first."
            }
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::SignUp | Self::Import => CAN_READ,
            Self::SignIn => {
                "One cookie is set until you sign out, close the browser, or leave this node alone for two hours."
            }
            Self::Export => {
                "Use the key in one place at a time. Two places that do not know of each other may use one number twice, and then one of the two entries is lost."
            }
            Self::Passphrase | Self::Delete => "",
        }
    }

    fn fields(self) -> &'static [FieldSpec] {
        match self {
            Self::SignIn => &SIGN_IN,
            Self::SignUp => &SIGN_UP,
            Self::Import => &IMPORT,
            Self::Passphrase => &CHANGE,
            Self::Export | Self::Delete => &CONFIRM,
        }
    }

    /// Where else to go.
    fn elsewhere(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::SignIn => {
                &[("/account/sign-up", "Open an account"), ("/account/import", "Bring a key here")]
            }
            Self::SignUp => &[(super::SIGN_IN, "Sign in"), ("/account/import", "Bring a key here")],
            Self::Import => {
                &[(super::SIGN_IN, "Sign in"), ("/account/sign-up", "Open an account with a new key")]
            }
            Self::Delete => {
                &[("/account/export", "Export the key"), (super::ACCOUNT, "Back to your account")]
            }
            Self::Passphrase | Self::Export => &[(super::ACCOUNT, "Back to your account")],
        }
    }
}

#[derive(Template)]
#[template(path = "account_form.html")]
struct FormPage<'a> {
    frame: Frame,
    form: Form,
    fields: Vec<Field<'a>>,
    problem: Option<&'a Problem>,
    /// The field at fault.
    faulty: Option<&'static str>,
    /// Of the session, in forms for owners.
    form_token: Option<String>,
    is_closed: bool,
}

/// A form with what was typed, and with what is wrong about it.
pub fn page_of(
    app: &App,
    form: Form,
    status: StatusCode,
    typed: &Pairs,
    problem: Option<&Problem>,
) -> Response {
    let sign_up = app.config.accounts.sign_up;
    let is_asked = |spec: &&FieldSpec| spec.name != INVITE.name || sign_up == SignUp::Invite;
    let specs: Vec<&'static FieldSpec> = form.fields().iter().filter(is_asked).collect();
    let at_fault = |problem: &Problem| specs.iter().map(|spec| spec.name).find(|name| *name == problem.field);
    let faulty = problem.and_then(at_fault);
    let fields = specs.iter().map(|spec| Field {
        spec,
        value: match spec.sort {
            Sort::Passphrase => "",
            Sort::Text | Sort::Long => typed.get(spec.name).map_or("", String::as_str),
        },
        problem: problem.filter(|_| faulty == Some(spec.name)),
    });
    let heading = form.heading();
    let title = if problem.is_some() { format!("Error: {heading}") } else { heading.to_owned() };
    let session = visitor::current().session.filter(|_| form.is_for_owner());
    let form_page = FormPage {
        frame: Frame::new(app, super::ACCOUNT, &title),
        fields: fields.collect(),
        problem,
        faulty,
        form_token: session.map(|session| session.form_token().to_owned()),
        is_closed: form.opens_account() && sign_up == SignUp::Closed,
        form,
    };
    page(status, &form_page)
}
