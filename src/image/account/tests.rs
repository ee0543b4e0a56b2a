#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\r\n\
    # a comment is a name to a runtime:x:7:7\n\
    \n  app:x:1000:1001:App:/app:/bin/sh\n\
    app:x:5:5:a second one:/:/bin/sh\n\
    1234:x:77:78::/:/bin/sh\n\
    bad:x:abc:def\n\
    short:x\n\
    huge:x:4294967295:0::/:\n\
    wide:x:99999999999999999999:0::/:\n\
    below:x:-5:0::/:\n\
    twin:x:1000:9::/:\n\
    +::50:51:::\n\
    nul\0name:x:60:60::/:\n";
const GROUP: &str = "root:x:0:root,app\n# note:x:9:app\nweb:x:33:app\r\nown:x:1001:app\nweb:x:34:\n55:x:66:\nbad:x:q:\nfar:x:4294967295:app\ntwo:x:34:x,app,\n";

fn run(user: &str) -> Result<Account, Unresolved> {
    resolve(user, &Files { passwd: Some(PASSWD), group: Some(GROUP) })
}

fn numbers(user: &str) -> (u32, u32, Option<String>) {
    let account = run(user).unwrap();
    (account.uid, account.gid, account.name)
}

#[test]
fn every_form_of_user_leads_to_its_numbers() {
    let named = |uid, gid, name: &str| (uid, gid, Some(name.to_owned()));
    for (user, expected) in [
        ("", named(0, 0, "root")),
        ("root", named(0, 0, "root")),
        ("0:0", named(0, 0, "root")),
        (":1000", named(0, 1000, "root")),
        (":web", named(0, 33, "root")),
        ("app", named(1000, 1001, "app")),
        ("app:", named(1000, 1001, "app")),
        ("app:web", named(1000, 33, "app")),
        ("app:77", named(1000, 77, "app")),
        ("1000", named(1000, 1001, "app")),
        ("1000:web", named(1000, 33, "app")),
        ("10001", (10001, 0, None)),
        ("10001:5", (10001, 5, None)),
        ("+1000", named(1000, 1001, "app")),
        // A number is a number, even where it is a name.
        ("1234", (1234, 0, None)),
        ("app:55", named(1000, 55, "app")),
        // What is no number is 0 in the files.
        ("bad", named(0, 0, "bad")),
        ("short", named(0, 0, "short")),
        ("app:bad", named(1000, 0, "app")),
        ("+", named(50, 51, "+")),
        ("nul\0name", named(60, 60, "nul\0name")),
    ] {
        assert_eq!(numbers(user), expected, "{user:?}");
    }
}

#[test]
fn what_leads_nowhere_is_an_error_that_says_why() {
    let range = |text: &str| Err(Unresolved::Range(text.into()));
    for (user, expected) in [
        ("nobody", Err(Unresolved::NoUser("nobody".into()))),
        ("app:nobody", Err(Unresolved::NoGroup("nobody".into()))),
        ("app:web:x", Err(Unresolved::NoGroup("web:x".into()))),
        ("-1", range("-1")),
        ("2147483648", range("2147483648")),
        ("1:99999999999999999999", range("99999999999999999999")),
        ("huge", range("4294967295")),
        ("wide", range("9223372036854775807")),
        ("below", range("-5")),
        ("app:far", range("4294967295")),
        ("# note", Err(Unresolved::NoUser("# note".into()))),
    ] {
        assert_eq!(run(user), expected, "{user:?}");
    }
}

#[test]
fn where_the_numbers_come_from_is_said() {
    let from = |user: &str| {
        let from = run(user).unwrap().from;
        (from.uid, from.gid)
    };
    assert_eq!(from(""), (UidSource::Unstated, GidSource::Passwd));
    assert_eq!(from("app"), (UidSource::Passwd, GidSource::Passwd));
    assert_eq!(from("app:web"), (UidSource::Passwd, GidSource::Group));
    assert_eq!(from("1000"), (UidSource::Stated, GidSource::Passwd));
    assert_eq!(from("10001"), (UidSource::Stated, GidSource::NoEntry));
    assert_eq!(from("10001:1"), (UidSource::Stated, GidSource::Stated));
}

#[test]
fn further_groups_are_those_that_list_the_user_and_none_with_a_stated_group() {
    assert_eq!(run("app").unwrap().supplementary, [0, 33, 34]);
    assert_eq!(run("1000").unwrap().supplementary, [0, 33, 34]);
    assert!(run("app:web").unwrap().supplementary.is_empty());
    assert!(run("10001").unwrap().supplementary.is_empty());
}

#[test]
fn an_image_without_the_files_has_numbers_only() {
    let none = Files::default();
    assert_eq!(resolve("", &none).unwrap().from.gid, GidSource::NoEntry);
    let account = resolve("10001", &none).unwrap();
    assert_eq!((account.uid, account.gid, account.name), (10001, 0, None));
    assert_eq!(resolve("root", &none), Err(Unresolved::NoUser("root".into())));
    assert_eq!(resolve("1:web", &none), Err(Unresolved::NoGroup("web".into())));
}

#[test]
fn a_line_that_is_too_long_spoils_the_file() {
    let long = |length: usize| format!("app:x:1:1::/:\n{}\n", "x".repeat(length));
    let passwd = |text: &str| resolve("app", &Files { passwd: Some(text), group: None });
    assert!(passwd(&long(LONGEST_PASSWD_LINE)).is_ok());
    assert_eq!(passwd(&long(LONGEST_PASSWD_LINE + 1)), Err(Unresolved::Line("/etc/passwd")));
    let group = long(LONGEST_GROUP_LINE + 1);
    let files = Files { passwd: None, group: Some(&group) };
    assert_eq!(resolve("1:web", &files), Err(Unresolved::Line("/etc/group")));
    assert!(resolve("1:1", &files).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_text_panics(user in ".*", passwd in "([a-z0-9:+,#\0\r\n -]{0,9}|.)*", group in "([a-z0-9:,#\n]{0,9}|.)*") {
        let files = Files { passwd: Some(&passwd), group: Some(&group) };
        for line in passwd.lines().chain([user.as_str()]) {
            let name = line.split(':').next().unwrap_or_default();
            if let Ok(account) = resolve(name, &files) {
                prop_assert!(account.uid <= LARGEST_ID && account.gid <= LARGEST_ID);
            }
        }
        let _ = resolve(&user, &files);
    }
}
