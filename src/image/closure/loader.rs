//! A loader: which file each library would come from, if the image ran.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet, VecDeque};

use super::inventory::{Entry, Inventory};
use super::object::{Machine, Object, System};

/// How many objects one program may come to.
const OBJECTS: usize = 10_000;

/// The C library of an image: its loader has its own ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Libc {
    Glibc,
    Musl,
}

/// Loads on behalf of an image's Python.
pub(super) struct Loader<'i> {
    inventory: &'i Inventory,
    libc: Libc,
    /// `LD_LIBRARY_PATH`.
    library_path: Vec<String>,
    /// Where all libraries are looked for.
    system: Vec<String>,
    /// What Python itself has loaded, by the names that it goes by, and where its own libraries are looked for.
    python: HashMap<String, String>,
    python_rpath: Vec<String>,
    /// True paths of folders that were looked for.
    folders: RefCell<HashMap<String, Option<String>>>,
}

/// What one object comes to.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// True paths of all that was loaded, itself among them.
    pub(super) paths: HashSet<String>,
    /// What was not found: who asked, and for what.
    pub(super) missing: Vec<(String, String)>,
    /// Who asked for which version of which library that is older.
    pub(super) older: Vec<(String, String, String)>,
}

/// An object that is loaded.
struct Taken<'i> {
    path: String,
    object: &'i Object,
    /// Who asked for it.
    by: Option<usize>,
}

/// musl is all of these in one, and finds no others.
const MUSL: &[&str] = &["libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."];

impl<'i> Loader<'i> {
    /// The loader of an image of that machine.
    pub(super) fn new(inventory: &'i Inventory, machine: Option<Machine>, library_path: &str) -> Self {
        let interpreters = interpreters(inventory);
        let musl = |object: &Object| object.interpreter.as_deref().is_some_and(|i| i.contains("ld-musl"));
        let libc = match interpreters.first() {
            Some((_, python)) if musl(python) => Libc::Musl,
            None if has_musl(inventory) => Libc::Musl,
            _ => Libc::Glibc,
        };
        let list = |text: &str| text.split([':', ';']).filter(|f| !f.is_empty()).map(str::to_owned).collect();
        let mut loader = Self {
            inventory,
            libc,
            library_path: list(library_path),
            system: system(inventory, libc, machine),
            python: HashMap::new(),
            python_rpath: Vec::new(),
            folders: RefCell::default(),
        };
        let mut known = HashMap::new();
        for (path, object) in &interpreters {
            let origin = origin(path);
            if object.paths.runpath.is_empty() {
                loader.python_rpath.extend(object.paths.rpath.iter().map(|f| expanded(f, &origin, object.machine)));
            }
            for path in loader.load(path).paths {
                for name in names(inventory, &path) {
                    known.entry(name).or_insert_with(|| path.clone());
                }
            }
        }
        loader.python = known;
        loader
    }

    /// Loads the object at a true path, with all that it comes to.
    pub(super) fn load(&self, root: &str) -> Loaded {
        let mut loaded = Loaded::default();
        let mut taken: Vec<Taken<'i>> = Vec::new();
        let mut names: HashMap<&str, Option<String>> = HashMap::new();
        let mut queue = VecDeque::from([(root.to_owned(), None)]);
        while let Some((path, by)) = queue.pop_front() {
            let Some(Entry::Object(object)) = self.inventory.entries.get(&path).map(|p| &p.entry) else { continue };
            if taken.len() == OBJECTS || !loaded.paths.insert(path.clone()) {
                continue;
            }
            names.extend(object.soname.as_deref().map(|name| (name, Some(path.clone()))));
            let here = taken.len();
            taken.push(Taken { path, object, by });
            // Of a library that is a program as well, nobody starts that.
            let interpreter = object.interpreter.iter().filter(|i| here == 0 && !self.has_file(i));
            loaded.missing.extend(interpreter.map(|i| (taken[here].path.clone(), i.clone())));
            for name in &object.needed {
                if names.contains_key(name.as_str()) || self.is_there(name) {
                    continue;
                }
                let found = self.look(name, &taken, here);
                match &found {
                    Some(path) => queue.push_back((path.clone(), Some(here))),
                    None => loaded.missing.push((taken[here].path.clone(), name.clone())),
                }
                names.insert(name, found);
            }
        }
        if self.libc == Libc::Glibc {
            loaded.older = taken.iter().flat_map(|t| self.older(t, &names)).collect();
        }
        loaded
    }

    fn has_file(&self, path: &str) -> bool {
        path.is_empty() || self.inventory.find(path).is_some()
    }

    /// Whether a name is loaded before anything asks for it.
    fn is_there(&self, name: &str) -> bool {
        self.python.contains_key(name) || self.libc == Libc::Musl && MUSL.iter().any(|m| name.starts_with(m))
    }

    /// Versions that an object wants of libraries that have versions, and not this one.
    fn older(&self, taken: &Taken<'_>, names: &HashMap<&str, Option<String>>) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        for wanted in &taken.object.wants {
            let library = wanted.library.as_str();
            let path = match names.get(library) {
                Some(path) => path.as_ref(),
                None => self.python.get(library),
            };
            let entry = path.and_then(|path| self.inventory.entries.get(path)).map(|placed| &placed.entry);
            let Some(Entry::Object(object)) = entry else { continue };
            // A library without any versions is taken for one that has them all.
            let lacks = |version: &&String| !object.defines.is_empty() && !object.defines.contains(version);
            let lacking = wanted.versions.iter().filter(lacks);
            found.extend(lacking.map(|v| (taken.path.clone(), library.to_owned(), v.clone())));
        }
        found
    }

    /// The true path of a library that the object at `here` asks for.
    fn look(&self, name: &str, taken: &[Taken<'_>], here: usize) -> Option<String> {
        let Taken { path, object, .. } = taken.get(here)?;
        let machine = object.machine;
        if name.contains('/') {
            let name = expanded(name, &origin(path), machine);
            return self.fits(&name, machine);
        }
        let own = |folders: &[String], of: &str| -> Vec<String> {
            folders.iter().map(|f| expanded(f, &origin(of), machine)).collect()
        };
        let mut folders = Vec::new();
        // For musl the two kinds of path are one, and both are inherited.
        let inherits = |object: &Object| self.libc == Libc::Musl || object.paths.runpath.is_empty();
        let mut at = Some(here).filter(|_| inherits(object));
        while let Some(Taken { path, object, by }) = at.and_then(|at| taken.get(at)) {
            if inherits(object) {
                folders.extend(own(&object.paths.rpath, path));
            }
            if self.libc == Libc::Musl {
                folders.extend(own(&object.paths.runpath, path));
            }
            at = *by;
        }
        if inherits(object) {
            folders.extend(self.python_rpath.iter().cloned());
        }
        let runpath = own(&object.paths.runpath, path);
        let searched = object.paths.system == System::Searched;
        let system = self.system.iter().filter(|_| searched);
        let all = folders.iter().chain(&self.library_path).chain(&runpath).chain(system);
        all.filter_map(|folder| self.folder(folder)).find_map(|folder| self.fits(&format!("{folder}/{name}"), machine))
    }

    fn folder(&self, path: &str) -> Option<String> {
        let mut folders = self.folders.borrow_mut();
        folders.entry(path.to_owned()).or_insert_with(|| self.inventory.true_folder(path)).clone()
    }

    /// The true path of what is at a path, if an object of this machine can use it: the loader passes over others.
    fn fits(&self, path: &str, machine: Machine) -> Option<String> {
        let (path, entry) = match self.inventory.entries.get(path).map(|p| &p.entry) {
            Some(Entry::Link(_)) => self.inventory.find(path)?,
            Some(entry) => (path.to_owned(), entry),
            None if path.contains("/../") || path.starts_with('/') => self.inventory.find(path)?,
            None => return None,
        };
        match entry {
            Entry::Object(object) if object.machine == machine => Some(path),
            // Something that could not be read: who knows.
            Entry::File => Some(path),
            _ => None,
        }
    }
}

/// The Pythons of an image, those of environments aside, which are links.
fn interpreters(inventory: &Inventory) -> Vec<(String, &Object)> {
    let is_python = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        folder.rsplit('/').next() == Some("bin")
            && name.strip_prefix("python").is_some_and(|v| v.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    let object = |entry: &'_ Entry| matches!(entry, Entry::Object(_));
    let all = inventory.entries.iter().filter(|(path, placed)| is_python(path) && object(&placed.entry));
    all.filter_map(|(path, placed)| match &placed.entry {
        Entry::Object(object) => Some((path.clone(), &**object)),
        _ => None,
    })
    .collect()
}

fn has_musl(inventory: &Inventory) -> bool {
    let loaders = inventory.entries.range("lib/ld-musl-".to_owned().."lib/ld-musl.".to_owned());
    loaders.count() > 0 && inventory.find("lib/ld-linux-x86-64.so.2").is_none()
}

/// The names that a library goes by once it is loaded.
fn names(inventory: &Inventory, path: &str) -> Vec<String> {
    let soname = match inventory.entries.get(path).map(|p| &p.entry) {
        Some(Entry::Object(object)) => object.soname.clone(),
        _ => None,
    };
    let file = path.rsplit('/').next().map(str::to_owned);
    soname.into_iter().chain(file).collect()
}

/// Where all libraries are looked for. Debian's glibc has its own folders, and Fedora's others: a library in any of them
/// is taken for found.
fn system(inventory: &Inventory, libc: Libc, machine: Option<Machine>) -> Vec<String> {
    let texts = |prefix: &str, end: &str| -> Vec<String> {
        let range = inventory.entries.range(prefix.to_owned()..format!("{prefix}\u{10ffff}"));
        let lines = range.filter(|(path, _)| path.ends_with(end)).filter_map(|(_, placed)| match &placed.entry {
            Entry::Text(lines) => Some(lines.clone()),
            _ => None,
        });
        lines.flatten().collect()
    };
    let owned = |folders: &[&str]| folders.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
    match libc {
        Libc::Musl => {
            let stated = texts("etc/ld-musl-", ".path");
            if stated.is_empty() { owned(&["/lib", "/usr/local/lib", "/usr/lib"]) } else { stated }
        }
        Libc::Glibc => {
            let multiarch = machine.and_then(Machine::multiarch);
            let multiarch = multiarch.iter().flat_map(|name| [format!("/lib/{name}"), format!("/usr/lib/{name}")]);
            let stated = texts("etc/ld.so.c", "");
            let common = owned(&["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/lib32", "/usr/lib32"]);
            stated.into_iter().chain(multiarch).chain(common).collect()
        }
    }
}

/// The folder that a file is in, absolute.
fn origin(path: &str) -> String {
    format!("/{}", path.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// A path with the loader's own words replaced. <https://man7.org/linux/man-pages/man8/ld.so.8.html>
fn expanded(path: &str, origin: &str, machine: Machine) -> String {
    let platform = match machine.number {
        62 => "x86_64",
        183 => "aarch64",
        _ => "",
    };
    let multiarch = machine.multiarch().map_or_else(|| "lib64".to_owned(), |name| format!("lib/{name}"));
    let words = [("ORIGIN", origin), ("PLATFORM", platform), ("LIB", multiarch.as_str())];
    words.into_iter().fold(path.to_owned(), |path, (word, value)| {
        path.replace(&format!("${{{word}}}"), value).replace(&format!("${word}"), value)
    })
}
