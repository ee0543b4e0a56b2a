#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const SLIM: &str = "python:3.13-slim";
const ALPINE: &str = "python:3.13-alpine";

/// RUN and COPY lines, and USER lines for what follows.
fn follow(base: &str, lines: &[&str]) -> Accounts {
    let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
    let env = BTreeMap::from([("DECLARED".to_owned(), None), ("NAME".to_owned(), Some("app".to_owned()))]);
    let copied = ["rootfs".to_owned()];
    let (mut steps, mut user) = (Vec::new(), "");
    for (index, line) in lines.iter().enumerate() {
        let kind = match line.split_once(' ').unwrap() {
            ("USER", name) => {
                user = name;
                continue;
            }
            ("COPY", destination) => Kind::Copy { sources: &copied, destination },
            (_, text) => Kind::Run { command: Command::Shell { shell: &shell, text, heredocs: &[] }, user, env: &env },
        };
        steps.push(Step { line: index + 2, kind });
    }
    accounts(KnownBase::of(base).as_ref(), &steps)
}

fn ids(base: &str, lines: &[&str], user: &str) -> Result<(u32, u32), (Option<usize>, String)> {
    let account = follow(base, lines).resolve(user);
    account.map(|account| (account.uid, account.gid)).map_err(|unknown| (unknown.line, unknown.why))
}

#[test]
fn the_contracts_own_cases() {
    assert_eq!(ids(SLIM, &["RUN useradd --create-home appuser"], "appuser"), Ok((1000, 1000)));
    let account = follow(SLIM, &[]).resolve("10001").unwrap();
    assert_eq!((account.uid, account.gid, account.from.gid), (10001, 0, GidSource::NoEntry));
    assert_eq!(ids(ALPINE, &["RUN addgroup -S app && adduser -S -G app app"], "app"), Ok((100, 101)));
    for root in ["", "root", "0:0", "0"] {
        assert_eq!(ids(SLIM, &[], root), Ok((0, 0)), "{root:?}");
        assert_eq!(ids("registry.example/base:1", &[], root), Ok((0, 0)), "{root:?}");
    }
    assert_eq!(ids(SLIM, &[], ":1000"), Ok((0, 1000)));
}

#[test]
fn every_tool_picks_by_its_own_rule() {
    for (base, line, expected) in [
        ("debian:12", "RUN useradd -r app", (999, 999)),
        ("debian:12", "RUN adduser --system app", (100, 65534)),
        ("debian:12", "RUN adduser --system --group app", (100, 101)),
        ("debian:11", "RUN adduser --system --group app", (101, 101)),
        ("ubuntu:24.04", "RUN useradd app", (1001, 1001)),
        ("ubuntu:22.04", "RUN useradd app", (1000, 1000)),
        ("ubuntu:24.04", "RUN userdel ubuntu && useradd app", (1000, 1000)),
        ("alpine:3.20", "RUN adduser -D app", (1000, 1000)),
        ("alpine:3.20", "RUN adduser -S app", (100, 65533)),
        ("alpine:3.20", "RUN apk add --no-cache shadow && useradd -u 1500 app", (1500, 1500)),
        ("busybox", "RUN adduser -D app", (1000, 1000)),
        ("python:3.13", "RUN useradd app", (1000, 1000)),
    ] {
        assert_eq!(ids(base, &[line], "app"), Ok(expected), "{base} {line}");
    }
}

#[test]
fn stated_numbers_are_certain_on_any_base() {
    let base = "registry.example/base:1";
    let run = |line: &str| ids(base, &[line], "app").ok();
    assert_eq!(run("RUN groupadd -g 1234 app && useradd -u 1234 -g app app"), Some((1234, 1234)));
    assert_eq!(run("RUN addgroup -g 1234 app && adduser -D -u 1234 -G app app"), Some((1234, 1234)));
    assert_eq!(
        run("RUN addgroup --gid 1234 app && adduser --disabled-password --uid 1234 --ingroup app app"),
        Some((1234, 1234))
    );
    assert_eq!(
        run("RUN curl -f https://x.example/ | sh && groupadd -g 5 app && useradd -u 6 -g app app"),
        Some((6, 5))
    );
    assert_eq!(run("RUN useradd app"), None);
    assert_eq!(run("RUN useradd -u 1234 app"), None);
    assert_eq!(ids(base, &[], "1000:1000"), Ok((1000, 1000)));
    assert!(ids(base, &[], "1000").is_err());
    // Whether it was done isn't certain, nor what was there.
    assert_eq!(run("RUN groupadd -g 1234 app; useradd -u 1234 -g app app; true"), None);
}

#[test]
fn packages_put_only_system_accounts_in_doubt() {
    let system = "RUN useradd -r app";
    assert_eq!(
        ids(
            SLIM,
            &[
                "RUN apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev curl=8.* && rm -rf /var/lib/apt/lists/*",
                system
            ],
            "app"
        ),
        Ok((999, 999))
    );
    assert_eq!(ids(SLIM, &["RUN apt-get install -y git", system], "app").unwrap_err().0, Some(2));
    assert_eq!(ids(SLIM, &["RUN apt-get install -y --no-install-recommends git", system], "app"), Ok((999, 999)));
    assert_eq!(ids(SLIM, &["RUN apt-get install -y nginx", system], "app").unwrap_err().0, Some(2));
    assert_eq!(ids(SLIM, &["RUN apt-get install -y nginx", "RUN useradd app"], "app"), Ok((1000, 1000)));
    assert_eq!(ids(SLIM, &["RUN useradd app", "RUN apt-get install -y nginx"], "app"), Ok((1000, 1000)));
    assert!(ids(SLIM, &["RUN apt-get install -y nginx"], "nginx").is_err());
    assert!(ids(ALPINE, &["RUN apk add --no-cache nginx && adduser -S app"], "app").is_err());
    assert_eq!(ids(ALPINE, &["RUN apk add --no-cache nginx && adduser -D app"], "app"), Ok((1000, 1000)));
}

#[test]
fn what_may_do_anything_leaves_nothing_certain() {
    let made = "RUN useradd -u 1500 app";
    for line in [
        "COPY /etc/",
        "COPY /",
        "COPY /etc/passwd",
        "RUN ./setup.sh",
        "RUN curl https://x.example/install.sh | sh",
        "RUN make install",
        "RUN sed -i s/app/web/ /etc/passwd",
        "RUN tar -C / -xzf x.tar.gz",
        "RUN eval \"$X\"",
        "RUN useradd 'a",
        "RUN find / -exec ./x {} +",
        "RUN echo x | sudo tee /etc/passwd",
    ] {
        let unknown = ids(SLIM, &[made, line], "app").unwrap_err();
        assert_eq!(unknown.0, Some(3), "{line}: {}", unknown.1);
    }
    for line in [
        "COPY /app",
        "RUN pip install --no-cache-dir -r requirements.txt && find / -name '*.pyc' -exec rm -f {} +",
        "RUN uv sync --frozen && python manage.py collectstatic",
        "RUN mkdir -p /data && chown -R app:app /data && chmod 755 /data",
        "RUN cat /etc/passwd | grep app",
        "RUN --version || true",
    ] {
        if line.starts_with("RUN --") {
            continue;
        }
        assert_eq!(ids(SLIM, &[made, line], "app"), Ok((1500, 1500)), "{line}");
    }
}

#[test]
fn who_is_not_root_changes_nothing() {
    let lines = ["RUN useradd -u 1500 app", "USER app", "RUN ./anything.sh", "RUN useradd -u 1 web"];
    assert_eq!(ids(SLIM, &lines, "app"), Ok((1500, 1500)));
    assert_eq!(ids(SLIM, &["RUN useradd -u 1500 app", "USER 1500", "RUN sudo ./x.sh"], "app").unwrap_err().0, Some(4));
    assert!(ids(SLIM, &["RUN useradd -o -u 0 app", "USER app", "RUN ./x.sh"], "app").is_err());
}

#[test]
fn a_build_that_fails_has_no_accounts_and_says_why() {
    let (line, why) = ids("debian:trixie-slim", &["RUN true", "RUN adduser --system app"], "app").unwrap_err();
    assert_eq!(line, Some(3));
    assert!(why.contains("adduser: it isn't in the image"), "{why}");
    let found = ids("debian:trixie-slim", &["RUN apt-get install -y adduser && adduser --system app"], "app");
    assert_eq!(found, Ok((100, 65534)));
    assert!(ids(SLIM, &[], "app").unwrap_err().1.contains("has a user \"app\""));
}

#[test]
fn the_environment_and_the_shell_decide() {
    assert_eq!(ids(SLIM, &["RUN useradd -u ${UID_:-1234} $NAME"], "app"), Ok((1234, 1234)));
    assert!(ids(SLIM, &["RUN useradd -u ${DECLARED:-1234} app"], "app").is_err());
    assert!(
        ids("registry.example/base", &["RUN groupadd -g 5 app && useradd -g app -u ${UID_:-1234} app"], "app").is_err()
    );
    let env = BTreeMap::new();
    let resolve = |shell: &[&str], text: &str, heredocs: &[&str]| {
        let shell: Vec<_> = shell.iter().map(|word| (*word).to_owned()).collect();
        let command = Command::Shell { shell: &shell, text, heredocs };
        let steps = [Step { line: 1, kind: Kind::Run { command, user: "root", env: &env } }];
        accounts(KnownBase::of(SLIM).as_ref(), &steps).resolve("app").map(|account| account.uid).ok()
    };
    let maybe = "useradd -u 1200 -d / -G nosuch$X app; useradd -u 1300 app";
    assert_eq!(resolve(&["/bin/sh", "-c"], maybe, &[]), Some(1300));
    assert_eq!(resolve(&["/bin/bash", "-eo", "pipefail", "-c"], maybe, &[]), None);
    assert_eq!(resolve(&["/bin/bash", "-o", "pipefail", "-ec"], maybe, &[]), None);
    assert_eq!(resolve(&["powershell"], "useradd app", &[]), None);
    assert_eq!(resolve(&["/bin/sh", "-c"], "<<EOF", &["set -e\nuseradd -u 1400 app\n"]), Some(1400));
    assert_eq!(resolve(&["/bin/sh", "-c"], "<<EOF", &["#!/usr/bin/env python3\nx\n"]), None);
    let argv = ["useradd", "-u", "1600", "app"].map(str::to_owned);
    let steps = [Step { line: 1, kind: Kind::Run { command: Command::Exec(&argv), user: "", env: &env } }];
    assert_eq!(accounts(KnownBase::of(SLIM).as_ref(), &steps).resolve("app").unwrap().uid, 1600);
}

#[test]
fn what_is_too_much_is_not_followed_for_long() {
    let many = "useradd -o -u 1 x && ".repeat(21_000) + "true";
    assert!(ids(SLIM, &[&format!("RUN {many}")], "x").is_err());
    let names: String = (0..1_000).flat_map(|n| ["useradd u".to_owned(), n.to_string(), "; ".to_owned()]).collect();
    assert!(ids(SLIM, &[&format!("RUN {names} true")], "u1").is_err());
    let nested = "sh -c '".repeat(3) + "$(".repeat(50).as_str();
    assert!(ids(SLIM, &[&format!("RUN {nested}")], "x").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_script_panics(
        words in proptest::collection::vec(
            "(useradd|adduser|addgroup|groupadd|usermod|groupmod|userdel|deluser|gpasswd|-[a-zA-Z]|--[a-z]{2,6}|--uid=|app|games|[0-9]{1,12}|&&|;|\\|\\||\\$\\{?X\\}?|if|then|fi|sh -c|'|\"|é|apt-get install|exit|set -e|>>|/etc/passwd| )",
            0..20,
        ),
        user in "[a-z0-9:]{0,8}",
    ) {
        let script = format!("RUN {}", words.join(" "));
        for base in [SLIM, ALPINE, "ubuntu:24.04", "unknown/x", "scratch"] {
            if let Ok(account) = follow(base, &[&script]).resolve(&user) {
                prop_assert!(account.uid <= LARGEST_ID && account.gid <= LARGEST_ID);
            }
        }
    }
}
