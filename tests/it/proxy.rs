//! A proxy before a registry: counts what passes, and fails or stalls as a test asks.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// What the proxy does to those who come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Upstream {
    /// Hands everything on.
    Works,
    /// Answers this many connections with 500, and then hands everything on.
    FailsFirst(usize),
    /// Takes connections and never answers.
    Stalls,
}

/// A proxy on a loopback port of its own; it ends when dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn start(to: &str, upstream: Upstream) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sent, connections, stop) = (Arc::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let proxy = Self { address, sent, connections, stop };
        let (to, sent, count, stop) =
            (to.to_owned(), Arc::clone(&proxy.sent), Arc::clone(&proxy.connections), Arc::clone(&proxy.stop));
        std::thread::spawn(move || {
            let mut failed = 0;
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                count.fetch_add(1, Ordering::Relaxed);
                match upstream {
                    Upstream::Stalls => {
                        let stop = Arc::clone(&stop);
                        std::thread::spawn(move || stall(stream, &stop));
                    }
                    Upstream::FailsFirst(times) => {
                        let fails = failed < times && !is_tls(&stream);
                        failed += usize::from(fails);
                        let (to, sent) = (to.clone(), Arc::clone(&sent));
                        std::thread::spawn(move || if fails { fail(stream) } else { hand_on(stream, &to, &sent) });
                    }
                    Upstream::Works => {
                        let (to, sent) = (to.clone(), Arc::clone(&sent));
                        std::thread::spawn(move || hand_on(stream, &to, &sent));
                    }
                }
            }
        });
        proxy
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Bytes that went to the upstream so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// Whether the first byte is that of a TLS handshake: clients try that before plain HTTP.
fn is_tls(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).is_ok_and(|n| n == 1) && first == [0x16]
}

fn fail(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request);
    let _ = stream.write_all(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.shutdown(Shutdown::Both);
}

fn stall(stream: TcpStream, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    drop(stream);
}

fn hand_on(stream: TcpStream, to: &str, sent: &Arc<AtomicU64>) {
    let Ok(upstream) = TcpStream::connect(to) else { return };
    let (mut a, mut b) = (stream.try_clone().unwrap(), upstream.try_clone().unwrap());
    let sent = Arc::clone(sent);
    let forward = std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = a.read(&mut buffer) {
            sent.fetch_add(count as u64, Ordering::Relaxed);
            if b.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = b.shutdown(Shutdown::Write);
    });
    let (mut a, mut b) = (upstream, stream);
    let _ = std::io::copy(&mut a, &mut b);
    let _ = b.shutdown(Shutdown::Both);
    let _ = forward.join();
}
