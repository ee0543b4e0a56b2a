//! A mend: what the user does about a cause.

use super::cause::{Cause, Check, Crash, Denial, Gate, Pull, Shortage, Source, Start, User};
use super::failure::Subject;
use super::quoted::registry;

/// What to do about a cause that is the image's own or its limits', wherever it runs.
pub fn advice(cause: &Cause) -> Option<String> {
    Some(match cause {
        Cause::User { user, .. } => user_mend(*user),
        Cause::Program { program, why } => start(program, *why),
        Cause::Crash { why, .. } => crash(why)?,
        Cause::Memory { limit } => memory(limit.as_deref()),
        Cause::Write { path, why } => write(path.as_deref(), *why),
        Cause::CheckCannotRun { program, .. } => format!(
            "put {program} into the image, or write the HEALTHCHECK with what the image has: `pydeploy contract` \
             shows what it lacks"
        ),
        _ => return None,
    })
}

/// What to do about a cause, in a sentence or two; `namespace` is the Deployment's.
pub(super) fn mend(cause: &Cause, subject: &Subject, namespace: &str) -> String {
    match cause {
        Cause::Deleted { .. } => {
            "deploy it again, or find out who deleted it: the API server's audit log says".to_owned()
        }
        Cause::Image { image, why } => pull(image, why, namespace),
        Cause::Missing { source, name, key, volume } => {
            missing(*source, name, key.as_deref(), volume.as_deref(), namespace)
        }
        Cause::Container { .. } | Cause::Sandbox => {
            format!(
                "the node's own state is at fault, not the manifests: kubectl describe pod {} -n {namespace}",
                subject.name
            )
        }
        Cause::User { .. }
        | Cause::Program { .. }
        | Cause::Crash { .. }
        | Cause::Memory { .. }
        | Cause::Write { .. }
        | Cause::CheckCannotRun { .. } => advice(cause).unwrap_or_else(|| own_log(subject, namespace)),
        Cause::Check { check, output } => failing(*check, output, subject, namespace),
        Cause::Hook { .. } => {
            "correct the hook's command, or leave it out: a container is not ready before it ends well".to_owned()
        }
        Cause::Unschedulable { why, .. } => shortage(why, namespace),
        Cause::Refused { by } => gate(by, subject, namespace),
        Cause::Volume { volume, .. } => format!(
            "see that what volume {volume} names exists and can be mounted on the node: deploy.volumes states it, \
             kubectl get pvc -n {namespace} shows the claims"
        ),
        Cause::Ousted { reason } if reason == "Evicted" => {
            "let it write less to the container's file system, or raise deploy.resources.limits.ephemeral-storage"
                .to_owned()
        }
        Cause::Ousted { .. } => "leave out what the node can't do, or run on other nodes".to_owned(),
        Cause::Deadline { .. } => {
            format!(
                "look at what the Pods wait for: kubectl describe pods -n {namespace}; the rollout goes on by itself \
                 once that is there"
            )
        }
    }
}

fn pull(image: &str, why: &Pull, namespace: &str) -> String {
    let registry = registry(image);
    let secret = |name: &str| {
        format!(
            "kubectl create secret docker-registry {name} -n {namespace} --docker-server={registry} \
             --docker-username=… --docker-password=…"
        )
    };
    match why {
        Pull::NotFound => {
            "push it (`pydeploy ship` does and deploys what it pushed), or name one that the registry has".to_owned()
        }
        Pull::Name => "correct the name: small letters, and a tag or digest at its end".to_owned(),
        Pull::NeverPulled => "set imagePullPolicy to IfNotPresent, or load the image onto the node".to_owned(),
        Pull::NoCredentials => {
            format!("make a pull secret ({}) and name it in deploy.image-pull-secrets", secret("registry"))
        }
        Pull::NoPullSecret(name) => format!("make it: {}", secret(name)),
        Pull::WrongCredentials => {
            format!(
                "renew the pull secret that deploy.image-pull-secrets names; it must be for {registry} and hold a \
                 login that is still valid"
            )
        }
        Pull::Refused => format!(
            "let the login of the pull secret read this repository at {registry}, or use another in \
             deploy.image-pull-secrets"
        ),
        Pull::Unreachable => {
            format!(
                "see that nodes can resolve and reach {registry} (DNS, firewall, proxy, plain HTTP), which may differ \
                 from what this machine reaches"
            )
        }
        Pull::Untrusted => format!(
            "give the nodes' container runtime the authority's certificate for {registry} (containerd: \
             certs.d/{registry}/hosts.toml)"
        ),
        Pull::RateLimited => {
            "pull with a login (deploy.image-pull-secrets), which has a limit of its own, or from a mirror; or wait"
                .to_owned()
        }
        Pull::Failing => format!("wait until {registry} works again; the nodes try on by themselves"),
        Pull::Platform => {
            "build it for the node's platform too: `pydeploy ship --platform linux/amd64,linux/arm64`".to_owned()
        }
        Pull::NodeFull => "free the node's disk, or let the Pod run elsewhere".to_owned(),
        Pull::Other => format!("the message says what {registry} or the node had against it"),
    }
}

fn user_mend(user: User) -> String {
    match user {
        User::Root => "state a user by number in the Dockerfile: USER 1000:1000 (images that pydeploy builds have one)",
        User::Named => "state the user by number in the Dockerfile: USER 1000:1000 instead of its name",
        User::RunAsRoot => "leave runAsUser out, or set it to the number of a user that is not root",
        User::NoAccount => "make the account in the Dockerfile (useradd), or state the user by number: USER 1000:1000",
    }
    .to_owned()
}

fn missing(source: Source, name: &str, key: Option<&str>, volume: Option<&str>, namespace: &str) -> String {
    let kind = match source {
        Source::Secret => "secret generic",
        Source::ConfigMap => "configmap",
    };
    let setting = if volume.is_some() { "deploy.volumes" } else { "deploy.env or deploy.env-from" };
    match key {
        Some(key) if name.is_empty() => format!("add the key {key} to the {source}, or correct the key in {setting}"),
        Some(key) => format!(
            "add the key {key} to it (kubectl edit {} {name} -n {namespace}), or correct the key in {setting}",
            source.word()
        ),
        None => format!(
            "make it: kubectl create {kind} {name} -n {namespace} --from-literal=KEY=VALUE; or correct its name in \
             {setting}"
        ),
    }
}

fn start(program: &str, why: Start) -> String {
    match why {
        Start::NotFound => format!(
            "install {program} into the image (for Python servers: add it to the project's dependencies), or correct \
             the start command"
        ),
        Start::Denied => {
            format!("make it executable in the image (chmod 755 {program}), or start it by its interpreter")
        }
        Start::Format => {
            format!(
                "build the image for the nodes' platform (`pydeploy ship --platform …`; kubectl get nodes -L \
                 kubernetes.io/arch shows it); if {program} is a script, begin it with #!/bin/sh"
            )
        }
        Start::NoInterpreter => format!(
            "correct the first line of {program}, or put the interpreter that it names into the image; line ends of \
             Windows have this effect too"
        ),
        Start::Directory => "correct WORKDIR in the Dockerfile, or workingDir: it must be a directory".to_owned(),
    }
}

fn crash(why: &Crash) -> Option<String> {
    match why {
        Crash::Variable(name) => Some(format!(
            "set it: deploy.env.{name} = \"…\", or from a Secret: \
             deploy.env.{name} = {{ secret = \"NAME\", key = \"KEY\" }}"
        )),
        Crash::Module(name) => {
            Some(format!("add the package that has {name} to the project's dependencies, and ship again"))
        }
        Crash::Syntax => Some("correct the code, or build with the Python version that it is written for".to_owned()),
        Crash::Ended => {
            Some("start a process that stays: a server in the foreground. For work that ends, use a Job".to_owned())
        }
        Crash::Said(_) | Crash::Signal(_) | Crash::Silent => None,
    }
}

fn own_log(subject: &Subject, namespace: &str) -> String {
    let container = subject.container.as_ref().map(|c| format!(" -c {c}")).unwrap_or_default();
    format!("its own log says why it ends: kubectl logs {} -n {namespace}{container} --previous", subject.name)
}

fn memory(limit: Option<&str>) -> String {
    match limit {
        Some(limit) => format!("raise deploy.resources.limits.memory (now {limit}), or start fewer workers"),
        None => {
            "the node itself is out of memory: state deploy.resources.requests.memory, so that the Pod gets its share"
                .to_owned()
        }
    }
}

fn write(path: Option<&str>, why: Denial) -> String {
    let path = path.unwrap_or("the path");
    match why {
        Denial::ReadOnly if path == "/tmp" => "give it a /tmp: deploy.tmp-size states how large".to_owned(),
        Denial::ReadOnly => {
            format!(
                "write to /tmp, or mount a volume where it writes: deploy.volumes.NAME = {{ path = \"{path}\", \
                 empty-dir = … }}"
            )
        }
        Denial::Permission => format!(
            "let the image's user own {path} (chown in the Dockerfile), or mount a volume there with deploy.volumes"
        ),
    }
}

fn failing(check: Check, output: &str, subject: &Subject, namespace: &str) -> String {
    let log = format!("kubectl logs {} -n {namespace}", subject.name);
    match check {
        Check::Startup => format!(
            "if it needs longer to start, raise the HEALTHCHECK's --start-period; else its log says what it waits \
             for: {log}"
        ),
        Check::Liveness => format!(
            "correct what the check asks for, or loosen the HEALTHCHECK's --interval, --timeout and --retries; {log} \
             --previous has its last words"
        ),
        Check::Readiness if output.contains("connection refused") => format!(
            "see that the service listens on the port that is asked, and on the Pod's address instead of 127.0.0.1 \
             alone; {log}"
        ),
        Check::Readiness => {
            format!("its log says why it takes no requests: {log}; where it is asked is the HEALTHCHECK's to say")
        }
    }
}

fn shortage(why: &Shortage, namespace: &str) -> String {
    match why {
        Shortage::Resource(name) => {
            format!(
                "ask for less in deploy.resources.requests.{name}, or add a node: kubectl describe nodes shows what \
                 is taken"
            )
        }
        Shortage::Pods => "add a node, or end Pods that are not needed".to_owned(),
        Shortage::Selector => {
            "correct the Pod's nodeSelector or affinity, or label a node: kubectl get nodes --show-labels".to_owned()
        }
        Shortage::Affinity => "run fewer replicas than there are nodes, or loosen the affinity".to_owned(),
        Shortage::Taint => {
            "let the Pod tolerate the taint, or take it from a node: kubectl describe nodes | grep Taints".to_owned()
        }
        Shortage::Cordoned => "let a node take Pods again: kubectl uncordon NODE".to_owned(),
        Shortage::HostPort => "leave the host port out: a Service needs none".to_owned(),
        Shortage::Spread => "loosen deploy.topology-spread, or add nodes to the zones that lack them".to_owned(),
        Shortage::NoClaim(name) => {
            format!("make the claim {name} in namespace {namespace}, or correct its name in deploy.volumes")
        }
        Shortage::Unbound(name) => {
            let name = name.as_deref().unwrap_or("");
            format!(
                "state a storage class that exists (kubectl get storageclass) in deploy.volumes, or make a volume for \
                 it: kubectl describe pvc {name} -n {namespace}"
            )
        }
        Shortage::VolumeElsewhere => {
            "let the Pod run where its volume is, or use storage that every node reaches".to_owned()
        }
        Shortage::Other => "the scheduler's message says what each node lacks".to_owned(),
    }
}

fn gate(by: &Gate, subject: &Subject, namespace: &str) -> String {
    match by {
        Gate::Quota(name) => format!(
            "ask for less (deploy.resources, deploy.replicas), or have the quota raised: kubectl describe quota \
             {name} -n {namespace}"
        ),
        Gate::QuotaNeeds(what) => format!("state deploy.resources.{what}"),
        Gate::LimitRange => format!("keep deploy.resources within it: kubectl describe limitrange -n {namespace}"),
        Gate::PodSecurity(_) => {
            "state what the message asks for; what `pydeploy manifests` prints passes the restricted level".to_owned()
        }
        Gate::Webhook(_) | Gate::Policy(_) => "do as its message says, or ask those who run the cluster".to_owned(),
        Gate::WebhookDown(name) => format!(
            "the service behind {name} must run again: kubectl get \
             validatingwebhookconfigurations,mutatingwebhookconfigurations"
        ),
        Gate::NoServiceAccount(name) => {
            format!("make it (kubectl create serviceaccount {name} -n {namespace}), or correct deploy.service-account")
        }
        Gate::Other => format!(
            "kubectl describe {} {} -n {namespace} has the whole message",
            subject.kind.to_lowercase(),
            subject.name
        ),
    }
}
