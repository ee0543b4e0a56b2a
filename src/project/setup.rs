//! setup.py and setup.cfg: what setuptools is told in its own ways, as far as it is written out. Nothing is run.
//! <https://setuptools.pypa.io/en/latest/userguide/dependency_management.html>

use super::scan::Module;
use super::scan::syntax::{Call, Expression};
use super::toml_file::Located;
use super::{Error, Evidence};
use crate::source::SourceTree;

const SCRIPT: &str = "setup.py";
const CONFIG: &str = "setup.cfg";

/// What the two files state.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// The requirements.
    pub(crate) requirements: Vec<Located>,
    /// The Pythons that are allowed.
    pub(crate) python: Option<Located>,
}

/// Reads both. What a setup.py works out is not known, and is refused.
pub(crate) fn read(tree: &SourceTree) -> Result<Setup, Error> {
    let mut setup = config(&tree.text(CONFIG)?.unwrap_or_default())?;
    let Some(text) = tree.text(SCRIPT)? else { return Ok(setup) };
    let module = Module::new(SCRIPT, &text);
    // Tools of other kinds are called setup.py as well.
    let Some(call) = module.calls().map(|(_, call)| call).find(|call| call.method() == "setup") else {
        return Ok(setup);
    };
    if let Some(python) = stated(&module, call, "python_requires").and_then(Expression::text) {
        setup.python = Some(Located { text: python.to_owned(), at: module.line(call.line) });
    }
    if let Some(keyword) = call.keyword("install_requires") {
        let at = module.line(keyword.line);
        let listed = stated(&module, call, "install_requires").and_then(texts);
        let listed = listed.ok_or_else(|| unknown(SCRIPT, at.clone()))?;
        setup.requirements = listed.into_iter().map(|text| Located { text, at: at.clone() }).collect();
    }
    Ok(setup)
}

/// What a keyword is given: written out there, or under a name of the module.
fn stated<'a>(module: &'a Module, call: &'a Call, keyword: &str) -> Option<&'a Expression> {
    let value = &call.keyword(keyword)?.value;
    let Some(name) = value.name() else { return Some(value) };
    module.assigned().find(|(_, target, _)| *target == name).map(|(.., value)| value)
}

fn texts(value: &Expression) -> Option<Vec<String>> {
    let Expression::List(parts) = value else { return None };
    parts.iter().map(|part| part.text().map(str::to_owned)).collect()
}

/// `[options]` of a setup.cfg, whose values go on in indented lines.
fn config(text: &str) -> Result<Setup, Error> {
    let mut setup = Setup::default();
    let (mut section, mut key) = ("", String::new());
    for (n, line) in text.lines().enumerate() {
        let at = || Evidence::line(CONFIG, n + 1);
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        let value = if line.starts_with([' ', '\t']) {
            bare
        } else if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, key) = (name.trim(), String::new());
            continue;
        } else {
            let (name, value) = bare.split_once(['=', ':']).unwrap_or((bare, ""));
            key = name.trim().replace('-', "_");
            value.trim()
        };
        match (section, key.as_str()) {
            ("options", "install_requires") if value.starts_with("file:") => return Err(unknown(CONFIG, at())),
            ("options", "install_requires") => {
                let listed = (!value.is_empty()).then(|| Located { text: value.to_owned(), at: at() });
                setup.requirements.extend(listed);
            }
            ("options", "python_requires") => setup.python = Some(Located { text: value.to_owned(), at: at() }),
            _ => {}
        }
    }
    Ok(setup)
}

fn unknown(file: &str, at: Evidence) -> Error {
    Error::Unsupported {
        what: format!("dependencies that only the code of {file} knows"),
        at,
        mend: "write a requirements.txt: its line `.` installs the project, and more lines what else runs it"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn setup(files: &[(&str, &str)]) -> Result<(Vec<String>, Option<String>), Error> {
        let setup = read(&SourceTree::in_memory("p", files.iter().copied()))?;
        let show = |located: Located| format!("{} ({})", located.text, located.at);
        Ok((setup.requirements.into_iter().map(show).collect(), setup.python.map(show)))
    }

    #[test]
    fn what_is_written_out_is_read() {
        let script = "from setuptools import setup\nNEEDS = ['flask>=3', 'gunicorn; python_version > \"3\"']\n\
                      setup(\n    name='x',\n    python_requires='>=3.10',\n    install_requires=NEEDS,\n)\n";
        let needs = ["flask>=3 (setup.py:6)", "gunicorn; python_version > \"3\" (setup.py:6)"];
        let found = setup(&[("setup.py", script)]).unwrap();
        assert_eq!(found, (needs.map(str::to_owned).to_vec(), Some(">=3.10 (setup.py:3)".to_owned())));
        let config = "[metadata]\nname = x\n[options]\npython_requires = >=3.9\ninstall_requires =\n  # the web\n  flask>=3\n  gunicorn ; sys_platform != 'win32'\n\
                      packages = find:\n[flake8]\ninstall_requires = no\n";
        let found = setup(&[("setup.cfg", config), ("setup.py", "import setuptools\nsetuptools.setup()\n")]).unwrap();
        let needs = ["flask>=3 (setup.cfg:7)", "gunicorn ; sys_platform != 'win32' (setup.cfg:8)"];
        assert_eq!(found, (needs.map(str::to_owned).to_vec(), Some(">=3.9 (setup.cfg:4)".to_owned())));
    }

    #[test]
    fn what_is_worked_out_is_refused_and_other_files_of_the_name_say_nothing() {
        let reads = "from setuptools import setup\nsetup(install_requires=open('r.txt').read().split())\n";
        assert!(setup(&[("setup.py", reads)]).unwrap_err().to_string().contains("setup.py"));
        assert!(setup(&[("setup.cfg", "[options]\ninstall_requires = file: r.txt\n")]).is_err());
        let empty = (Vec::new(), None);
        assert_eq!(setup(&[("setup.py", "print('set up')\n")]).unwrap(), empty);
        assert_eq!(setup(&[("setup.cfg", "[flake8]\nmax-line-length = 100\n")]).unwrap(), empty);
    }
}
