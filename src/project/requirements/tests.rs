//! Tests of whole requirements files.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::project::PythonVersion;

fn read_files(files: &[(&str, &str)]) -> Result<Requirements, Error> {
    let tree = SourceTree::in_memory("p", files.iter().copied());
    read(&tree, &["requirements.txt".to_owned()], Target::new(PythonVersion::DEFAULT))
}

fn read_one(text: &str) -> Result<Requirements, Error> {
    read_files(&[("requirements.txt", text)])
}

fn names(read: &Requirements) -> Vec<String> {
    read.packages.values().map(|p| p.name.clone() + "==" + p.version.as_deref().unwrap_or("?")).collect()
}

#[test]
fn a_file_as_people_write_it() {
    let read = read_one(
        "\u{feff}# api\r\n--index-url https://${USER_1}:${TOKEN}@index.example/simple\r\n\
         fastapi[standard]==0.115.0 \\\r\n  --hash=sha256:00\r\nUvicorn>=0.30 # server\r\n\
         pywin32==306; sys_platform == \"win32\"\r\ntomli; python_version < '3.11'\r\n--pre --prefer-binary\r\n\
         sqlalchemy @ https://files.index.example/s-2.0.tar.gz",
    )
    .unwrap();
    assert_eq!(names(&read), ["fastapi==0.115.0", "sqlalchemy==?", "uvicorn==?"]);
    let fastapi = &read.packages["fastapi"];
    assert_eq!(
        (fastapi.extras.clone(), fastapi.evidence.to_string()),
        (vec!["standard".into()], "requirements.txt:3".into())
    );
    assert!(read.hashes);
    assert_eq!(read.variables.iter().collect::<Vec<_>>(), ["TOKEN", "USER_1"]);
    assert_eq!(read.indexes, [Evidence::line("requirements.txt", 2)]);
}

#[test]
fn includes_are_relative_to_the_file_that_names_them() {
    let read = read_files(&[
        ("requirements.txt", "-r requirements/prod.txt"),
        ("requirements/prod.txt", "--requirement=base.txt\n-c ../pins.txt\ngunicorn\n-c https://pins.example/c.txt\n"),
        ("requirements/base.txt", "flask\nflask[async]\n"),
        ("pins.txt", "flask==3.0.0\nunused==1\n"),
    ])
    .unwrap();
    assert_eq!(read.files, ["requirements.txt", "requirements/prod.txt", "requirements/base.txt", "pins.txt"]);
    assert_eq!(names(&read), ["flask==3.0.0", "gunicorn==?"]);
    assert_eq!(read.packages["flask"].extras, ["async"]);
}

#[test]
fn includes_that_lead_nowhere_are_refused() {
    let message = |files: &[(&str, &str)]| read_files(files).unwrap_err().to_string();
    assert_eq!(
        message(&[("requirements.txt", "a\n-r gone.txt\n")]),
        "requirements.txt:2 names gone.txt, which is not in the project"
    );
    assert_eq!(
        message(&[("requirements.txt", "-r ../base.txt\n")]),
        "requirements.txt:1 names ../base.txt, which lies outside the build context"
    );
    assert_eq!(
        message(&[("requirements.txt", "-r a.txt\n"), ("a.txt", "b\n-r requirements.txt\n")]),
        "a.txt:2 includes requirements.txt, which includes it in turn"
    );
    let twice =
        [("requirements.txt", "-r a.txt\n-r b.txt\n"), ("a.txt", "-r c.txt"), ("b.txt", "-r c.txt"), ("c.txt", "x")];
    assert_eq!(names(&read_files(&twice).unwrap()), ["x==?"]);
    assert!(message(&[("requirements.txt", "-r https://x.example/r.txt")]).contains("can't be included from a URL"));
}

#[test]
fn local_paths_are_needed_and_named() {
    let read = read_files(&[
        (
            "requirements.txt",
            "-e .\n-e ./libs/core[x]\n./wheels/b-1.2-py3-none-any.whl\n-f ./wheels\n-f https://l.example\n",
        ),
        ("libs/core/pyproject.toml", "[project]\nname = \"My_Core\"\n"),
        ("wheels/b-1.2-py3-none-any.whl", ""),
    ])
    .unwrap();
    assert_eq!(
        read.local_paths.iter().collect::<Vec<_>>(),
        [".", "libs/core", "wheels", "wheels/b-1.2-py3-none-any.whl"]
    );
    assert_eq!(names(&read), ["b==1.2", "my-core==?"]);
    assert_eq!(read.indexes.len(), 1);
    assert!(matches!(read_one("-e ./gone").unwrap_err(), Error::MissingPath { .. }));
    assert!(matches!(read_one("-e ../gone").unwrap_err(), Error::OutsideContext { .. }));
    assert!(matches!(read_one("file:///srv/x").unwrap_err(), Error::OutsideContext { .. }));
}

#[test]
fn versions_from_control_systems() {
    let read =
        read_one("git+https://git.example/r.git@v1#egg=thing\n-e git+ssh://git@git.example/o.git#egg=other\n").unwrap();
    assert_eq!(names(&read), ["other==?", "thing==?"]);
    assert!(read.local_paths.is_empty());
}

#[test]
fn what_cannot_be_read_is_shown_with_its_line_and_without_credentials() {
    let error = read_one("a\nflask=3.0\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not read the requirement `flask=3.0` (requirements.txt:2): `=3.0` compares with a single `=`"
    );
    assert_eq!(error.hint().unwrap(), "write it as name[extra]>=1.0 ; marker, or as name @ URL");
    let merge = read_one("<<<<<<< HEAD\na\n").unwrap_err();
    assert!(merge.hint().unwrap().contains("merge"));
    let secret = read_one("a --index-url https://me:s3cret@index.example/simple").unwrap_err().to_string();
    assert!(secret.contains("https://***@index.example") && !secret.contains("s3cret"), "{secret}");
    let unknown = read_one("\n--indx-url https://index.example\n").unwrap_err();
    assert_eq!(unknown.to_string(), "unknown option --indx-url in requirements.txt:2");
    assert_eq!(unknown.hint().unwrap(), "did you mean --index-url?");
    assert!(read_one("a; python > 3").unwrap_err().to_string().contains("`python` is neither"));
}

#[test]
fn locked_output_knows_what_is_direct() {
    let text = "# by pip-compile\nclick==8.1.7 \\\n    --hash=sha256:00\n    # via flask\nflask==3.0.0 \\\n    --hash=sha256:11\n    # via -r requirements.in\n";
    let read = read_one(text).unwrap();
    assert_eq!((read.packages["click"].direct, read.packages["flask"].direct), (false, true));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_reading_panic(text in "(?s).{0,200}") {
        drop(read_one(&text));
    }

    #[test]
    fn nothing_like_a_requirement_makes_reading_panic(
        text in "([a-z-]{1,4}(\\[[a-z,-]{0,4}\\]?)?[ ]?([<>=!~]{1,3}[0-9.*a+]{0,6},?){0,2}[ ]?(@[ ]?[a-z+:/.#é]{0,9})?(;[ ]?[a-z_'(\" <>=~0-9.é]{0,20})?[\n\\\\ ]?(--?[a-z-]{0,8}[= ]?)?){0,4}"
    ) {
        drop(read_one(&text));
    }
}
