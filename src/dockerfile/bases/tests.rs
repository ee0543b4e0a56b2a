#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn run(image: &str) -> Option<(Family, Release, Contents)> {
    KnownBase::of(image).map(|base| (base.family, base.release, base.contents))
}

#[test]
fn names_lead_to_what_is_known() {
    use Contents::{Buildpack, DistributionPython, FullPython, Plain, Python};
    use Family::{Alpine, Busybox, Debian, Distroless, Scratch, Ubuntu};
    use Release::{Earlier, Recent, Unknown};
    let digest = format!("@sha256:{}", "0".repeat(64));
    for (image, expected) in [
        ("python:3.13-slim", (Debian, Recent, Python)),
        ("python:3.13-slim-bookworm", (Debian, Recent, Python)),
        ("python:3.14-rc-slim-trixie", (Debian, Recent, Python)),
        ("python:3.11.4-slim-bullseye", (Debian, Earlier, Python)),
        ("python:slim", (Debian, Recent, Python)),
        ("python:3.6-slim", (Debian, Unknown, Python)),
        ("python", (Debian, Recent, FullPython)),
        ("python:3", (Debian, Recent, FullPython)),
        ("python:3.12-bookworm", (Debian, Recent, FullPython)),
        ("python:3.12-alpine", (Alpine, Recent, Python)),
        ("python:3.12-alpine3.20", (Alpine, Recent, Python)),
        ("python:alpine", (Alpine, Recent, Python)),
        ("docker.io/library/python:3.13-slim", (Debian, Recent, Python)),
        ("docker.io/python:3.13-slim", (Debian, Recent, Python)),
        ("mirror.example:5000/library/python:3.13-slim", (Debian, Recent, Python)),
        ("cache.example/docker.io/library/python:3.13-slim", (Debian, Recent, Python)),
        ("debian", (Debian, Recent, Plain)),
        ("debian:12.5-slim", (Debian, Recent, Plain)),
        ("debian:bookworm-20250520-slim", (Debian, Recent, Plain)),
        ("debian:11", (Debian, Earlier, Plain)),
        ("ubuntu:22.04", (Ubuntu, Earlier, Plain)),
        ("ubuntu:24.04", (Ubuntu, Recent, Plain)),
        ("ubuntu", (Ubuntu, Recent, Plain)),
        ("alpine:3.20", (Alpine, Recent, Plain)),
        ("busybox:musl", (Busybox, Recent, Plain)),
        ("buildpack-deps:bookworm", (Debian, Recent, Buildpack)),
        ("ghcr.io/astral-sh/uv:python3.13-bookworm-slim", (Debian, Recent, Python)),
        ("ghcr.io/astral-sh/uv:0.9.2-python3.12-alpine", (Alpine, Recent, Python)),
        ("ghcr.io/astral-sh/uv:python3.13-trixie", (Debian, Recent, FullPython)),
        ("ghcr.io/astral-sh/uv:debian-slim", (Debian, Recent, Plain)),
        ("ghcr.io/astral-sh/uv:latest", (Scratch, Recent, Plain)),
        ("ghcr.io/astral-sh/uv:0.9", (Scratch, Recent, Plain)),
        ("gcr.io/distroless/python3-debian12:nonroot", (Distroless, Recent, DistributionPython)),
        ("scratch", (Scratch, Recent, Plain)),
    ] {
        assert_eq!(run(image), Some(expected), "{image}");
        if image.contains(':') {
            assert_eq!(run(&format!("{image}{digest}")), Some(expected), "{image} by digest");
        }
    }
}

#[test]
fn other_names_lead_nowhere() {
    let digest = format!("@sha256:{}", "0".repeat(64));
    for image in [
        "",
        "app",
        "team/python:3.13-slim",
        "registry.example/python:3.13-slim",
        "localhost/python:3.13",
        "python:3.13-windowsservercore",
        "python:3.13-slim-whatever",
        &format!("python{digest}"),
        "debian:stretch",
        "ubuntu:16.04",
        "ghcr.io/astral-sh/uv:python3.13-whatever",
        "gcr.io/distroless/java",
        "host/scratch",
    ] {
        assert_eq!(run(image), None, "{image}");
    }
}

#[test]
fn programs_are_there_or_not() {
    let has = |image: &str, program: &str| KnownBase::of(image).unwrap().has(program);
    for (image, there, missing) in [
        (
            "python:3.13-slim",
            &["sh", "bash", "python", "useradd", "perl"][..],
            &["curl", "wget", "nc", "git", "ps", "uv"][..],
        ),
        ("python:3.13", &["curl", "wget", "git", "bash", "gcc"], &["uv"]),
        ("python:3.13-alpine", &["sh", "wget", "nc", "python", "adduser", "ps"], &["bash", "curl", "useradd", "perl"]),
        ("debian:12", &["bash", "adduser"], &["curl", "wget", "nc", "python3"]),
        ("debian:trixie-slim", &["bash", "useradd"], &["adduser", "curl"]),
        ("ubuntu:24.04", &["bash", "useradd"], &["curl", "wget", "python3", "nc"]),
        ("alpine:3.20", &["wget", "nc", "apk"], &["curl", "bash", "python"]),
        ("ghcr.io/astral-sh/uv:python3.13-bookworm-slim", &["uv", "python", "bash"], &["curl", "wget"]),
        ("gcr.io/distroless/python3-debian12", &["python3"], &["sh", "curl", "wget", "bash"]),
        ("gcr.io/distroless/base-debian12:debug", &["sh", "wget"], &["bash", "curl", "python3"]),
        ("scratch", &[], &["sh", "curl", "anything"]),
    ] {
        for program in there {
            assert_eq!(has(image, program), Some(true), "{image} {program}");
        }
        for program in missing {
            assert_eq!(has(image, program), Some(false), "{image} {program}");
        }
    }
    assert_eq!(has("python:3.13-slim", "adduser"), None);
    assert_eq!(has("python:3.13-slim", "mystery"), None);
    assert_eq!(KnownBase::of("gcr.io/distroless/static:nonroot").unwrap().user, "65532");
}

#[test]
fn every_line_of_the_account_files_is_an_entry_and_no_two_are_of_one_name() {
    for image in
        ["debian:12", "debian:11", "python:3.6", "ubuntu:24.04", "ubuntu:22.04", "alpine", "busybox", "scratch"]
    {
        let base = KnownBase::of(image).unwrap();
        for texts in [[base.passwd(), base.perhaps_passwd()], [base.group(), base.perhaps_group()]] {
            let mut names: Vec<_> =
                texts.iter().flat_map(|text| text.lines()).map(|line| line.split(':').next().unwrap()).collect();
            let all = names.len();
            assert!(texts.iter().flat_map(|text| text.lines()).all(|line| line.split(':').count() == 4), "{image}");
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{image}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_name_panics(name in "(library/|docker.io/|ghcr.io/astral-sh/|python|uv|debian|:|@|-|alpine|slim|3|.){0,12}") {
        let _ = KnownBase::of(&name);
    }
}
