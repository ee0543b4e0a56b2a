//! Conversations about whether there is TLS.

use super::*;

fn fresh(script: &Script) -> Registry {
    let host = script.address.to_string();
    let options = Options { host, security: Security::Tls, extra_ca: Vec::new(), user_agent: "pydeploy/test".into() };
    Registry::new(&options, ship()).unwrap()
}

#[tokio::test]
async fn plain_http_on_this_machine_costs_one_request() {
    for first in [answer("200 OK", &[], "{}"), answer("401 Who", &[("WWW-Authenticate", "Basic realm=\"r\"")], "")] {
        let script = Script::serve(move |heard, _| if heard.line == "GET /v2/" { first.clone() } else { well() }).await;
        let registry = fresh(&script);
        registry.manifest("a/b", &tag()).await.unwrap();
        registry.manifest("a/b", &tag()).await.unwrap();
        assert_eq!(script.lines(), ["GET /v2/", "GET /v2/a/b/manifests/1", "GET /v2/a/b/manifests/1"]);
        assert_eq!(script.heard()[0].header("authorization"), None);
    }
}

#[tokio::test]
async fn a_server_that_wants_tls_is_asked_with_it() {
    // What Go's servers with TLS say to plain HTTP; the script then has no TLS, and HTTP is taken after all.
    for first in [
        answer("400 Bad Request", &[], "Client sent an HTTP request to an HTTPS server."),
        answer("301 Moved", &[("Location", "https://127.0.0.1:1/v2/")], ""),
        String::new(),
    ] {
        let script = Script::serve(move |heard, _| if heard.line == "GET /v2/" { first.clone() } else { well() }).await;
        let registry = fresh(&script);
        registry.manifest("a/b", &tag()).await.unwrap();
        // Without TLS, with it, and the question itself; or one more that led nowhere.
        let requests = registry.traffic().requests;
        assert!((3..=4).contains(&requests), "{requests}");
    }
}
