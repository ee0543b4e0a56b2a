#![allow(clippy::unwrap_used)]
use super::*;

fn left(rules: &ContextRules, path: &str) -> Option<Why> {
    let mut walk = rules.walk();
    let mut at = String::new();
    let parts: Vec<_> = path.split('/').collect();
    for (i, part) in parts.iter().enumerate() {
        at = if at.is_empty() { (*part).to_owned() } else { format!("{at}/{part}") };
        match walk.enter(&at, i + 1 < parts.len()) {
            Answer::Leave(why) => return Some(why),
            Answer::Send | Answer::SendIfChildSent => {}
        }
    }
    None
}

fn rules(dockerignore: &str, include: &[&str]) -> ContextRules {
    let include: Vec<_> = include.iter().map(|i| (*i).to_owned()).collect();
    ContextRules::new(
        Audience::Generated,
        Some(dockerignore),
        &include,
        &["README.md".into()],
        &[("out".to_owned(), Why::Output), ("conf/index.ini".to_owned(), Why::Secret)],
    )
    .unwrap()
}

#[test]
fn secrets_never_leave_even_when_the_dockerignore_takes_them_back() {
    let rules = rules("!.env\n!**/*.key\n", &[]);
    assert_eq!(left(&rules, ".env"), Some(Why::Secret));
    assert_eq!(left(&rules, "deploy/.env.production"), Some(Why::Secret));
    assert_eq!(left(&rules, "certs/server.key"), Some(Why::Key));
    assert_eq!(left(&rules, ".git/config"), Some(Why::VersionControl));
    assert_eq!(left(&rules, "out/deployment.yaml"), Some(Why::Output));
    assert_eq!(left(&rules, "conf/index.ini"), Some(Why::Secret));
    assert_eq!(left(&rules, "app/main.py"), None);
}

#[test]
fn what_is_seldom_needed_comes_back_by_the_dockerignore_and_by_what_the_build_reads() {
    let rules = rules("!docs/templates\n*.csv\n", &[]);
    assert_eq!(left(&rules, "tests/test_app.py"), Some(Why::Seldom));
    assert_eq!(left(&rules, "docs/index.rst"), Some(Why::Seldom));
    assert_eq!(left(&rules, "docs/templates/a.html"), None);
    assert_eq!(left(&rules, "README.md"), None);
    assert_eq!(left(&rules, "CHANGES.md"), Some(Why::Seldom));
    assert_eq!(left(&rules, "a.csv"), Some(Why::Dockerignore));
}

#[test]
fn the_setting_include_sends_what_is_always_held() {
    let rules = rules("", &[".env.example", "model.bin"]);
    assert_eq!(left(&rules, ".env.example"), None);
    let walk = rules.walk();
    assert_eq!(walk.inspect("model.bin", 2 << 30, Vec::new), None);
    assert_eq!(walk.inspect("other.bin", 2 << 30, Vec::new), Some(Why::Large));
}

#[test]
fn of_a_workspace_only_what_a_member_needs_is_sent() {
    let needed = ["pyproject.toml", "uv.lock", "services/api", "libs/shared"].map(str::to_owned);
    let part = Part { folder: "services/api", needed: &needed, dockerignore: Some("**/*.csv\n") };
    let rules = ContextRules::of(
        Some(part),
        Audience::Generated,
        Some("data\n!docs/a.md\n"),
        &[".env.example".into()],
        &["README.md".into()],
        &[("out".to_owned(), Why::Output)],
    )
    .unwrap();
    for sent in [
        "uv.lock",
        "services/api/main.py",
        "services/api/README.md",
        "services/api/docs/a.md",
        "services/api/.env.example",
        "libs/shared/README.md",
        "libs/shared/tests/test_it.py",
    ] {
        assert_eq!(left(&rules, sent), None, "{sent}");
    }
    for (path, why) in [
        ("README.md", Why::OtherMember),
        ("services/worker/main.py", Why::OtherMember),
        ("services/api/tests/test_it.py", Why::Seldom),
        ("services/api/data/x", Why::Dockerignore),
        ("services/api/x.csv", Why::Dockerignore),
        ("services/api/.env", Why::Secret),
        ("services/api/.pydeploy/deployment.yaml", Why::Output),
        ("libs/shared/.env", Why::Secret),
    ] {
        assert_eq!(left(&rules, path), Some(why), "{path}");
    }
}

#[test]
fn a_pem_file_is_judged_by_its_text() {
    let rules = rules("", &[]);
    let walk = rules.walk();
    let key = || b"-----BEGIN RSA PRIVATE KEY-----\n".to_vec();
    assert_eq!(walk.inspect("a.pem", 100, key), Some(Why::Key));
    assert_eq!(walk.inspect("ca.pem", 100, || b"-----BEGIN CERTIFICATE-----\n".to_vec()), None);
}
