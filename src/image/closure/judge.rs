//! A judge: which of the libraries that are not found are missed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::distribution::{Made, Owner, Owners, is_module, module};
use super::inventory::{Entry, Inventory};
use super::loader::{Loaded, Loader};
use super::missing::{Doubt, Kind, Missing, Needer, Verdict};
use super::object::{Machine, Object};

/// An image whose libraries are judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// Its files.
    pub inventory: &'s Inventory,
    /// The architecture that its config states: `amd64`, `arm64`.
    pub architecture: &'s str,
    /// `LD_LIBRARY_PATH` of its config; empty where it has none.
    pub library_path: &'s str,
    /// Which of its files are judged.
    pub places: Places,
    /// How many of its layers are the base's: files of those are not judged. 0 where that is not known.
    pub base: usize,
}

/// Which files of an image are judged: those of Python packages, wherever packages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// In folders called `site-packages` or `dist-packages`, but for those that apt fills; and the programs that their
    /// records name.
    Packages,
    /// And all in `/opt/venv` and `/app`.
    Ours,
}

/// What a portable wheel may take for granted on any system, beside the C library itself: auditwheel's policy.
/// <https://github.com/pypa/auditwheel/blob/main/src/auditwheel/policy/manylinux-policy.json>
const GRANTED: &[&str] = &[
    "libX11.so.6",
    "libXext.so.6",
    "libXrender.so.1",
    "libICE.so.6",
    "libSM.so.6",
    "libGL.so.1",
    "libgobject-2.0.so.0",
    "libgthread-2.0.so.0",
    "libglib-2.0.so.0",
    "libresolv.so.2",
    "libexpat.so.1",
    "libz.so.1",
    "libnsl.so.1",
    "libcrypt.so.1",
    "libatomic.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "librt.so.1",
    "libpthread.so.0",
    "libutil.so.1",
    "libmvec.so.1",
];

/// What comes with a device's driver: the container runtime puts it into the container.
const DRIVERS: &[&str] = &[
    "libcuda.so",
    "libcudadebugger.so",
    "libnvidia-",
    "libnvcuvid.so",
    "libnvoptix.so",
    "libEGL_nvidia.so",
    "libGLX_nvidia.so",
    "libhsa-runtime64.so",
    "libze_loader.so",
    "libneuron",
    "libnrt.so",
    "libtpu.so",
];

/// What an image lacks, sorted: what fails first.
pub fn missing(subject: &Subject<'_>) -> Vec<Missing> {
    let inventory = subject.inventory;
    let machine = Machine::of(subject.architecture);
    let owners = Owners::of(inventory);
    let judged = judged(subject, &owners);
    let judge = Judge { loader: Loader::new(inventory, machine, subject.library_path), machine, owners, judged };
    judge.all()
}

/// Files that are judged, by their true paths.
fn judged<'i>(subject: &Subject<'i>, owners: &Owners) -> BTreeMap<&'i str, &'i Object> {
    let recorded: HashSet<&str> = owners.files().collect();
    let ours = subject.places == Places::Ours;
    let is_judged = |path: &str| {
        let packages = path.contains("/site-packages/") || path.contains("/dist-packages/");
        packages && !path.starts_with("usr/lib/python3")
            || recorded.contains(path)
            || ours && (path.starts_with("opt/venv/") || path.starts_with("app/"))
    };
    let entries = subject.inventory.entries.iter().filter(|(_, placed)| placed.layer >= subject.base);
    let objects = entries.filter_map(|(path, placed)| match &placed.entry {
        Entry::Object(object) => Some((path.as_str(), &**object)),
        _ => None,
    });
    objects.filter(|(path, _)| is_judged(path)).collect()
}

struct Judge<'i> {
    loader: Loader<'i>,
    machine: Option<Machine>,
    owners: Owners,
    judged: BTreeMap<&'i str, &'i Object>,
}

/// What was found so far, by library and kind: the gravest verdict, and who needs it.
type Found = BTreeMap<(String, Kind), (Verdict, BTreeSet<Needer>)>;

impl Judge<'_> {
    fn all(&self) -> Vec<Missing> {
        let brought: HashSet<&str> = self.judged.iter().flat_map(|(path, object)| names(path, object)).collect();
        let mut found = Found::new();
        let mut reached = HashSet::new();
        let (first, rest): (Vec<_>, Vec<_>) = self.judged.iter().partition(|(path, _)| self.is_first(path));
        for (path, object) in first.iter().chain(&rest) {
            if self.machine.is_some_and(|machine| object.machine != machine) {
                self.foreign(path, object, &mut found);
                continue;
            }
            // What a module has loaded is judged with it.
            if !reached.insert((**path).to_owned()) {
                continue;
            }
            let loaded = self.loader.load(path);
            let loads = if self.is_first(path) { Loads::Surely } else { Loads::Perhaps };
            self.weigh(path, &loaded, loads, &brought, &mut found);
            if loads == Loads::Surely {
                reached.extend(loaded.paths);
            }
        }
        let mut all: Vec<_> = found
            .into_iter()
            .map(|((library, kind), (verdict, needed_by))| Missing {
                library,
                kind,
                verdict,
                needed_by: needed_by.into_iter().collect(),
            })
            .collect();
        all.sort_by(|a, b| (a.verdict, &a.library, &a.kind).cmp(&(b.verdict, &b.library, &b.kind)));
        all
    }

    /// Whether something loads a file for sure, if it is used at all: a module of Python, or a program.
    fn is_first(&self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let program = folder.rsplit('/').next() == Some("bin") && !folder.contains("-packages/");
        program || is_module(path) || self.is_alone(path)
    }

    /// Whether a file is what its distribution is for: its only program or library, or its only module.
    fn is_alone(&self, path: &str) -> bool {
        let alone = |owner: &Owner| owner.objects == 1 || owner.modules == 1 && is_module(path);
        self.owners.owner(path).is_some_and(alone)
    }

    /// Notes what loading the file at `root` lacked.
    fn weigh(&self, root: &str, loaded: &Loaded, loads: Loads, brought: &HashSet<&str>, found: &mut Found) {
        let missing = loaded.missing.iter().map(|(file, library)| (file, library, Kind::Library));
        let older = loaded.older.iter().map(|(file, library, v)| (file, library, Kind::Version(v.clone())));
        let all: Vec<_> = missing.chain(older).collect();
        let portable = self.owners.owner(root).is_some_and(|owner| owner.made == Made::Portable);
        let counted = all.iter().any(|(_, library, kind)| *kind != Kind::Library || is_granted(library));
        let optional = portable && !counted && !self.is_alone(root);
        for (file, library, kind) in all {
            let whole = kind == Kind::Library;
            let verdict = if whole && DRIVERS.iter().any(|d| library.starts_with(d)) {
                Verdict::Doubtful(Doubt::Driver)
            } else if whole && brought.contains(library.as_str()) {
                Verdict::Doubtful(Doubt::Sibling)
            } else if loads == Loads::Perhaps {
                Verdict::Doubtful(Doubt::Unreached)
            } else if optional {
                Verdict::Doubtful(Doubt::Optional)
            } else {
                Verdict::Fails
            };
            self.note(file, library, kind, verdict, found);
        }
    }

    /// A file for another machine: it is missed where it is a module of Python, and no other stands in for it.
    fn foreign(&self, path: &str, object: &Object, found: &mut Found) {
        let Some(machine) = self.machine else { return };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(stem) = module(name) else { return };
        let prefix = format!("{folder}/{stem}.");
        let stands_in = |(other, object): (&&str, &&Object)| {
            other.starts_with(&prefix) && object.machine == machine && is_module(other)
        };
        if self.judged.iter().any(|(other, object)| stands_in((other, object))) {
            return;
        }
        let kind = Kind::Machine { is: object.machine.name(), wanted: machine.name() };
        self.note(path, name, kind, Verdict::Fails, found);
    }

    fn note(&self, file: &str, library: &str, kind: Kind, verdict: Verdict, found: &mut Found) {
        let distribution = self.owners.owner(file).map(|owner| owner.distribution.clone());
        let needer = Needer { file: format!("/{file}"), distribution };
        let entry = found.entry((library.to_owned(), kind)).or_insert((verdict, BTreeSet::new()));
        if verdict < entry.0 {
            // Who may do without is no reason beside who can't.
            *entry = (verdict, BTreeSet::new());
        }
        if verdict == entry.0 {
            entry.1.insert(needer);
        }
    }
}

/// Whether a portable wheel may take a library for granted.
fn is_granted(library: &str) -> bool {
    GRANTED.contains(&library) || library.rsplit('/').next().is_some_and(|name| name.starts_with("ld-"))
}

/// Whether a file is loaded, if what it belongs to is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loads {
    Surely,
    Perhaps,
}

/// The names that a library may be asked for by.
fn names<'i>(path: &&'i str, object: &'i Object) -> impl Iterator<Item = &'i str> {
    object.soname.as_deref().into_iter().chain(path.rsplit('/').next())
}
