#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn image(value: &str) -> Vec<Statement> {
    vec![Statement { key: "image", value: Value::from(value) }]
}

fn with(text: &str) -> String {
    edit(text, Home::Tool, &image("r.example/a"), &[]).unwrap().text
}

fn top(text: &str) -> String {
    edit(text, Home::Top, &image("r.example/a"), &[]).unwrap().text
}

#[test]
fn a_new_table_stands_at_the_end() {
    let text = "# mine\n[project]\nname = 'api' # odd   spaces\n\n[[tool.x.y]]\nz=1\n";
    assert_eq!(with(text), format!("{text}\n[tool.pydeploy]\nimage = \"r.example/a\"\n"));
    assert_eq!(with("a = 1\n\n"), "a = 1\n\n[tool.pydeploy]\nimage = \"r.example/a\"\n");
    assert_eq!(with(""), "[tool.pydeploy]\nimage = \"r.example/a\"\n");
    let notes = ["one".to_owned(), String::new()];
    let edited = edit("a = 1", Home::Tool, &[], &notes).unwrap();
    assert_eq!(edited.text, "a = 1\n\n[tool.pydeploy]\n# one\n#\n");
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let text = "\u{feff}[project]\r\nname = \"a\"\r\n";
    assert_eq!(with(text), format!("{text}\r\n[tool.pydeploy]\r\nimage = \"r.example/a\"\r\n"));
    let text = "[tool.pydeploy] # ours\r\nport = 1\r\n[tool.z]\r\n";
    assert_eq!(with(text), "[tool.pydeploy] # ours\r\nport = 1\r\nimage = \"r.example/a\"\r\n[tool.z]\r\n");
    assert_eq!(with("[project]"), "[project]\n\n[tool.pydeploy]\nimage = \"r.example/a\"\n");
    assert_eq!(with("[tool.pydeploy]\nport = 1 # x"), "[tool.pydeploy]\nport = 1 # x\nimage = \"r.example/a\"\n");
}

#[test]
fn a_key_joins_those_of_its_table() {
    let text = "[tool.pydeploy] # here\n# the port\nport = 1 # why\nlist = [\n  'a', # b\n]  # end\n\n[tool.pydeploy.user]\nuid = 5\n";
    let (head, tail) = text.split_at(text.find("\n[tool.pydeploy.user]").unwrap());
    assert_eq!(with(text), format!("{head}image = \"r.example/a\"\n{tail}"));
    assert_eq!(with("[tool.pydeploy]\n\n[a]\n"), "[tool.pydeploy]\nimage = \"r.example/a\"\n\n[a]\n");
    assert_eq!(with("[tool.pydeploy]"), "[tool.pydeploy]\nimage = \"r.example/a\"\n");
    let text = "[tool.pydeploy]\n  health.path = '/x'\n";
    assert_eq!(with(text), format!("{text}  image = \"r.example/a\"\n"));
}

#[test]
fn a_table_that_is_only_implied_gets_its_header() {
    let text = "[project]\nname = 'a'\n\n# how it is asked\n[tool.pydeploy.health]\npath = '/x'\n[tool.b]\n";
    let (head, tail) = text.split_at(text.find("# how").unwrap());
    assert_eq!(with(text), format!("{head}[tool.pydeploy]\nimage = \"r.example/a\"\n\n{tail}"));
}

#[test]
fn dots_and_braces_are_followed() {
    let text = "[tool]\npydeploy.port = 1\nx = 2\n";
    assert_eq!(with(text), "[tool]\npydeploy.port = 1\npydeploy.image = \"r.example/a\"\nx = 2\n");
    let text = "tool.pydeploy.health.path = '/x'\nz = 1\n[a]\n";
    assert_eq!(with(text), "tool.pydeploy.health.path = '/x'\ntool.pydeploy.image = \"r.example/a\"\nz = 1\n[a]\n");
    assert_eq!(with("[tool]\npydeploy = {port=1}\n"), "[tool]\npydeploy = { image = \"r.example/a\",port=1}\n");
    assert_eq!(with("[tool]\npydeploy = {}\n"), "[tool]\npydeploy = { image = \"r.example/a\" }\n");
    assert_eq!(with("tool.ruff.x = 1\n"), "tool.ruff.x = 1\n\n[tool.pydeploy]\nimage = \"r.example/a\"\n");
}

#[test]
fn a_file_of_its_own_has_its_keys_at_the_top() {
    assert_eq!(top(""), "image = \"r.example/a\"\n");
    assert_eq!(top("# only this\n"), "# only this\n\nimage = \"r.example/a\"\n");
    let begun = edit("# image = \"x\"\n", Home::Top, &[], &["image = \"x\"".into()]).unwrap();
    assert_eq!(begun, Edited { text: "# image = \"x\"\n".into(), replaced: Vec::new() });
    assert_eq!(top("port = 1\n[user]\nuid = 5\n"), "port = 1\nimage = \"r.example/a\"\n[user]\nuid = 5\n");
    assert_eq!(top("# who\n[user]\nuid = 5\n"), "image = \"r.example/a\"\n\n# who\n[user]\nuid = 5\n");
    assert_eq!(top("[user]\nuid = 5\n"), "image = \"r.example/a\"\n\n[user]\nuid = 5\n");
}

#[test]
fn a_value_that_stands_is_replaced_in_its_place_and_told() {
    let text = "[tool.pydeploy]\nimage = 'old/b' # keep me\nport = 1\n";
    let edited = edit(text, Home::Tool, &image("r.example/a"), &["no".into()]).unwrap();
    assert_eq!(edited.text, "[tool.pydeploy]\nimage = \"r.example/a\" # keep me\nport = 1\n");
    assert_eq!(edited.replaced, [Replaced { key: "image".into(), before: "'old/b'".into(), line: 2 }]);
    let same = edit(text, Home::Tool, &image("old/b"), &[]).unwrap();
    assert_eq!(same, Edited { text: text.to_owned(), replaced: Vec::new() });
}

#[test]
fn lists_are_statements_too() {
    let command = Statement { key: "command", value: ["python", "a \"b\".py"].into_iter().collect() };
    let text = edit("", Home::Top, std::slice::from_ref(&command), &[]).unwrap().text;
    assert_eq!(text, "command = [\"python\", 'a \"b\".py']\n");
    assert_eq!(edit(&text, Home::Top, &[command], &[]).unwrap().replaced, []);
}

#[test]
fn what_has_no_place_for_it_is_refused() {
    let refused = |text: &str| edit(text, Home::Tool, &image("a"), &[]).unwrap_err().to_string();
    assert!(refused("tool = { x = 1 }\n").contains("closed"), "{}", refused("tool = { x = 1 }\n"));
    assert!(refused("[tool]\npydeploy = 1\n").contains("not a table"));
    assert!(refused("[[tool.pydeploy]]\nport = 1\n").contains("not a table"));
    assert_eq!(refused("a = 1\nb = = 2\n").split(':').next(), Some("line 2"));
}

/// Pieces of a settings file, each a whole line or more.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "# a comment\n",
        "\n",
        "[project]\nname = 'x'\n",
        "[tool.pydeploy]\n",
        "port = 8000 # p\n",
        "health.path = '/x'\n",
        "[tool.pydeploy.user]\nuid = 5\n",
        "[tool.other]\r\n",
        "list = [\n 1, # one\n]\n",
        "text = '''\nimage = 1\n[tool.pydeploy]\n'''\n",
        "[[tool.many]]\n  deep = { a = 1 }\n",
        "[tool]\npydeploy.name = 'n'\n",
        "tool.pydeploy.base = 'b'\n",
        "image = 'old' # i\n",
    ])
}

proptest! {
    #[test]
    fn every_line_of_a_file_is_there_afterwards_and_a_second_run_changes_nothing(
        pieces in prop::collection::vec(piece(), 0..8),
        home in prop::sample::select(vec![Home::Tool, Home::Top]),
    ) {
        let text = pieces.concat();
        prop_assume!(parse(&text).is_ok());
        let Ok(edited) = edit(&text, home, &image("r.example/a"), &[]) else { return Ok(()) };
        let mut after = edited.text.lines();
        for line in text.lines().filter(|line| edited.replaced.is_empty() || !line.starts_with("image")) {
            prop_assert!(after.any(|other| other == line), "{line:?} is gone: {}", edited.text);
        }
        let again = edit(&edited.text, home, &image("r.example/a"), &[]).unwrap();
        prop_assert_eq!(again, Edited { text: edited.text, replaced: Vec::new() });
    }
}
