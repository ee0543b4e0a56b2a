//! The library closure, held against real files, real images and what Python itself says of them.

use std::io::Read;
use std::path::{Path, PathBuf};

use pydeploy::image::closure::{Ends, Reading, read};

use crate::sandbox::{Sandbox, bed, docker, repository};

/// What the article does: psycopg2 linked with libpq in the builder, and copied to where there is none.
const LEFT_BEHIND: &str = "FROM python:3.13-slim AS builder\nRUN apt-get update && apt-get install -y \
                           --no-install-recommends gcc libc6-dev libpq-dev\nRUN pip install --no-cache-dir \
                           --prefix=/install psycopg2==2.9.10\nFROM python:3.13-slim\nCOPY --from=builder /install \
                           /usr/local\nUSER 1000:1000\n";
/// The mend.
const MENDED: &str = "RUN apt-get update && apt-get install -y --no-install-recommends libpq5\nUSER 1000:1000\n";

#[test]
#[ignore = "needs the bed: docker, registry, base"]
fn a_library_left_behind_in_the_builder_is_named_before_anything_is_pushed() {
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", LEFT_BEHIND);
    let to = repository("closure");
    let done = sandbox.pydeploy(&["ship", "--registry", &to, "--tag", "a"]).fails(7);
    let done =
        done.says(&["psycopg2 2.9.10 needs libpq.so.5", "site-packages/psycopg2/_psycopg.cpython-313-", "PD306"]);
    assert!(done.stderr.contains("hint: the package that has libpq.so.5"), "{done}");
    let fault = sandbox.pydeploy(&["ship", "--registry", &to, "--tag", "a"]).json();
    assert_eq!(fault["findings"][0]["code"], "PD306", "{fault:#}");
    let there = sandbox.pydeploy(&["manifests", "--image", &format!("{to}:a")]).run();
    assert_eq!(there.code, 6, "{there}");
    // That is what Python says as well; and with the library there, neither has anything to say.
    let import = |image: &str| {
        let script = "import importlib, sys\ntry: import psycopg2\nexcept ImportError as e: print(e)";
        docker(&["run", "--rm", image, "python", "-c", script])
    };
    assert!(import(&format!("{to}:a")).contains("libpq.so.5: cannot open shared object file"));
    let sandbox =
        Sandbox::project("own-dockerfile").file("Dockerfile", LEFT_BEHIND.replace("USER 1000:1000\n", MENDED));
    sandbox.pydeploy(&["ship", "--registry", &to, "--tag", "b"]).ok();
    assert_eq!(import(&format!("{to}:b")), "");
}

#[test]
#[ignore = "needs the bed: docker registry base buildkit"]
fn what_a_daemon_of_its_own_has_pushed_gets_no_tag_without_its_libraries() {
    let text = "FROM python:3.13-slim\nRUN pip install --no-cache-dir --only-binary :all: psycopg2-binary==2.9.10\nRUN \
                rm -r /usr/local/lib/python3.13/site-packages/psycopg2_binary.libs\nUSER 1000:1000\n";
    let sandbox = Sandbox::project("own-dockerfile").file("Dockerfile", text);
    let to = repository("closure-standalone");
    let run = sandbox.pydeploy(&["ship", "--registry", &to, "--tag", "a"]);
    run.env("BUILDKIT_HOST", bed("PYDEPLOY_TEST_BUILDKIT")).fails(7).says(&["psycopg2-binary 2.9.10 needs libpq-"]);
    let there = sandbox.pydeploy(&["manifests", "--image", &format!("{to}:a")]).run();
    assert_eq!(there.code, 6, "{there}");
}

/// Files in a folder and those below it, up to a depth.
fn files(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => files(&entry.path(), depth - 1, found),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
}

#[test]
fn our_reader_of_programs_agrees_with_another() {
    let mut all = vec![std::env::current_exe().unwrap()];
    for folder in ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/bin"] {
        let mut found = Vec::new();
        files(Path::new(folder), 1, &mut found);
        found.sort();
        all.extend(found.into_iter().take(400));
    }
    let mut compared = 0;
    for path in all {
        let Ok(mut file) = std::fs::File::open(&path) else { continue };
        let mut bytes = Vec::new();
        if file.read_to_end(&mut bytes).is_err() || !bytes.starts_with(b"\x7fELF") {
            continue;
        }
        let Ok(other) = goblin::elf::Elf::parse(&bytes) else { continue };
        let ours = match read(&mut Ends::read(&bytes[..], bytes.len() as u64).unwrap()).unwrap() {
            Reading::Object(object) => object,
            Reading::Other => {
                assert!(!matches!(other.header.e_type, 2 | 3), "{}", path.display());
                continue;
            }
            Reading::Odd => panic!("{} is not understood", path.display()),
        };
        compared += 1;
        let name = path.display();
        assert_eq!(ours.needed, other.libraries, "{name}");
        assert_eq!(ours.soname.as_deref(), other.soname, "{name}");
        assert_eq!(ours.interpreter.as_deref(), other.interpreter, "{name}");
        assert_eq!(ours.machine.number, other.header.e_machine, "{name}");
        let strings = &other.dynstrtab;
        let mut wants = Vec::new();
        for library in other.verneed.iter().flat_map(goblin::elf::symver::VerneedSection::iter) {
            let versions = library.iter().filter(|v| v.vna_flags & 2 == 0).filter_map(|v| strings.get_at(v.vna_name));
            wants.push((strings.get_at(library.vn_file).unwrap(), versions.collect::<Vec<_>>()));
        }
        let found: Vec<_> =
            ours.wants.iter().map(|w| (w.library.as_str(), w.versions.iter().map(String::as_str).collect())).collect();
        assert_eq!(found, wants, "{name}");
        let defines = other.verdef.iter().flat_map(goblin::elf::symver::VerdefSection::iter);
        let defines: Vec<_> = defines.filter_map(|d| strings.get_at(d.iter().next()?.vda_name)).collect();
        assert_eq!(ours.defines, defines, "{name}");
    }
    assert!(compared > 0);
}
