//! Memory: the context is streamed, never held.

use std::process::{Command, Stdio};

use crate::sandbox::{PYDEPLOY, Sandbox};

#[test]
#[ignore = "needs the bed: docker base"]
fn a_context_of_200_mib_in_20_000_files_takes_under_60_mb() {
    let sandbox = Sandbox::empty().file("Dockerfile", "FROM python:3.13-slim\nCOPY . /ctx\nUSER 1:1\n");
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
    // Measured from outside: the shell's child, by the kernel's own accounting.
    let script = "import os, resource, subprocess, sys\n\
                  code = subprocess.call(sys.argv[1:])\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n\
                  sys.exit(code)";
    let output = Command::new("python3")
        .args(["-c", script, PYDEPLOY, "build", "--json", "--tag", "x"])
        .current_dir(sandbox.root())
        .env("PYDEPLOY_NAME", format!("memory-{}", std::process::id()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (document, peak) = text.trim_end().rsplit_once('\n').unwrap();
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    // An engine that gave the session up has some of the files already when it is tried again.
    if !stderr.contains("trying again") {
        assert_eq!(document["context"]["files"], 20_001, "the Dockerfile is one as well");
        assert!(document["context"]["bytes"].as_u64().unwrap() > 200 << 20);
    }
    let peak: u64 = peak.parse().unwrap();
    println!("peak memory: {peak} KiB");
    assert!(peak * 1024 < 60_000_000, "{peak} KiB");
    crate::sandbox::docker(&["rmi", "-f", &format!("memory-{}:x", std::process::id())]);
}
