#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn shape(node: &Node) -> String {
    let all = |nodes: &[Node]| nodes.iter().map(shape).collect::<Vec<_>>().join(" ");
    match node {
        Node::Simple { assignments, words, redirects } => {
            let words = words.iter().map(|w| literal(w).unwrap_or("?".into()));
            let assigned =
                assignments.iter().map(|(name, value)| format!("{name}={}", literal(value).unwrap_or("?".into())));
            let to = redirects.iter().map(|r| format!("{}{}", r.operator, literal(&r.target).unwrap_or("?".into())));
            format!("[{}]", assigned.chain(words).chain(to).collect::<Vec<_>>().join(" "))
        }
        Node::Chain(first, rest) => rest.iter().fold(shape(first), |before, (join, node)| {
            format!("{before} {} {}", if *join == Join::And { "and" } else { "or" }, shape(node))
        }),
        Node::Not(node) => format!("not {}", shape(node)),
        Node::Pipe(nodes) => format!("pipe({})", all(nodes)),
        Node::List(nodes) => format!("list({})", all(nodes)),
        Node::Group(node, to) => format!("group({}{})", shape(node), if to.is_empty() { "" } else { " >" }),
        Node::Subshell(node, _) => format!("sub({})", shape(node)),
        Node::If(branches, last) => {
            let branches = branches.iter().map(|(c, b)| format!("{} then {}", shape(c), shape(b)));
            let last = last.as_ref().map_or(String::new(), |node| format!(" else {}", shape(node)));
            format!("if {}{last}", branches.collect::<Vec<_>>().join(" elif "))
        }
        Node::Perhaps(nodes) => format!("perhaps({})", all(nodes)),
        Node::Each(name, node) => format!("each({name} {})", shape(node)),
        Node::Function(name, _) => format!("function {name}"),
    }
}

#[test]
fn scripts_are_read_as_a_shell_reads_them() {
    for (script, expected) in [
        ("useradd -m app", "[useradd -m app]"),
        ("a && b || c; d", "list([a] and [b] or [c] [d])"),
        ("a &&\n\n b\nc # d\n#e", "list([a] and [b] [c])"),
        ("a \\\n  b", "[a b]"),
        ("X=1 Y='a b' cmd Z=2", "[X=1 Y=a b cmd Z=2]"),
        ("X=", "[X=]"),
        ("a \"b 'c\" 'd \"e' f\\ g \"\" ''", "[a b 'c d \"e f g  ]"),
        ("a 2>/dev/null >&2 >> /etc/passwd < x", "[a >/dev/null >&2 >>/etc/passwd <x]"),
        ("a 2 >x", "[a 2 >x]"),
        ("! a | b", "not pipe([a] [b])"),
        ("(a; b) && { c; } > /x", "sub(list([a] [b])) and group([c] >)"),
        (
            "if ! id app; then useradd app; elif a; then b; else c; fi",
            "group(if not [id app] then [useradd app] elif [a] then [b] else [c])",
        ),
        ("for x in a b; do useradd $x; done", "group(each(x [useradd ?]))"),
        ("while a; do b; done", "group(perhaps([a] [b]))"),
        ("case $x in a|b) c;; (*) d;; esac", "group(perhaps([c] [d]))"),
        ("[[ a && b ]] && c", "[[[ a b ]]] and [c]"),
        ("f() { a; }; f", "list(function f [f])"),
        ("a & b", "list(sub([a] or [true]) [b])"),
        ("cat <<EOF > /x\nuseradd no\nEOF\nb", "list([cat <<EOF >/x] [b])"),
        ("a $b ${c:-d} $(e \")\" f) `g` $((1+2)) \"$h\"", "[a ? ? ? ? ? ?]"),
        ("echo then if", "[echo then if]"),
        ("a\r\nb\r\n", "list([a] [b])"),
        ("", "list()"),
    ] {
        assert_eq!(read(script).map(|node| shape(&node)), Ok(expected.to_owned()), "{script}");
    }
}

#[test]
fn what_is_no_script_is_said() {
    for script in [
        "a 'b",
        "a \"b",
        "a $(b",
        "a ${b",
        "(a",
        "{ a",
        "if a; then b",
        "a )",
        "a;;",
        "fi",
        "for x in a; b",
        "a >",
        "a && ",
        "cat <(a)",
        "case x in a) b",
    ] {
        assert!(read(script).is_err(), "{script}");
    }
    assert!(read(&"(".repeat(100_000)).is_err());
    assert!(read(&"{ ".repeat(100_000)).is_err());
    assert!(read(&"a && ".repeat(20_000)).is_err());
    assert!(read(&("a && ".repeat(20_000) + "b")).is_ok());
    assert!(read(&"f() ".repeat(50_000)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_script_panics(script in "([a-z $\"'`(){};&|<>\n\\\\#!=:-]{0,12}|if |then |fi |do |done |case |in |esac |.){0,30}") {
        let _ = read(&script);
    }
}
