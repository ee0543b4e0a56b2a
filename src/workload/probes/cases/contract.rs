//! The worked cases of the mapping.
#![allow(clippy::unwrap_used)]

use super::*;

const H: &str = "curl -f http://localhost:8000/h || exit 1";

fn sh(text: &str) -> Handler {
    Handler::Exec(words(&["/bin/sh", "-c", text]))
}

#[test]
fn c01_defaults_and_host() {
    let exec = shell(H).stated(Assertions::default());
    assert_eq!((exec.numbers(), exec.handler()), (DEFAULT, sh(H)));
    assert_eq!((shell(H).numbers(), shell(H).handler()), (DEFAULT, http(8000, "/h", "localhost:8000")));
}

#[test]
fn c02_to_c05_times() {
    let curl = exec(&["curl", "-f", "http://localhost:8000/"]);
    assert_eq!(curl.times(30_000, 3000, 5000, 0, 3).numbers(), [(5, 3, 23), (30, 3, 3), (30, 3, 4)]);
    assert_eq!(exec(&["x"]).times(500, 1500, 0, 0, 2).numbers(), [(1, 2, 5), (1, 2, 2), (1, 2, 5)]);
    assert_eq!(exec(&["x"]).times(0, 10_000, 40_000, 1000, 5).numbers(), [(1, 10, 251), (30, 10, 5), (30, 10, 7)]);
    assert_eq!(exec(&["x"]).times(0, 0, 0, 0, 0).numbers(), DEFAULT);
}

#[test]
fn c07_none_is_none_and_no_error() {
    let none = image(&["NONE"]);
    assert!(none.compile().probes.is_none() && none.codes().is_empty());
}

#[test]
fn c08_the_last_check_replaces_the_whole() {
    assert_eq!((shell("b").numbers(), shell("b").handler()), (DEFAULT, sh("b")));
}

#[test]
fn c11_brackets_that_are_no_json() {
    assert_eq!(shell("['curl','-f','http://localhost']").refused(), Some("PD208"));
    assert_eq!(shell("[\"curl\", \"-f\"] || exit 1").refused(), Some("PD208"));
    assert_eq!(shell("[ -f /ok ]").refused(), None);
    assert_eq!(shell("[[ -f /ok ]]").has("/bin/sh", "/bin/bash").refused(), None);
}

#[test]
fn c12_cmd_shell_in_brackets() {
    assert_eq!(exec(&["CMD-SHELL", "curl -f http://localhost"]).refused(), Some("PD209"));
    assert_eq!(exec(&["CMD", "curl"]).refused(), Some("PD209"));
}

#[test]
fn c13_operators_in_exec_form() {
    assert_eq!(exec(&["curl", "-f", "http://localhost:8000/", "||", "exit", "1"]).refused(), Some("PD211"));
    assert_eq!(exec(&["sh", "-c", "curl", "||", "exit 1"]).refused(), Some("PD211"));
    assert_eq!(exec(&["python", "check.py", "||", "exit", "1"]).codes(), ["PD212"]);
    assert_eq!(exec(&["sh", "-c", "test -f /a || exit 1"]).refused(), None);
}

#[test]
fn c14_a_variable_of_env() {
    let text = "curl -f http://localhost:$PORT/h || exit 1";
    assert_eq!(shell(text).env("PORT=8000").handler(), http(8000, "/h", "localhost:8000"));
    let exec = shell(text).env("PORT=8000").stated(Assertions::default());
    assert_eq!(exec.handler(), sh(&text.replace('$', "$$")));
}

#[test]
fn c15_a_variable_in_exec_form() {
    let url = "http://localhost:$PORT/";
    assert_eq!(exec(&["curl", "-f", url]).env("PORT=8000").refused(), Some("PD213"));
    assert_eq!(exec(&["curl", "-f", "http://localhost:${PORT}/"]).env("PORT=8000").refused(), Some("PD213"));
    assert_eq!(exec(&["/check", "$PORT"]).codes(), ["PD214"]);
    let code = "import re; re.match('a$', 'a')";
    assert!(exec(&["python", "-c", code]).codes().is_empty());
    assert_eq!(exec(&["python", "-c", "x('http://localhost:$PORT')"]).refused(), Some("PD213"));
}

#[test]
fn c16_an_argument_of_the_build() {
    let text = "curl -f http://localhost:$PORT/ || exit 1";
    let arg = |image: Image| Image { args: words(&["PORT"]), ..image };
    for image in [arg(shell(text)), arg(shell(text).dockerfile()), shell(text)] {
        assert_eq!(image.refused(), Some("PD215"));
    }
    assert!(shell(text).dockerfile().codes().contains(&"PD216"));
    assert_eq!(shell(&text.replace("$PORT", "${PORT:-8000}")).handler(), http(8000, "/", "localhost:8000"));
    assert_eq!(shell("curl -f $URL").refused(), Some("PD215"));
    let header = "curl -f -H \"X-Probe: $PROBE\" http://localhost:8000/";
    assert_eq!(shell(header).codes(), ["PD217"]);
}

#[test]
fn c17_dollars_are_doubled() {
    let text = "test -d /proc/$$ && test \"$(cat /ok)\" = 1";
    let Handler::Exec(argv) = shell(text).handler() else { unreachable!() };
    assert_eq!(argv[2], "test -d /proc/$$$$ && test \"$$(cat /ok)\" = 1");
}

#[test]
fn c18_curl_without_f() {
    let image = shell("curl http://localhost:8000/h");
    assert_eq!((image.handler(), image.codes()), (sh("curl http://localhost:8000/h"), vec!["PD221"]));
    assert_eq!(image.because(), "exec: curl without -f calls an error page well");
}

#[test]
fn c19_wget() {
    let text = "wget -q --spider http://localhost:8000/h || exit 1";
    let debian = shell(text).has("wget", "/usr/bin/wget");
    assert_eq!(debian.because(), "exec: GNU wget --spider sends HEAD, and a kubelet GET");
    assert_eq!(shell(text).has("wget", "/bin/busybox").handler(), http(8000, "/h", "localhost:8000"));
    assert!(shell(text).because().contains("GNU's or busybox's"));
}

#[test]
fn c20_uvicorn_by_itself_listens_on_loopback() {
    let image = shell(H).cmd(&["uvicorn", "main:app"]);
    assert!(image.because().contains("127.0.0.1 alone"), "{}", image.because());
    let said = Assertions { listens: Listens::Everywhere, redirects: Redirects::Never, ..Assertions::default() };
    assert_eq!(image.stated(said).handler(), http(8000, "/h", "localhost:8000"));
}

#[test]
fn c21_curls_own_limit() {
    let image = shell("curl -f -m 5 http://localhost:8000/").times(0, 10_000, 0, 0, 0);
    assert_eq!(image.numbers(), [(5, 5, 22), (30, 5, 3), (30, 5, 4)]);
    // By itself the command keeps to it, and gets Docker's time.
    assert_eq!(image.stated(Assertions::default()).numbers()[1], (30, 10, 3));
}

#[test]
fn relative_commands_are_made_absolute() {
    let argv = |image: Image| match image.handler() {
        Handler::Exec(argv) => argv,
        other => unreachable!("{other:?}"),
    };
    assert_eq!(argv(exec(&["./health.sh", "./x"])), ["/app/health.sh", "./x"]);
    assert_eq!(argv(exec(&["bin/check"])), ["/app/bin/check"]);
    assert_eq!(argv(exec(&["check"])), ["check"]);
}

#[test]
fn numbers_beyond_int32_are_refused() {
    const YEARS: i64 = 9_000_000_000_000;
    assert_eq!(exec(&["x"]).times(YEARS, 0, 0, 0, 0).refused(), Some("PD204"));
    assert_eq!(exec(&["x"]).times(1000, 0, YEARS, 0, 0).refused(), Some("PD204"));
    assert_eq!(exec(&["x"]).times(0, 0, 0, 0, i64::from(u32::MAX)).refused(), Some("PD204"));
}

#[test]
fn a_port_without_a_check_is_told() {
    assert_eq!(image(&["NONE"]).exposes(8000).codes(), ["PD201"]);
}

#[test]
fn findings_say_where() {
    let result = shell("exit 0").compile();
    assert_eq!(result.findings[0].line, Some(3));
}
