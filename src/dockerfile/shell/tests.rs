#![allow(clippy::unwrap_used)]
use super::*;

struct Few;

impl Variables for Few {
    fn look_up(&self, name: &str) -> Lookup<'_> {
        match name {
            "A" => Lookup::Set("abcabc"),
            "EMPTY" => Lookup::Set(""),
            "TWO" => Lookup::Set("1  2"),
            "MAYBE" => Lookup::Doubtful("m"),
            "BASE" => Lookup::Unknown,
            _ => Lookup::Unset,
        }
    }
}

fn expanded(word: &str) -> Result<Expansion, Substitution> {
    expand(word, Dialect::arguments('\\'), &Few, &Budget::new())
}

#[test]
fn words_come_to_what_the_frontend_makes_of_them() {
    for (word, text) in [
        ("$A${A}", "abcabcabcabc"),
        ("x$NO.y", "x.y"),
        ("$", "$"),
        ("$5a", "a"),
        (r"\$A '$A' '\'", r"$A $A \"),
        (r#""$A \$A \x""#, r"abcabc $A \x"),
        ("a\\", "a"),
        ("${NO:-d} ${EMPTY:-d} ${EMPTY-d} ${A:-d}", "d d  abcabc"),
        ("${NO:+d} ${EMPTY:+d} ${EMPTY+d} ${A+d}", "  d d"),
        ("${NO:-${A:+'x y'}}", "x y"),
        ("${A#a*c} ${A##a*c} ${A%b*} ${A%%b*}", "abc  abca a"),
        ("${A/b/x} ${A//b/x} ${A//\\//x}", "axcabc axcaxc abcabc"),
        ("${A:?no} ${EMPTY?no}", "abcabc "),
    ] {
        assert_eq!(expanded(word).unwrap().text, text, "{word}");
    }
}

#[test]
fn what_is_no_word_is_told() {
    for (word, error) in [
        ("${A", Substitution::MissingBrace),
        ("${", Substitution::MissingBrace),
        ("${A:-x", Substitution::MissingBrace),
        ("${A/x}", Substitution::MissingSlash),
        ("${}", Substitution::NoName),
        ("${:-x}", Substitution::NoName),
        ("${A!x}", Substitution::Modifier("!".into())),
        ("${A:=x}", Substitution::Modifier(":=".into())),
        ("${A:#x}", Substitution::Modifier(":#".into())),
        ("'a", Substitution::Quote('\'')),
        ("\"a", Substitution::Quote('"')),
        ("${NO:?set it}", Substitution::Refused { name: "NO".into(), message: "set it".into() }),
        (r"${A#\a}", Substitution::Pattern(r"\a".into())),
    ] {
        assert_eq!(expanded(word).unwrap_err(), error, "{word}");
    }
}

#[test]
fn words_are_cut_at_spaces_after_expansion() {
    assert_eq!(expanded("a '' $TWO \"$TWO\"").unwrap().words, ["a", "1", "2", "1  2"]);
    assert_eq!(expanded("80${NO:-1}").unwrap().words, ["1"], "the frontend forgets what stood before");
    assert_eq!(expanded("80${NO:-1}").unwrap().text, "801");
}

#[test]
fn doubts_are_noted_once() {
    let expansion = expanded("$MAYBE $BASE ${MAYBE:-x} ${BASE:-y} $A").unwrap();
    assert_eq!((expansion.text.as_str(), expansion.doubts), ("m  m y abcabc", vec!["MAYBE".into(), "BASE".into()]));
}

#[test]
fn nesting_and_growth_are_bounded() {
    let deep = |levels: usize| format!("{}x{}", "${NO:-".repeat(levels), "}".repeat(levels));
    assert_eq!(expanded(&deep(200)).unwrap().text, "x");
    assert_eq!(expanded(&deep(100_000)).unwrap_err(), Substitution::TooDeep);
    let few = |work| expand("$A$A$A", Dialect::arguments('\\'), &Few, &Budget::of(work));
    assert_eq!((few(18).map(|e| e.text.len()), few(17)), (Ok(18), Err(Substitution::TooMuch)));
}

#[test]
fn nothing_panics() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let word = "[$a{}:+?#%/*'\"\\\\< A-Zé-]{0,40}";
    runner
        .run(&word, |word| {
            drop(expanded(&word));
            Ok(())
        })
        .unwrap();
}
