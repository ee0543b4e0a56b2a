//! A connection: who answers, and what is said where nobody does.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn the_server_is_asked_for_its_version_and_may_refuse_to_say_it() {
    let (cluster, _script) = cluster(|_, _| String::new()).await;
    assert_eq!(cluster.version.as_deref(), Some("v1.34.4"));
    let script = Script::serve(|_, _| fails(403, "forbidden", Value::Null)).await;
    assert_eq!(Cluster::connect(way(&script)).await.unwrap().version, None);
}

#[tokio::test]
async fn refused_credentials_are_told_at_once() {
    let script = Script::serve(|_, _| fails(401, "Unauthorized", Value::Null)).await;
    let error = Cluster::connect(way(&script)).await.err().unwrap();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(error.to_string().contains("does not accept the credentials of the context \"test\""), "{error}");
    assert_eq!((error.class().code(), script.lines().len()), (4, 1));
}

#[tokio::test]
async fn a_server_that_is_away_is_named_with_its_context() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let config = Config::new(format!("http://{gone}").parse().unwrap());
    let way = Way { context: "test".into(), address: format!("http://{gone}"), namespace: "n".into(), config };
    let error = Cluster::connect(way).await.err().unwrap();
    assert_eq!(error.to_string(), format!("no API server answers at http://{gone} (context \"test\")"));
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("refused"), "{cause}");
}

#[tokio::test]
async fn what_is_no_api_server_is_not_taken_for_one() {
    let script = Script::serve(|_, _| answer("200 OK", &[("Content-Type", "text/html")], "<html>login</html>")).await;
    let error = Cluster::connect(way(&script)).await.err().unwrap();
    assert!(matches!(&error, Error::Unreachable { source, .. } if source.0.contains("no API server")), "{error:?}");
}

#[tokio::test]
async fn what_a_login_program_prints_as_an_answer_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let user = |script: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:1'}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: c}}}}]\nusers:\n- name: c\n  user:\n    exec:\n      \
             apiVersion: client.authentication.k8s.io/v1\n      interactiveMode: Never\n      command: sh\n      \
             args: ['-c', '{script}']\n"
        );
        std::fs::write(&path, text).unwrap();
    };
    let mut told = Vec::new();
    for script in ["echo hunter2; echo session expired >&2; exit 3", "echo {hunter2", "echo hunter2"] {
        user(script);
        let access = Access { kubeconfig: Some(path.clone()), ..Access::default() };
        let error = Cluster::connect(find(&access).await.unwrap()).await.err().unwrap();
        assert!(matches!(error, Error::Login { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        told.push(error.to_string());
    }
    assert!(told[0].contains("session expired") && told[0].contains('3'), "{}", told[0]);
}

#[tokio::test]
async fn each_way_to_log_in_that_a_kubeconfig_has_is_gone() {
    let script = Script::serve(|_, _| version()).await;
    let folder = tempfile::tempdir().unwrap();
    let (path, token) = (folder.path().join("config"), folder.path().join("token"));
    std::fs::write(&token, "from-file\n").unwrap();
    // An OpenID Connect token that ends in 2100; nobody but the API server looks at its signature.
    let oidc = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln";
    let exec =
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-program"}}"#;
    let users = [
        ("{token: stated}".to_owned(), "Bearer stated"),
        (format!("{{tokenFile: '{}'}}", token.display()), "Bearer from-file"),
        ("{username: me, password: secret}".to_owned(), "Basic bWU6c2VjcmV0"),
        (
            format!(
                "{{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: echo, args: ['{exec}']}}}}"
            ),
            "Bearer from-program",
        ),
        (
            format!(
                "{{auth-provider: {{name: oidc, config: {{id-token: {oidc}, idp-issuer-url: 'https://id.example', client-id: c}}}}}}"
            ),
            &format!("Bearer {oidc}"),
        ),
    ];
    for (user, header) in users {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'http://{}'}}}}]\n\
             contexts: [{{name: c, context: {{cluster: c, user: c}}}}]\nusers:\n- name: c\n  user: {}\n",
            script.address, user,
        );
        std::fs::write(&path, text).unwrap();
        let access = Access { kubeconfig: Some(path.clone()), ..Access::default() };
        Cluster::connect(find(&access).await.unwrap()).await.unwrap();
        let heard = script.heard();
        assert_eq!(heard.last().unwrap().header("authorization"), Some(header), "{user}");
    }
}

#[tokio::test]
async fn busy_and_broken_answers_are_asked_for_again() {
    let (cluster, script) = cluster(|_, before| match before {
        1 => fails(429, "slow down", Value::Null),
        2 => fails(500, "etcdserver: leader changed", Value::Null),
        3 => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(),
        _ => says("200 OK", &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api"}})),
    })
    .await;
    let target = target("Service", "api", &json!({}));
    let api = target.api(&cluster);
    let found = cluster.ask(Action::Read, &target.identity, || api.get("api")).await.unwrap();
    assert_eq!(found.metadata.name.as_deref(), Some("api"));
    assert_eq!(script.lines().len(), 5);
}

#[tokio::test]
async fn what_does_not_pass_is_asked_once_and_what_does_is_asked_for_long() {
    let message =
        "failed to create typed patch object (n/api; v1, Kind=Service): .spec.x: field not declared in schema";
    let (cluster, script) = cluster(move |_, _| fails(500, message, Value::Null)).await;
    let target = target("Service", "api", &json!({}));
    let api = target.api(&cluster);
    let error = cluster.ask(Action::Apply, &target.identity, || api.get("api")).await.unwrap_err();
    assert_eq!(error.class().code(), 8);
    assert!(error.to_string().ends_with(": .spec.x: field not declared in schema"), "{error}");
    assert_eq!(script.lines().len(), 2);

    let request = || async { Err::<(), _>(kube::Error::Api(Box::new(status(503, "starting")))) };
    let started = std::time::Instant::now();
    let failed = retry::steadily(Duration::from_millis(500), &Notice::default(), request).await;
    assert!(matches!(failed, Err(retry::Failed::Passing(_))) && started.elapsed() >= Duration::from_millis(250));
}

fn status(code: u16, message: &str) -> kube::core::Status {
    kube::core::Status::failure(message, "").with_code(code)
}
