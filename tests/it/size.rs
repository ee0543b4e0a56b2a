//! Sizes: what the strategies make of one and the same project.

use crate::sandbox::{Sandbox, docker};

#[test]
#[ignore = "needs the bed: docker base full"]
fn multi_stage_is_at_least_80_percent_smaller_than_naive() {
    let sandbox = Sandbox::project("fastapi");
    let name = format!("size-{}", std::process::id());
    let size = |strategy: &str| {
        let args = ["build", "--strategy", strategy, "--tag", strategy];
        sandbox.pydeploy(&args).env("PYDEPLOY_NAME", &name).ok();
        let image = format!("{name}:{strategy}");
        let bytes: u64 = docker(&["inspect", "-f", "{{.Size}}", &image]).parse().unwrap();
        docker(&["rmi", "-f", &image]);
        bytes
    };
    let (multi, single, naive) = (size("multi-stage"), size("single-stage"), size("naive"));
    println!("unpacked: multi-stage {multi}, single-stage {single}, naive {naive} bytes");
    assert!(multi * 5 <= naive, "multi-stage {multi} is not 80% smaller than naive {naive}");
    assert!(multi < single, "multi-stage {multi}, single-stage {single}");
}
