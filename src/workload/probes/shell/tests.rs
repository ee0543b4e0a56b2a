//! Scripts, and what is read from them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::workload::probes::subject::{Base, Environment};

/// The arguments of the one command of a text.
fn argv(text: &str) -> Result<Vec<String>, String> {
    let env = Environment::new(["A=1", "SPACE=a b", "EMPTY=", "STAR=*"], Base::Known);
    let script = read(text, Dialect::Bash).map_err(|why| why.0.to_owned())?;
    let [simple] = commands(&script.list)[..] else { return Err("several".into()) };
    let scope = Scope { env: &env, assigned: &BTreeSet::new() };
    let fields = expand(&simple.words, scope).map_err(|why| why.0)?;
    Ok(fields.into_iter().map(|f| f.text).collect())
}

#[test]
fn words_are_cut_and_filled_as_a_shell_does() {
    for (text, expected) in [
        ("a b  c", &["a", "b", "c"][..]),
        ("a 'b c' \"d e\" f\\ g", &["a", "b c", "d e", "f g"]),
        ("a'b'\"c\"d", &["abcd"]),
        ("a '' \"\"", &["a", "", ""]),
        ("$A ${A} \"$A\" x${A}y '$A' \\$A", &["1", "1", "1", "x1y", "$A", "$A"]),
        ("$SPACE \"$SPACE\" x${SPACE}y", &["a", "b", "a b", "xa", "by"]),
        ("a $EMPTY $NONE \"$NONE\"", &["a", ""]),
        ("${NONE:-8000} ${EMPTY:-d} ${EMPTY-d} ${A:-d}", &["8000", "d", "1"]),
        ("${NONE:-\"a b\"} ${NONE:=x}", &["a b", "x"]),
        ("${A:+set} ${NONE:+set} \"${A+set}\"", &["set", "set"]),
        ("\"a\\\"b\\$c\\x\"", &["a\"b$c\\x"]),
        ("a # comment", &["a"]),
        ("a#b", &["a#b"]),
        ("$ a$ \"$\"", &["$", "a$", "$"]),
        ("a\\\nb", &["ab"]),
    ] {
        assert_eq!(argv(text).as_deref(), Ok(&words(expected)[..]), "{text}");
    }
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|w| (*w).to_owned()).collect()
}

#[test]
fn what_is_known_only_when_it_runs_is_not_guessed() {
    for text in [
        "a *",
        "a ?",
        "a [x]",
        "~/x",
        "a $1",
        "a $?",
        "a $$",
        "a $((1+1))",
        "a $STAR",
        "a ${A#x}",
        "a ${#A}",
        "a {b,c}",
        "a ${NONE:?x}",
        "cat <<EOF",
        "diff <(a) b",
        "a 'b",
        "a \"b",
        "a ${A",
        "a $(b",
        "(a",
        "a )",
        "a ;; b",
        "| a",
        "a &&",
        "f() { a; }",
        "a $'x'",
        "a\r",
        "a \0",
        "if a; then b",
        "if",
        "if a; then; fi",
        "{ }",
        "a \\\\\nb",
        "a # b\\\nc",
        "}",
        "a=(1 2)",
    ] {
        assert!(argv(text).is_err(), "{text}: {:?}", argv(text));
    }
}

#[test]
fn depth_and_length_are_bounded() {
    let deep = |open: &str, close: &str| format!("{}a{}", open.repeat(5000), close.repeat(5000));
    for text in
        [deep("(", ")"), deep("$(", ")"), deep("{ ", "; }"), deep("\"$(", ")\""), deep("${A:-", "}"), deep("`", "`")]
    {
        let _ = read(&text, Dialect::Unknown);
    }
    assert!(read(&"a ".repeat(40_000), Dialect::Bash).is_err());
    assert!(read(&deep("(", ")"), Dialect::Bash).is_err());
}

#[test]
fn chains_pipelines_and_groups() {
    let list = read("a && b || ! c | d; (e; f) & { g; }\nif h; then i; elif j; then k; else l; fi", Dialect::Dash)
        .unwrap()
        .list;
    assert_eq!(list.0.len(), 4);
    assert_eq!(list.0[0].chain.rest.len(), 2);
    assert_eq!(list.0[1].end, End::Background);
    assert_eq!(commands(&list).len(), 12);
}
