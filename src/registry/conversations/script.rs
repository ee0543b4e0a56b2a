//! A scripted server, for tests: says what it is told to, and remembers what it heard.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// The method and the target: `GET /v2/`.
    pub(crate) line: String,
    /// All header lines, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A server on loopback. It speaks no TLS, and does not count those who try.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Script {
    /// Answers each request by `answer`, which also gets how many came before it, and gives the whole answer.
    pub(crate) async fn serve<A>(answer: A) -> Self
    where
        A: Fn(&Heard, usize) -> String + Send + Sync + 'static,
    {
        Self::serve_cutting(|_, _| None, answer).await
    }

    /// The same, but that the connection is dropped after as many bytes of a body as `cut` says.
    pub(crate) async fn serve_cutting<C, A>(cut: C, answer: A) -> Self
    where
        C: Fn(&Heard, usize) -> Option<usize> + Send + Sync + 'static,
        A: Fn(&Heard, usize) -> String + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Self { address: listener.local_addr().unwrap(), heard: Arc::default() };
        let (heard, cut, answer) = (Arc::clone(&script.heard), Arc::new(cut), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&heard), Arc::clone(&cut), Arc::clone(&answer)));
            }
        });
        script
    }

    /// What was heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The first lines of what was heard so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.heard().into_iter().map(|heard| heard.line).collect()
    }
}

async fn talk<C, A>(mut stream: TcpStream, heard: Arc<Mutex<Vec<Heard>>>, cut: Arc<C>, answer: Arc<A>)
where
    C: Fn(&Heard, usize) -> Option<usize>,
    A: Fn(&Heard, usize) -> String,
{
    let most = |request: &Heard| cut(request, heard.lock().unwrap().len());
    let Some((request, whole)) = read(&mut stream, most).await else {
        // What Go's server does: `docker-registry` is one.
        let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\nthis is no HTTPS server").await;
        return;
    };
    if !whole {
        heard.lock().unwrap().push(request);
        return;
    }
    let text = {
        let mut heard = heard.lock().unwrap();
        let text = answer(&request, heard.len());
        heard.push(request);
        text
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// None when this is no HTTP. Of the body, `most` may want a part.
async fn read(stream: &mut TcpStream, most: impl Fn(&Heard) -> Option<usize>) -> Option<(Heard, bool)> {
    let mut bytes = Vec::new();
    let head = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 || bytes[0] == 0x16 {
            return None;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers = pairs.map(|(key, value)| (key.to_lowercase(), value.to_owned())).collect();
    let mut request = Heard { line, headers, body: String::new() };
    let length: usize = request.header("content-length").unwrap_or("0").parse().ok()?;
    let most = most(&request);
    let length = most.unwrap_or(length);
    while bytes.len() < head + 4 + length {
        stream.read_buf(&mut bytes).await.ok().filter(|read| *read > 0)?;
    }
    request.body = String::from_utf8(bytes.split_off(head + 4)).ok()?;
    Some((request, most.is_none()))
}

/// An answer with the right length.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> String {
    let headers = headers.iter().fold(String::new(), |text, (key, value)| format!("{text}{key}: {value}\r\n"));
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}
