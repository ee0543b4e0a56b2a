//! The clients, flag by flag.
#![allow(clippy::unwrap_used)]

use super::*;

const URL: &str = "http://localhost:8000/h";

fn is_http(text: &str) -> bool {
    shell(text).has("wget", "/bin/busybox").handler() == http(8000, "/h", "localhost:8000")
}

fn reason(text: &str) -> String {
    shell(text).has("wget", "/usr/bin/wget").because()
}

#[test]
fn curls_neutral_flags() {
    for flags in [
        "-f",
        "--fail",
        "--fail-with-body",
        "-fsS",
        "-fsSv",
        "--silent --show-error --fail",
        "-fo /dev/null",
        "-f -o/dev/null",
        "-f --output /dev/null",
        "-f -w '%{http_code}'",
        "-fk",
        "-f -X GET",
        "-f --request GET",
        "-f --noproxy '*'",
        "-f --noproxy localhost",
        "-4f",
        "-f --connect-timeout 60",
        "-f -m 60",
    ] {
        assert!(
            is_http(&format!("curl {flags} {URL} || exit 1")),
            "{flags}: {}",
            reason(&format!("curl {flags} {URL}"))
        );
    }
    for text in [
        "curl -f http://localhost:8000/h > /dev/null 2>&1",
        "curl -f http://localhost:8000/h >/dev/null || false",
        "curl -f \"http://localhost:8000/h\" || exit 1;",
        "(curl -f http://localhost:8000/h)",
        "curl -f localhost:8000/h",
        "/usr/bin/curl -f http://localhost:8000/h",
        "curl --url http://localhost:8000/h -f",
    ] {
        assert!(is_http(text), "{text}: {}", reason(text));
    }
    assert!(exec(&["curl", "-f", URL]).handler() == http(8000, "/h", "localhost:8000"));
    assert!(
        exec(&["sh", "-c", "curl -f http://localhost:8000/h || exit 1"]).handler()
            == http(8000, "/h", "localhost:8000")
    );
}

#[test]
fn curls_flags_that_make_another_check() {
    for flags in [
        "-I",
        "-L",
        "-X POST",
        "-d x",
        "--data x",
        "-F a=b",
        "-u a:b",
        "-x http://p",
        "-K /c",
        "-E /c",
        "--cert /c",
        "--retry 3",
        "--unix-socket /s",
        "-T /f",
        "-b a=b",
        "-r 0-1",
        "-O",
        "-o out",
        "--http2",
        "-6",
        "--compressed",
        "--resolve a:1:b",
        "--never-heard-of",
        "-H 'Authorization: x'",
        "-H 'X-Api-Key: x'",
        "-H 'Cookie: a'",
        "-H 'Accept:'",
        "-H @file",
        "-m x",
        "-Z",
        "--connect-timeout 1",
        "--json x",
        "--max-filesize 1",
    ] {
        let text = format!("curl -f {flags} {URL}");
        assert!(reason(&text).starts_with("exec: "), "{flags}");
    }
    for text in [
        "curl -f http://localhost:8000/h && curl -f http://localhost:8000/b",
        "curl -f http://localhost:8000/h | grep -q ok",
        "! curl -f http://localhost:8000/h",
        "timeout 5 curl -f http://localhost:8000/h",
        "http_proxy= curl -f http://localhost:8000/h",
        "curl -f http://localhost:8000/h > /tmp/out",
        "curl -f http://localhost:8000/{a,b}",
        "curl -f 'http://localhost:8000/[1-3]'",
        "curl -f http://localhost:8000/a/../h",
        "curl -f http://localhost:8000//h",
        "curl -f http://user:pw@localhost:8000/h",
        "curl -f http://localhost:8000/h?token=x",
        "curl -f http://$HOSTNAME:8000/h",
        "curl -f http://$(hostname):8000/h",
        "curl -f http://[::1]:8000/h",
        "curl -f ftp://localhost:8000/h",
        "test \"$(curl -s -o /dev/null -w '%{http_code}' http://localhost:8000/h)\" = 200",
        "if curl -f http://localhost:8000/h; then exit 0; else exit 1; fi",
    ] {
        assert!(reason(text).starts_with("exec: "), "{text}");
    }
}

#[test]
fn headers_and_hosts() {
    let text = "curl -f -H 'X-Probe: yes' -A probe http://127.0.0.1:8000/h?x=1";
    let headers = [("Host", "127.0.0.1:8000"), ("X-Probe", "yes"), ("User-Agent", "probe")];
    let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
    assert_eq!(shell(text).handler(), Handler::HttpGet { port: 8000, path: "/h?x=1".into(), headers });
    let named = "curl -f -H 'Host: api.example' http://localhost:8000/h";
    assert_eq!(shell(named).handler(), http(8000, "/h", "api.example"));
    let listens = ["uvicorn", "a:b", "--host", "0.0.0.0", "--port", "80"];
    assert_eq!(shell("curl -f http://localhost").cmd(&listens).handler(), http(80, "/", "localhost"));
    assert_eq!(shell("curl -f http://localhost:80/").cmd(&listens).handler(), http(80, "/", "localhost"));
    let secret = shell("curl -f -H \"X-Probe: $PROBE\" http://localhost:8000/h").env("PROBE=x");
    assert!(secret.because().contains("comes from a variable"));
}

#[test]
fn proxies() {
    let plain = || shell("curl -f http://localhost:8000/h");
    assert!(plain().env("http_proxy=http://p").because().contains("sets http_proxy"));
    assert!(plain().env("ALL_PROXY=http://p").because().contains("ALL_PROXY"));
    assert_eq!(
        plain().env("HTTP_PROXY=http://p").handler(),
        http(8000, "/h", "localhost:8000"),
        "curl reads small letters"
    );
    assert_eq!(plain().env("http_proxy=").handler(), http(8000, "/h", "localhost:8000"));
    assert!(plain().dockerfile().because().contains("base image"));
    let code = "import urllib.request; urllib.request.urlopen('http://localhost:8000/h')";
    assert!(exec(&["python", "-c", code]).env("HTTP_PROXY=http://p").because().contains("HTTP_PROXY"));
}

#[test]
fn wget() {
    for text in ["wget -qO- http://localhost:8000/h", "wget -q -O /dev/null http://localhost:8000/h"] {
        assert!(is_http(text), "{text}");
        assert!(reason(text).contains("tries again"), "{text}");
        let once = text.replace("wget", "wget --tries=1");
        assert!(reason(&once).starts_with("httpGet: GNU wget"), "{}", reason(&once));
    }
    assert!(is_http("wget --no-verbose --tries=1 --spider http://localhost:8000/h || exit 1"));
    assert!(is_http("wget -nv -t1 --spider http://localhost:8000/h || exit 1"));
    assert!(!is_http("wget -T 1 --spider http://localhost:8000/h"));
    assert!(!is_http("wget http://localhost:8000/h"));
    assert!(!is_http("wget --post-data=x -O- http://localhost:8000/h"));
}

#[test]
fn pythons_own() {
    let of = |code: &str| exec(&["python", "-c", code]).because();
    let get = |code: &str| exec(&["python3", "-c", code]).handler();
    let expected = http(8000, "/h", "localhost:8000");
    assert_eq!(get("import urllib.request; urllib.request.urlopen('http://localhost:8000/h')"), expected);
    assert_eq!(
        get("import urllib.request as r\nr.urlopen('x')").clone(),
        get("import urllib.request as r\nr.urlopen('x')")
    );
    assert_eq!(
        get("from urllib.request import urlopen; urlopen(\"http://localhost:8000/h\", timeout=60).read()"),
        expected
    );
    assert_eq!(get("import requests; requests.get('http://localhost:8000/h').raise_for_status()"), expected);
    assert_eq!(get("import requests; r = requests.get('http://localhost:8000/h'); r.raise_for_status()"), expected);
    assert!(of("import requests; requests.get('http://localhost:8000/h')").contains("without raise_for_status"));
    assert!(of("import httpx; httpx.get('http://localhost:8000/h').raise_for_status()").contains("200 to 299"));
    for odd in [
        "import urllib.request; assert urllib.request.urlopen('http://localhost:8000/h').status == 200",
        "import urllib.request, sys; sys.exit(0 if urllib.request.urlopen('http://localhost:8000/h').status == 200 else 1)",
        "urllib.request.urlopen('http://localhost:8000/h')",
        "import urllib.request; urllib.request.urlopen('http://localhost:8000/h', data=b'x')",
        "import urllib.request; urllib.request.urlopen('http://localhost:8000/h', timeout=1)",
        "import os, urllib.request; urllib.request.urlopen(f'http://localhost:{os.environ[\"PORT\"]}/h')",
        "try:\n  x()\nexcept: pass",
    ] {
        assert!(of(odd).starts_with("exec: "), "{odd}");
    }
    assert!(exec(&["python", "/app/check.py"]).because().contains("known only when it runs"));
}

/// The check that pydeploy's own Dockerfiles have: src/image/planner.rs.
#[test]
fn the_check_that_pydeploy_writes() {
    let code = "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=5); \
                c.request('GET', '/h', headers={'Host': 'localhost:8000'}); sys.exit(c.getresponse().status >= 400)";
    let own = exec(&["python", "-c", code]).times(0, 5000, 0, 0, 0);
    assert_eq!(own.handler(), http(8000, "/h", "localhost:8000"));
    assert_eq!(own.stated(Assertions::default()).compile().findings, []);
    let tcp = "import socket; socket.create_connection(('127.0.0.1', 8000), 5).close()";
    assert_eq!(exec(&["python", "-c", tcp]).handler(), Handler::TcpSocket { port: 8000 });
    let head = code.replace("'GET'", "'HEAD'");
    assert!(exec(&["python", "-c", &head]).because().contains("another method"));
    assert!(exec(&["python", "-c", &code.replace(">= 400", "!= 200")]).because().starts_with("exec: "));
}

#[test]
fn connections() {
    let tcp = Handler::TcpSocket { port: 8000 };
    for text in ["nc -z localhost 8000", "nc -zv 127.0.0.1 8000 || exit 1", "nc -z -w 60 localhost $PORT"] {
        assert_eq!(shell(text).env("PORT=8000").has("nc", "/bin/nc").handler(), tcp, "{text}");
    }
    assert_eq!(shell("nc -zw1 localhost 8000").has("nc", "/bin/nc").numbers()[1], (30, 1, 3));
    for text in ["nc localhost 8000", "nc -zu localhost 8000", "nc -z localhost 8000-8010", "nc -z db 5432"] {
        assert!(shell(text).because().starts_with("exec: "), "{text}");
    }
    for text in ["</dev/tcp/localhost/8000", "exec 3<>/dev/tcp/127.0.0.1/8000", ": > /dev/tcp/localhost/8000"] {
        assert_eq!(exec(&["bash", "-c", text]).handler(), tcp, "{text}");
    }
    assert_eq!(shell("echo > /dev/tcp/localhost/8000").has("/bin/sh", "/bin/bash").handler(), tcp);
}

#[test]
fn grpc() {
    let grpc = |argv: &[&str]| {
        let said = Assertions { listens: Listens::Everywhere, ..Assertions::default() };
        exec(&[&["/bin/grpc_health_probe"], argv].concat()).cmd(&["python", "server.py"]).stated(said)
    };
    assert_eq!(grpc(&["-addr=:50051"]).handler(), Handler::Grpc { port: 50051, service: None });
    let service = Handler::Grpc { port: 50051, service: Some("api.V1".into()) };
    assert_eq!(grpc(&["-addr", "localhost:50051", "-service=api.V1"]).handler(), service);
    assert_eq!(grpc(&["-addr=:50051", "-rpc-timeout=4s"]).numbers()[1], (30, 5, 3));
    for odd in
        [&["-addr=:50051", "-tls"][..], &["-addr=:50051", "-rpc-header=a:b"], &["-addr=db:50051"], &["-addr=unix:/s"]]
    {
        assert!(grpc(odd).because().starts_with("exec: "), "{odd:?}");
    }
    assert!(
        exec(&["grpc_health_probe", "-addr=:50051"]).cmd(&["python", "server.py"]).because().contains("can't be told")
    );
}

#[test]
fn what_only_its_own_command_can_ask() {
    for text in [
        "pg_isready -U app",
        "redis-cli ping",
        "pgrep gunicorn",
        "celery -A a inspect ping",
        "./check.sh",
        "test -f /ok",
    ] {
        assert!(shell(text).because().starts_with("exec: "), "{text}");
    }
}

#[test]
fn assertions_decide() {
    let plain = shell("curl -f http://localhost:8000/h").stated(Assertions::default());
    assert!(plain.because().contains("follows redirects"), "{}", plain.because());
    let wanted = Assertions { handler: Prefer::Exec, redirects: Redirects::Never, listens: Listens::Everywhere };
    assert_eq!(plain.stated(wanted).because(), "exec: it is wanted, as stated");
    let http = shell("curl -f http://localhost:8000/h").because();
    assert!(http.starts_with("httpGet: curl -f") && http.contains("uvicorn on 0.0.0.0:8000"), "{http}");
}

#[test]
fn the_programs_that_matter() {
    let of = |image: Image| programs(&Healthcheck::read(&image.check).unwrap().unwrap().test);
    assert_eq!(of(shell("curl -f http://x || wget -q http://x; exit 1")), ["/bin/sh", "curl", "wget"]);
    assert_eq!(of(exec(&["curl", "-f"])), ["curl"]);
    assert_eq!(of(exec(&["sh", "-c", "timeout 5 curl x | grep ok"])), ["sh", "timeout", "curl", "grep"]);
    assert_eq!(of(shell("test \"$(curl -s x)\" = ok && ./check")), ["/bin/sh", "curl", "./check"]);
    assert_eq!(of(shell("bash -c 'nc -z a 1'")), ["/bin/sh", "bash", "nc"]);
}
