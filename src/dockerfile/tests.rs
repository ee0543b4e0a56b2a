#![allow(clippy::unwrap_used)]
use std::fmt::Write;

use super::*;
use crate::image::config::{HealthConfig, RunConfig};

fn evaluated(text: &str) -> Result<Image, Error> {
    parse(text.as_bytes(), "Dockerfile").and_then(|file| file.evaluate(&Options::new()))
}

fn image(text: &str) -> Image {
    evaluated(text).unwrap()
}

fn problem(text: &str) -> Problem {
    evaluated(text).unwrap_err().problem
}

#[test]
fn lines_tell_what_decided() {
    let text = "FROM python AS one\nUSER a\nEXPOSE 80 81\nENV A=1\nFROM one\nEXPOSE 80\nHEALTHCHECK CMD x\nENTRYPOINT [\"e\"]\nSTOPSIGNAL SIGINT\n";
    let Image { lines, base, config, .. } = image(text);
    assert_eq!((lines.user, lines.healthcheck, lines.stop_signal), (Origin::Line(2), Origin::Line(7), Origin::Line(9)));
    assert_eq!((lines.ports["80/tcp"], lines.ports["81/tcp"]), (Origin::Line(6), Origin::Line(3)));
    assert_eq!((lines.cmd, lines.working_dir, lines.others), (Origin::Line(8), Origin::Unknown, Origin::Unknown));
    assert_eq!((lines.env["A"].line(), config.env), (Some(4), vec!["A=1".to_owned()]));
    let Base::Image { name, platform, line } = base else { unreachable!() };
    assert_eq!((name.as_str(), platform.to_string().as_str(), line), ("python", "linux/amd64", 1));
    assert_eq!(image("FROM scratch").lines.user, Origin::Nowhere);
}

#[test]
fn what_is_not_certain_is_told() {
    let text = "FROM python\nENV A=$HOME B=1 C=${PORT:-80}\nUSER ${A}\nEXPOSE $B\nWORKDIR app\nCMD run\nENV HOME=/x\nUSER $HOME\n";
    let image = image(text);
    let at = |line| image.unknown_at(line).map(|u| u.what.clone()).collect::<Vec<_>>();
    let variable = |name: &str| What::Variable(name.to_owned());
    assert_eq!(at(2), [variable("HOME"), variable("PORT")]);
    assert_eq!(at(3), [variable("A")]);
    assert_eq!((at(4), at(5), at(6), at(8)), (vec![], vec![What::WorkingDir], vec![What::Shell], vec![]));
    assert_eq!(evaluated("FROM scratch\nUSER $HOME\nCMD a\nWORKDIR x").unwrap().unknown, []);
}

#[test]
fn a_known_base_is_inherited_with_its_triggers() {
    let config = RunConfig {
        user: "app".into(),
        env: vec!["HOME=/h".into()],
        on_build: vec!["ENV T=$HOME".into(), "EXPOSE 9".into()],
        cmd: vec!["c".into()],
        ..RunConfig::default()
    };
    let bases = |name: &str| (name == "mine").then(|| config.clone());
    let options = Options { bases: &bases, ..Options::new() };
    let file = parse(b"FROM mine\nENV U=$T\nENTRYPOINT [\"e\"]", "f").unwrap();
    let image = file.evaluate(&options).unwrap();
    assert_eq!((image.config.user.as_str(), image.lines.user), ("app", Origin::Base));
    assert_eq!(image.config.env[2..], ["T=/h", "U=/h"]);
    assert_eq!((image.config.cmd.len(), image.lines.ports["9/tcp"], image.unknown.len()), (0, Origin::Line(1), 0));
    let bad = |name: &str| (name == "mine").then(|| RunConfig { on_build: vec!["FROM x".into()], ..config.clone() });
    let error = file.evaluate(&Options { bases: &bad, ..Options::new() }).unwrap_err();
    assert_eq!((error.problem, error.place.line), (Problem::TriggerOfImage("FROM x".into()), 1));
}

#[test]
fn steps_are_those_of_the_image() {
    let text = "FROM python AS build\nRUN hidden\nFROM python AS one\nARG U=7\nRUN useradd -u $U app\nUSER app\n\
        FROM one\nSHELL [\"/bin/bash\", \"-c\"]\nRUN <<E\nid\nE\nWORKDIR /srv\nCOPY --from=build --chown=app a b ./\nRUN [\"true\"]\n";
    let steps = image(text).steps;
    let lines: Vec<_> = steps.iter().map(|step| (step.line, step.user.as_str())).collect();
    let expected = [(3, ""), (4, ""), (5, ""), (6, "app"), (7, "app"), (8, "app"), (9, "app"), (12, "app")];
    assert_eq!((&lines[..8], steps.len()), (&expected[..], 10));
    let Action::Run { form: Form::Shell(command), .. } = &steps[2].action else { unreachable!() };
    assert_eq!(command, "useradd -u $U app", "a shell's variables are the shell's");
    let Action::Run { form, heredocs, shell } = &steps[6].action else { unreachable!() };
    assert_eq!(
        (form, heredocs[0].content.as_str(), shell[0].as_str()),
        (&Form::Shell(String::new()), "id\n", "/bin/bash")
    );
    let Action::Copy(copied) = &steps[8].action else { unreachable!() };
    assert_eq!((copied.destination.as_str(), &copied.from), ("/srv/", &From::Other("build".into())));
    assert_eq!((copied.sources.len(), copied.chown.as_str()), (2, "app"));
}

#[test]
fn errors_show_the_text_that_is_meant() {
    let shown = |text: &str| {
        let error = evaluated(text).unwrap_err();
        (error.to_string(), error.place.marked(), error.hint().unwrap_or_default())
    };
    let (text, marked, hint) = shown("FROM a\nUSR app\n");
    assert_eq!((text.as_str(), marked.as_str()), ("Dockerfile:2:1: there is no instruction \"USR\"", "USR"));
    assert_eq!(hint, "USER is one");
    let (text, marked, _) = shown("FROM a\nHEALTHCHECK \\\n  --interval=30 \\\n  CMD x");
    assert!(text.starts_with("Dockerfile:3:14: \"30\" is not allowed for --interval"), "{text}");
    assert_eq!(marked, "30");
    assert_eq!(shown("FROM a\nCOPY --form=x a b").2, "--from is one");
    assert_eq!(shown("FROM a\nENV A=${B").1, "${B");
    let error = evaluated("FROM a\nEXPOSE 80 x").unwrap_err();
    assert_eq!(error.snippet(), "  |\n2 | EXPOSE 80 x\n  |           ^");
}

/// Sentences of how HEALTHCHECK is stored; the recorded cases hold the rest.
#[test]
fn health_checks_are_stored_as_docker_does() {
    let health = |lines: &str| image(&format!("FROM scratch\n{lines}")).config.healthcheck.unwrap();
    let test = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let default = HealthConfig::default();
    let zeros = "HEALTHCHECK --interval=0s --timeout=0 --retries=0 CMD a";
    assert_eq!(health(zeros), HealthConfig { test: test(&["CMD-SHELL", "a"]), ..default.clone() });
    let last = "HEALTHCHECK --interval=5s CMD a\nHEALTHCHECK CMD b";
    assert_eq!(health(last), HealthConfig { test: test(&["CMD-SHELL", "b"]), ..default.clone() });
    assert_eq!(health("HEALTHCHECK --bogus=1 none"), HealthConfig { test: test(&["NONE"]), ..default });
    let silent = health("HEALTHCHECK CMD ['curl','-f','http://localhost']").test;
    assert_eq!(silent, ["CMD-SHELL", "['curl','-f','http://localhost']"]);
    let exec = health("HEALTHCHECK CMD [\"curl\", \"$URL\", \"||\", \"exit\"]").test;
    assert_eq!(exec, ["CMD", "curl", "$URL", "||", "exit"]);
    for wrong in [
        "--interval=30 CMD a",
        "--interval 5s CMD a",
        "--timeout=500us CMD a",
        "--retries=-1 CMD a",
        "NONE x",
        "CMD []",
    ] {
        assert!(evaluated(&format!("FROM scratch\nHEALTHCHECK {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn instructions_know_their_lines() {
    let file = parse(b"# escape=`\nARG A\nFROM a\nRUN <<E `\n  x\nb\nE\nuser c\n", "f").unwrap();
    let all: Vec<_> = file.instructions().map(|i| (i.line, i.last_line, i.name)).collect();
    assert_eq!(all, [(2, 2, "ARG"), (3, 3, "FROM"), (4, 7, "RUN"), (8, 8, "user")]);
    assert_eq!((file.directives().escape, file.stages().collect::<Vec<_>>()), ('`', vec![None]));
}

#[test]
fn what_is_no_dockerfile_is_refused() {
    assert_eq!(parse(b"", "f").unwrap_err().problem, Problem::Empty);
    assert_eq!(parse(&vec![b'\n'; source::LARGEST_FILE + 1], "f").unwrap_err().problem, Problem::TooLarge);
    let binary: Vec<u8> =
        (0..200_000_u32).map(|i| u8::try_from(i.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    assert!(parse(&binary, "f").is_err());
    assert_eq!(problem(&format!("FROM scratch\nENV A={}", "x".repeat(10 << 20))), Problem::LongLine);
    assert!(matches!(problem("FROM scratch\nRUN <<EOF\nEOF "), Problem::OpenHeredoc(_)));
    assert!(matches!(
        parse("FROM scratch\n\u{0}".as_bytes(), "f").unwrap_err().problem,
        Problem::UnknownInstruction { .. }
    ));
    assert!(matches!(problem("FROM a AS a\nCOPY --from=a x y"), Problem::Circular(_)));
    let circle = "FROM a AS one\nCOPY --from=two x y\nFROM a AS two\nCOPY --from=one x y";
    assert!(matches!(problem(circle), Problem::Circular(_)));
}

#[test]
fn fifty_thousand_instructions_are_read_in_one_go() {
    let mut text = String::from("FROM scratch\n");
    for i in 0..50_000 {
        writeln!(
            text,
            "{}",
            match i % 5 {
                0 => format!("ENV A{i}={i} B=$A{}", i - i % 5),
                1 => "EXPOSE 1-65535".to_owned(),
                2 => format!("LABEL l{i}=$B"),
                3 => format!("WORKDIR /{i}"),
                _ => format!("USER u{i}"),
            }
        )
        .unwrap();
    }
    let image = image(&text);
    assert_eq!((image.config.exposed_ports.len(), image.config.env.len()), (65_535, 10_002));
}

#[test]
fn many_stages_and_triggers_are_read_in_one_go() {
    let mut chain = String::from("FROM scratch AS s0\nENV A=1\n");
    for i in 1..10_000 {
        writeln!(chain, "FROM s{} AS s{i}\nENV A{i}=1\nONBUILD USER u{i}", i - 1).unwrap();
    }
    assert_eq!(image(&chain).config.user, "u9998");
    let mut circle = String::new();
    for i in 0..10_000 {
        writeln!(circle, "FROM scratch AS s{i}\nCOPY --from=s{} a b", (i + 1) % 10_000).unwrap();
    }
    assert!(matches!(problem(&circle), Problem::Circular(_)));
}

#[test]
fn bombs_end_early() {
    let mut doubled = String::from("FROM scratch\nENV A=0123456789\n");
    doubled.push_str(&"ENV A=$A$A\n".repeat(64));
    let spent =
        |problem| matches!(problem, Problem::TooMuch | Problem::Substitution { why: Substitution::TooMuch, .. });
    assert!(spent(problem(&doubled)));
    let mut wide = String::from("FROM scratch AS base\n");
    for i in 0..5_000 {
        writeln!(wide, "ENV A{i}={i}").unwrap();
    }
    for i in 0..5_000 {
        writeln!(wide, "FROM base AS s{i}").unwrap();
    }
    wide.push_str("FROM scratch\n");
    for i in 0..5_000 {
        writeln!(wide, "COPY --from=s{i} a b").unwrap();
    }
    assert!(spent(problem(&wide)));
    let deep = format!("FROM scratch\nENV A={}{}", "${B:-".repeat(9_000), "}".repeat(9_000));
    assert!(matches!(problem(&deep), Problem::Substitution { why: Substitution::TooDeep, .. }));
    let pattern = format!("FROM scratch\nENV A={}\nENV B=${{A//{}b/}}", "a".repeat(30_000), "*a".repeat(15_000));
    assert!(spent(problem(&pattern)));
}

#[test]
fn no_input_panics() {
    use proptest::prelude::*;
    let line = prop_oneof![
        "(FROM|ARG|ENV|RUN|COPY|ADD|USER|CMD|EXPOSE|HEALTHCHECK|ONBUILD|LABEL|SHELL|VOLUME) [ -~\t]{0,30}",
        "(RUN|COPY|ONBUILD RUN) [-<$'\"{}:A-C/\\\\ \n]{0,30}",
        "(FROM scratch AS a|FROM a|COPY --from=a x y|RUN --mount=[a-z=,\"]{0,20} x)",
        "\\PC{0,20}",
    ];
    let text = proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let read = |text: &[u8]| {
        if let Err(error) = parse(text, "f").and_then(|file| file.evaluate(&Options::new())) {
            assert!(error.snippet().lines().count() == 3 && error.place.line >= 1);
        }
    };
    runner
        .run(&text, |text| {
            read(text.as_bytes());
            Ok(())
        })
        .unwrap();
    runner
        .run(&proptest::collection::vec(any::<u8>(), 0..300), |bytes| {
            read(&bytes);
            Ok(())
        })
        .unwrap();
    let prefixed =
        proptest::collection::vec(any::<u8>(), 0..100).prop_map(|b| [b"FROM a\nENV ", b.as_slice()].concat());
    runner
        .run(&prefixed, |bytes| {
            read(&bytes);
            Ok(())
        })
        .unwrap();
}
