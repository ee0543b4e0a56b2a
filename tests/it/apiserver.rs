//! An API server of a test's own: it says what it is told to, over plain HTTP, and may stay silent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// What is asked: the method and the target, and the body.
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) body: Value,
}

/// What is answered.
pub(crate) enum Answer {
    /// This status and object.
    Says(u16, Value),
    /// Nothing, for as long as the test runs.
    Silence,
}

/// A server on a loopback port of its own, for as long as the tests run.
pub(crate) struct ApiServer {
    address: SocketAddr,
}

impl ApiServer {
    /// Answers by `answer`; `GET /version` by itself.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap() };
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || talk(stream, answer.as_ref()));
            }
        });
        server
    }

    /// A kubeconfig that leads here, with this token.
    pub(crate) fn kubeconfig(&self, sandbox: &Sandbox, token: &str) -> PathBuf {
        let path = sandbox.beside("scripted-kubeconfig");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: scripted\n\
             clusters: [{{name: c, cluster: {{server: 'http://{}'}}}}]\n\
             contexts: [{{name: scripted, context: {{cluster: c, user: u, namespace: team}}}}]\n\
             users: [{{name: u, user: {{token: '{token}'}}}}]\n",
            self.address
        );
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn talk(stream: TcpStream, answer: &(impl Fn(&Asked) -> Answer + ?Sized)) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or(0) == 0 {
        return;
    }
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let line = first.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let asked = Asked { line, body: serde_json::from_slice(&body).unwrap_or_default() };
    let said = match asked.line.as_str() {
        "GET /version" => Answer::Says(200, version()),
        _ => answer(&asked),
    };
    let mut stream = reader.into_inner();
    match said {
        Answer::Says(code, object) => {
            let text = object.to_string();
            let head = format!(
                "HTTP/1.1 {code} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                text.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
        }
        Answer::Silence => {
            // Until the other side goes.
            let _ = stream.read(&mut [0]);
        }
    }
}

fn version() -> Value {
    let keys =
        ["buildDate", "compiler", "gitCommit", "gitTreeState", "gitVersion", "goVersion", "major", "minor", "platform"];
    Value::Object(keys.into_iter().map(|key| (key.to_owned(), json!("v1.34.4"))).collect())
}

/// A failure in the API server's own form.
pub(crate) fn fails(code: u16, reason: &str, message: &str) -> Answer {
    Answer::Says(
        code,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason,
            "message": message, "code": code, "details": {"name": "api", "kind": "x"}}),
    )
}
