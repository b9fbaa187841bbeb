//! A real browser, the system's chromium, without JavaScript: what a reader with Tor Browser sees.
//!
//! `tests/python/browser.py` drives it; this is what it can do, with types and deadlines. All of it
//! blocks.

#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{namespace, python::PythonProgram};

/// Chromium starts in two seconds, but not on two cores that run everything else, too.
const START_TIMEOUT: Duration = Duration::from_secs(90);

/// For commands that wait for no network; the driver's own limits are far below.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// A browser with one page. Dropping it closes it.
pub struct Browser {
    program: PythonProgram,
}

/// How to take a screenshot.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    /// Of the window, in pixels.
    pub width: u32,
    /// Of the window, in pixels.
    pub height: u32,
    /// The whole page, however long, instead of what the window shows.
    pub full_page: bool,
    /// As a reader who prefers dark pages.
    pub dark: bool,
}

impl Shot {
    /// The whole page in a window of this width, light.
    pub fn of_width(width: u32) -> Self {
        Self { width, height: 800, full_page: true, dark: false }
    }
}

impl Browser {
    /// Starts a browser that sends everything through a SOCKS 5 proxy on 127.0.0.1, which resolves
    /// all names; without one it can open nothing but 127.0.0.1. Fails outside a loopback-only
    /// namespace.
    pub fn start(socks: Option<SocketAddr>) -> anyhow::Result<Self> {
        namespace::assert_loopback_only()?;
        let mut arguments = Vec::new();
        if let Some(socks) = socks {
            ensure!(socks.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST), "the proxy has to be on 127.0.0.1");
            arguments = vec!["--socks".to_owned(), socks.port().to_string()];
        }
        let mut browser = Self { program: PythonProgram::start("browser.py", arguments)? };
        let _version: String = browser.reply(START_TIMEOUT)?;
        Ok(browser)
    }

    /// Opens a page and waits until it is loaded. Returns its HTTP status, after redirects.
    pub fn open(&mut self, url: &str, timeout: Duration) -> anyhow::Result<u16> {
        self.navigate(json!({"do": "open", "url": url}), timeout)
    }

    /// Clicks a link and waits for the page. Returns its status.
    pub fn follow(&mut self, selector: &str, timeout: Duration) -> anyhow::Result<u16> {
        self.navigate(json!({"do": "follow", "selector": selector}), timeout)
    }

    /// Sends a form, named by itself or by one of its buttons, and waits for the page that answers.
    /// Returns its status, after redirects.
    pub fn submit(&mut self, selector: &str, timeout: Duration) -> anyhow::Result<u16> {
        self.navigate(json!({"do": "submit", "selector": selector}), timeout)
    }

    /// Clicks something that leads to no other page.
    pub fn click(&mut self, selector: &str) -> anyhow::Result<()> {
        self.ask(json!({"do": "click", "selector": selector}))
    }

    /// Fills fields below `within` (a form, say) by their names: texts, selects (value or label),
    /// checkboxes (`on` or nothing), radio buttons (the value to choose).
    pub fn fill(&mut self, within: &str, fields: &[(&str, &str)]) -> anyhow::Result<()> {
        let fields: Map<String, Value> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        self.ask(json!({"do": "fill", "within": within, "fields": fields}))
    }

    /// What a reader sees of the one element; fails if there is none or more than one.
    pub fn text(&mut self, selector: &str) -> anyhow::Result<String> {
        self.ask(json!({"do": "text", "selector": selector}))
    }

    /// What a reader sees of each element; nothing if there is none.
    pub fn all_texts(&mut self, selector: &str) -> anyhow::Result<Vec<String>> {
        self.ask(json!({"do": "all_texts", "selector": selector}))
    }

    /// An attribute of the one element, `None` if it lacks it; fails if there is no element or more
    /// than one.
    pub fn attribute(&mut self, selector: &str, name: &str) -> anyhow::Result<Option<String>> {
        self.ask(json!({"do": "attribute", "selector": selector, "name": name}))
    }

    /// An attribute of each element that has it.
    pub fn all_attributes(&mut self, selector: &str, name: &str) -> anyhow::Result<Vec<String>> {
        self.ask(json!({"do": "all_attributes", "selector": selector, "name": name}))
    }

    /// The page as the browser understood it.
    pub fn html(&mut self) -> anyhow::Result<String> {
        self.ask(json!({"do": "html"}))
    }

    /// Where we are, after redirects.
    pub fn url(&mut self) -> anyhow::Result<String> {
        self.ask(json!({"do": "url"}))
    }

    /// Names and values in the head of the page's answer, as and in the order they were sent.
    pub fn headers(&mut self) -> anyhow::Result<Vec<(String, String)>> {
        self.ask(json!({"do": "headers"}))
    }

    /// All URLs that were requested since the last [`Browser::open`], icons and what pages embed too.
    pub fn requests(&mut self) -> anyhow::Result<Vec<String>> {
        self.ask(json!({"do": "requests"}))
    }

    /// Writes a PNG of the page.
    pub fn screenshot(&mut self, path: &Path, shot: Shot) -> anyhow::Result<()> {
        let Shot { width, height, full_page, dark } = shot;
        let path = path.to_str().context("a path in UTF-8")?;
        self.ask(json!({
            "do": "screenshot", "path": path, "width": width, "height": height,
            "full_page": full_page, "dark": dark,
        }))
    }

    /// How wide the page is in a window of this width, both in pixels; more than the window if it has
    /// to be scrolled sideways.
    pub fn scroll_width(&mut self, width: u32) -> anyhow::Result<u32> {
        self.ask(json!({"do": "scroll_width", "width": width}))
    }

    /// Fails unless a script does not run where our pages are, and the same one does where it may.
    pub fn prove_javascript_off(&mut self) -> anyhow::Result<()> {
        let (off_here, on_there): (bool, bool) = self.ask(json!({"do": "prove_javascript_off"}))?;
        ensure!(off_here, "JavaScript is on");
        ensure!(on_there, "the control page's script does not run where it may: it proves nothing");
        Ok(())
    }

    fn navigate(&mut self, mut command: Value, timeout: Duration) -> anyhow::Result<u16> {
        command["timeout"] = timeout.as_secs_f64().into();
        self.program.send(&command)?;
        let status: Option<u16> =
            self.reply(timeout + COMMAND_TIMEOUT).with_context(|| command.to_string())?;
        status.with_context(|| format!("{command}: the page came without an HTTP status"))
    }

    fn ask<T: DeserializeOwned>(&mut self, command: Value) -> anyhow::Result<T> {
        self.program.send(&command)?;
        self.reply(COMMAND_TIMEOUT).with_context(|| command.to_string())
    }

    fn reply<T: DeserializeOwned>(&mut self, timeout: Duration) -> anyhow::Result<T> {
        let Some(mut reply) = self.program.next(Instant::now() + timeout)? else {
            bail!("the browser's driver did not answer within {} s", timeout.as_secs());
        };
        if let Some(error) = reply["error"].as_str() {
            bail!("{error}");
        }
        Ok(serde_json::from_value(reply["ok"].take())?)
    }
}
