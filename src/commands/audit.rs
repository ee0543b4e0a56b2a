//! `audit`: what a cluster runs, held against the contracts of its images.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::Context;
use crate::audit::{self, Nodes, Report, Running, Scope};
use crate::cli::{AuditArgs, AuditFormat, ImageArgs, ProjectArg};
use crate::cluster::{self, Account, Cluster, Reach};
use crate::fault::{Class, Fault};
use crate::registry::PullSecret;
use crate::stages::build::keychain;
use crate::stages::examine::Look;
use crate::stages::survey::{self, Doors, SecretName, Wanted};
use crate::stages::write;

/// How many secrets are read at a time.
const SECRETS: usize = 8;

pub(super) async fn run(context: &Context<'_>, args: &AuditArgs) -> Result<(), Fault> {
    let output = Output::of(context, args)?;
    let image = ImageArgs { access: args.access.clone(), ..ImageArgs::default() };
    let settings = context.settings(&ProjectArg { project: Path::new(".").to_path_buf() }, &image, None)?;
    let keychain = keychain(context.machine, None)?;
    let access = cluster::Access {
        kubeconfig: args.cluster.kubeconfig.clone(),
        context: args.cluster.context.clone(),
        namespace: args.namespace.clone(),
        ..context.machine.cluster()
    };
    let cluster = Cluster::unasked(cluster::find(&access).await?)?;
    let reach = if args.all_namespaces { Reach::Everywhere } else { Reach::Namespace(cluster.namespace.clone()) };
    context.report.stage(&format!("Reading what runs in {} (context {})", place(&reach), cluster.context));
    let mut remarks = Vec::new();
    let (running, nodes, accounts) =
        tokio::join!(cluster::workloads(&cluster, &reach), cluster::nodes(&cluster), async {
            if args.no_pull_secrets { Ok(Vec::new()) } else { cluster::accounts(&cluster, &reach).await }
        },);
    let running = running?;
    let nodes = nodes.map_or_else(
        |error| {
            remarks.push(format!("images are not held against the nodes' platforms: {}", told(&error)));
            Nodes::Unknown
        },
        Nodes::Known,
    );
    let accounts = accounts.unwrap_or_else(|error| {
        remarks.push(format!("pull secrets of service accounts are not used: {}", told(&error)));
        Vec::new()
    });
    let wanted = wanted(&running, &accounts, args);
    let secrets = secrets(&cluster, &wanted, &mut remarks).await;
    let look = if args.look { Look::Accounts } else { Look::Config };
    let doors = Doors::new(&settings.security, &keychain);
    let images = survey::survey(&doors, &wanted, &secrets, look, &context.report.events()).await;
    let namespace = match reach {
        Reach::Namespace(name) => Some(name),
        Reach::Everywhere => None,
    };
    let scope = Scope { context: cluster.context, address: cluster.address, namespace };
    let report = audit::audit(scope, &running, &images, &nodes, remarks);
    output.give(context, &report)?;
    if report.differs() {
        let message = "what runs is not what its images promise";
        return Err(Fault { told: true, ..Fault::new(Class::Differences, message, None) });
    }
    Ok(())
}

fn place(reach: &Reach) -> String {
    match reach {
        Reach::Namespace(name) => format!("namespace {name}"),
        Reach::Everywhere => "all namespaces".to_owned(),
    }
}

/// An error with what would mend it, in one line.
fn told(error: &cluster::Error) -> String {
    error.hint().map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"))
}

/// The images that run, each with the pull secrets of its Pods: their own, or those of their service account.
fn wanted(running: &[Running], accounts: &[Account], args: &AuditArgs) -> Wanted {
    let accounts: BTreeMap<_, _> =
        accounts.iter().map(|a| ((a.namespace.as_str(), a.name.as_str()), &a.secrets)).collect();
    let mut wanted = Wanted::new();
    for workload in running {
        let namespace = workload.namespace.as_str();
        // The API server gives a Pod the secrets of its account only where it names none itself.
        let of_account = accounts.get(&(namespace, workload.account.as_str())).copied();
        let names = if workload.secrets.is_empty() { of_account } else { Some(&workload.secrets) };
        let names = names.into_iter().flatten().filter(|_| !args.no_pull_secrets);
        let names: BTreeSet<SecretName> = names.map(|name| (namespace.to_owned(), name.clone())).collect();
        for image in workload.images() {
            wanted.entry(image.to_owned()).or_default().extend(names.iter().cloned());
        }
    }
    wanted
}

/// The pull secrets that are wanted, each read once. What can't be read is noted, and done without.
async fn secrets(cluster: &Cluster, wanted: &Wanted, remarks: &mut Vec<String>) -> BTreeMap<SecretName, PullSecret> {
    let names: BTreeSet<SecretName> = wanted.values().flatten().cloned().collect();
    let mut reads = Vec::new();
    for name in names {
        reads.push(async move {
            let read = cluster::secret(cluster, &name.0, &name.1).await;
            (name, read)
        });
    }
    let mut reads = stream::iter(reads).buffered(SECRETS);
    let mut secrets = BTreeMap::new();
    let mut refused = BTreeSet::new();
    while let Some((name, read)) = reads.next().await {
        let origin = format!("the pull secret {} in namespace {}", name.1, name.0);
        match read {
            Ok(Some((kind, content))) => match PullSecret::parse(&origin, &kind, &content) {
                Ok(secret) => {
                    secrets.insert(name, secret);
                }
                Err(error) => remarks.push(error.to_string()),
            },
            Ok(None) => remarks.push(format!("{origin} is not there, or is none for pulls")),
            // One missing rule is one thing to know, however many secrets it is about.
            Err(error) => {
                if refused.insert(name.0) {
                    remarks.push(format!("{origin} is not used: {}", told(&error)));
                }
            }
        }
    }
    secrets
}

/// Where the answer goes, and in which form.
struct Output<'a> {
    format: AuditFormat,
    file: Option<&'a Path>,
}

impl<'a> Output<'a> {
    fn of(context: &Context<'_>, args: &'a AuditArgs) -> Result<Self, Fault> {
        let file = args.out.as_deref();
        let by_name = || match file?.extension()?.to_str()? {
            "html" | "htm" => Some(AuditFormat::Html),
            "sarif" => Some(AuditFormat::Sarif),
            "json" => Some(AuditFormat::Json),
            _ => None,
        };
        let format = args.format.or_else(by_name).unwrap_or(AuditFormat::Table);
        let is_json = matches!(format, AuditFormat::Table | AuditFormat::Json);
        if context.output.json && file.is_none() && !is_json {
            let hint = "leave one of them out, or give the other form a file: --out FILE".to_owned();
            return Err(Fault::new(Class::Usage, "--json and --format say two things of standard output", hint));
        }
        Ok(Self { format, file })
    }

    fn give(&self, context: &Context<'_>, report: &Report) -> Result<(), Fault> {
        for note in &report.notes {
            context.report.warn(note);
        }
        context.report.document(&audit::document(report));
        let table = || crate::report::audit(report);
        let Some(file) = self.file else {
            context.report.answer(&self.text(report, table));
            return Ok(());
        };
        let plain = || anstream::adapter::strip_str(&table()).to_string();
        let (what, hint) = (format!("the audit to {}", file.display()), "choose another file with --out".to_owned());
        write::put(file, &what, self.text(report, plain).as_bytes(), Some(hint))?;
        context.report.answer(&table());
        context.report.note(&format!("{} has the whole audit", file.display()));
        Ok(())
    }

    fn text(&self, report: &Report, table: impl Fn() -> String) -> String {
        match self.format {
            AuditFormat::Table => table(),
            AuditFormat::Json => format!("{:#}\n", audit::document(report)),
            AuditFormat::Sarif => format!("{:#}\n", audit::sarif(report)),
            AuditFormat::Html => audit::page(report, &format!("{} UTC", Timestamp::now().strftime("%Y-%m-%d %H:%M"))),
        }
    }
}
