#![allow(clippy::unwrap_used)]
use super::*;
use crate::dockerfile::source::Source;

fn mounted(text: &str) -> Result<Mount, Problem> {
    Mount::parse(text, |value| Ok(value.to_owned())).map_err(|trouble| trouble.problem)
}

#[test]
fn mounts() {
    for mount in [
        "type=cache,target=/x,sharing=private,id=a,uid=1,gid=2,mode=0700",
        "target=/x,ro",
        "\"type=bind\",\"target=/a,b\"",
        "type=tmpfs,target=/x,size=1.5gib",
        "type=secret,id=a,required",
        "type=SSH,required=0",
    ] {
        assert!(mounted(mount).is_ok(), "{mount}");
    }
    assert_eq!(mounted("\"type=bind\",\"target=/a,b\"").unwrap().target, "/a,b");
    for mount in [
        "type=disk",
        "target",
        "required,type=secret,id=a",
        "type=tmpfs,size=1x",
        "type=cache,mode=9",
        "type=cache,uid=+1",
        "type=secret,source=a,id=b",
        "type=secret,from=a,id=b",
        "ro=maybe",
    ] {
        assert!(mounted(mount).is_err(), "{mount}");
    }
}

#[test]
fn lists_are_checked_before_variables_are_known() {
    for wrong in ["", "a\"b", "\"a", "\"a\"b", "from=$A"] {
        assert!(Mount::check(wrong).is_err(), "{wrong}");
    }
    assert!(Mount::check("from=a$,type=$T").is_ok());
    assert_eq!(Mount::from_of("FROM=a,type=bind,from=b"), "b");
    for (device, valid) in [("a", true), ("name=a,required", true), ("a,b", false), ("a,required=x", false)] {
        assert_eq!(check_device(device).is_ok(), valid, "{device}");
    }
}

#[test]
fn triggers_are_stored_as_written() {
    let source = Source::new("f", b"ONBUILD  run <<-E cat\n\ta\n\tE\n");
    let (_, statements) = crate::dockerfile::reader::read(&source).unwrap();
    let command = Command::parse(&statements[0], '\\').unwrap();
    assert_eq!(command, Command::Onbuild("run <<-E cat\n\ta\nE".into()));
}
