//! A proxy between this machine and the API server.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;

/// A proxy on loopback that takes every connection to one server, and tells what was asked of it.
async fn relay(to: std::net::SocketAddr) -> (std::net::SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let asked = greet(&mut client).await;
                sender.send(asked).unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (address, asked)
}

/// Answers as the proxy that is spoken to; the host that is asked for.
async fn greet(client: &mut TcpStream) -> String {
    let mut head = vec![client.read_u8().await.unwrap()];
    if head[0] == 5 {
        // RFC 1928: methods, none taken; then CONNECT to a name.
        let methods = client.read_u8().await.unwrap();
        client.read_exact(&mut vec![0; methods.into()]).await.unwrap();
        client.write_all(&[5, 0]).await.unwrap();
        let mut request = [0; 5];
        client.read_exact(&mut request).await.unwrap();
        assert_eq!(&request[..4], &[5, 1, 0, 3], "CONNECT to a host by its name");
        let mut host = vec![0; usize::from(request[4]) + 2];
        client.read_exact(&mut host).await.unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        host.truncate(host.len() - 2);
        return String::from_utf8(host).unwrap();
    }
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn the_server_is_reached_through_the_kubeconfigs_proxy() {
    let script = Script::serve(|_, _| version()).await;
    let (address, mut asked) = relay(script.address).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    for scheme in ["http://user:hunter2@", "socks5://", "socks5h://"] {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: \
             'http://api.example:6443', proxy-url: '{scheme}{address}'}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: c}}}}]\nusers: [{{name: c, user: {{}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        let access = Access { kubeconfig: Some(path.clone()), ..Access::default() };
        let cluster = Cluster::connect(find(&access).await.unwrap()).await.unwrap();
        assert_eq!(cluster.version.as_deref(), Some("v1.34.4"), "{scheme}");
        let asked = asked.recv().await.unwrap();
        if scheme.starts_with("http") {
            assert!(asked.starts_with("CONNECT api.example:6443 "), "{asked}");
            // user:hunter2, as RFC 7617 has it.
            assert!(asked.to_lowercase().contains("proxy-authorization: basic dxnlcjpodw50zxiy"), "{asked}");
        } else {
            assert_eq!(asked, "api.example");
        }
    }
}
