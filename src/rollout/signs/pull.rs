//! A pull that failed, told by its message alone: the reason is the same for all.

use super::super::cause::Pull;
use super::super::quoted;

/// Words that a message has, and what they mean; the first that it has.
const WORDS: &[(&str, Pull)] = &[
    ("no match for platform", Pull::Platform),
    ("no matching manifest for", Pull::Platform),
    ("does not match the specified platform", Pull::Platform),
    ("no space left on device", Pull::NodeFull),
    ("401 unauthorized", Pull::NoCredentials),
    ("unauthorized:", Pull::NoCredentials),
    ("authentication required", Pull::NoCredentials),
    ("no basic auth credentials", Pull::NoCredentials),
    ("pull access denied", Pull::NoCredentials),
    ("insufficient_scope", Pull::NoCredentials),
    ("403 forbidden", Pull::Refused),
    ("denied:", Pull::Refused),
    ("429 too many requests", Pull::RateLimited),
    ("toomanyrequests", Pull::RateLimited),
    ("x509:", Pull::Untrusted),
    ("500 internal server error", Pull::Failing),
    ("502 bad gateway", Pull::Failing),
    ("503 service unavailable", Pull::Failing),
    ("504 gateway", Pull::Failing),
    ("no such host", Pull::Unreachable),
    ("connection refused", Pull::Unreachable),
    ("connection reset", Pull::Unreachable),
    ("no route to host", Pull::Unreachable),
    ("network is unreachable", Pull::Unreachable),
    ("timeout", Pull::Unreachable),
    ("deadline exceeded", Pull::Unreachable),
    ("server gave http response to https client", Pull::Unreachable),
    ("server misbehaving", Pull::Unreachable),
    ("failed to do request", Pull::Unreachable),
    (": not found", Pull::NotFound),
    ("manifest unknown", Pull::NotFound),
    ("name unknown", Pull::NotFound),
    ("repository does not exist", Pull::NotFound),
];

/// Why a pull of `image` failed. Names are left out first: people call images all sorts of things.
pub(super) fn read(message: &str, image: &str) -> Pull {
    let text = quoted::without(message).replace(image, "").to_lowercase();
    let found = WORDS.iter().find(|(words, _)| text.contains(words));
    found.map_or(Pull::Other, |(_, why)| why.clone())
}

/// Whether another try may well have another end.
pub(super) fn passes(why: &Pull) -> bool {
    matches!(why, Pull::RateLimited | Pull::Failing | Pull::Unreachable | Pull::NodeFull | Pull::Other)
}
