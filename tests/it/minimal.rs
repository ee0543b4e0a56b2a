//! A root file system of real Debian packages, composed by rule and run in the real engine.

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use flate2::read::GzDecoder;
use pydeploy::cache::{Blob, Cache};
use pydeploy::debian::archive::{Archive, Http, sources_of_machine};
use pydeploy::debian::deb::Deb;
use pydeploy::debian::root::{Root, Shell, Wanted, compose};
use pydeploy::debian::sources::choose;
use pydeploy::debian::spool::Spool;
use pydeploy::debian::trust::Trust;
use pydeploy::engine::event::Events;
use pydeploy::image::account::{AccountFiles, create};
use pydeploy::image::layer::{Form, Kind, Tree, write};
use pydeploy::image::native::Family;
use pydeploy::image::plan::Account;
use pydeploy::project::PythonVersion;
use serde_json::json;

use crate::sandbox::docker;

const PYTHON: PythonVersion = PythonVersion { major: 3, minor: 13 };
/// The Debian that has this Python.
const SUITE: &str = "trixie";

/// The packages that are wanted, with all that they depend on, from the archive that this machine's apt uses.
fn packages(wanted: &Wanted, spool: &mut Spool) -> Vec<Deb> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let blobs = runtime.block_on(async {
        // Kept between runs: whatever is there is held against its checksum.
        let cache = Cache::open(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("debian-packages")).unwrap();
        let sources = choose(&sources_of_machine(Path::new("/")).unwrap(), SUITE, "amd64");
        let (http, events): (_, Events) = (Http::new().unwrap(), Arc::new(|_| ()));
        let trust = Trust::debian().unwrap();
        let archive = Archive::open(&sources, &trust, &http, &cache, "amd64", &events).await.unwrap();
        let closure = archive.closure(&wanted.roots(), &wanted.excluded()).unwrap();
        archive.fetch(&closure, &events).await.unwrap()
    });
    let read = |blob: &Blob| Deb::read(blob.digest().as_ref(), blob.open().unwrap(), spool).unwrap();
    blobs.iter().map(read).collect()
}

fn wanted(extras: &[&str]) -> Wanted {
    Wanted { python: PYTHON, shell: Shell::Dash, extras: extras.iter().map(|name| (*name).to_owned()).collect() }
}

fn root(extras: &[&str]) -> Root {
    let wanted = wanted(extras);
    let mut spool = Spool::new(&std::env::temp_dir()).unwrap();
    compose(&wanted, &packages(&wanted, &mut spool)).unwrap()
}

/// An image in the engine, gone when dropped.
struct Image {
    name: String,
    unpacked: u64,
    compressed: u64,
}

impl Image {
    /// Loads the trees as layers.
    fn load(name: &str, trees: &[&Tree]) -> Self {
        let name = format!("pydeploy-test-{name}-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("image.tar");
        let mut archive = tar::Builder::new(std::fs::File::create(&file).unwrap());
        let mut put = |path: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, bytes).unwrap();
        };
        let (mut diff_ids, mut names, mut unpacked, mut compressed) = (Vec::new(), Vec::new(), 0, 0);
        for tree in trees {
            let mut blob = Vec::new();
            let written = write(tree, Form::default(), &mut blob).unwrap();
            let mut layer = Vec::new();
            GzDecoder::new(&blob[..]).read_to_end(&mut layer).unwrap();
            names.push(format!("{}.tar", names.len()));
            put(names.last().unwrap(), &layer);
            diff_ids.push(written.diff_id.to_string());
            unpacked += written.unpacked;
            compressed += written.size;
        }
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": { "Env": ["PATH=/usr/local/bin:/usr/bin", "LANG=C.UTF-8"] },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        put("config.json", config.to_string().as_bytes());
        let manifest = json!([{ "Config": "config.json", "RepoTags": [format!("{name}:1")], "Layers": names }]);
        put("manifest.json", manifest.to_string().as_bytes());
        archive.finish().unwrap();
        docker(&["load", "-q", "-i", file.to_str().unwrap()]);
        Self { name: format!("{name}:1"), unpacked, compressed }
    }

    /// Runs a Python program in it, as a restricted Pod would.
    fn python(&self, program: &str) -> String {
        let fixed = ["run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--network", "none"];
        let more = ["--security-opt", "no-new-privileges", "--user", "1000:1000", &self.name, "python", "-c", program];
        docker(&[&fixed[..], &more].concat())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "-f", &self.name]).output();
    }
}

fn text(tree: &Tree, path: &str) -> String {
    let Kind::File(content) = &tree.get(path).unwrap().kind else { panic!("{path} is no file") };
    let mut text = String::new();
    content.open().unwrap().read_to_string(&mut text).unwrap();
    text
}

fn trees(root: &Root) -> Vec<&Tree> {
    root.parts.iter().map(|part| &part.tree).collect()
}

/// What a service asks of its system, one answer a line.
const ASK: &str = r#"
import ctypes.util, datetime, grp, locale, mimetypes, os, platform, pwd, socket, ssl, subprocess, sys, time, zoneinfo
print(len(ssl.create_default_context().get_ca_certs()) > 100)
print(pwd.getpwuid(os.getuid()).pw_dir, grp.getgrgid(42).gr_name)
print(socket.getaddrinfo("localhost", 80)[0][4][0], socket.getservbyname("https"))
print(*(oct(os.stat(path).st_mode & 0o7777) for path in ("/tmp", "/var/tmp", "/root")))
print(datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).tzname(), *time.tzname)
print(locale.setlocale(locale.LC_ALL, ""), sys.stdout.encoding)
print(ctypes.util.find_library("ssl"), ctypes.util.find_library("c"))
print(mimetypes.guess_type("a.webp")[0], platform.libc_ver()[0], platform.freedesktop_os_release()["ID"])
print(subprocess.run("echo by the shell", shell=True, capture_output=True, text=True).stdout.strip())
print(sys.version_info[:2], sys.prefix)
"#;

const ANSWERS: &str = "True
/home/appuser shadow
127.0.0.1 443
0o1777 0o1777 0o700
CEST UTC UTC
C.UTF-8 utf-8
libssl.so.3 libc.so.6
image/webp glibc debian
by the shell
(3, 13) /usr";

/// Every module of the standard library is imported, each in a process of its own as some can't be with others, and those
/// that fail are printed.
const IMPORT: &str = r"
import os, sys
for name in sorted(sys.stdlib_module_names):
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        try:
            __import__(name)
        except ImportError:
            os._exit(1)
        except BaseException:
            pass
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(name)
";

/// What no Linux has, and what is left out.
const NOT_THERE: &[&str] = &[
    "_dbm",
    "_msi",
    "_overlapped",
    "_scproxy",
    "_tkinter",
    "_winapi",
    "_wmi",
    "ensurepip",
    "idlelib",
    "msvcrt",
    "nt",
    "tkinter",
    "turtle",
    "turtledemo",
    "winreg",
    "winsound",
    "_gdbm",
    "_android_support",
    "_apple_support",
    "_ios_support",
    "_aix_support",
];

#[test]
#[ignore = "needs the bed: docker"]
fn packages_make_a_python_that_runs_restricted() {
    let root = root(&[]);
    assert_eq!(root.notes, []);
    let libraries = &root.parts[0].tree;
    let (passwd, group) = (text(libraries, "etc/passwd"), text(libraries, "etc/group"));
    let files = AccountFiles { passwd: Some(&passwd), group: Some(&group), ..AccountFiles::default() };
    let account = Account { name: "appuser".to_owned(), uid: 1000, gid: 1000 };
    let account = create(&files, &account, Family::Debian).unwrap();
    let image = Image::load("minimal", &[&trees(&root)[..], &[&account]].concat());
    assert_eq!(image.python(ASK), ANSWERS);
    let missing = image.python(IMPORT);
    let unexpected: Vec<_> = missing.lines().filter(|name| !NOT_THERE.contains(name)).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    println!("{} bytes unpacked, {} compressed", image.unpacked, image.compressed);
    assert!(image.unpacked < 44_000_000, "{}", image.unpacked);
    assert!(image.compressed < 15_500_000, "{}", image.compressed);
}

#[test]
#[ignore = "needs the bed: docker"]
fn extras_work_beside_it_and_its_libraries_are_found() {
    let root = root(&["libpq5", "libmariadb3", "libmagic1t64", "libxml2", "unixodbc", "curl", "libblas3"]);
    let image = Image::load("extras", &trees(&root));
    let found = image.python(
        "import ctypes, subprocess\n\
         for name in 'libpq.so.5', 'libmariadb.so.3', 'libmagic.so.1', 'libxml2.so.2', 'libodbc.so.2', 'libblas.so.3':\n    \
             ctypes.CDLL(name)\n\
         print(open('/etc/mysql/my.cnf').name, subprocess.run(['curl', '-V'], capture_output=True).returncode)",
    );
    assert_eq!(found, "/etc/mysql/my.cnf 0");
}

#[test]
#[ignore = "needs the bed: docker"]
fn a_package_whose_script_is_needed_is_refused_by_name() {
    let wanted = wanted(&["dbus-daemon"]);
    let debs = packages(&wanted, &mut Spool::new(&std::env::temp_dir()).unwrap());
    let fault = compose(&wanted, &debs).unwrap_err().to_string();
    assert!(fault.contains("the Debian package dbus-daemon needs its postinst script"), "{fault}");
}

#[test]
#[ignore = "needs the bed: docker"]
fn dpkg_query_reads_every_package_from_the_images_own_records() {
    let root = root(&[]);
    let folder = tempfile::tempdir().unwrap();
    let records = &root.parts.last().unwrap().tree;
    for (path, node) in records.below("var/lib/dpkg") {
        if let Kind::File(content) = &node.kind {
            let at = folder.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::io::copy(&mut content.open().unwrap(), &mut std::fs::File::create(at).unwrap()).unwrap();
        }
    }
    let query = |args: &[&str]| {
        let admin = format!("--admindir={}/var/lib/dpkg", folder.path().display());
        let output = Command::new("dpkg-query").arg(admin).args(args).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = query(&["-W", "-f", "${db:Status-Abbrev}${Package}\n"]);
    let mut listed: Vec<_> = listed.lines().map(|line| line.strip_prefix("ii ").unwrap()).collect();
    listed.sort_unstable();
    assert_eq!(listed, root.packages);
    assert_eq!(query(&["-S", "/usr/bin/python3.13"]), "python3.13-minimal: /usr/bin/python3.13\n");
    assert!(query(&["-L", "libc6"]).lines().any(|line| line == "/usr/lib/x86_64-linux-gnu/libc.so.6"));
}

#[test]
#[ignore = "needs the bed: docker base"]
fn an_account_is_what_the_bases_own_tools_make_of_it() {
    let paths = AccountFiles::PATHS;
    let show = format!("for f in {}; do cat /$f; echo; echo ---; done; stat -c %a:%u:%g ", paths.join(" "));
    let make = "groupadd --gid 1000 app && useradd --uid 1000 --gid 1000 --create-home --shell /usr/sbin/nologin app";
    let run = |script: &str| docker(&["run", "--rm", "python:3.13-slim", "sh", "-c", script]);
    let split = |text: &str| text.split("\n---\n").map(str::to_owned).collect::<Vec<_>>();
    let before = split(&run(&format!("{show} /etc/passwd")));
    let after = split(&run(&format!("{make} && {show} /home/app /etc/passwd /etc/group /etc/shadow /etc/gshadow")));
    let file = |at: usize| Some(before[at].as_str());
    let files = AccountFiles {
        passwd: file(0),
        group: file(1),
        shadow: file(2),
        gshadow: file(3),
        subuid: file(4),
        subgid: file(5),
        login_defs: file(6),
    };
    let account = Account { name: "app".to_owned(), uid: 1000, gid: 1000 };
    let tree = create(&files, &account, Family::Debian).unwrap();
    for (path, theirs) in paths.iter().zip(&after).take(6) {
        // The day on which it was made is in theirs.
        let ours = text(&tree, path);
        let undated = |line: &str| line.replacen("app:!::", "app:!:", 1);
        let theirs = theirs.lines().map(|line| match line.split_once("app:!:") {
            Some((_, rest)) if *path == "etc/shadow" => format!("app:!:{}", &rest[rest.find(':').unwrap()..][1..]),
            _ => line.to_owned(),
        });
        let theirs: Vec<_> = theirs.filter(|line| !line.is_empty()).collect();
        let ours = ours.lines().filter(|line| !line.is_empty());
        let ours = ours.map(|line| if *path == "etc/shadow" { undated(line) } else { line.to_owned() });
        assert_eq!(ours.collect::<Vec<_>>(), theirs, "{path}");
    }
    let modes = ["home/app", "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"].map(|path| {
        let node = tree.get(path).unwrap();
        format!("{:o}:{}:{}", node.mode, node.owner.uid, node.owner.gid)
    });
    assert_eq!(modes.join("\n"), after.last().unwrap().trim());
}
