"""Drives the system's chromium for the tests: one JSON command a line on stdin, one JSON reply a line.

usage: browser.py [--socks PORT]

With --socks everything, loopback too, goes through that SOCKS 5 proxy of this machine, which also
resolves all names. Without it only 127.0.0.1 can be opened. Pages run no JavaScript. A command is
{"do": NAME, ...}; what each takes and gives is in the functions of `Driver`. Times are in seconds. A
command that fails is answered with {"error": TEXT}, and the browser goes on. It ends with stdin.
"""

import argparse
import json
import os
import sys
import time
from urllib.parse import quote

from playwright.sync_api import Error, sync_playwright

CHROMIUM = "/usr/bin/chromium"

# Nothing that chromium does by itself; and no name is ever resolved on this machine: all lead to a port
# where nobody listens. (A name that is not found would make chromium ask public name servers why.)
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * 127.0.0.1:2 , EXCLUDE 127.0.0.1",
]

# Chromium takes a moment even on an idle machine, and several seconds on two busy cores.
LAUNCH_TIMEOUT_SECS = 60

# For what is on a page, which is complete when it is loaded: nothing comes later without scripts.
ELEMENT_TIMEOUT_SECS = 5

# The heads of answers are told apart from the answers, and may come a little after them.
HEAD_TIMEOUT_SECS = 5

# After a page that failed.
SETTLE_SECS = 1

VIEWPORT = {"width": 1280, "height": 800}

UNCHANGED, CHANGED = "unchanged", "changed by a script"
CONTROL_PAGE = f"""<!doctype html><title>control</title><p id=control>{UNCHANGED}</p>
<script>document.getElementById("control").textContent = "{CHANGED}"</script>"""


class Refused(Exception):
    """The command makes no sense here."""


class Driver:
    """One page, and what it requested since the last `open`."""

    def __init__(self, browser):
        self.browser = browser
        self.context = browser.new_context(java_script_enabled=False, viewport=VIEWPORT)
        self.context.set_default_timeout(ELEMENT_TIMEOUT_SECS * 1000)
        self.page = self.context.new_page()
        self.requested = []
        self.responses = {}
        self.raw_heads = {}
        self.main = None
        # All frames and windows; but playwright leaves out requests for icons.
        self.context.on("request", lambda request: self.note(request.url))
        protocol = self.context.new_cdp_session(self.page)
        self.frame = protocol.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        protocol.on("Network.requestWillBeSent", self.on_request)
        protocol.on("Network.responseReceived", self.on_response)
        protocol.on("Network.responseReceivedExtraInfo", self.on_raw_head)
        protocol.send("Network.enable")

    def note(self, url):
        if url not in self.requested:
            self.requested.append(url)

    def on_request(self, event):
        self.note(event["request"]["url"])
        # The request of a navigation has the loader's own id.
        if event.get("frameId") == self.frame and event["requestId"] == event["loaderId"]:
            # A redirect keeps the id, and each answer of the chain has a head of its own.
            self.raw_heads.pop(event["requestId"], None)
            self.main = event["requestId"]

    def on_response(self, event):
        if event["requestId"] == self.main:
            self.responses[event["requestId"]] = event["response"]

    def on_raw_head(self, event):
        if "headersText" in event:
            self.raw_heads[event["requestId"]] = event["headersText"]

    def open(self, url, timeout):
        """Requests a page and waits until it is loaded; any status is a page."""
        self.requested, self.main = [], None
        try:
            self.page.goto(url, timeout=timeout * 1000)
        except Error:
            # Chromium goes to an error page of its own, which would come between us and the next page.
            self.page.wait_for_timeout(SETTLE_SECS * 1000)
            raise
        return self.status()

    def follow(self, selector, timeout):
        """Clicks what leads to another page, and waits for it."""
        return self.click_through(self.page.locator(selector), timeout)

    def submit(self, selector, timeout):
        """Sends a form (named by itself or by its button) and waits for the next page."""
        target = self.page.locator(selector)
        if target.evaluate("e => e.tagName") == "FORM":
            target = target.locator("[type=submit], button:not([type])").first
        return self.click_through(target, timeout)

    def click_through(self, target, timeout):
        before = self.main
        with self.page.expect_navigation(timeout=timeout * 1000):
            target.click()
        if self.main == before:
            raise Refused("that led to another place on the same page only")
        return self.status()

    def click(self, selector):
        """Clicks, and waits for nothing."""
        self.page.locator(selector).click()

    def fill(self, within, fields):
        """Fills the fields of these names below `within`: text, select (value or label), checkbox
        ("on" or ""), radio (its value)."""
        for name, value in fields.items():
            field = self.page.locator(within).locator(f"[name={json.dumps(name)}]")
            tag, kind = field.first.evaluate("e => [e.tagName, e.type]")
            if tag == "SELECT":
                field.select_option(value)
            elif kind == "radio":
                field.and_(self.page.locator(f"[value={json.dumps(value)}]")).check()
            elif kind == "checkbox":
                field.set_checked(value == "on")
            else:
                field.fill(value)

    def text(self, selector):
        """What a reader sees of the one element."""
        return self.page.locator(selector).inner_text()

    def all_texts(self, selector):
        return self.page.locator(selector).all_inner_texts()

    def attribute(self, selector, name):
        """Of the one element; null if it lacks the attribute."""
        return self.page.locator(selector).get_attribute(name)

    def all_attributes(self, selector, name):
        """Of each element that has it."""
        found = self.page.locator(selector).all()
        values = [element.get_attribute(name) for element in found]
        return [value for value in values if value is not None]

    def html(self):
        return self.page.content()

    def url(self):
        return self.page.url

    def status(self):
        """Of the answer that the page came with, after redirects; null for a page without one."""
        response = self.responses.get(self.main)
        return None if response is None else response["status"]

    def headers(self):
        """The names and values of that answer's head, as and in the order they came."""
        deadline = time.monotonic() + HEAD_TIMEOUT_SECS
        while self.main not in self.raw_heads:
            if time.monotonic() > deadline:
                raise Refused("chromium did not tell the head of this answer")
            # Playwright takes up events only while it waits for something.
            self.page.wait_for_timeout(20)
        head = self.raw_heads[self.main]
        lines = head.split("\r\n")[1:]
        return [[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]

    def requests(self):
        """All URLs requested since the last `open`, each once, in order of their first request."""
        return self.requested

    def screenshot(self, path, width, height=VIEWPORT["height"], full_page=True, dark=False):
        """Writes a PNG."""
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.screenshot(path=path, full_page=full_page)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(VIEWPORT)

    def scroll_width(self, width):
        """Pixels that the page needs in a window of this width; more than `width` if it must be
        scrolled sideways."""
        self.page.set_viewport_size({"width": width, "height": VIEWPORT["height"]})
        # Asked by the debugger, which works where the page itself may run nothing.
        needed = self.page.evaluate("document.documentElement.scrollWidth")
        self.page.set_viewport_size(VIEWPORT)
        return needed

    def prove_javascript_off(self):
        """Opens a page whose script would change it, where this driver's pages are and in a context
        with JavaScript: [unchanged in the first, changed in the second]. Only [true, true] proves."""
        off = self.control_text(self.context)
        allowing = self.browser.new_context(java_script_enabled=True)
        on = self.control_text(allowing)
        allowing.close()
        return [off == UNCHANGED, on == CHANGED]

    def control_text(self, context):
        page = context.new_page()
        page.goto("data:text/html," + quote(CONTROL_PAGE))
        text = page.locator("#control").inner_text()
        page.close()
        return text


COMMANDS = {
    "open", "follow", "submit", "click", "fill", "text", "all_texts", "attribute", "all_attributes",
    "html", "url", "status", "headers", "requests", "screenshot", "scroll_width",
    "prove_javascript_off",
}


def reply(message):
    print(json.dumps(message), flush=True)


def obey(driver, line):
    command = json.loads(line)
    name = command.pop("do")
    if name not in COMMANDS:
        raise Refused(f"no such command: {name}")
    return getattr(driver, name)(**command)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--socks", type=int)
    socks = parser.parse_args().socks
    arguments = list(ARGUMENTS)
    if socks is None:
        arguments.append("--no-proxy-server")
    else:
        # Without the second, chromium goes to loopback by itself.
        arguments.append(f"--proxy-server=socks5://127.0.0.1:{socks}")
        arguments.append("--proxy-bypass-list=<-loopback>")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=arguments,
            # Root cannot have it; in a user namespace we are root, too.
            chromium_sandbox=os.geteuid() != 0,
            timeout=LAUNCH_TIMEOUT_SECS * 1000,
        )
        driver = Driver(browser)
        reply({"ok": browser.version})
        for line in sys.stdin:
            try:
                reply({"ok": obey(driver, line)})
            except (Error, Refused, TypeError, ValueError, KeyError) as error:
                reply({"error": str(error)})
        browser.close()


if __name__ == "__main__":
    main()
