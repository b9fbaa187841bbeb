//! Accounts in a browser: cookies, forms of other sites and sessions, invites, and hostile input.

use super::*;
use crate::accounts::new_invite;
use crate::config::SignUp;
use axum::http::header::{COOKIE, SET_COOKIE};
use proptest::prelude::*;

const PASSPHRASE: &str = "low water at nine";

fn node(sign_up: SignUp) -> Node {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.publication.delay = false;
    config.accounts.sign_up = sign_up;
    Node { app: App::for_test(dir.path(), config), _dir: dir }
}

/// A browser with its one cookie.
struct Browser<'a> {
    node: &'a Node,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(node: &'a Node) -> Self {
        Self { node, cookie: None }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(COOKIE, format!("session={cookie}").parse().unwrap());
        }
        let answer = self.node.send(request).await;
        if let Some(set) = answer.headers.get(SET_COOKIE) {
            let (pair, flags) = set.to_str().unwrap().split_once("; ").unwrap();
            let secret = pair.strip_prefix("session=").unwrap();
            self.cookie = (!flags.contains("Max-Age=0")).then(|| secret.to_owned());
        }
        answer
    }

    async fn get(&mut self, uri: &str) -> Answer {
        let answer = self.send(Request::get(uri).body(Body::empty()).unwrap()).await;
        if answer.status == StatusCode::OK {
            assert_page_is_sound(uri, &answer.text);
        }
        answer
    }

    async fn post(&mut self, uri: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let request = Request::post(uri)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(HOST, "abc.onion")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(body.join("&").into()).unwrap()).await
    }

    /// Opens the form, and sends it with its token.
    async fn fill(&mut self, uri: &str, fields: &[(&str, &str)]) -> Answer {
        let token = token_of(&self.get(uri).await.text);
        let fields: Vec<_> =
            [("form_token", token.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.post(uri, &fields).await
    }

    async fn sign_up(&mut self, name: &str) -> Answer {
        let fields = [("name", name), ("passphrase", PASSPHRASE), ("repeat", PASSPHRASE)];
        self.post("/account/sign-up", &fields).await
    }

    async fn sign_in(&mut self, name: &str, passphrase: &str) -> Answer {
        self.post("/account/sign-in", &[("name", name), ("passphrase", passphrase)]).await
    }

    async fn is_signed_in(&mut self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }
}

fn token_of(html: &str) -> String {
    html.split("name=\"form_token\" value=\"").nth(1).expect("a token").split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_cookie_is_for_this_node_alone_and_readers_get_none() {
    let node = node(SignUp::Open);
    node.publish(json!({}));
    let mut mara = Browser::new(&node);
    for uri in [
        "/",
        "/search?q=low",
        "/submit",
        "/about",
        "/account/sign-in",
        "/account/sign-up",
        "/account",
        "/nowhere",
    ] {
        assert!(!mara.get(uri).await.headers.contains_key(SET_COOKIE), "{uri}");
    }
    assert!(
        !mara.sign_in("mara", PASSPHRASE).await.headers.contains_key(SET_COOKIE),
        "nor who fails to sign in"
    );
    let answer = mara.sign_up("Mara").await;
    assert_eq!(answer.location(), "/account");
    let set: Vec<_> =
        answer.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
    let secret = mara.cookie.clone().unwrap();
    assert_eq!(set, [format!("session={secret}; Path=/; HttpOnly; SameSite=Strict")]);
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));

    let account = mara.get("/account").await.text;
    assert!(account.contains("<bdi>Mara</bdi></a></li>"), "the name stands at the top");
    assert_eq!(attributes(&account, "data-standing"), ["open"]);
    assert!(!mara.get("/").await.headers.contains_key(SET_COOKIE));
    assert!(!Browser::new(&node).get("/").await.text.contains("Mara"));
    let out = mara.post("/account/sign-out", &[("form_token", &token_of(&account))]).await;
    assert_eq!(out.location(), "/");
    assert_eq!(out.headers[SET_COOKIE], "session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict");
    mara.cookie = Some(secret);
    assert!(!mara.is_signed_in().await, "the session is over, not just the cookie gone");
    assert_eq!(mara.get("/account").await.location(), "/account/sign-in");
}

#[tokio::test]
async fn every_session_begins_under_a_new_secret() {
    let node = node(SignUp::Open);
    let mut mara = Browser::new(&node);
    let planted = "a".repeat(64);
    mara.cookie = Some(planted.clone());
    mara.sign_up("mara").await;
    let first = mara.cookie.clone().unwrap();
    assert_ne!(first, planted);
    let mut thief = Browser { node: &node, cookie: Some(planted) };
    assert!(!thief.is_signed_in().await);
    assert_eq!(mara.sign_in("mara", PASSPHRASE).await.location(), "/account");
    assert_ne!(mara.cookie.as_ref(), Some(&first));
    thief.cookie = Some(first);
    assert!(!thief.is_signed_in().await, "the session before it has ended");
    // Another passphrase ends all sessions but the one that changed it.
    let mut other = Browser::new(&node);
    other.sign_in("mara", PASSPHRASE).await;
    let new = "ebb and flow at noon";
    let fields = [("old", PASSPHRASE), ("passphrase", new), ("repeat", new)];
    assert_eq!(mara.fill("/account/passphrase", &fields).await.location(), "/account");
    assert!(mara.is_signed_in().await && !other.is_signed_in().await);
    assert_eq!(other.sign_in("mara", PASSPHRASE).await.status, StatusCode::FORBIDDEN);
    assert_eq!(other.sign_in("mara", new).await.location(), "/account");
}

#[tokio::test]
async fn forms_of_other_sites_and_sessions_do_nothing() {
    let node = node(SignUp::Open);
    let (mut mara, mut nell) = (Browser::new(&node), Browser::new(&node));
    mara.sign_up("mara").await;
    nell.sign_up("nell").await;
    let foreign = token_of(&nell.get("/account/delete").await.text);
    let new = "ebb and flow at noon";
    for (uri, fields) in [
        ("/account/delete", vec![("passphrase", PASSPHRASE)]),
        ("/account/export", vec![("passphrase", PASSPHRASE)]),
        ("/account/passphrase", vec![("old", PASSPHRASE), ("passphrase", new), ("repeat", new)]),
        ("/account/sign-out", vec![]),
    ] {
        for token in [None, Some(foreign.as_str()), Some("")] {
            let fields: Vec<_> =
                fields.iter().copied().chain(token.map(|token| ("form_token", token))).collect();
            let answer = mara.post(uri, &fields).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{uri} {token:?}");
            assert!(!answer.text.contains("BEGIN AGE"));
            assert_page_is_sound(uri, &answer.text);
        }
    }
    assert!(mara.is_signed_in().await && nell.is_signed_in().await);
    let mut out = Browser::new(&node);
    assert_eq!(out.sign_in("mara", PASSPHRASE).await.location(), "/account");
    // A form that another site makes a browser send, without or with a browser that says so.
    for uri in
        ["/account/sign-in", "/account/sign-up", "/account/import", "/account/delete", "/account/sign-out"]
    {
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "http://other.example")] {
            let request = Request::post(uri)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(HOST, "abc.onion")
                .header(name, value);
            let body = format!("name=mara&passphrase={}", PASSPHRASE.replace(' ', "+"));
            let answer = Browser::new(&node).send(request.body(body.into()).unwrap()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{uri} {name}");
            assert!(!answer.headers.contains_key(SET_COOKIE));
        }
    }
}

#[tokio::test]
async fn wrong_passphrases_and_unknown_names_get_one_answer() {
    let node = node(SignUp::Open);
    let mut mara = Browser::new(&node);
    mara.sign_up("mara").await;
    let mut answers = Vec::new();
    for name in ["mara", "maru"] {
        let answer = Browser::new(&node).sign_in(name, "low water at ten").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(
            !answer.text.contains("low water at ten") && answer.text.contains(&format!("value=\"{name}\""))
        );
        assert_eq!(attributes(&answer.text, "data-problem"), ["account.wrong"]);
        answers.push(answer.text.replace(name, ""));
    }
    assert_eq!(answers[0], answers[1]);
    let wrong = [("passphrase", "low water at ten")];
    for uri in ["/account/delete", "/account/export"] {
        assert_eq!(mara.fill(uri, &wrong).await.status, StatusCode::FORBIDDEN, "{uri}");
    }
    assert!(mara.is_signed_in().await);
    for _ in 0..4 {
        Browser::new(&node).sign_in("maru", "low water at ten").await;
    }
    let answer = Browser::new(&node).sign_in("maru", "low water at ten").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_invite_opens_one_account_and_closed_is_closed() {
    let node = node(SignUp::Invite);
    let code = new_invite(&node.app, 30).unwrap().unwrap();
    assert!(!holds(&node, code.as_bytes()) && !holds(&node, code.replace('-', "").as_bytes()));
    let sign_up = async |name: &str, invite: &str| {
        let fields = [("name", name), ("passphrase", PASSPHRASE), ("repeat", PASSPHRASE), ("invite", invite)];
        Browser::new(&node).post("/account/sign-up", &fields).await
    };
    for wrong in ["", "abc", &"a".repeat(24), &"x".repeat(10_000)] {
        let answer = sign_up("mara", wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(attributes(&answer.text, "data-problem"), ["account.invite"]);
    }
    let typed = code.to_uppercase().replace('-', " ");
    assert_eq!(sign_up("mara", &typed).await.location(), "/account");
    assert_eq!(sign_up("nell", &code).await.status, StatusCode::BAD_REQUEST, "once");
    assert_eq!(node.app.store.account_count().unwrap(), 1);

    let closed = self::node(SignUp::Closed);
    let mut reader = Browser::new(&closed);
    assert!(!reader.get("/").await.text.contains("/account"), "there is nothing to sign in to");
    assert!(!reader.get("/account/sign-up").await.text.contains("action=\"/account"));
    assert_eq!(reader.sign_up("mara").await.status, StatusCode::FORBIDDEN);
    assert_eq!(closed.app.store.account_count().unwrap(), 0);
}

fn holds(node: &Node, bytes: &[u8]) -> bool {
    std::fs::read_dir(node._dir.path()).unwrap().map(|file| file.unwrap().path()).any(|path| {
        path.is_file() && std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn what_is_submitted_is_signed_by_whoever_is_signed_in() {
    let node = node(SignUp::Open);
    let mut mara = Browser::new(&node);
    mara.sign_up("mara").await;
    let author = attributes(&mara.get("/account").await.text, "data-account").remove(0);
    let magnet = |number: u8| format!("magnet:?xt=urn:btih:{}", HEXLOWER.encode(&[number; 20]));
    let (first, second, third) = (magnet(1), magnet(2), magnet(3));
    let fields = |magnet| {
        [
            ("magnet", magnet),
            ("mbid", GROUP),
            ("artist", "Nell Aster"),
            ("title", "Low Water"),
            ("confirm", "yes"),
        ]
    };
    let author_of = |answer: &Answer| {
        let id = answer.location().trim_start_matches("/submitted/").parse().unwrap();
        node.app.store.entry(&id).unwrap().unwrap().verify().unwrap().head().author().to_string()
    };
    assert_eq!(author_of(&mara.fill("/submit", &fields(&first)).await), author);
    assert!(mara.get("/submit").await.text.contains("with your key"));
    let own = node.app.signer.lock().unwrap().author().to_string();
    assert_eq!(author_of(&Browser::new(&node).post("/submit", &fields(&second)).await), own);
    // Without its token, and after its session has ended, a form is signed by nobody.
    let token = token_of(&mara.get("/submit").await.text);
    let answer = mara.post("/submit", &fields(&third)).await;
    assert_eq!(
        attributes(&answer.text, "value").iter().filter(|value| **value == token).count(),
        1,
        "{}",
        answer.text
    );
    assert!(answer.text.contains(&third), "what was typed stays");
    mara.cookie = None;
    let late: Vec<_> = [("form_token", token.as_str())].into_iter().chain(fields(&third)).collect();
    let answer = mara.post("/submit", &late).await;
    assert!(answer.text.contains("not signed in any more") && answer.text.contains(&third));
    assert_eq!(node.app.store.scope_state(deadwax_index::entry::Scope::Main).unwrap().count, 2);
}

#[tokio::test]
async fn a_key_is_exported_imported_elsewhere_and_deleted() {
    let (here, there) = (node(SignUp::Open), node(SignUp::Open));
    let (mut mara, mut moved) = (Browser::new(&here), Browser::new(&there));
    mara.sign_up("mara").await;
    let author = attributes(&mara.get("/account").await.text, "data-account");
    let page = mara.fill("/account/export", &[("passphrase", PASSPHRASE)]).await.text;
    assert_page_is_sound("/account/export", &page);
    let start = page.find("-----BEGIN AGE").unwrap();
    let text = &page[start..page.find("</pre>").unwrap()].replace("&#43;", "+");
    let fields = [("name", "Nell"), ("key", text), ("passphrase", PASSPHRASE)];
    let wrong = [fields[0], fields[1], ("passphrase", "low water at ten")];
    let refused = moved.post("/account/import", &wrong).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("BEGIN AGE"), "the text stays in the form");
    assert_eq!(moved.post("/account/import", &fields).await.location(), "/account");
    assert_eq!(attributes(&moved.get("/account").await.text, "data-account"), author);
    assert_eq!(mara.fill("/account/delete", &[("passphrase", PASSPHRASE)]).await.location(), "/");
    assert!(mara.cookie.is_none());
    assert_eq!(mara.sign_in("mara", PASSPHRASE).await.status, StatusCode::FORBIDDEN);
    assert!(!holds(&here, b"mara"), "nothing of it is on the disk");
}

#[tokio::test]
async fn forms_that_are_no_forms_are_refused() {
    let node = node(SignUp::Open);
    let long = "a".repeat(300 * 1024);
    for uri in
        ["/account/sign-in", "/account/sign-up", "/account/import", "/account/export", "/account/sign-out"]
    {
        for (content_type, body) in [
            ("application/x-www-form-urlencoded", long.as_str()),
            ("application/x-www-form-urlencoded", "name=%ff%fe&passphrase=%00"),
            ("application/x-www-form-urlencoded", "&&&===&name&name=1&name=2"),
            ("application/json", "{}"),
            ("text/plain", "name=mara"),
        ] {
            let request =
                Request::post(uri).header(CONTENT_TYPE, content_type).body(body.to_owned().into()).unwrap();
            let answer = Browser::new(&node).send(request).await;
            assert!(answer.status.as_u16() < 500, "{uri} {content_type} {}", answer.status);
        }
        assert_eq!(
            Browser::new(&node).send(Request::delete(uri).body(Body::empty()).unwrap()).await.status,
            405
        );
    }
}

/// Names that break something elsewhere, and any others.
fn hostile() -> impl Strategy<Value = String> {
    let zalgo = "(e\u{301}\u{302}\u{323}\u{34f}){1,40}";
    prop_oneof![
        any::<String>(),
        "\\PC{0,64}",
        zalgo,
        "[\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}-\u{200f}a-z]{1,40}",
        Just("x".repeat(10_000)),
        Just("\u{1f4bf}".repeat(5_000)),
        Just("<script>alert(1)</script>".to_owned()),
        Just("\"><img src=x onerror=y>".to_owned()),
        Just("mara\0".to_owned()),
        Just("' OR 1=1 --".to_owned()),
        Just("../../node.identity".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn hostile_names_never_break_a_page(name in hostile(), passphrase in hostile(), token in hostile()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let node = node(SignUp::Open);
            let mut browser = Browser::new(&node);
            for uri in ["/account/sign-in", "/account/sign-up", "/account/import"] {
                let fields = [
                    ("name", name.as_str()), ("passphrase", &passphrase), ("repeat", &passphrase),
                    ("key", &name), ("invite", &token), ("form_token", &token), (&token, &name),
                ];
                let answer = browser.post(uri, &fields).await;
                assert!(answer.status.as_u16() < 500, "{uri} {}", answer.status);
                if answer.status != StatusCode::SEE_OTHER {
                    assert_page_is_sound(uri, &answer.text);
                    assert!(!answer.text.contains("<img"));
                }
            }
            if browser.cookie.is_some() {
                let page = browser.get("/account").await;
                assert_eq!(page.status, StatusCode::OK);
                for uri in ["/account/delete", "/account/export", "/account/passphrase", "/account/sign-out"] {
                    let fields = [("form_token", token.as_str()), ("passphrase", &passphrase), ("old", &name)];
                    assert_eq!(browser.post(uri, &fields).await.status, StatusCode::FORBIDDEN, "{uri}");
                }
            }
        });
    }
}
