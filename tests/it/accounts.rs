//! What a Dockerfile's account commands make, read and run: the same numbers, by the real tools of Debian and BusyBox.
//!
//! The lists in tests/data/accounts are of blocks that a line of `---` ends. A block is a script, then `> NAMES`: users
//! whose numbers have to be known, `? NAMES`: users whose numbers may be known only from the image, or `! `: the script
//! fails, so that no image comes of it and nothing may be said.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command as Program, Stdio};

use pydeploy::dockerfile::accounts::{Accounts, Command, Kind, Step, accounts};
use pydeploy::dockerfile::bases::KnownBase;
use pydeploy::image::account::{Files, resolve};

const DEBIAN: (&str, &str) = ("python:3.13-slim", "python:3.13-slim-bookworm");
const ALPINE: (&str, &str) = ("python:3.13-alpine", "python:3.13-alpine");

struct Case {
    script: String,
    known: Vec<String>,
    unknown: Vec<String>,
    fails: bool,
}

/// What the real tools left behind.
struct Real {
    ok: bool,
    passwd: String,
    group: String,
}

fn environment() -> BTreeMap<String, Option<String>> {
    let known = |text: &str| Some(text.to_owned());
    [("APP_UID", known("1234")), ("APP_USER", known("app")), ("EMPTY", known("")), ("DECLARED", None)]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

fn cases(text: &str) -> Vec<Case> {
    let block = |block: &str| {
        let mut case = Case { script: String::new(), known: Vec::new(), unknown: Vec::new(), fails: false };
        for line in block.lines().filter(|line| !line.starts_with("## ")) {
            let names = |rest: &str| rest.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            match (line.strip_prefix("> "), line.strip_prefix("? "), line.strip_prefix("! ")) {
                (Some(rest), _, _) => case.known = names(rest),
                (_, Some(rest), _) => case.unknown = names(rest),
                (_, _, Some(_)) => case.fails = true,
                _ => case.script.extend([line, "\n"]),
            }
        }
        assert!(case.fails || !case.known.is_empty() || !case.unknown.is_empty(), "a block expects nothing: {block}");
        case
    };
    text.split("---\n").map(str::trim_start).filter(|text| !text.is_empty()).map(block).collect()
}

/// All the scripts in one container, the account files as in the base before each.
fn run(image: &str, base: &KnownBase, scripts: &[String]) -> Vec<Real> {
    let padded = |text: &str, rest: &str| text.lines().map(|line| [line, rest, "\n"].concat()).collect::<String>();
    let mut driver = format!(
        "cat >/tmp/passwd <<'END_OF_FILE'\n{}END_OF_FILE\ncat >/tmp/group <<'END_OF_FILE'\n{}END_OF_FILE\n",
        padded(base.passwd(), "::/nonexistent:/bin/sh"),
        padded(base.group(), ""),
    );
    driver += "export APP_UID=1234 APP_USER=app EMPTY= DECLARED=4321\ncp -p /etc/shadow /tmp/shadow\n";
    for script in scripts {
        driver.extend(["cat >/tmp/script <<'END_OF_SCRIPT'\n", script, "\nEND_OF_SCRIPT\n"]);
        driver += "cat /tmp/passwd >/etc/passwd; cat /tmp/group >/etc/group; cp -p /tmp/shadow /etc/shadow\n\
            rm -rf /etc/gshadow /etc/*.lock /home/*\n\
            sh /tmp/script </dev/null >/tmp/said 2>&1; echo \"=== $?\"; cat /etc/passwd; echo ===; cat /etc/group\n";
    }
    let mut docker = Program::new("docker")
        .args(["run", "--rm", "-i", image, "sh", "-c", "cat >/tmp/driver; . /tmp/driver"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    docker.stdin.take().unwrap().write_all(driver.as_bytes()).unwrap();
    let said = docker.wait_with_output().unwrap();
    assert!(said.status.success());
    let said = String::from_utf8(said.stdout).unwrap();
    let reals: Vec<_> = said
        .split("=== ")
        .skip(1)
        .map(|part| {
            let (code, rest) = part.split_once('\n').unwrap();
            let (passwd, group) = rest.split_once("===\n").unwrap();
            Real { ok: code == "0", passwd: passwd.to_owned(), group: group.to_owned() }
        })
        .collect();
    assert_eq!(reals.len(), scripts.len());
    reals
}

fn read(base: &KnownBase, script: &str) -> Accounts {
    let shell = ["/bin/sh".to_owned(), "-c".to_owned()];
    let env = environment();
    let command = Command::Shell { shell: &shell, text: script, heredocs: &[] };
    let steps = [Step { line: 2, kind: Kind::Run { command, user: "", env: &env } }];
    accounts(Some(base), &steps)
}

/// What is said of an account that the real files contradict; nothing where it agrees.
fn lies(ours: &Accounts, real: &Real, extra: &[String]) -> Vec<String> {
    let files = Files { passwd: Some(&real.passwd), group: Some(&real.group) };
    let users = real.passwd.lines().chain(extra.iter().map(String::as_str)).filter_map(|line| line.split(':').next());
    let groups = real.group.lines().filter_map(|line| line.split(':').next()).map(|name| format!("0:{name}"));
    let ids = real.passwd.lines().filter_map(|line| line.split(':').nth(2));
    let mut wrong = Vec::new();
    for user in users.map(str::to_owned).chain(groups).chain(ids.map(str::to_owned)) {
        let Ok(said) = ours.resolve(&user) else { continue };
        // Root is root, even of no image.
        if !real.ok && said.name.as_deref() == Some("root") {
            continue;
        }
        let there = resolve(&user, &files);
        let same = |real: &pydeploy::image::account::Account| {
            (real.uid, real.gid, &real.supplementary) == (said.uid, said.gid, &said.supplementary)
        };
        if !real.ok || !there.as_ref().is_ok_and(same) {
            wrong.push(format!("{user}: said {}:{} {:?}, really {there:?}", said.uid, said.gid, said.supplementary));
        }
    }
    wrong
}

fn check(list: &str, (image, base): (&str, &str)) {
    let base = KnownBase::of(base).unwrap();
    let cases = cases(list);
    let scripts: Vec<_> = cases.iter().map(|case| case.script.clone()).collect();
    let mut wrong = Vec::new();
    for (case, real) in cases.iter().zip(run(image, &base, &scripts)) {
        let read = read(&base, &case.script);
        let mut faults = lies(&read, &real, &[]);
        if real.ok == case.fails {
            faults.push(format!("the script {}", if real.ok { "succeeds" } else { "fails" }));
        }
        if case.fails {
            faults = if real.ok { faults } else { Vec::new() };
            // Root is root, whatever fails.
            faults.extend(
                read.resolve("app").ok().map(|account| format!("said {}:{} of no image", account.uid, account.gid)),
            );
        }
        for name in &case.known {
            faults.extend(read.resolve(name).err().map(|why| format!("{name} isn't known: {why}")));
        }
        for name in &case.unknown {
            faults.extend(
                read.resolve(name).ok().map(|account| format!("{name} is known: {}:{}", account.uid, account.gid)),
            );
        }
        if !faults.is_empty() {
            wrong.push(format!("{}  {}", case.script, faults.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
#[ignore = "needs the bed: docker base"]
fn debian_makes_the_accounts_that_are_read() {
    check(include_str!("../data/accounts/debian.txt"), DEBIAN);
}

#[test]
#[ignore = "needs the bed: docker musl"]
fn busybox_makes_the_accounts_that_are_read() {
    check(include_str!("../data/accounts/alpine.txt"), ALPINE);
}

#[test]
#[ignore = "needs the bed: docker base"]
fn the_base_has_the_accounts_that_are_known_of_it() {
    let said =
        Program::new("docker").args(["run", "--rm", DEBIAN.0, "cat", "/etc/passwd", "/etc/group"]).output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let real: Vec<_> = said.lines().map(|line| line.split(':').take(4).collect::<Vec<_>>().join(":")).collect();
    let base = KnownBase::of(DEBIAN.1).unwrap();
    let known: Vec<_> = base.passwd().lines().chain(base.group().lines()).collect();
    assert_eq!(real, known);
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(self.0 >> 33).unwrap() % from.len();
        from[at]
    }
}

/// A script of a few commands, each with a few options, that may or may not fail.
fn random(dice: &mut Dice, commands: &[(&str, &[&str])]) -> String {
    let names = ["app", "app", "web", "web", "db", "svc", "games", "users"];
    let mut script = String::new();
    for at in 0..dice.pick(&["2", "3", "4", "5", "6"]).parse().unwrap() {
        let all: Vec<_> = commands.iter().map(|(name, _)| *name).collect();
        let wanted = if at == 0 { commands[0].0 } else { dice.pick(&all) };
        let options = commands.iter().find(|(name, _)| *name == wanted).unwrap().1;
        if at > 0 {
            script += dice.pick(&[" && ", "; ", "; ", " || ", "\n"]);
        }
        script += wanted;
        for _ in 0..dice.pick(&["0", "1", "1", "1", "2"]).parse().unwrap() {
            script.extend([" ", dice.pick(options)]);
        }
        script.extend([" ", dice.pick(&names)]);
    }
    script + "; true"
}

fn random_check(seed: u64, count: usize, commands: &[(&str, &[&str])], (image, base): (&str, &str), least: usize) {
    let base = KnownBase::of(base).unwrap();
    let mut dice = Dice(seed);
    let scripts: Vec<_> = (0..count).map(|_| random(&mut dice, commands)).collect();
    let (mut wrong, mut known, mut made) = (Vec::new(), 0, 0);
    for (script, real) in scripts.iter().zip(run(image, &base, &scripts)) {
        let read = read(&base, script);
        let new = real.passwd.lines().skip(base.passwd().lines().count()).filter_map(|line| line.split(':').next());
        for user in new {
            made += 1;
            known += usize::from(read.resolve(user).is_ok());
        }
        let lies = lies(&read, &real, &["app".to_owned(), "web".to_owned(), "db".to_owned(), "svc".to_owned()]);
        if !lies.is_empty() {
            wrong.push(format!("{script}\n  {}", lies.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    // A reader that says nothing would pass what is above.
    assert!(known * 10 >= made * 9 && made >= least, "{known} of {made} new users are known");
}

const SHADOW: &[(&str, &[&str])] = &[
    (
        "useradd",
        &[
            "-r",
            "-m",
            "-M",
            "-N",
            "-U",
            "-u 1000",
            "-u 1500",
            "-u 500",
            "-u 5",
            "-g users",
            "-g web",
            "-g 60",
            "-G games,staff",
            "-o -u 1000",
            "-K UID_MIN=2000",
            "-K GID_MAX=999999",
            "-rm",
            "--system",
            "--uid=1001",
            "--gid=games",
            "-s /bin/sh",
            "-c x",
            "-u 999",
            "-u 70000",
            "-g web -G users",
        ],
    ),
    (
        "groupadd",
        &[
            "-r",
            "-g 1000",
            "-g 60",
            "-o -g 60",
            "-f",
            "-f -g 1000",
            "--system",
            "--gid 1500",
            "-g 500",
            "-g 101",
            "-U games",
        ],
    ),
    ("usermod", &["-u 1700", "-g users", "-aG staff", "-G games", "-l svc", "-o -u 5", "-u 1000", "-aG web"]),
    ("groupmod", &["-g 1800", "-n svc", "-o -g 60", "-g 1000"]),
    ("userdel", &["-f"]),
    ("groupdel", &["-f"]),
    (
        "adduser",
        &[
            "--system",
            "--system --group",
            "--disabled-password --gecos x",
            "--uid 1000",
            "--ingroup users",
            "--gid 60",
            "--uid 300",
            "--no-create-home",
            "-q",
            "--gid 100",
            "--system --ingroup web",
            "--shell /bin/sh",
        ],
    ),
    ("addgroup", &["--system", "--gid 1000", "--gid 300", "--quiet"]),
    ("deluser", &["--quiet"]),
    ("delgroup", &["--quiet"]),
    ("gpasswd", &["-a app", "-a games"]),
];

const BUSYBOX: &[(&str, &[&str])] = &[
    (
        "adduser",
        &[
            "-D",
            "-S",
            "-DH",
            "-D -u 1000",
            "-u 1500 -D",
            "-S -G users",
            "-D -G web",
            "-S -u 300",
            "-h /x -D",
            "-SDH -G app",
            "-D -s /bin/sh -g x",
            "-D -u 100",
            "--system --ingroup users",
        ],
    ),
    ("addgroup", &["-S", "-g 1000", "-g 300", "-S -g 101", "--system", "--gid 1500", "app", "games"]),
    ("deluser", &["--remove-home"]),
    ("delgroup", &["app"]),
];

#[test]
#[ignore = "needs the bed: docker base"]
fn random_scripts_on_debian_are_never_misread() {
    random_check(1, 120, SHADOW, DEBIAN, 50);
}

#[test]
#[ignore = "needs the bed: docker musl"]
fn random_scripts_on_busybox_are_never_misread() {
    random_check(2, 200, BUSYBOX, ALPINE, 80);
}
