//! A Deployment that is meant: its name, and the cluster that it is in.

use super::Context;
use crate::cli::{ClusterArgs, ImageArgs, OutArgs, WhichArgs};
use crate::cluster::{self, Cluster, Notice, Waiting};
use crate::engine::Event;
use crate::fault::Fault;
use crate::settings::Settings;
use crate::stages::prepare;

/// The Deployment's name, and its cluster once that has answered.
pub(super) async fn which(context: &Context<'_>, args: &WhichArgs) -> Result<(String, Cluster), Fault> {
    let out = OutArgs { namespace: args.namespace.clone(), ..OutArgs::default() };
    let settings = context.settings(&args.project, &ImageArgs::default(), Some(&out))?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => crate::project::name(&prepare::files(&settings)?.1, &settings.stated)?.value,
    };
    let cluster = reach(context, &args.cluster, &settings).await?;
    Ok((name, cluster))
}

/// The cluster that is meant, once it has answered.
pub(super) async fn reach(context: &Context<'_>, args: &ClusterArgs, settings: &Settings) -> Result<Cluster, Fault> {
    let access = cluster::Access {
        kubeconfig: args.kubeconfig.clone(),
        context: args.context.clone(),
        namespace: settings.deploy.namespace.clone(),
        ..context.machine.cluster()
    };
    let way = cluster::find(&access).await?;
    let (events, address) = (context.report.events(), way.address.clone());
    let notice = Notice::to(move |waiting| {
        events(&Event::Warning(match waiting {
            Waiting::Begun(why) => format!("the API server at {address} keeps us waiting, and is asked on: {why}"),
            Waiting::Over => format!("the API server at {address} answers again"),
        }));
    });
    Ok(Cluster::connect_with(way, notice).await?)
}
