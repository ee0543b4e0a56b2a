//! The findings about a manifest that contradicts its image.

use super::{Code, Example, Severity};

/// All of them, sorted by id.
pub(super) const ALL: &[&Code] = &[
    &OTHER_IMAGE,
    &OTHER_USER,
    &OTHER_GROUP,
    &GROUP_LOST,
    &REFUSED_USER,
    &MAY_BE_ROOT,
    &ROOT_OVERRIDDEN,
    &IS_ROOT,
    &NOT_ASKED,
    &SHORT_TIMEOUT,
    &EARLY_READINESS,
    &EARLY_KILL,
    &EARLY_START,
    &DELAYED,
    &OTHER_QUESTION,
    &OTHER_HOST,
    &PROBE_HOST,
    &EXPANDED,
    &PORT_UNKNOWN,
    &PORT_MISSING,
    &PORT_NAME,
    &SERVICE_PORT,
    &OTHER_COMMAND,
    &OTHER_SIGNAL,
    &BY_TAG,
    &BEHIND_TAG,
    &NO_PLATFORM,
    &UNREAD,
];

const fn code(
    id: &'static str,
    severity: Severity,
    title: &'static str,
    why: &'static str,
    mend: &'static str,
    example: &'static str,
) -> Code {
    Code { id, severity, title, why, mend, example: Example::Words(example) }
}

/// The manifest runs another image.
pub static OTHER_IMAGE: Code = code(
    "PD401",
    Severity::Warning,
    "the manifest runs another image than the one compared",
    "What the image promises holds for its digest alone; a manifest that names another digest, or another tag, runs \
     something that was not looked at.",
    "name the image by its digest: `pydeploy manifests` does",
    "`image: registry.example/api:1.1` compared with registry.example/api:1.0",
);

/// Another user.
pub static OTHER_USER: Code = code(
    "PD402",
    Severity::Error,
    "runAsUser is not the image's user",
    "Files of the image belong to the user that its USER names; another may be unable to read them, or to write where \
     the service expects to.",
    "state the image's own number, or leave runAsUser out",
    "`runAsUser: 65534` with an image whose USER is 1000:1000",
);

/// Another group.
pub static OTHER_GROUP: Code = code(
    "PD403",
    Severity::Warning,
    "runAsGroup is not the image's group",
    "Files of the image that its group may read or write are closed to another group.",
    "state the image's own number",
    "`runAsGroup: 0` with an image whose USER is 1000:1000",
);

/// A user without its group.
pub static GROUP_LOST: Code = code(
    "PD404",
    Severity::Warning,
    "runAsUser is stated without runAsGroup, so the image's group is lost",
    "Once a manifest states runAsUser, the group of the image's USER no longer counts: the runtime takes the one that \
     /etc/passwd gives the number, or 0, root's.",
    "state runAsGroup as well",
    "`runAsUser: 1000` and no runAsGroup with an image whose USER is 1000:1000",
);

/// The kubelet would refuse it.
pub static REFUSED_USER: Code = code(
    "PD405",
    Severity::Error,
    "the kubelet refuses to start it: runAsNonRoot with a user that is root or a name",
    "With runAsNonRoot and no runAsUser the kubelet looks at the image's USER: a name it can't verify (\"image has \
     non-numeric user (app), cannot verify user is non-root\"), and 0 it refuses. The Pod stays in \
     CreateContainerConfigError.",
    "state runAsUser and runAsGroup by number, or make the image's USER numeric",
    "`runAsNonRoot: true` and no runAsUser with an image whose USER is app",
);

/// Root for all that the manifest says.
pub static MAY_BE_ROOT: Code = code(
    "PD406",
    Severity::Warning,
    "the manifest lets it run as root",
    "Without runAsNonRoot nothing holds the image to its user: the next one may be root.",
    "state runAsNonRoot: true",
    "a Deployment without any securityContext",
);

/// An image of root's, run as someone else.
pub static ROOT_OVERRIDDEN: Code = code(
    "PD407",
    Severity::Warning,
    "the manifest states a user, and the image runs as root",
    "The image was made for root: what it writes to, and what it reads, may be closed to another user.",
    "put the account into the image: `USER 1000:1000` after the files that it owns",
    "`runAsUser: 1000` with an image that has no USER",
);

/// Root, by the manifest's own word, or by the image's where the manifest has none.
pub static IS_ROOT: Code = code(
    "PD408",
    Severity::Error,
    "it runs as root",
    "Who breaks out of such a container is root on its node, and what it writes to volumes is root's. It is so with \
     runAsUser: 0, and where the manifest states no user for an image that has none. A namespace that enforces the \
     restricted Pod Security Standard refuses it.",
    "give the image an account (`USER 1000:1000`) and state runAsNonRoot: true",
    "a Deployment without any securityContext, of an image without USER",
);

/// No probe.
pub static NOT_ASKED: Code = code(
    "PD411",
    Severity::Warning,
    "the image has a HEALTHCHECK and the manifest has no readinessProbe",
    "Kubernetes ignores HEALTHCHECK: without a readinessProbe requests come as soon as the process runs.",
    "add the probes that `pydeploy contract` compiles from the image",
    "a Deployment without probes, with an image that has a HEALTHCHECK",
);

/// Less time than the image gives.
pub static SHORT_TIMEOUT: Code = code(
    "PD412",
    Severity::Warning,
    "a probe gives the check less time than the image does",
    "timeoutSeconds is 1 where nothing is stated, and Docker's timeout is 30 s where nothing is stated: a check that \
     passes under Docker fails here.",
    "state the image's own timeout",
    "a readinessProbe without timeoutSeconds, with `HEALTHCHECK --timeout=5s`",
);

/// Out of rotation too early.
pub static EARLY_READINESS: Code = code(
    "PD413",
    Severity::Warning,
    "the readinessProbe fails it after fewer checks than the image allows",
    "The image says how many failures in a row mean that it is unhealthy.",
    "state the image's own retries as failureThreshold",
    "`failureThreshold: 1` with `HEALTHCHECK --retries=3`",
);

/// Killed too early.
pub static EARLY_KILL: Code = code(
    "PD414",
    Severity::Warning,
    "the livenessProbe kills it before Docker would have called it unhealthy",
    "Docker waits an interval after the end of each check, a kubelet counts from start to start: the same numbers kill \
     earlier, and Docker does not kill at all.",
    "state the numbers that `pydeploy contract` compiles",
    "`periodSeconds: 10, failureThreshold: 3` with `HEALTHCHECK --interval=30s --timeout=5s --retries=3`",
);

/// Killed while it starts.
pub static EARLY_START: Code = code(
    "PD415",
    Severity::Warning,
    "it is killed before the image's start period is over",
    "What is still starting must not be killed: the image says how long that may take.",
    "add the startupProbe that `pydeploy contract` compiles",
    "a livenessProbe and no startupProbe, with `HEALTHCHECK --start-period=60s`",
);

/// A delay that loses the first probes.
pub static DELAYED: Code = code(
    "PD416",
    Severity::Note,
    "initialDelaySeconds makes it wait where Docker would already accept a success",
    "During the start period Docker counts no failure and accepts any success; a delay makes a service that starts \
     quickly wait all the same.",
    "use a startupProbe instead",
    "`initialDelaySeconds: 60` with `HEALTHCHECK --start-period=60s`",
);

/// Another check.
pub static OTHER_QUESTION: Code = code(
    "PD417",
    Severity::Warning,
    "a probe asks something else than the image's HEALTHCHECK",
    "Two truths about health drift apart: the image says how it is asked.",
    "use the probe that `pydeploy contract` compiles, or change the HEALTHCHECK",
    "`httpGet: {path: /, port: 8000}` with `HEALTHCHECK CMD curl -f http://localhost:8000/health`",
);

/// Another Host header.
pub static OTHER_HOST: Code = code(
    "PD418",
    Severity::Warning,
    "an httpGet probe sends the Pod's address as Host, where the image's check sends a name",
    "Applications that check the Host header, such as Django with ALLOWED_HOSTS, answer the probe with 400.",
    "state the header: `httpHeaders: [{name: Host, value: …}]`",
    "an httpGet probe without httpHeaders, with `HEALTHCHECK CMD curl -f http://localhost:8000/health`",
);

/// A host in a probe.
pub static PROBE_HOST: Code = code(
    "PD419",
    Severity::Error,
    "a probe names a host, so it does not ask this Pod",
    "A kubelet sends the probe from the node: `host: localhost` asks the node itself, and the baseline Pod Security \
     Standard refuses any host since Kubernetes 1.34.",
    "leave host out",
    "`httpGet: {host: localhost, port: 8000}`",
);

/// A command that the kubelet changes.
pub static EXPANDED: Code = code(
    "PD420",
    Severity::Error,
    "the kubelet expands the probe's command before it runs it",
    "In exec.command `$(NAME)` becomes the variable's value and `$$` becomes `$`, so the shell sees another text.",
    "double every `$`",
    "`command: [/bin/sh, -c, 'test \"$(cat /ok)\" = 1']`",
);

/// A port that the image does not have.
pub static PORT_UNKNOWN: Code = code(
    "PD431",
    Severity::Warning,
    "a probe or containerPort names a port that the image does not expose",
    "The image's EXPOSE says where it listens; elsewhere nobody answers.",
    "state the image's port, or correct its EXPOSE",
    "`containerPort: 8080` with `EXPOSE 8000`",
);

/// A port that the manifest does not have.
pub static PORT_MISSING: Code = code(
    "PD432",
    Severity::Note,
    "the image exposes a port that the manifest does not mention",
    "containerPort is information, but what reads manifests (policies, meshes, people) relies on it.",
    "add it to the container's ports",
    "no ports with `EXPOSE 8000`",
);

/// A port's name that is none.
pub static PORT_NAME: Code = code(
    "PD433",
    Severity::Error,
    "a probe names a port that the container does not have",
    "A probe by a name that no port of its container has fails each time it is sent.",
    "name one of the container's ports, or state the number",
    "`httpGet: {port: web}` and no port named web",
);

/// A Service that leads nowhere.
pub static SERVICE_PORT: Code = code(
    "PD434",
    Severity::Error,
    "a Service sends requests to a port that the image does not listen on",
    "Its targetPort is neither a port's name of the container nor a port that the image exposes.",
    "state the image's port as targetPort",
    "`targetPort: 8080` with `EXPOSE 8000`",
);

/// Another command.
pub static OTHER_COMMAND: Code = code(
    "PD441",
    Severity::Note,
    "the manifest starts another command than the image",
    "`command` replaces ENTRYPOINT and CMD, `args` replaces CMD; what the image says of ports and health may not hold \
     for what is started instead.",
    "build the command into the image, or check that its HEALTHCHECK holds",
    "`command: [celery, -A, app, worker]`",
);

/// Another signal.
pub static OTHER_SIGNAL: Code = code(
    "PD442",
    Severity::Warning,
    "the manifest stops it with another signal than the image asks for",
    "lifecycle.stopSignal goes before the image's STOPSIGNAL.",
    "leave stopSignal out: container runtimes honour the image's",
    "`lifecycle: {stopSignal: SIGTERM}` with `STOPSIGNAL SIGINT`",
);

/// A name that may mean another image tomorrow.
pub static BY_TAG: Code = code(
    "PD451",
    Severity::Warning,
    "the manifest names the image by a tag and not by its digest",
    "A tag can be moved: Pods of one Deployment may then run different images, depending on when their node pulled it, \
     and a rollback to the same manifest is none.",
    "name the image by its digest: `pydeploy manifests` does",
    "`image: registry.example/api:1.1`",
);

/// What is newer is not what runs.
pub static BEHIND_TAG: Code = code(
    "PD452",
    Severity::Warning,
    "the image's digest is not the one that its tag stands for now",
    "Where a manifest states both, the digest is what runs and the tag a remark. The registry has another image under \
     that tag by now, with whatever it mends; or the tag is gone.",
    "roll out the tag's digest, or name the tag that this digest has",
    "`image: registry.example/api:1.1@sha256:…`, after another image was pushed as registry.example/api:1.1",
);

/// Nodes that can't run it.
pub static NO_PLATFORM: Code = code(
    "PD453",
    Severity::Error,
    "the image has no platform for nodes that its Pods may be placed on",
    "The scheduler does not look at an image's platforms. On such a node the pull fails (\"no match for platform in \
     manifest\"), or the program does (\"exec format error\"). Which nodes are meant: those that nodeSelector and the \
     required node affinity allow, and whose taints are tolerated.",
    "build the image for those platforms as well, or keep the Pods to nodes of the image's: nodeSelector \
     kubernetes.io/arch",
    "an image for linux/amd64 alone in a cluster that has nodes of arm64",
);

/// Nothing is known.
pub static UNREAD: Code = code(
    "PD454",
    Severity::Warning,
    "the image could not be read, so nothing is known of what it promises",
    "What runs is compared with what its image says; without the image, only the manifest itself was looked at. The \
     registry may be one that nodes reach and this machine does not, or one that asks for a login.",
    "run it where the registry can be reached, and log in to it: docker login, or let it read the pull secrets",
    "an image in a registry that only nodes reach",
);
