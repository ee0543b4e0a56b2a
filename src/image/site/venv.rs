//! A virtual environment: where it is in an image, and the files that make a folder one.

use crate::image::layer::{Node, Tree, TreeError};
use crate::project::PythonVersion;

/// Where it is, relative to the image's root.
const ROOT: &str = "opt/venv";

/// An image's virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Venv {
    /// The version of Python.
    pub python: PythonVersion,
    /// The interpreter's absolute path in the image: `/usr/local/bin/python3.13`.
    pub interpreter: String,
}

impl Venv {
    /// Its folder, relative to the image's root.
    pub fn root(&self) -> &'static str {
        ROOT
    }

    /// The folder that packages are imported from, relative to the image's root.
    pub fn site(&self) -> String {
        format!("{ROOT}/lib/python{}/site-packages", self.python)
    }

    /// The absolute path by which scripts start its interpreter.
    pub fn script_interpreter(&self) -> String {
        format!("/{ROOT}/bin/python")
    }

    /// What `python -m venv --without-pip` makes, without the scripts for interactive shells.
    /// <https://docs.python.org/3/library/venv.html#how-venvs-work>
    pub fn tree(&self) -> Result<Tree, TreeError> {
        let home = self.interpreter.rsplit_once('/').map_or("/", |(home, _)| if home.is_empty() { "/" } else { home });
        // `version` and `command` are for people to read, and would hold a patch release and a path of the maker.
        let config = format!("home = {home}\ninclude-system-site-packages = false\n");
        let mut tree = Tree::default();
        tree.insert(&format!("{ROOT}/pyvenv.cfg"), Node::file(0o644, config))?;
        tree.insert(&format!("{ROOT}/bin/python"), Node::symlink(self.interpreter.clone()))?;
        tree.insert(&format!("{ROOT}/bin/python3"), Node::symlink("python"))?;
        tree.insert(&format!("{ROOT}/bin/python{}", self.python), Node::symlink("python"))?;
        tree.insert(&self.site(), Node::directory())?;
        // Where a Python keeps compiled modules apart, it looks for them there.
        tree.insert(&format!("{ROOT}/lib64"), Node::symlink("lib"))?;
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_venv_has_a_home_and_its_links() {
        let python = PythonVersion { major: 3, minor: 13 };
        let tree = Venv { python, interpreter: "/usr/local/bin/python3.13".into() }.tree().unwrap();
        let paths: Vec<_> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(
            paths,
            [
                "opt/venv/bin/python",
                "opt/venv/bin/python3",
                "opt/venv/bin/python3.13",
                "opt/venv/lib/python3.13/site-packages",
                "opt/venv/lib64",
                "opt/venv/pyvenv.cfg",
            ]
        );
    }
}
