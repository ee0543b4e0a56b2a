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
}

/// Settings by their full names, sorted.
pub const KEYS: &[(&str, Kind)] = &[
    ("base", Kind::Text),
    ("build-secrets", Kind::List),
    ("command", Kind::List),
    ("deploy.namespace", Kind::Text),
    ("deploy.replicas", Kind::Integer),
    ("dockerfile", Kind::Text),
    ("engine", Kind::Text),
    ("health.command", Kind::List),
    ("health.interval", Kind::Text),
    ("health.path", Kind::Text),
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

/// Tables whose keys are Kubernetes' own resource names.
const OPEN: &[&str] = &["deploy.resources.limits", "deploy.resources.requests"];

/// Whether a setting of that name exists.
pub fn is_known(key: &str) -> bool {
    KEYS.iter().any(|(k, _)| *k == key)
        || OPEN.iter().any(|o| key.strip_prefix(o).is_some_and(|rest| rest.starts_with('.')))
}

/// Whether settings stand below that name.
pub fn is_table(key: &str) -> bool {
    let below = |k: &str| k.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    KEYS.iter().any(|(k, _)| below(k)) || OPEN.contains(&key) || OPEN.iter().any(|k| below(k))
}

/// The known key that is most like `key`, if any is like it at all.
pub fn nearest(key: &str) -> Option<String> {
    let scored = KEYS.iter().map(|(k, _)| (strsim::normalized_damerau_levenshtein(k, key), *k));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.6).then(|| best.1.to_owned())
}

/// All keys, for a hint.
pub fn names() -> String {
    KEYS.iter().map(|(k, _)| *k).collect::<Vec<_>>().join(", ")
}

/// The variable that states a key: `health.start-period` is `PYDEPLOY_HEALTH_START_PERIOD`.
pub fn variable(key: &str) -> String {
    let upper = key.to_ascii_uppercase().replace(['.', '-'], "_");
    format!("PYDEPLOY_{upper}")
}
