//! Memory: the context is streamed, never held.

use std::process::{Command, Stdio};

use crate::sandbox::{PYDEPLOY, Sandbox};

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY . /ctx\nUSER 1:1\n";
/// What a build may take at most beyond one of a single file, in KiB: 200 MiB can't be in it.
const ABOVE: u64 = 20_000;
/// What a build may take at most in all, in KiB; an unoptimized binary has more than that in its own pages.
const WHOLE: u64 = 60_000_000 / 1024;

#[test]
#[ignore = "needs the bed: docker base"]
fn a_context_of_200_mib_in_20_000_files_takes_under_60_mb() {
    let sandbox = Sandbox::empty().file("Dockerfile", DOCKERFILE);
    let mut content = vec![0_u8; 10_486];
    for folder in 0..200_u32 {
        let at = sandbox.root().join(format!("data/{folder:03}"));
        std::fs::create_dir_all(&at).unwrap();
        for file in 0..100_u32 {
            // Each is different, so that nothing can be found twice.
            content[..8].copy_from_slice(&u64::from(folder * 100 + file + std::process::id()).to_le_bytes());
            std::fs::write(at.join(format!("{file:03}.bin")), &content).unwrap();
        }
    }
    let (single, _) = peak(&Sandbox::empty().file("Dockerfile", DOCKERFILE));
    let (peak, document) = peak(&sandbox);
    // An engine that gave the session up has some of the files already when it is tried again.
    if let Some(document) = document {
        assert_eq!(document["context"]["files"], 20_001, "the Dockerfile is one as well");
        assert!(document["context"]["bytes"].as_u64().unwrap() > 200 << 20);
    }
    println!("peak memory: {peak} KiB; of a single file: {single} KiB");
    assert!(peak < single + ABOVE, "{peak} KiB, and {single} KiB for a single file");
    assert!(cfg!(debug_assertions) || peak < WHOLE, "{peak} KiB");
}

/// Builds, and gives the peak of memory in KiB, with the document where the context was sent once.
fn peak(sandbox: &Sandbox) -> (u64, Option<serde_json::Value>) {
    // Measured from outside: the shell's child, by the kernel's own accounting.
    let script = "import os, resource, subprocess, sys\n\
                  code = subprocess.call(sys.argv[1:])\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n\
                  sys.exit(code)";
    let name = format!("memory-{}", std::process::id());
    let output = Command::new("python3")
        .args(["-c", script, PYDEPLOY, "build", "--json", "--tag", "x"])
        .current_dir(sandbox.root())
        .env("PYDEPLOY_NAME", &name)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    crate::sandbox::docker(&["rmi", "-f", &format!("{name}:x")]);
    let (text, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}{stderr}");
    let (document, peak) = text.trim_end().rsplit_once('\n').unwrap();
    let document = (!stderr.contains("trying again")).then(|| serde_json::from_str(document).unwrap());
    (peak.parse().unwrap(), document)
}
