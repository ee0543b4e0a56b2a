//! The keys: every setting that there is.

/// What a setting's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A list of strings.
    List,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
    /// Tables, or one of several forms: only a file states it.
    Other,
}

/// Settings by their full names, sorted.
pub const KEYS: &[(&str, Kind)] = &[
    ("base", Kind::Text),
    ("build-secrets", Kind::List),
    ("cache", Kind::Text),
    ("collect-static", Kind::Boolean),
    ("command", Kind::List),
    ("compression", Kind::Text),
    ("debian.archive", Kind::Text),
    ("debian.keyring", Kind::Text),
    ("deploy.autoscaler", Kind::Other),
    ("deploy.autoscaler.cpu", Kind::Integer),
    ("deploy.autoscaler.max", Kind::Integer),
    ("deploy.autoscaler.memory", Kind::Integer),
    ("deploy.autoscaler.min", Kind::Integer),
    ("deploy.disruption-budget", Kind::Other),
    ("deploy.disruption-budget.max-unavailable", Kind::Other),
    ("deploy.disruption-budget.min-available", Kind::Other),
    ("deploy.drain", Kind::Text),
    ("deploy.env-from", Kind::Other),
    ("deploy.image-pull-secrets", Kind::List),
    ("deploy.ingress", Kind::Other),
    ("deploy.ingress.class", Kind::Text),
    ("deploy.ingress.host", Kind::Text),
    ("deploy.ingress.path", Kind::Text),
    ("deploy.ingress.tls-secret", Kind::Text),
    ("deploy.namespace", Kind::Text),
    ("deploy.network-policy", Kind::Other),
    ("deploy.network-policy.from", Kind::Other),
    ("deploy.network-policy.to", Kind::Other),
    ("deploy.replicas", Kind::Integer),
    ("deploy.service-account", Kind::Text),
    ("deploy.tmp-size", Kind::Text),
    ("deploy.topology-spread", Kind::Other),
    ("dockerfile", Kind::Text),
    ("engine", Kind::Text),
    ("extras", Kind::List),
    ("format", Kind::Text),
    ("groups", Kind::List),
    ("health.all-interfaces", Kind::Boolean),
    ("health.command", Kind::List),
    ("health.interval", Kind::Text),
    ("health.no-redirects", Kind::Boolean),
    ("health.path", Kind::Text),
    ("health.probe", Kind::Text),
    ("health.retries", Kind::Integer),
    ("health.start-period", Kind::Text),
    ("health.timeout", Kind::Text),
    ("image", Kind::Text),
    ("include", Kind::List),
    ("insecure-registry", Kind::Boolean),
    ("manager", Kind::Text),
    ("name", Kind::Text),
    ("out", Kind::Text),
    ("platform", Kind::Text),
    ("port", Kind::Integer),
    ("python", Kind::Text),
    ("registry-ca", Kind::Text),
    ("strategy", Kind::Text),
    ("system-packages", Kind::List),
    ("tags", Kind::List),
    ("user.name", Kind::Text),
    ("user.uid", Kind::Integer),
];

/// Tables whose keys are names of the user's or of Kubernetes' own.
const OPEN: &[&str] = &[
    "deploy.annotations",
    "deploy.env",
    "deploy.ingress.annotations",
    "deploy.labels",
    "deploy.resources.limits",
    "deploy.resources.requests",
];

/// The table of tables that are named by the user, and what each of those may hold.
pub(super) const VOLUMES: &str = "deploy.volumes";
const VOLUME: &[&str] =
    &["access-mode", "claim", "config-map", "empty-dir", "path", "read-only", "secret", "size", "storage-class"];

/// The same of processes: how each is started, and on what terms it is deployed.
pub(super) const PROCESSES: &str = "processes";
pub(super) const DEPLOYED_PROCESSES: &str = "deploy.processes";

/// Every table of tables that are named by the user, with what those may hold.
const NAMED: &[(&str, &[&str])] =
    &[(VOLUMES, VOLUME), (PROCESSES, &["command", "health", "kind"]), (DEPLOYED_PROCESSES, &["replicas"])];

/// Which of those a key is in, with what is behind the table's name.
fn in_named(key: &str) -> Option<(&'static str, &'static [&'static str], &str)> {
    NAMED.iter().find_map(|(table, fields)| Some((*table, *fields, below(key, table)?)))
}

/// A setting in such a table, as the user's name and the field, which is none where the named table itself is meant.
pub(super) fn named(rest: &str) -> (&str, Option<&str>) {
    rest.rsplit_once('.').map_or((rest, None), |(name, field)| (name, Some(field)))
}

fn below<'k>(key: &'k str, table: &str) -> Option<&'k str> {
    key.strip_prefix(table)?.strip_prefix('.')
}

/// Whether a setting of that name exists.
pub fn is_known(key: &str) -> bool {
    KEYS.iter().any(|(k, _)| *k == key)
        || OPEN.iter().any(|open| below(key, open).is_some())
        || in_named(key).is_some_and(|(_, fields, rest)| named(rest).1.is_none_or(|field| fields.contains(&field)))
}

/// Whether settings stand below that name.
pub fn is_table(key: &str) -> bool {
    let is_named = in_named(key).is_some_and(|(_, _, rest)| named(rest).1.is_none());
    KEYS.iter().any(|(k, _)| below(k, key).is_some())
        || OPEN.iter().any(|k| *k == key || below(k, key).is_some())
        || NAMED.iter().any(|(table, _)| *table == key)
        || is_named
}

/// Whether a table there is one value.
pub fn is_value(key: &str) -> bool {
    KEYS.contains(&(key, Kind::Other)) || below(key, "deploy.env").is_some()
}

/// The known key that is most like `key`, if any is like it at all.
pub fn nearest(key: &str) -> Option<String> {
    if let Some((table, fields, rest)) = in_named(key)
        && let (name, Some(field)) = named(rest)
    {
        return nearest_of(field, fields).map(|field| format!("{table}.{name}.{field}"));
    }
    let tables = OPEN.iter().chain(NAMED.iter().map(|(table, _)| table)).copied();
    nearest_of(key, &KEYS.iter().map(|(k, _)| *k).chain(tables).collect::<Vec<_>>())
}

/// The one of `known` that is most like `word`, if any is like it at all.
pub(super) fn nearest_of(word: &str, known: &[&str]) -> Option<String> {
    let scored = known.iter().map(|k| (strsim::normalized_damerau_levenshtein(k, word), *k));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.6).then(|| best.1.to_owned())
}

/// All keys, for a hint.
pub fn names() -> String {
    let tables = OPEN.iter().chain(NAMED.iter().map(|(table, _)| table)).copied();
    let mut all: Vec<_> = KEYS.iter().map(|(k, _)| *k).chain(tables).collect();
    all.sort_unstable();
    all.join(", ")
}

/// The variable that states a key: `health.start-period` is `PYDEPLOY_HEALTH_START_PERIOD`.
pub fn variable(key: &str) -> String {
    let upper = key.to_ascii_uppercase().replace(['.', '-'], "_");
    format!("PYDEPLOY_{upper}")
}
