//! `compare`: every strategy of one project, built, pushed and run.

use serde_json::Value;

use crate::sandbox::{Sandbox, docker, repository};

/// The strategy's part of the document.
fn of<'d>(document: &'d Value, strategy: &str) -> &'d Value {
    let all = document["strategies"].as_array().unwrap();
    all.iter().find(|s| s["strategy"] == strategy).unwrap_or_else(|| panic!("no {strategy}: {document}"))
}

#[test]
#[ignore = "needs the bed: a Docker Engine, a registry, full and musl bases"]
fn the_articles_application_is_measured_by_every_strategy() {
    // By a lock it is known to have wheels for musl: the bed's Alpine has no apk that could bring compilers.
    let requirements = std::fs::read_to_string(Sandbox::project("api").root().join("requirements.txt")).unwrap();
    let listed: Vec<_> = requirements.lines().map(|line| format!("{line:?}")).collect();
    let pyproject = format!(
        "[project]\nname = \"api\"\nversion = \"1\"\nrequires-python = \">=3.13\"\ndependencies = [{}]\n",
        listed.join(", ")
    );
    let sandbox = Sandbox::project("api").file("pyproject.toml", pyproject);
    std::fs::remove_file(sandbox.root().join("requirements.txt")).unwrap();
    sandbox.lock();
    let chart = sandbox.beside("compare.svg");
    let repository = repository("compared");
    let args = ["compare", "--engine", "buildkit", "--registry", &repository, "--chart", chart.to_str().unwrap()];
    let document = sandbox.pydeploy(&args).env("PYDEPLOY_PYTHON", "3.13").json();
    assert_eq!(document["schema"], "pydeploy.compare/1");
    for strategy in ["naive", "single-stage", "multi-stage", "alpine", "minimal"] {
        let part = of(&document, strategy);
        let measured = &part["measured"];
        let number = |pointer: &str| measured.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        assert!(part["problem"].is_null(), "{strategy}: {part:#}");
        assert!(number("/size/unpacked") > number("/size/compressed"), "{strategy}: {measured}");
        assert!(number("/size/compressed") > 10_000_000 && number("/layers") > 1, "{strategy}: {measured}");
        assert!(number("/build/coldMs") > number("/build/warmMs"), "{strategy}: {measured}");
        assert!(number("/healthyMs") > 0, "{strategy}: {part:#}");
        let largest = measured["largest"].as_array().unwrap();
        assert!(!largest.is_empty() && largest[0]["size"].as_u64() > Some(1_000_000), "{measured}");
        // Images of all five would fill an engine's disk.
        assert_eq!(docker(&["images", "-q", &format!("{repository}:compare-{strategy}")]), "");
    }
    // What the article promises, and what pydeploy does.
    let size = |strategy: &str| of(&document, strategy)["measured"]["size"]["unpacked"].as_u64().unwrap();
    let under = 100 - size("multi-stage") * 100 / size("naive");
    assert!(under >= 80, "multi-stage is {under}% under naive: {document:#}");
    assert!(size("minimal") < 95_000_000, "{document:#}");
    assert!(of(&document, "multi-stage")["measured"]["underNaive"].as_u64() >= Some(80), "{document:#}");
    let svg = std::fs::read_to_string(&chart).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("minimal"), "{svg}");
}

#[test]
fn what_can_not_be_compared_is_said_before_anything_is_built() {
    let sandbox = Sandbox::project("api");
    let registry = ["compare", "--registry", "registry.example/team/api"];
    let run = |more: &[&str]| sandbox.pydeploy(&[&registry, more].concat());
    run(&["--strategy", "minimal"]).fails(2).says(&["--only minimal,multi-stage"]);
    run(&["--only", "minimal,slim"]).fails(2).says(&["\"slim\" is not a strategy"]);
    sandbox.pydeploy(&["compare"]).fails(3).says(&["nothing says where to push the image"]);
    // Without an engine there is nothing to say of those that need one, and no answer where there are no others.
    let absent = run(&["--only", "naive,alpine"]).env("DOCKER_HOST", "unix:///nothing/here.sock").fails(4);
    absent.says(&["naive: it takes an engine that follows a Dockerfile", "alpine: "]);
}
