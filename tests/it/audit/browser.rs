//! The page of an audit, in a real browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{Scene, good, stream, workload};
use crate::sandbox::bed;

/// A browser with one window, spoken to as <https://www.w3.org/TR/webdriver2/> has it.
struct Browser {
    driver: Child,
    /// Kept open: a program that can't print any more ends.
    _said: BufReader<std::process::ChildStdout>,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

impl Browser {
    fn open() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(bed("PYDEPLOY_TEST_CHROMEDRIVER"));
        let mut driver = driver.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let started = said.by_ref().lines().map(Result::unwrap).find(|line| line.contains("successfully on port"));
        let port = started.unwrap().rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap();
        let mut browser = Self { driver, _said: said, port, session: String::new(), profile };
        let folder = format!("--user-data-dir={}", browser.profile.path().display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            &folder,
        ];
        let chrome = json!({"binary": bed("PYDEPLOY_TEST_CHROMIUM"), "args": args});
        let wanted = json!({"goog:chromeOptions": chrome, "goog:loggingPrefs": {"browser": "ALL"}});
        let made = browser.call("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        browser.session = format!("/session/{}", made["sessionId"].as_str().unwrap_or_else(|| panic!("{made}")));
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n");
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            length = if name.eq_ignore_ascii_case("content-length") { value.trim().parse().unwrap() } else { length };
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert!(value["value"]["error"].is_null(), "{path}: {value}");
        value["value"].clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{path}", self.session), body)
    }

    fn script(&self, text: &str) -> Value {
        self.post("/execute/sync", &json!({"script": text, "args": []}))
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({"using": "css selector", "value": selector}));
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    fn kind(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/value"), &json!({"text": text}));
    }

    fn click(&self, selector: &str) {
        let element = self.element(selector);
        self.post(&format!("/element/{element}/click"), &json!({}));
    }

    /// The names of the workloads that are shown.
    fn shown(&self) -> Vec<String> {
        let names = self.script(
            "return [...document.querySelectorAll('main > .row')].filter(r => r.checkVisibility())\
             .map(r => r.querySelector('h3').lastChild.textContent.trim());",
        );
        let mut names: Vec<String> = serde_json::from_value(names).unwrap();
        names.sort();
        names
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &self.session, &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
#[ignore = "needs the bed: cluster chromium"]
fn the_page_works_in_a_browser() {
    let scene = Scene::new("page");
    // No registry is needed: what can't be read is on the page as well. An image's name may hold anything at all.
    let hostile = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">";
    scene.apply(&stream(&[
        workload("Deployment", "api", good("registry.invalid/api:1")),
        workload("StatefulSet", "store", good("registry.invalid/store:1")),
        workload("CronJob", "hostile", good(hostile)),
    ]));
    let page = scene.sandbox.beside("audit.html");
    scene.here(&["--out", page.to_str().unwrap()]).fails(11);

    let browser = Browser::open();
    browser.post("/url", &json!({"url": format!("file://{}", page.display())}));
    assert_eq!(browser.shown(), ["api", "hostile", "store"]);
    assert_eq!(browser.script("return document.title"), json!(format!("Audit of namespace {}", scene.name)));
    let image = browser.script("return [...document.querySelectorAll('.row .mono')].map(p => p.textContent)");
    assert!(image.as_array().unwrap().contains(&json!(hostile)), "{image}");
    assert_eq!(browser.script("return document.images.length + document.querySelectorAll('script').length"), json!(1));

    browser.kind("#text", "STORE");
    assert_eq!(browser.shown(), ["store"]);
    assert_eq!(browser.script("return document.getElementById('shown').textContent"), json!("1 of 3"));
    browser.click("#clear");
    assert_eq!(browser.shown().len(), 3);
    browser.click("#code option:nth-child(3)");
    let code = browser.script("return document.getElementById('code').value");
    assert_eq!(code, json!("PD451"), "the second of the two codes that there are");
    assert_eq!(browser.shown(), ["api", "store"]);
    browser.kind("#text", "nowhere-to-be-found");
    assert!(browser.shown().is_empty());
    assert_eq!(browser.script("return document.getElementById('empty').checkVisibility()"), json!(true));

    // Neither an error of the script nor something that the page's own policy had to stop.
    let log = browser.post("/se/log", &json!({"type": "browser"}));
    assert_eq!(log, json!([]), "{log:#}");
    // Without the script all rows are there as well, and no filter that would do nothing.
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, after) = text.split_once("<script>").unwrap();
    let bare = scene.sandbox.beside("bare.html");
    std::fs::write(&bare, format!("{before}{}", after.split_once("</script>").unwrap().1)).unwrap();
    browser.post("/url", &json!({"url": format!("file://{}", bare.display())}));
    assert_eq!(browser.shown().len(), 3);
    assert_eq!(browser.script("return document.getElementById('filter').checkVisibility()"), json!(false));
}
