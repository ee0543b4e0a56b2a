//! The terms of a deployment, as the settings under `deploy` state them.

mod fields;
mod network;
mod volumes;

use std::collections::BTreeMap;
use std::str::FromStr;

use toml_edit::Value;

use super::keys::DEPLOYED_PROCESSES;
use super::layers::{Error, Stated};
use super::reader::{Reader, wrong};
use crate::image::duration::GoDuration;
use crate::workload::deploy::{
    Autoscaler, Budget, Count, EnvFrom, EnvValue, KeyOf, LabelKey, ObjectName, Percent, Quantity, VariableName,
};
use crate::workload::{ProcessTerms, Resources, Terms};
use fields::Fields;

/// The terms that `reader`'s layers state, with our defaults where they state nothing.
pub(super) fn terms(reader: &Reader) -> Result<Terms, Error> {
    let defaults = Terms::default();
    let namespace = reader.text("deploy.namespace")?;
    let expected = "small letters, digits and '-', at most 63";
    let namespace = reader.checked("deploy.namespace", namespace, expected, |n| is_dns_label(n))?;
    let resources = resources(reader, &defaults.resources)?;
    Ok(Terms {
        namespace: namespace.map(|d| d.value),
        replicas: count(reader, "deploy.replicas")?.unwrap_or(defaults.replicas),
        tmp_size: word(reader, "deploy.tmp-size", Quantity::EXPECTED)?.unwrap_or(defaults.tmp_size),
        env: env(reader)?,
        env_from: env_from(reader)?,
        volumes: volumes::read(reader)?,
        ingress: network::ingress(reader)?,
        autoscaler: autoscaler(reader, &resources)?,
        disruption_budget: budget(reader)?,
        network_policy: network::policy(reader)?,
        topology_spread: topology_spread(reader)?,
        image_pull_secrets: image_pull_secrets(reader)?,
        drain: drain(reader)?,
        service_account: word(reader, "deploy.service-account", ObjectName::EXPECTED)?,
        annotations: strings(reader, "deploy.annotations")?,
        labels: labels(reader)?,
        processes: processes(reader)?,
        resources,
    })
}

/// On what terms processes are deployed, by name. Which there are, only the image says.
fn processes(reader: &Reader) -> Result<BTreeMap<String, ProcessTerms>, Error> {
    let process = |name: String| {
        let key = format!("{DEPLOYED_PROCESSES}.{name}.replicas");
        Ok((name, ProcessTerms { replicas: count(reader, &key)? }))
    };
    reader.names(DEPLOYED_PROCESSES).into_iter().map(process).collect()
}

/// A number of Pods.
fn count(reader: &Reader, key: &str) -> Result<Option<i32>, Error> {
    let from_0 = "a number from 0";
    let number = reader.checked(key, reader.number::<i32>(key, from_0)?, from_0, |n| *n >= 0)?;
    Ok(number.map(|d| d.value))
}

/// A text that must be a `T`.
fn word<T: FromStr>(reader: &Reader, key: &str, expected: &str) -> Result<Option<T>, Error> {
    Ok(reader.parsed(key, expected)?.map(|d| d.value))
}

/// A part of the deployment that can't do without keys of its own: `true` alone says too little.
fn table<'r>(reader: &'r Reader, key: &str) -> Result<Option<&'r Stated>, Error> {
    const EXPECTED: &str = "a table, or false for none";
    let stated = reader.part(key, EXPECTED)?;
    match stated {
        Some(stated) if stated.value.is_bool() => Err(wrong(key, stated, EXPECTED)),
        stated => Ok(stated),
    }
}

/// What must be stated along with `stated`.
fn required<T>(value: Option<T>, key: &str, stated: &Stated, expected: &str) -> Result<T, Error> {
    value.ok_or_else(|| Error::Value {
        key: key.to_owned(),
        origin: stated.origin.clone(),
        found: "not stated".to_owned(),
        expected: expected.to_owned(),
    })
}

/// Texts by names that are read as `K`, their values as `V`.
fn words<K: FromStr + Ord, V: FromStr>(
    reader: &Reader,
    table: &str,
    names: &str,
    values: &str,
) -> Result<BTreeMap<K, V>, Error> {
    let read = |(name, stated): (String, &Stated)| {
        let key = format!("{table}.{name}");
        let parsed = name.parse().map_err(|_| wrong_name(&key, &name, stated, names))?;
        let value = stated.value.as_str().and_then(|text| text.parse().ok());
        Ok((parsed, value.ok_or_else(|| wrong(&key, stated, values))?))
    };
    reader.layers.below(table).into_iter().map(read).collect()
}

fn strings(reader: &Reader, table: &str) -> Result<BTreeMap<LabelKey, String>, Error> {
    words(reader, table, LabelKey::EXPECTED, "a string")
}

fn wrong_name(key: &str, name: &str, stated: &Stated, expected: &str) -> Error {
    let expected = format!("named with {expected}");
    Error::Value { key: key.to_owned(), origin: stated.origin.clone(), found: format!("named {name:?}"), expected }
}

/// Labels that say what a Pod is belong to us: selectors rest on them.
fn labels(reader: &Reader) -> Result<BTreeMap<LabelKey, crate::workload::deploy::LabelValue>, Error> {
    const OURS: &[&str] = &[
        "app.kubernetes.io/name",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/version",
    ];
    let table = "deploy.labels";
    for (name, stated) in reader.layers.below(table) {
        if OURS.contains(&name.as_str()) {
            return Err(wrong(&format!("{table}.{name}"), stated, "left out: pydeploy sets this label"));
        }
    }
    words(reader, table, LabelKey::EXPECTED, crate::workload::deploy::LabelValue::EXPECTED)
}

/// A resource that is not mentioned at all has our defaults; of one that is, the user has said what there is to say.
fn resources(reader: &Reader, defaults: &Resources) -> Result<Resources, Error> {
    let quantities = |kind: &str| -> Result<BTreeMap<String, Quantity>, Error> {
        let table = format!("deploy.resources.{kind}");
        let read = |(name, s): (String, &Stated)| {
            let quantity = match &s.value {
                Value::String(text) => text.value().parse().ok(),
                Value::Integer(number) => u64::try_from(*number.value()).ok().map(Quantity::whole),
                _ => None,
            };
            Ok((name.clone(), quantity.ok_or_else(|| wrong(&format!("{table}.{name}"), s, Quantity::EXPECTED))?))
        };
        reader.layers.below(&table).into_iter().map(read).collect()
    };
    let mut resources = Resources { requests: quantities("requests")?, limits: quantities("limits")? };
    for (name, request) in &resources.requests {
        let key = format!("deploy.resources.requests.{name}");
        match (resources.limits.get(name), reader.layers.get(&key)) {
            (Some(limit), Some(stated)) if limit.amount() < request.amount() => {
                return Err(wrong(&key, stated, &format!("at most its limit, {limit}")));
            }
            _ => {}
        }
    }
    let stated = resources.clone();
    let is_mentioned = |name: &String| stated.requests.contains_key(name) || stated.limits.contains_key(name);
    let ours = |all: &BTreeMap<String, Quantity>| -> Vec<_> {
        all.iter().filter(|(name, _)| !is_mentioned(name)).map(|(n, q)| (n.clone(), q.clone())).collect()
    };
    resources.requests.extend(ours(&defaults.requests));
    resources.limits.extend(ours(&defaults.limits));
    Ok(resources)
}

fn env(reader: &Reader) -> Result<BTreeMap<VariableName, EnvValue>, Error> {
    const EXPECTED: &str = "a string, { secret = \"name\", key = \"key\" } or { config-map = \"name\", key = \"key\" }";
    let read = |(name, stated): (String, &Stated)| {
        let key = format!("deploy.env.{name}");
        let variable = name.parse().map_err(|_| wrong_name(&key, &name, stated, VariableName::EXPECTED))?;
        let value = match &stated.value {
            Value::String(text) => EnvValue::Value(text.value().clone()),
            Value::InlineTable(table) => {
                let fields = Fields::of(&key, stated, table, &["secret", "config-map", "key"])?;
                let key_of = |name| -> Result<_, Error> {
                    let data = fields.word("key")?.ok_or_else(|| wrong(&key, stated, EXPECTED))?;
                    Ok(KeyOf { name, key: data })
                };
                match (fields.word("secret")?, fields.word("config-map")?) {
                    (Some(name), None) => EnvValue::Secret(key_of(name)?),
                    (None, Some(name)) => EnvValue::ConfigMap(key_of(name)?),
                    _ => return Err(wrong(&key, stated, EXPECTED)),
                }
            }
            _ => return Err(wrong(&key, stated, EXPECTED)),
        };
        Ok((variable, value))
    };
    reader.layers.below("deploy.env").into_iter().map(read).collect()
}

fn env_from(reader: &Reader) -> Result<Vec<EnvFrom>, Error> {
    const KEY: &str = "deploy.env-from";
    const EXPECTED: &str = "a list of { secret = \"name\" } and { config-map = \"name\" }";
    let Some(stated) = reader.layers.get(KEY) else { return Ok(Vec::new()) };
    let read = |fields: Fields<'_>| match (fields.word("secret")?, fields.word("config-map")?) {
        (Some(name), None) => Ok(EnvFrom::Secret(name)),
        (None, Some(name)) => Ok(EnvFrom::ConfigMap(name)),
        _ => Err(wrong(KEY, stated, EXPECTED)),
    };
    fields::each(KEY, stated, &["secret", "config-map"], EXPECTED)?.into_iter().map(read).collect()
}

/// A percentage is of what is asked for: without a request there is nothing to take it of.
fn autoscaler(reader: &Reader, resources: &Resources) -> Result<Option<Autoscaler>, Error> {
    const KEY: &str = "deploy.autoscaler";
    let Some(stated) = table(reader, KEY)? else { return Ok(None) };
    let number = |name: &str| -> Result<Option<i32>, Error> {
        let key = format!("{KEY}.{name}");
        let expected = "a number above 0";
        let number = reader.checked(&key, reader.number::<i32>(&key, expected)?, expected, |n| *n > 0)?;
        Ok(number.map(|d| d.value))
    };
    let max = required(number("max")?, "deploy.autoscaler.max", stated, "the greatest number of Pods")?;
    let min = number("min")?.unwrap_or(1);
    if min > max {
        return Err(reader.wrong("deploy.autoscaler.min", &format!("at most max, {max}")));
    }
    let (cpu, memory) = (number("cpu")?, number("memory")?);
    if cpu.is_none() && memory.is_none() {
        required(
            None::<()>,
            "deploy.autoscaler.cpu",
            stated,
            "a percentage of the CPU request, or memory one of memory's",
        )?;
    }
    for (name, percent) in [("cpu", cpu), ("memory", memory)] {
        // Where only a limit is stated, it is the request as well.
        let is_asked = |all: &BTreeMap<String, Quantity>| all.get(name).is_some_and(|q| q.amount() > 0.0);
        if percent.is_some() && !is_asked(&resources.requests) && !is_asked(&resources.limits) {
            let expected = format!("left out, or deploy.resources.requests.{name} stated: it is a percentage of that");
            return Err(reader.wrong(&format!("{KEY}.{name}"), &expected));
        }
    }
    Ok(Some(Autoscaler { min, max, cpu, memory }))
}

fn budget(reader: &Reader) -> Result<Option<Budget>, Error> {
    const KEY: &str = "deploy.disruption-budget";
    const EXPECTED: &str = "a number of Pods, or a part such as \"50%\"";
    let Some(stated) = table(reader, KEY)? else { return Ok(None) };
    let keys = [format!("{KEY}.min-available"), format!("{KEY}.max-unavailable")];
    let count = |key: &str, stated: &Stated| {
        let count = match &stated.value {
            Value::Integer(number) => i32::try_from(*number.value()).ok().filter(|n| *n >= 0).map(Count::Number),
            Value::String(text) => text.value().parse::<Percent>().ok().map(Count::Part),
            _ => None,
        };
        count.ok_or_else(|| wrong(key, stated, EXPECTED))
    };
    match reader.layers.first_of(&keys).as_slice() {
        [(0, stated)] => Ok(Some(Budget::MinAvailable(count(&keys[0], stated)?))),
        [(_, stated)] => Ok(Some(Budget::MaxUnavailable(count(&keys[1], stated)?))),
        [_, (_, second)] => Err(wrong(&keys[1], second, "left out: min-available is stated as well")),
        _ => Err(wrong(KEY, stated, "a table with min-available or max-unavailable")),
    }
}

/// `true` is what most mean: over nodes, and over zones where the cluster has some.
fn topology_spread(reader: &Reader) -> Result<Vec<LabelKey>, Error> {
    const KEY: &str = "deploy.topology-spread";
    const BOTH: [&str; 2] = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"];
    let Some(stated) = reader.layers.get(KEY) else { return Ok(Vec::new()) };
    let expected = "true, false, or a list of node labels such as \"topology.kubernetes.io/zone\"";
    let label = |text: &str| text.parse::<LabelKey>().map_err(|_| wrong(KEY, stated, expected));
    let keys: Vec<_> = match stated.value.as_bool() {
        Some(true) => BOTH.into_iter().map(label).collect::<Result<_, _>>()?,
        Some(false) => Vec::new(),
        None => {
            let list = stated.value.as_array().ok_or_else(|| wrong(KEY, stated, expected))?;
            let word = |value: &Value| label(value.as_str().unwrap_or_default());
            list.iter().map(word).collect::<Result<_, _>>()?
        }
    };
    if (1..keys.len()).any(|i| keys[..i].contains(&keys[i])) {
        return Err(wrong(KEY, stated, "a list in which each label stands once"));
    }
    Ok(keys)
}

fn image_pull_secrets(reader: &Reader) -> Result<Vec<ObjectName>, Error> {
    const KEY: &str = "deploy.image-pull-secrets";
    let wrong = || reader.wrong(KEY, "a list of secrets' names");
    reader.words(KEY)?.iter().map(|name| name.parse().map_err(|_| wrong())).collect()
}

/// Kubernetes counts in whole seconds.
fn drain(reader: &Reader) -> Result<Option<u32>, Error> {
    const KEY: &str = "deploy.drain";
    let expected = "a duration from 1s to 1h, such as \"10s\"";
    let Some(stated) = reader.parsed::<GoDuration>(KEY, expected)? else { return Ok(None) };
    let seconds = stated.value.0.as_millis().div_ceil(1000);
    match u32::try_from(seconds) {
        Ok(0) => Ok(None),
        Ok(seconds @ 1..=3600) => Ok(Some(seconds)),
        _ => Err(reader.wrong(KEY, expected)),
    }
}

fn is_dns_label(text: &str) -> bool {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 63 && text.chars().all(valid) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests;
