//! Each kind of fault, in its disguises.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;

/// The codes are what `pydeploy contract --explain` is asked for: sorted, each once, each with its words.
#[test]
fn codes_are_in_order() {
    let ids: Vec<_> = codes().map(|c| c.id).filter(|id| id.starts_with("PD2")).collect();
    assert!(ids.is_sorted() && ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "{ids:?}");
}

#[test]
fn a_client_that_is_not_there() {
    let url = "http://localhost:8000/";
    let told = |image: Image| {
        let result = image.lacks("curl").compile();
        result.findings.iter().find(|f| f.code == "PD205").map(|f| f.message.clone())
    };
    assert!(told(shell("curl -f http://localhost:8000/ || exit 1")).unwrap().contains("status 127"));
    assert!(told(exec(&["curl", "-f", url])).unwrap().contains("throws the error away"));
    assert!(told(exec(&["sh", "-c", "curl -f http://localhost:8000/"])).unwrap().contains("127"));
    // Another one may do.
    assert_eq!(told(shell("curl -f http://localhost:8000/ || wget -q --spider http://localhost:8000/")), None);
    assert_eq!(shell("! curl -f http://localhost:8000/").lacks("curl").refused(), Some("PD202"));
    let output = "test \"$(curl -s http://localhost:8000/)\" = ok";
    assert_eq!(shell(output).dockerfile().codes(), ["PD206"]);
}

#[test]
fn a_shell_that_is_not_there() {
    assert_eq!(shell("/check").lacks("/bin/sh").refused(), Some("PD207"));
    assert_eq!(exec(&["sh", "-c", "/check"]).lacks("sh").refused(), Some("PD207"));
    assert_eq!(exec(&["/check"]).lacks("/bin/sh").refused(), None);
}

#[test]
fn one_word_with_spaces() {
    assert_eq!(exec(&["curl -f http://localhost:8000/"]).refused(), Some("PD210"));
    assert_eq!(exec(&["/opt/my app/check"]).has("/opt/my app/check", "/opt/my app/check").refused(), None);
    assert_eq!(exec(&["curl", "-f http://localhost:8000/"]).refused(), Some("PD203"));
}

#[test]
fn checks_that_kill() {
    for text in [
        "curl -f http://localhost:8000/ || kill 1",
        "curl -f http://localhost:8000/ || kill -15 1",
        "curl -f http://localhost:8000/ || kill -s TERM 1",
        "curl -f http://localhost:8000/ || bash -c 'kill -s 15 -1 && (sleep 10; kill -s 9 -1)'",
        "curl -f http://localhost:8000/ || (echo dead; kill -9 1)",
        "while true; do curl -f http://localhost:8000/ || kill 1; done <<EOF",
    ] {
        assert_eq!(shell(text).refused(), Some("PD218"), "{text}");
    }
    for text in ["kill -0 1", "kill -0 $(cat /run/pid)", "pgrep -x kill"] {
        assert_eq!(shell(text).refused(), None, "{text}");
    }
}

#[test]
fn what_bash_alone_understands() {
    let background = "curl -f http://localhost:8000/ &> /dev/null || exit 1";
    assert_eq!(shell(background).refused(), Some("PD202"), "dash runs it in the background");
    assert_eq!(shell(background).has("/bin/sh", "/usr/bin/bash").refused(), None);
    assert!(shell(background).dockerfile().codes().contains(&"PD219"));
    let tcp = "echo > /dev/tcp/localhost/8000";
    assert_eq!(shell(tcp).refused(), Some("PD203"));
    assert_eq!(shell(tcp).has("/bin/sh", "/bin/busybox").refused(), Some("PD203"));
    assert_eq!(shell(tcp).dockerfile().codes(), ["PD219"]);
    assert_eq!(shell("[[ -f /ok ]]").refused(), Some("PD203"));
}

#[test]
fn what_is_worth_a_word() {
    let told = |text: &str| shell(text).has("wget", "/usr/bin/wget").codes();
    assert_eq!(told("wget -q http://localhost:8000/"), ["PD220"]);
    assert_eq!(told("wget -qO- http://localhost:8000/"), [""; 0]);
    assert_eq!(told("wget -q -P /tmp/ http://localhost:8000/"), [""; 0]);
    assert_eq!(told("curl -fO http://localhost:8000/"), ["PD220"]);
    assert_eq!(told("curl -f -o out http://localhost:8000/"), ["PD220"]);
    assert_eq!(told("curl -f http://localhost:8000/a http://localhost:8000/b"), ["PD222"]);
    assert_eq!(told("curl -f http://example.com:8000/"), ["PD224"]);
    assert_eq!(told("curl -f http://0.0.0.0:8000/"), ["PD225"]);
    assert_eq!(told("curl -f localhost:8000/"), ["PD226"]);
    assert_eq!(told("curl -fk https://localhost:8000/"), ["PD227"]);
    assert_eq!(told("curl -f https://localhost:8000/"), ["PD227"]);
    assert_eq!(told("curl -f http://localhost:8001/"), ["PD223"]);
    assert_eq!(shell("curl -f http://localhost:9000/").exposes(8000).cmd(&[]).codes(), ["PD223"]);
    assert_eq!(shell("curl -f http://localhost:8000/").exposes(8000).cmd(&[]).codes(), [""; 0]);
    assert_eq!(exec(&["python", "-c", "import requests; requests.get('http://localhost:8000/')"]).codes(), ["PD221"]);
}

#[test]
fn times_are_told() {
    assert_eq!(exec(&["x"]).times(5000, 0, 0, 0, 0).codes(), ["PD229"]);
    let odd = exec(&["x"]).times(500, 500, 0, 0, 0).compile();
    assert_eq!(
        odd.findings[0].message,
        "Kubernetes counts whole seconds: it gets interval 500ms as 1s, timeout 500ms as 1s"
    );
    assert_eq!(exec(&["x"]).times(0, 0, 1000, 2000, 0).codes(), ["PD231"]);
    assert!(exec(&["x"]).times(0, 0, 1000, 0, 0).codes().is_empty());
    let other = Image { shell: words(&["/bin/bash", "-c"]), ..shell("/check") };
    assert_eq!(other.codes(), ["PD228"]);
}
