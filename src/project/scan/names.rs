//! What a name in a module stands for: followed through imports to where it is defined.

use super::syntax::{Import, Scope};
use super::{Module, Sources};
use crate::project::dependencies::QUEUES;
use crate::project::{Framework, paths};

/// How many imports are followed: packages that import each other's names lead round in circles.
const HOPS: usize = 8;

/// What a name stands for.
#[derive(Debug)]
pub(crate) enum Referent<'a> {
    /// A name of a module of the project, with what follows it behind a dot.
    Own(&'a Module, String),
    /// A module of the project itself.
    Module,
    /// A name of another package, from its top: `flask.Flask`.
    Foreign(String),
    /// Nothing says: a parameter, a built-in, or what `import *` brings.
    Unknown,
}

impl Sources {
    /// What `written`, a name or names joined by dots, stands for in a module.
    pub(crate) fn resolve<'a>(&'a self, module: &'a Module, written: &str) -> Referent<'a> {
        self.follow(module, written, HOPS)
    }

    fn follow<'a>(&'a self, module: &'a Module, written: &str, hops: usize) -> Referent<'a> {
        let Some(hops) = hops.checked_sub(1) else { return Referent::Unknown };
        let (first, rest) = written.split_once('.').map_or((written, None), |(first, rest)| (first, Some(rest)));
        if module.defines(first) {
            return Referent::Own(module, written.to_owned());
        }
        let mut imports = module.imports.iter().filter(|import| import.local == first).peekable();
        if imports.peek().is_none() {
            return self.through_stars(module, written, hops);
        }
        // Of several, those of a try and its fallback, the first that leads somewhere in the project.
        let mut foreign = None;
        for import in imports {
            match self.imported(module, import, written, rest, hops) {
                Referent::Foreign(name) => {
                    foreign.get_or_insert(name);
                }
                Referent::Unknown => {}
                found => return found,
            }
        }
        foreign.map_or(Referent::Unknown, Referent::Foreign)
    }

    fn imported<'a>(
        &'a self,
        module: &'a Module,
        import: &Import,
        written: &str,
        rest: Option<&str>,
        hops: usize,
    ) -> Referent<'a> {
        let dotted = match (&import.name, rest) {
            (Some(name), Some(rest)) => format!("{}.{name}.{rest}", import.module),
            (Some(name), None) => format!("{}.{name}", import.module),
            // `import a.b` is written `a.b.c`, `import a.b as c` is written `c.d`.
            (None, _) if import.module.split('.').next() == Some(&import.local) => written.to_owned(),
            (None, Some(rest)) => format!("{}.{rest}", import.module),
            (None, None) => import.module.clone(),
        };
        // A relative module of dots alone has its own dot before the name already.
        let dotted = if import.module.ends_with('.') { dotted.replacen("..", ".", 1) } else { dotted };
        self.dotted(module, &dotted, hops)
    }

    /// The longest beginning of a dotted name that is a module of the project, and what is behind it in that module.
    fn dotted<'a>(&'a self, from: &'a Module, dotted: &str, hops: usize) -> Referent<'a> {
        let dots = dotted.len() - dotted.trim_start_matches('.').len();
        let mut ends: Vec<usize> = dotted.match_indices('.').map(|(at, _)| at).filter(|at| *at >= dots).collect();
        ends.push(dotted.len());
        // The dots alone are the package itself.
        ends.extend((dots > 0).then_some(dots));
        ends.sort_unstable_by(|a, b| b.cmp(a));
        for end in ends {
            let (name, rest) = dotted.split_at(end);
            if let Some(module) = self.module(from, name) {
                let rest = rest.trim_start_matches('.');
                if rest.is_empty() {
                    return Referent::Module;
                }
                // A package that imports itself by its own name must not be asked for what it does not have.
                return match self.follow(module, rest, hops) {
                    Referent::Unknown => Referent::Own(module, rest.to_owned()),
                    found => found,
                };
            }
        }
        if dots > 0 { Referent::Unknown } else { Referent::Foreign(dotted.to_owned()) }
    }

    fn through_stars<'a>(&'a self, module: &'a Module, written: &str, hops: usize) -> Referent<'a> {
        let stars = module.imports.iter().filter(|import| import.local == "*");
        let mut foreign = Vec::new();
        for star in stars {
            match self.module(module, &star.module) {
                Some(of) if of.path != module.path => match self.follow(of, written, hops) {
                    Referent::Unknown => {}
                    found => return found,
                },
                Some(_) => {}
                None => foreign.push(format!("{}.{written}", star.module)),
            }
        }
        // Which of several packages it comes from can't be told.
        match foreign.pop() {
            Some(only) if foreign.is_empty() && !only.starts_with('.') => Referent::Foreign(only),
            _ => Referent::Unknown,
        }
    }

    /// The module of the project that an import in `from` names; leading dots are folders above.
    pub(crate) fn module<'a>(&'a self, from: &Module, name: &str) -> Option<&'a Module> {
        self.get(self.place(&from.path, name)?)
    }

    /// Whether a name that modules of a folder import is another package's, whatever lies beside them: `from celery import
    /// Celery` in proj/celery.py is not about that file, nor in another one of the package proj.
    pub(crate) fn is_foreign(&self, folder: &str, name: &str) -> bool {
        let known = Framework::ALL.iter().any(|framework| framework.as_str() == name) || QUEUES.contains(&name);
        known && !folder.is_empty() && self.file(folder).is_some()
    }

    /// The path of the module that an import in the module at `from` names.
    pub(super) fn place(&self, from: &str, name: &str) -> Option<&str> {
        let own = paths::folder(from);
        let bare = name.trim_start_matches('.');
        let inner = bare.replace('.', "/");
        let dots = name.len() - bare.len();
        if dots > 0 {
            let mut folder = own;
            for _ in 1..dots {
                folder = if folder.is_empty() { return None } else { paths::folder(folder) };
            }
            let inside = if bare.is_empty() { folder.to_owned() } else { paths::join(folder, &inner) };
            return self.file(&inside);
        }
        let above = std::iter::successors(Some(own), |folder| (!folder.is_empty()).then(|| paths::folder(folder)));
        let top = bare.split('.').next().unwrap_or_default();
        let is_foreign = |root: &str| root == own && self.is_foreign(own, top);
        let is_self = |path: &str| path == from && !path.ends_with("__init__.py");
        let mut roots = ["", "src"].into_iter().chain(above).filter(|root| !is_foreign(root));
        roots.find_map(|root| self.file(&paths::join(root, &inner)).filter(|path| !is_self(path)))
    }
}

impl Module {
    /// Whether a name is defined at the top of the module itself.
    pub(crate) fn defines(&self, name: &str) -> bool {
        let outside = |scope: Scope| scope.is_top() || scope == Scope::Program;
        self.assigned().any(|(statement, target, _)| target == name && outside(statement.scope))
            || self.functions.iter().any(|function| function.name == name && outside(function.scope))
            || self.classes.iter().any(|class| class.name == name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::source::SourceTree;

    fn resolved(files: &[(&str, &str)], written: &str) -> String {
        let sources = Sources::read(&SourceTree::in_memory("p", files.iter().copied())).unwrap();
        match sources.resolve(sources.get(files[0].0).unwrap(), written) {
            Referent::Own(module, name) => format!("{}:{name}", module.path),
            Referent::Module => "a module".to_owned(),
            Referent::Foreign(name) => name,
            Referent::Unknown => "?".to_owned(),
        }
    }

    #[test]
    fn names_of_other_packages() {
        for (text, written, is) in [
            ("from flask import Flask", "Flask", "flask.Flask"),
            ("from flask import Flask as F", "F", "flask.Flask"),
            ("import flask", "flask.Flask", "flask.Flask"),
            ("import aiohttp.web", "aiohttp.web.Application", "aiohttp.web.Application"),
            ("import aiohttp.web as w", "w.Application", "aiohttp.web.Application"),
            ("from aiohttp import web", "web.Application", "aiohttp.web.Application"),
            ("from flask import *", "Flask", "flask.Flask"),
            ("from a import *\nfrom b import *", "Flask", "?"),
            ("", "Flask", "?"),
            ("from . import x", "x", "?"),
            ("try:\n    from a import b\nexcept ImportError:\n    from c import b", "b", "a.b"),
        ] {
            assert_eq!(resolved(&[("m.py", text)], written), is, "{text}");
        }
    }

    #[test]
    fn names_of_the_project_are_followed_to_where_they_are_defined() {
        let made = ("pkg/made.py", "app = F()\nclass K: ...\n");
        for (text, written, is) in [
            ("from pkg.made import app", "app", "pkg/made.py:app"),
            ("from pkg.made import app as a", "a.b", "pkg/made.py:app.b"),
            ("from pkg import made", "made", "a module"),
            ("from pkg import made as m", "m.K", "pkg/made.py:K"),
            ("import pkg.made", "pkg.made.app", "pkg/made.py:app"),
            ("import pkg.made as m", "m.app", "pkg/made.py:app"),
            ("from pkg import again", "again", "pkg/made.py:app"),
            ("from pkg import *", "again", "pkg/made.py:app"),
            ("from pkg import missing", "missing", "pkg/__init__.py:missing"),
        ] {
            let package = ("pkg/__init__.py", "from .made import app as again");
            assert_eq!(resolved(&[("m.py", text), package, made], written), is, "{text}");
        }
        let own = [("proj/celery.py", "from celery import Celery"), ("proj/__init__.py", "from .celery import app")];
        assert_eq!(resolved(&own, "Celery"), "celery.Celery");
        let beside =
            [("proj/tasks.py", "from celery import shared_task"), ("proj/__init__.py", ""), ("proj/celery.py", "")];
        assert_eq!(resolved(&beside, "shared_task"), "celery.shared_task");
        let circle = [("a.py", "from b import x"), ("b.py", "from a import x")];
        assert_eq!(resolved(&circle, "x"), "a.py:x");
        for (text, is) in [
            ("from ..other import x", "a/other.py:x"),
            ("from .other import x", "?"),
            ("from . import x", "a module"),
            ("from ... import x", "a module"),
            ("from .... import x", "?"),
            ("from other import x", "a/other.py:x"),
        ] {
            let files = [("a/b/m.py", text), ("a/other.py", "x = 1"), ("a/b/x.py", ""), ("x.py", "")];
            assert_eq!(resolved(&files, "x"), is, "{text}");
        }
    }
}
