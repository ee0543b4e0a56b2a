//! The command line: what was typed, and nothing of what it means.

mod init;
mod rollout;
mod trial;

pub use init::{CiSystem, InitArgs};
pub use rollout::{DiffArgs, RollbackArgs, StatusArgs, WhichArgs};
pub use trial::{CheckArgs, CompareArgs};

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::cache::Limit;
use crate::image::duration::GoDuration;

/// From a Python project's directory to a slim, non-root image in a registry, and to Kubernetes manifests whose probes
/// and security context are compiled from that image.
#[derive(Debug, Parser)]
#[command(
    name = "pydeploy",
    version,
    max_term_width = 110,
    after_help = "\
Exit codes: 0 done, 1 a bug in pydeploy, 2 usage, 3 project, 4 environment, 5 build, 6 registry,
7 contract, 8 refused by the cluster, 9 rollout failed, 10 rollout not done in time, 11 differences, 130 interrupted.
Settings: [tool.pydeploy] in pyproject.toml or pydeploy.toml, PYDEPLOY_* variables, flags; `pydeploy plan` shows where each came from.

Example: pydeploy ship --registry registry.example/team/api"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How to say it.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build the image, check its contract, push it, write manifests; with --apply bring it to Ready
    #[command(after_help = "\
Prints the pushed image's digest reference on standard output; manifests go to .pydeploy/ in the project, or to --out.

Examples: pydeploy ship --registry registry.example/team/api --tag v1.2.0 --out k8s/
          pydeploy ship --strategy minimal --registry oci:image
          pydeploy ship --registry registry.example/team/api --platform linux/amd64,linux/arm64
          pydeploy ship --registry registry.example/team/api --apply -n team")]
    Ship(ShipArgs),
    /// Write what a project begins with: settings, a .dockerignore, and on request a Dockerfile and a CI stage
    #[command(after_help = "\
At a terminal it asks for what is not stated; elsewhere, and in CI, it does not. Settings go to
[tool.pydeploy] of the pyproject.toml, with nothing else of that file changed, or to pydeploy.toml
where there is none. What is there and says something else is not overwritten without --force.
A CI stage goes to the root of the repository that the project lies in.

Examples: pydeploy init
          pydeploy init --registry registry.example/team/api --ci github
          pydeploy init services/api --ci gitlab,tekton --dockerfile")]
    Init(InitArgs),
    /// Show what would be built and why; build nothing
    #[command(after_help = "Example: pydeploy plan --strategy alpine")]
    Plan(PlanArgs),
    /// Build the image, and stop there
    #[command(after_help = "\
Without --load, and without an OCI layout to write to (--registry oci:DIR), what the embedded
engine builds is in its cache: `push` and `ship` find it there.

Examples: pydeploy build --load
          pydeploy build --dockerfile-only > Dockerfile")]
    Build(BuildOnlyArgs),
    /// Run the image under its manifest's limits, and fire its probes
    #[command(after_help = "\
Runs it in the Docker Engine as a node would: as the user of its contract, with a read-only root, no
capabilities, and the memory of deploy.resources. What would fail on the node fails here, with its log.
Variables from Secrets and ConfigMaps are taken from this machine's environment, where they are set.

Exit code 7: it would not become ready, and why.

Examples: pydeploy check
          pydeploy check --image registry.example/team/api:v1.2.0 --timeout 1m
          pydeploy ship --check --registry registry.example/team/api")]
    Check(CheckArgs),
    /// Build the image by every strategy, and measure them side by side
    #[command(after_help = "\
Each is built, pushed (as compare-STRATEGY), and run until it is healthy: with nothing cached, and again.
What cannot be built here, or not of this project, says why.

Examples: pydeploy compare --registry registry.example/team/api
          pydeploy compare --registry registry.example/team/api --only minimal,alpine --chart compare.svg")]
    Compare(CompareArgs),
    /// Push what was built; answer with its digest
    #[command(after_help = "Example: pydeploy push --registry registry.example/team/api")]
    Push(PushArgs),
    /// Print the manifests for an image, also one that pydeploy did not build
    #[command(after_help = "\
Without --image: the project's own image, under the tag that `ship` gives it.

Example: pydeploy manifests --image registry.example/team/api:v1.2.0 | kubectl apply -f -")]
    Manifests(ManifestsArgs),
    /// Apply the manifests of an image to a cluster, and wait until its Pods are ready or can't be
    #[command(after_help = "\
Without --image: the project's own image, under the tag that `ship` gives it. The cluster is the
kubeconfig's current context, or --context; inside a Pod its service account.
Nothing is changed unless the API server would take all of it. What others manage or have made is
left alone, unless --force-conflicts or --adopt say otherwise. Ctrl-C leaves the cluster as it is.

Exit code 8: the cluster refuses; 9: the Pods can't become ready, and why; 10: not within --timeout.

Examples: pydeploy deploy --image registry.example/team/api:v1.2.0 -n team
          pydeploy deploy --env production --context prod --timeout 10m
          pydeploy deploy --dry-run")]
    Deploy(DeployArgs),
    /// Show what `deploy` would change in the cluster, by the API server's own dry run
    #[command(after_help = "\
Exit code 11: something differs.

Example: pydeploy diff --image registry.example/team/api:v1.2.0 -n team")]
    Diff(DiffArgs),
    /// Show how a Deployment's rollout stands, with its Pods and revisions
    #[command(after_help = "\
Any Deployment, also one that pydeploy did not make.

Exit code 0: done, or on its way; 9: failed, and why; 10: with --wait, not done within --timeout.

Examples: pydeploy status -n team
          pydeploy status --name worker -n team --wait")]
    Status(StatusArgs),
    /// Go back to an earlier revision, and wait until its Pods are ready or can't be
    #[command(after_help = "\
The Pods are made after that revision's template again; Service, claims and the like stay as they are.

Exit code 8: there is no such revision, or the cluster refuses; 9 and 10 as for `deploy`.

Examples: pydeploy rollback -n team
          pydeploy rollback --to 3 -n team --dry-run")]
    Rollback(RollbackArgs),
    /// Show what an image promises, and the probes and security context that it compiles to
    #[command(after_help = "\
SOURCE is an image in a registry, oci:DIR[:TAG] for an OCI layout, docker:NAME for an image of
the Docker Engine, the path of a Dockerfile, or a project's directory.

Exit code 7: it promises what a cluster can't keep; 11: the manifests of --against contradict it.

Examples: pydeploy contract registry.example/team/api:v1.2.0
          pydeploy contract Dockerfile --target web
          helm template ./chart | pydeploy contract registry.example/team/api:v1.2.0 --against -
          pydeploy contract --explain PD204")]
    Contract(ContractArgs),
    /// Hold what runs in a cluster against the contracts of its images
    #[command(after_help = "\
Every Deployment, StatefulSet, DaemonSet and CronJob of a namespace, or of all: user, probes, ports,
tag or digest, platforms. Each image is read once, from its registry; nothing is changed.

Exit code 11: something differs from its image, or an image could not be read.

Examples: pydeploy audit -n team
          pydeploy audit --all-namespaces --out audit.html
          pydeploy audit -A --format sarif > audit.sarif")]
    Audit(AuditArgs),
    /// Show what is kept between runs, or prune it
    #[command(after_help = "\
Without `prune`, nothing is removed. It is pruned by itself, too, after a run that has added to it.

Example: pydeploy cache prune --keep 2GB")]
    Cache(CacheArgs),
    /// Show what this machine has and lacks, each with its mend
    #[command(after_help = "Example: pydeploy doctor --json")]
    Doctor(DoctorArgs),
}

/// How a command says what it has to say.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print one JSON document on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// How progress is shown, on standard error
    #[arg(long, global = true, value_enum, default_value_t = ProgressMode::Auto)]
    pub progress: ProgressMode,
    /// Show only results and faults
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Show more: the output of build steps, the causes of faults
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = ColorMode::Auto)]
    pub color: ColorMode,
    /// Read settings from this file instead of the project's
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Use the settings of this environment, such as staging
    #[arg(long, global = true, value_name = "NAME", env = "PYDEPLOY_ENV")]
    pub env: Option<String>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// A live display on a terminal, plain lines elsewhere
    Auto,
    /// One live line a running step
    Bar,
    /// One line an event
    Plain,
    /// One JSON object a line
    Json,
    /// Nothing
    None,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorMode {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The project's directory.
#[derive(Debug, Args)]
pub struct ProjectArg {
    /// The project's directory
    #[arg(value_name = "PROJECT", default_value = ".")]
    pub project: PathBuf,
}

/// What an image is made of.
#[derive(Debug, Clone, Default, Args)]
pub struct ImageArgs {
    /// Where the image goes: HOST[:PORT]/REPOSITORY, HOST:PORT alone to add the project's name, or oci:DIR for an OCI
    /// layout on disk
    #[arg(long, value_name = "HOST[:PORT]/REPO|oci:DIR")]
    pub registry: Option<String>,
    /// Tag to give the image; by default the git commit (`-dirty` where it is), or a digest of the content [repeatable]
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// What builds: `embedded` is pydeploy itself, `buildkit` the Docker Engine or the daemon of `BUILDKIT_HOST`
    #[arg(long, value_name = "ENGINE", value_parser = ["auto", "embedded", "buildkit"])]
    pub engine: Option<String>,
    /// How the image is put together; stating it means the project's own Dockerfile is not used
    #[arg(long, value_name = "STRATEGY", value_parser = ["minimal", "multi-stage", "alpine", "single-stage", "naive"])]
    pub strategy: Option<String>,
    /// `generated`, or the path of the Dockerfile to build
    #[arg(long, value_name = "PATH|generated")]
    pub dockerfile: Option<String>,
    /// Platform to build for, such as linux/arm64; several, with commas between, make one index
    #[arg(long, value_name = "OS/ARCH[,…]")]
    pub platform: Option<String>,
    /// Base image instead of the official python
    #[arg(long, value_name = "IMAGE")]
    pub base: Option<String>,
    /// A secret for the installing step: id=NAME,src=FILE or id=NAME,env=VARIABLE [repeatable]
    #[arg(long = "build-secret", value_name = "id=…,src=…|env=…")]
    pub build_secrets: Vec<String>,
    /// Compression of the layers that are made; zstd takes Docker 23 or containerd 1.5 to run
    #[arg(long, value_name = "FORM", value_parser = ["gzip", "zstd"])]
    pub compression: Option<String>,
    /// Move what pydeploy.lock holds to what the Debian archive has now
    #[arg(long)]
    pub update: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub access: AccessArgs,
}

/// How a registry may be spoken to.
#[derive(Debug, Clone, Default, Args)]
pub struct AccessArgs {
    /// The registry may be spoken to over plain HTTP
    #[arg(long)]
    pub insecure_registry: bool,
    /// A PEM file with a certificate authority to trust for the registry
    #[arg(long, value_name = "FILE")]
    pub registry_ca: Option<PathBuf>,
}

/// Where manifests go.
#[derive(Debug, Default, Args)]
pub struct OutArgs {
    /// Folder to write manifests to, or `-` for standard output
    #[arg(long, value_name = "DIR|-")]
    pub out: Option<String>,
    /// Form of the manifests: objects, a base with an overlay for each environment, or a chart with values for each
    #[arg(long, value_name = "FORMAT", value_parser = ["yaml", "kustomize", "helm"])]
    pub format: Option<String>,
    /// Namespace of the manifests
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// `ship`
#[derive(Debug, Args)]
pub struct ShipArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub image: ImageArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutArgs,
    /// Show the plan and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Run the image under its manifest's limits before it is pushed, as `check` does
    #[arg(long)]
    pub check: bool,
    /// Apply the manifests as well, and wait until the Pods are ready
    #[arg(long)]
    pub apply: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub to: ApplyArgs,
}

/// Which cluster.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// The kubeconfig; by default KUBECONFIG, then ~/.kube/config, then the service account of the Pod
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig; by default its current one
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,
}

/// How manifests are applied.
#[derive(Debug, Clone, Default, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
pub struct ApplyArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub cluster: ClusterArgs,
    /// Make the namespace if it is missing
    #[arg(long)]
    pub create_namespace: bool,
    /// Take fields that others manage
    #[arg(long)]
    pub force_conflicts: bool,
    /// Take over objects of the same names that pydeploy has not made
    #[arg(long)]
    pub adopt: bool,
    /// Delete what pydeploy has applied for this application before and no longer emits; claims of storage stay
    #[arg(long)]
    pub prune: bool,
    /// Do not wait until the Pods are ready
    #[arg(long, conflicts_with = "timeout")]
    pub no_wait: bool,
    /// How long to wait until the Pods are ready [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<GoDuration>,
    /// Go back to the revision that was there before, if it was well, when the Pods don't become ready
    #[arg(long, conflicts_with = "no_wait")]
    pub rollback_on_failure: bool,
}

impl ApplyArgs {
    /// The first flag of these that was typed.
    pub fn typed(&self) -> Option<&'static str> {
        let flags = [
            (self.cluster.kubeconfig.is_some(), "--kubeconfig"),
            (self.cluster.context.is_some(), "--context"),
            (self.create_namespace, "--create-namespace"),
            (self.force_conflicts, "--force-conflicts"),
            (self.adopt, "--adopt"),
            (self.prune, "--prune"),
            (self.no_wait, "--no-wait"),
            (self.timeout.is_some(), "--timeout"),
            (self.rollback_on_failure, "--rollback-on-failure"),
        ];
        flags.into_iter().find_map(|(typed, flag)| typed.then_some(flag))
    }
}

/// What is deployed.
#[derive(Debug, Args)]
pub struct SubjectArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: ImageArgs,
    /// The image to deploy: by tag or digest in a registry
    #[arg(long, value_name = "REF")]
    pub image: Option<String>,
    /// Namespace; by default `deploy.namespace`, then the context's
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// `deploy`
#[derive(Debug, Args)]
pub struct DeployArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub subject: SubjectArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub to: ApplyArgs,
    /// Ask the API server what it would make of it all, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub image: ImageArgs,
}

/// `build`
#[derive(Debug, Args)]
pub struct BuildOnlyArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub image: ImageArgs,
    /// Print the Dockerfile that would be built, and build nothing
    #[arg(long)]
    pub dockerfile_only: bool,
    /// Put the image into the Docker Engine, to run it there
    #[arg(long)]
    pub load: bool,
}

/// `push`
#[derive(Debug, Args)]
pub struct PushArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub image: ImageArgs,
}

/// `manifests`
#[derive(Debug, Args)]
pub struct ManifestsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: ImageArgs,
    /// The image to make manifests for: by tag or digest in a registry, or oci:DIR[:TAG] with --registry
    #[arg(long, value_name = "REF|oci:DIR")]
    pub image: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub out: OutArgs,
}

/// `contract`
#[derive(Debug, Args)]
pub struct ContractArgs {
    /// An image, oci:DIR, docker:NAME, a Dockerfile's path or a project's directory
    #[arg(value_name = "SOURCE", required_unless_present = "explain")]
    pub source: Option<String>,
    /// Compare manifests with it: a file, or `-` for standard input
    #[arg(long, value_name = "FILE|-")]
    pub against: Option<PathBuf>,
    /// The container to compare, where the manifests have several
    #[arg(long, value_name = "NAME", requires = "against")]
    pub container: Option<String>,
    /// What you know of the service, so that a probe may ask over the network [repeatable]
    #[arg(long = "assert", value_name = "FACT", value_enum)]
    pub assertions: Vec<Assertion>,
    /// Look into the layers of an image in a registry for the programs that its health check runs; reads up to all of it
    #[arg(long)]
    pub look: bool,
    /// The stage of a Dockerfile to read; by default the last
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// A build argument of a Dockerfile [repeatable]
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub build_args: Vec<String>,
    /// The platform to read a Dockerfile for, such as linux/arm64
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
    /// Explain a code of a finding, such as PD204, and do nothing else
    #[arg(long, value_name = "CODE")]
    pub explain: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub access: AccessArgs,
}

/// What a user knows of a service, and pydeploy can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Assertion {
    /// The health route answers itself, never with a redirect
    NoRedirects,
    /// The service listens on all interfaces, not on loopback alone
    AllInterfaces,
}

/// `audit`
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub cluster: ClusterArgs,
    /// Namespace; by default the context's
    #[arg(short, long, value_name = "NAMESPACE", conflicts_with = "all_namespaces")]
    pub namespace: Option<String>,
    /// All namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Form of the answer; by default what the name of --out says, else a table
    #[arg(long, value_name = "FORM", value_enum)]
    pub format: Option<AuditFormat>,
    /// File to write the answer to, as a whole; the table is still printed
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Look into the layers of images for the account that USER names; reads up to all of them
    #[arg(long)]
    pub look: bool,
    /// Leave the cluster's pull secrets alone, and read images with this machine's own logins
    #[arg(long)]
    pub no_pull_secrets: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub access: AccessArgs,
}

/// A form of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For a terminal
    Table,
    /// The document of --json
    Json,
    /// SARIF 2.1.0, which code hosts show beside the code
    Sarif,
    /// One page in HTML, to be handed on
    Html,
}

/// `cache`
#[derive(Debug, Args)]
pub struct CacheArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Option<CacheAction>,
}

/// What can be done with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheAction {
    /// Remove what was not used for the longest time, and what killed runs have left
    #[command(after_help = "\
What a running process uses stays. What is missing later is made or fetched anew.

Example: pydeploy cache prune --all")]
    Prune(PruneArgs),
}

/// `cache prune`
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// Remove everything
    #[arg(long, conflicts_with = "keep")]
    pub all: bool,
    /// How much to keep, such as 500MB; 10GB by default
    #[arg(long, value_name = "SIZE")]
    pub keep: Option<Limit>,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub image: ImageArgs,
}
