#![allow(clippy::unwrap_used)]
use super::*;
use crate::dockerfile::parse;

fn built(text: &str, change: impl FnOnce(&mut Options<'_>)) -> Result<Image, Problem> {
    let mut options = Options::new();
    change(&mut options);
    parse(text.as_bytes(), "f").and_then(|file| file.evaluate(&options)).map_err(|error| error.problem)
}

#[test]
fn the_target_decides() {
    let text = "FROM a AS one\nUSER 1\nFROM b AS two\nUSER 2\n";
    let target = |name: &str| built(text, |options| options.target = Target::Stage(name.to_owned()));
    assert_eq!(target("ONE").unwrap().config.user, "1");
    let stages = vec!["one".to_owned(), "two".to_owned()];
    assert_eq!(target("three"), Err(Problem::Target { name: "three".into(), stages }));
}

#[test]
fn build_arguments_and_platforms() {
    let text = "ARG BASE\nFROM --platform=$BUILDPLATFORM ${BASE:-a}\nARG TARGETARCH V=1\nENV X=$TARGETARCH-$V\n";
    let image = built(text, |options| {
        options.build_args.insert("BASE".into(), "b".into());
        options.platform = "linux/arm64".parse().unwrap();
    });
    let image = image.unwrap();
    assert_eq!(image.config.env, ["X=arm64-1"]);
    let base = Base::Image { name: "b".into(), platform: Platform::linux_amd64(), line: 2 };
    assert_eq!(image.base, base);
}

#[test]
fn variables_of_steps_say_whether_they_are_certain() {
    let image = built("FROM a\nARG A B=$C\nENV D=1 E=${B}x\n", |_| {}).unwrap();
    let set: Vec<_> = image
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Set(variable) => Some((variable.name.as_str(), variable.value.as_deref(), variable.certain)),
            _ => None,
        })
        .collect();
    let expected = [("A", None, true), ("B", Some(""), false), ("D", Some("1"), true), ("E", Some("x"), false)];
    assert_eq!(set, expected);
}

#[test]
fn what_was_not_certain_stays_so_in_the_stage_above() {
    let image = built("FROM a AS one\nENV A=$B\nFROM one\nUSER $A\n", |_| {}).unwrap();
    assert_eq!(image.unknown.len(), 2);
    assert_eq!(image.unknown_at(4).count(), 1);
}
