//! Dockerfiles, against what the frontend of BuildKit makes of them: `tests/data/dockerfiles/README.md` says how.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use pydeploy::dockerfile::{self, Image, Options, Target};
use pydeploy::image::config::{ImageConfig, RunConfig};
use serde_json::Value;

/// What `FROM base` is where a case doesn't say.
const BASE: &str = "a base";
/// Builds at a time: two cores are busy with little more.
const WORKERS: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dockerfiles")
}

/// A Dockerfile, and how it is built.
struct Case {
    name: String,
    text: Vec<u8>,
    args: BTreeMap<String, String>,
    target: Option<String>,
    platform: Option<String>,
    base: String,
}

impl Case {
    fn parse(text: &str) -> Self {
        let (name, mut rest) = text.split_once('\n').expect("a name and a Dockerfile");
        let (mut args, mut target, mut platform, mut base) = (BTreeMap::new(), None, None, BASE.to_owned());
        while let Some((option, after)) = rest.strip_prefix("--- ").and_then(|rest| rest.split_once('\n')) {
            match option.split_once(' ').expect("an option and its value") {
                ("arg", value) => {
                    let (name, value) = value.split_once('=').expect("NAME=value");
                    args.insert(name.to_owned(), value.to_owned());
                }
                ("target", value) => target = Some(value.to_owned()),
                ("platform", value) => platform = Some(value.to_owned()),
                ("base", value) => value.clone_into(&mut base),
                (other, _) => panic!("{name}: there is no option {other}"),
            }
            rest = after;
        }
        Self { name: name.to_owned(), text: pictured(rest), args, target, platform, base }
    }

    /// What our reader makes of it.
    fn read(&self, all: &BTreeMap<String, Case>) -> Result<Image, dockerfile::Error> {
        let base = |name: &str| {
            let case = all.get(&self.base).filter(|case| name == "base" && case.name != self.name)?;
            case.read(all).ok().map(|image| image.config)
        };
        let mut options = Options::new();
        options.bases = &base;
        options.build_args.clone_from(&self.args);
        if let Some(target) = &self.target {
            options.target = Target::Stage(target.clone());
        }
        if let Some(platform) = &self.platform {
            options.platform = platform.parse().expect("a platform");
        }
        dockerfile::parse(&self.text, "Dockerfile")?.evaluate(&options)
    }
}

/// The bytes of a text in which what can't be seen is drawn.
fn pictured(text: &str) -> Vec<u8> {
    let text = text.strip_suffix("␄\n").unwrap_or(text);
    let pictures = [("␍", "\r"), ("␉", "\t"), ("␀", "\0"), ("␠", " "), ("⟪BOM⟫", "\u{feff}")];
    let text = pictures.iter().fold(text.to_owned(), |text, (picture, meant)| text.replace(picture, meant));
    let parts: Vec<&[u8]> = text.split("⟪BAD⟫").map(str::as_bytes).collect();
    parts.join(&0xff)
}

fn cases() -> BTreeMap<String, Case> {
    let mut cases = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap().map(Result::unwrap) {
        if entry.path().extension().is_none_or(|e| e != "cases") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for part in format!("\n{text}").split("\n=== ").skip(1) {
            let case = Case::parse(&format!("{}\n", part.trim_end_matches('\n')));
            if let Some(twice) = cases.insert(case.name.clone(), case) {
                panic!("there are two cases called {:?}", twice.name);
            }
        }
    }
    cases
}

/// What the frontend made of each case; null where it refused it.
type Record = BTreeMap<String, Value>;

fn record() -> Record {
    serde_json::from_str(&std::fs::read_to_string(folder().join("record.json")).unwrap()).unwrap()
}

fn run_config(recorded: &Value) -> Option<RunConfig> {
    serde_json::from_value(recorded.clone()).unwrap()
}

#[test]
fn our_reader_agrees_with_the_record() {
    let (cases, record) = (cases(), record());
    let names = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(cases.keys().collect()), names(record.keys().collect()), "ask the frontend: see the README there");
    assert!(cases.len() >= 200);
    let mut wrong = Vec::new();
    for case in cases.values() {
        let theirs = run_config(&record[&case.name]);
        match (case.read(&cases), theirs) {
            (Ok(image), Some(theirs)) if image.config != theirs => {
                wrong.push(format!("=== {}\nours:   {:?}\ntheirs: {theirs:?}", case.name, image.config));
            }
            (Ok(_), None) => wrong.push(format!("=== {}\nonly the frontend refuses it", case.name)),
            (Err(error), Some(_)) => wrong.push(format!("=== {}\nonly we refuse it: {error}", case.name)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Every refusal has a place in the file, and shows it.
#[test]
fn refusals_are_shown_where_they_are() {
    let cases = cases();
    for case in cases.values() {
        let Err(error) = case.read(&cases) else { continue };
        let lines = case.text.split(|b| *b == b'\n').count();
        assert!(error.place.line >= 1 && error.place.line <= lines, "{}: {error}", case.name);
        assert!(error.snippet().contains('^'), "{}: {error}", case.name);
    }
}

/// What buildctl and a build context are at.
struct Frontend {
    buildctl: String,
    address: String,
    context: PathBuf,
    /// Where bases are, by the name of their case, and their digests.
    bases: BTreeMap<String, (PathBuf, String)>,
}

impl Frontend {
    fn new(room: &Path) -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: see tests/run"));
        let context = room.join("context");
        std::fs::create_dir_all(&context).unwrap();
        std::fs::write(context.join("a"), "a\n").unwrap();
        std::fs::write(context.join("b"), "b\n").unwrap();
        std::fs::write(context.join("sh"), well()).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(context.join("sh"), executable).unwrap();
        let (buildctl, address) = (variable("PYDEPLOY_TEST_BUILDCTL"), variable("PYDEPLOY_TEST_BUILDKIT"));
        Self { buildctl, address, context, bases: BTreeMap::new() }
    }

    fn command(&self, case: &Case, file: &Path) -> Command {
        let mut command = Command::new("timeout");
        command.args(["120", &self.buildctl, "--addr", &self.address, "build", "--progress=plain"]);
        // The frontend that is built in is asked, whatever `# syntax=` says.
        command.args(["--frontend", "dockerfile.v0", "--opt", "cmdline=none"]);
        command.arg("--local").arg(format!("context={}", self.context.display()));
        command.arg("--local").arg(format!("dockerfile={}", file.display()));
        let options = case.args.iter().map(|(name, value)| format!("build-arg:{name}={value}"));
        let target = case.target.iter().map(|target| format!("target={target}"));
        let platform = case.platform.iter().map(|platform| format!("platform={platform}"));
        let mut options: Vec<_> = options.chain(target).chain(platform).collect();
        if let Some((layout, digest)) = self.bases.get(&case.base) {
            command.arg("--oci-layout").arg(format!("base={}", layout.display()));
            options.push(format!("context:base=oci-layout://base@{digest}"));
        }
        command.args(options.iter().flat_map(|option| ["--opt", option]));
        command
    }

    /// The config of the image that a case gives; null where it is refused, and an error where it is accepted, and
    /// then fails.
    fn ask(&self, case: &Case, room: &Path) -> Result<Value, String> {
        std::fs::create_dir_all(room.join("file")).unwrap();
        std::fs::write(room.join("file/Dockerfile"), &case.text).unwrap();
        let (layout, metadata) = (room.join("layout"), room.join("metadata.json"));
        let mut build = self.command(case, &room.join("file"));
        build.arg("--output").arg(format!("type=oci,tar=false,dest={}", layout.display()));
        let output = build.arg("--metadata-file").arg(&metadata).output().unwrap();
        if !output.status.success() {
            // Asked only to translate it, the frontend runs nothing: so it is the frontend that refuses.
            let mut translate = self.command(case, &room.join("file"));
            let translated = translate.args(["--opt", "requestid=frontend.convertllb"]).output().unwrap();
            let why = String::from_utf8_lossy(&output.stderr);
            // Which of the two buildctl says depends on which of its streams ends first.
            let said = ["failed to solve", "failed to run Build function"].iter().any(|words| why.contains(words));
            let refused = !translated.status.success() && said;
            let translated = String::from_utf8_lossy(&translated.stderr);
            return if refused {
                Ok(Value::Null)
            } else {
                Err(format!("{}: {why}\n\ntranslated: {translated}", case.name))
            };
        }
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        let metadata: Value = serde_json::from_str(&text(&metadata)).unwrap();
        let digest = metadata["containerimage.config.digest"].as_str().unwrap().replace(':', "/");
        let config = text(&layout.join("blobs").join(digest));
        let image: ImageConfig = serde_json::from_str(&config).unwrap();
        let value: Value = serde_json::from_str(&config).unwrap();
        assert_eq!(run_config(&value["config"]), Some(image.config));
        Ok(value["config"].clone())
    }

    /// Builds a case as a base for others.
    fn make_base(&mut self, case: &Case, room: &Path) {
        assert_ne!(self.ask(case, room).unwrap(), Value::Null, "{}", case.name);
        let metadata = std::fs::read_to_string(room.join("metadata.json")).unwrap();
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        let digest = metadata["containerimage.digest"].as_str().unwrap().to_owned();
        self.bases.insert(case.name.clone(), (room.join("layout"), digest));
    }
}

/// A program that ends at once and well, without any library: an ELF file of one segment.
fn well() -> Vec<u8> {
    let (machine, code): (u16, &[u8]) = match std::env::consts::ARCH {
        // mov eax, 60; xor edi, edi; syscall
        "x86_64" => (62, &[0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05]),
        // mov x8, 93; mov x0, 0; svc 0
        "aarch64" => (183, &[0xa8, 0x0b, 0x80, 0xd2, 0, 0, 0x80, 0xd2, 0x01, 0, 0, 0xd4]),
        other => panic!("no program for {other}"),
    };
    let (start, size) = (0x40_0000_u64, 120 + code.len() as u64);
    let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let half = |file: &mut Vec<u8>, all: &[u16]| all.iter().for_each(|n| file.extend(n.to_le_bytes()));
    let word = |file: &mut Vec<u8>, all: &[u32]| all.iter().for_each(|n| file.extend(n.to_le_bytes()));
    let long = |file: &mut Vec<u8>, all: &[u64]| all.iter().for_each(|n| file.extend(n.to_le_bytes()));
    half(&mut file, &[2, machine]);
    word(&mut file, &[1]);
    long(&mut file, &[start + 120, 64, 0]);
    word(&mut file, &[0]);
    half(&mut file, &[64, 56, 1, 0, 0, 0]);
    word(&mut file, &[1, 5]);
    long(&mut file, &[0, start, start, size, size, 0x1000]);
    file.extend(code);
    file
}

#[test]
#[ignore = "needs the bed: buildkit"]
fn dockerfiles_are_what_the_frontend_says() {
    let cases = cases();
    let room = tempfile::tempdir().unwrap();
    let mut frontend = Frontend::new(room.path());
    // The usual base first, as others may be made on it.
    let others = cases.values().map(|case| case.base.as_str()).filter(|base| *base != BASE);
    for (index, name) in std::iter::once(BASE).chain(others.collect::<BTreeSet<_>>()).enumerate() {
        frontend.make_base(&cases[name], &room.path().join(format!("base{index}")));
    }
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let list: Vec<&Case> = cases.values().collect();
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (next, found, list, frontend) = (&next, &found, &list, &frontend);
            let room = room.path().join(format!("worker{worker}"));
            scope.spawn(move || {
                while let Some(case) = list.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = frontend.ask(case, &room);
                    found.lock().unwrap().insert(case.name.clone(), answer);
                    std::fs::remove_dir_all(&room).unwrap();
                }
            });
        }
    });
    let (found, failed): (Vec<_>, Vec<_>) = found.into_inner().unwrap().into_iter().partition(|(_, a)| a.is_ok());
    assert!(failed.is_empty(), "accepted, and then they fail: {failed:#?}");
    let found: Record = found.into_iter().filter_map(|(name, answer)| Some((name, answer.ok()?))).collect();
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        let text = serde_json::to_string_pretty(&found).unwrap();
        std::fs::write(folder().join("record.json"), text + "\n").unwrap();
    }
    let record = record();
    for (name, answer) in &found {
        assert_eq!(Some(answer), record.get(name), "{name}: the record is not what the frontend says");
    }
}
