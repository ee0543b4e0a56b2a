//! A property: no text that anyone writes makes the compiler panic, and what it makes holds.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::image::contract::{Healthcheck, Test};
use crate::image::duration::GoDuration;

/// Pieces of checks, put together at random: nearer to what is read than random letters are.
const PIECES: &[&str] = &[
    "curl",
    "wget",
    "-f",
    "-fsS",
    "-m",
    "5",
    "-o",
    "/dev/null",
    "--spider",
    "-qO-",
    "http://localhost:8000/h",
    "localhost",
    "||",
    "&&",
    ";",
    "|",
    "&",
    "(",
    ")",
    "{",
    "}",
    "$",
    "${",
    "$(",
    "`",
    "'",
    "\"",
    "\\",
    "\n",
    " ",
    " ",
    " ",
    "!",
    "#",
    "if",
    "then",
    "fi",
    "exit",
    "0",
    "1",
    "true",
    "python",
    "-c",
    "import urllib.request;",
    "urllib.request.urlopen(",
    "=",
    "nc",
    "-z",
    "8000",
    "/dev/tcp/",
    ">",
    "<",
    "<<",
    "2>&1",
    "&>",
    "$PORT",
    "${PORT:-8000}",
    "sh",
    "bash",
    "[",
    "]",
    "é",
    "grpc_health_probe",
    "-addr=:1",
    "kill",
    "-H",
    "Host: x",
    "%",
    "\r",
    "\0",
    "*",
    "?",
    "~",
    "[[",
    "while",
    "case",
    "set -e",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..24).prop_map(|all| all.concat());
    let spaced = prop::collection::vec(prop::sample::select(PIECES), 0..16).prop_map(|all| all.join(" "));
    prop_oneof![pieces, spaced, ".{0,40}"]
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![text().prop_map(Test::Shell), prop::collection::vec(text(), 1..6).prop_map(Test::Exec)]
}

fn presence() -> impl Strategy<Value = Presence> {
    prop::sample::select(vec![
        Presence::Absent,
        Presence::At("/bin/busybox".to_owned()),
        Presence::At("/usr/bin/dash".to_owned()),
        Presence::At("/usr/bin/bash".to_owned()),
        Presence::At(String::new()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_check_makes_it_panic(
        test in test(), cmd in prop::collection::vec(text(), 0..4), env in prop::collection::vec(text(), 0..4),
        found in prop::collection::vec(presence(), 1..4), working_dir in text(),
        times in prop::array::uniform4(any::<u32>()), retries in 1u32..,
    ) {
        let time = |ms: u32| GoDuration(std::time::Duration::from_millis(ms.max(1).into()));
        let [interval, timeout, start_period, start_interval] = times.map(time);
        let check = Healthcheck { test, interval, timeout, start_period, start_interval, retries };
        let names = programs(&check.test);
        let programs = Programs::new(names.into_iter().zip(found.into_iter().cycle()));
        let env = Environment::new(env.iter().map(String::as_str), Base::Known);
        let stated = Assertions { redirects: Redirects::Never, listens: Listens::Everywhere, ..Assertions::default() };
        let subject = Subject {
            check: Some(&check), ports: &[], working_dir: &working_dir, env: &env, args: &[], shell: &[],
            entrypoint: &[], cmd: &cmd, line: None, programs: &programs, stated,
        };
        let mut findings = Vec::new();
        let probes = compile(&subject, &mut findings);
        let refused = findings.iter().any(|f| f.severity == Severity::Error);
        prop_assert_eq!(probes.is_none(), refused);
        for probe in probes.iter().flat_map(|p| [&p.startup, &p.readiness, &p.liveness]) {
            prop_assert!(probe.period > 0 && probe.timeout > 0 && probe.failures > 0);
            // What a kubelet expands is what the image says.
            if let (Handler::Exec(argv), Test::Shell(text)) = (&probe.handler, &check.test) {
                prop_assert_eq!(argv.last().unwrap().replace("$$", "$"), text.clone());
            }
            // It listens on every address only as far as the user says; an address elsewhere is never a probe's.
            if let Handler::HttpGet { path, headers, .. } = &probe.handler {
                prop_assert!(path.starts_with('/') && !path.starts_with("//") && headers[0].0 == "Host");
            }
        }
        // Where a server listens is asked of any command.
        let stated = Assertions { redirects: Redirects::Never, ..Assertions::default() };
        compile(&Subject { stated, ..subject }, &mut findings);
    }
}
