//! What is typed of images that are run to see how they do: `check`, `compare`.

use std::path::PathBuf;

use clap::Args;

use super::{ImageArgs, ProjectArg};
use crate::image::duration::GoDuration;

/// `check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub source: ImageArgs,
    /// Check this image of the Docker Engine instead of building the project's
    #[arg(long, value_name = "NAME")]
    pub image: Option<String>,
    /// How long it may take to be well [default: as long as its startup probe allows]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<GoDuration>,
}

/// `compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub project: ProjectArg,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub image: ImageArgs,
    /// The strategies to compare, with commas between; by default all
    #[arg(long, value_name = "STRATEGY[,…]", value_delimiter = ',')]
    pub only: Vec<String>,
    /// File to draw the comparison to, as SVG
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
}
