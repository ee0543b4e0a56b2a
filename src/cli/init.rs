//! What is typed of a project's beginning: `init`.

use clap::{Args, ValueEnum};

use super::ProjectArg;

/// `init`
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
pub struct InitArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    /// Where the image goes, to be written as the setting `image`
    #[arg(long, value_name = "HOST[:PORT]/REPO|oci:DIR")]
    pub registry: Option<String>,
    /// Write the Dockerfile that pydeploy generates, to be kept and changed; BuildKit follows it from then on
    #[arg(long)]
    pub dockerfile: bool,
    /// Write a stage for a CI system, which ships on tags and on the default branch [repeatable]
    #[arg(long, value_name = "SYSTEM[,…]", value_enum, value_delimiter = ',')]
    pub ci: Vec<CiSystem>,
    /// Overwrite what is there and says something else: a setting, the .dockerignore, the Dockerfile, a stage
    #[arg(long)]
    pub force: bool,
    /// Ask nothing, as where there is no terminal, and in CI
    #[arg(short, long)]
    pub yes: bool,
}

/// A CI system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiSystem {
    /// GitHub Actions: .github/workflows/pydeploy.yml
    Github,
    /// GitLab CI: .gitlab/pydeploy.gitlab-ci.yml
    Gitlab,
    /// Tekton: .tekton/pydeploy.yaml
    Tekton,
}
