//! An excuse: findings that are right about manifests and still no fault of theirs, with the reason.

use std::collections::BTreeSet;

use serde::Deserialize;

/// What a checker says of the manifests of one fixture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// `TOOL RULE: MESSAGE`.
    pub(crate) text: String,
    /// The fixture, with its variant behind a dot.
    pub(crate) manifests: String,
}

/// Findings that may stay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Excuse {
    /// Their texts.
    findings: Vec<String>,
    /// Of which manifests: names, or `*` for all, less those with a `!` before them.
    manifests: Vec<String>,
    /// Why they may stay, for whoever reads the file.
    reason: String,
}

impl Excuse {
    /// Those of the project.
    pub(crate) fn all() -> Vec<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            excuse: Vec<Excuse>,
        }
        toml_edit::de::from_str::<File>(include_str!("excused.toml")).unwrap().excuse
    }

    fn covers(&self, name: &str) -> bool {
        let named = |text: &str| self.manifests.iter().any(|m| m == text);
        !named(&format!("!{name}")) && (named("*") || named(name))
    }
}

/// What is wrong between findings and excuses: neither may be there without the other.
pub(crate) fn complaints(findings: &BTreeSet<Finding>, excuses: &[Excuse], names: &BTreeSet<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for Finding { text, manifests } in findings {
        if !excuses.iter().any(|e| e.findings.contains(text) && e.covers(manifests)) {
            complaints.push(format!("{manifests}: {text}: neither mended nor excused"));
        }
    }
    for excuse in excuses {
        if excuse.reason.trim().is_empty() {
            complaints.push(format!("{:?}: excused without a reason", excuse.findings));
        }
        let unknown = |m: &&String| *m != "*" && !names.contains(m.trim_start_matches('!'));
        for name in excuse.manifests.iter().filter(unknown) {
            complaints.push(format!("{:?}: excused in {name}, and there are no such manifests", excuse.findings));
        }
        for name in names.iter().filter(|n| excuse.covers(n)) {
            for text in &excuse.findings {
                if !findings.contains(&Finding { text: text.clone(), manifests: name.clone() }) {
                    complaints.push(format!("{name}: {text}: excused, and not found: except it (\"!{name}\")"));
                }
            }
        }
    }
    complaints
}

#[test]
fn findings_and_excuses_need_each_other() {
    let names: BTreeSet<_> = ["a", "b", "c"].map(str::to_owned).into();
    let finding = |text: &str, name: &str| Finding { text: text.into(), manifests: name.into() };
    let excuse = |text: &str, manifests: &[&str], reason: &str| Excuse {
        findings: vec![text.into()],
        manifests: manifests.iter().map(|m| (*m).to_owned()).collect(),
        reason: reason.into(),
    };
    let found: BTreeSet<_> = [finding("x", "a"), finding("x", "b"), finding("y", "c")].into();
    let none = Vec::<String>::new();
    let y = || excuse("y", &["c"], "why");
    assert_eq!(complaints(&found, &[excuse("x", &["*", "!c"], "why"), y()], &names), none);
    assert_eq!(complaints(&found, &[excuse("x", &["a", "b"], "why"), y()], &names), none);
    for (excuses, said) in [
        (vec![excuse("x", &["a"], "why"), y()], "b: x: neither"),
        (vec![excuse("x", &["*"], "why"), y()], "c: x: excused, and not found"),
        (vec![excuse("x", &["a", "b"], " "), y()], "without a reason"),
        (vec![excuse("x", &["a", "b", "!d"], "why"), y()], "no such manifests"),
        (vec![excuse("x", &["a", "b"], "why")], "c: y: neither"),
    ] {
        let all = complaints(&found, &excuses, &names);
        assert!(all.len() == 1 && all[0].contains(said), "{said}: {all:?}");
    }
}

#[test]
fn the_excuses_of_the_project_can_be_read() {
    assert!(!Excuse::all().is_empty());
}
