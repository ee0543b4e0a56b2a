//! The commands: each strings stages together and says what came of it.

mod build;
mod doctor;
mod documents;
mod manifests;
mod plan;
mod push;
mod ship;

use crate::cli::{Cli, Command, ImageArgs, OutArgs, OutputArgs, ProjectArg};
use crate::fault::{Class, Fault};
use crate::report::Report;
use crate::settings::{Given, Machine, Settings};
use crate::stages::Prepared;

/// What every command is given.
struct Context<'c> {
    output: &'c OutputArgs,
    machine: &'c Machine,
    report: &'c Report,
}

impl Context<'_> {
    fn settings(&self, project: &ProjectArg, image: &ImageArgs, out: Option<&OutArgs>) -> Result<Settings, Fault> {
        let given = Given { project: &project.project, image, out, output: self.output };
        if !project.project.is_dir() {
            return Err(crate::source::Error::NoDirectory(project.project.clone()).into());
        }
        Ok(Settings::resolve(given, self.machine)?)
    }

    fn prepare(&self, project: &ProjectArg, image: &ImageArgs, out: Option<&OutArgs>) -> Result<Prepared, Fault> {
        Prepared::new(self.settings(project, image, out)?)
    }
}

/// Runs the command that was typed.
pub async fn run(cli: &Cli, machine: &Machine, report: &Report) -> Result<(), Fault> {
    let context = Context { output: &cli.output, machine, report };
    let command = async {
        match &cli.command {
            Command::Ship(args) => ship::run(&context, args).await,
            Command::Plan(args) => plan::run(&context, args),
            Command::Build(args) => build::run(&context, args).await,
            Command::Push(args) => push::run(&context, args).await,
            Command::Manifests(args) => manifests::run(&context, args).await,
            Command::Doctor(args) => doctor::run(&context, args).await,
        }
    };
    // Dropping a command's future cancels what it has under way, in the engine as well.
    tokio::select! {
        result = command => result,
        () = interruption() => Err(Fault::interrupted()),
    }
}

/// Ctrl-C, or a polite request to end.
async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A value that can't fail to become JSON.
fn bug(error: &dyn std::error::Error) -> Fault {
    Fault::from_error(Class::Bug, error, Some("please report this".to_owned()))
}
