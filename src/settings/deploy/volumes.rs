//! The volumes of a deployment, as the settings under `deploy.volumes` state them.

use std::collections::BTreeMap;

use super::{required, word, wrong_name};
use crate::settings::keys::VOLUMES;
use crate::settings::layers::{Error, Stated};
use crate::settings::reader::{Reader, wrong};
use crate::workload::deploy::{AccessMode, Label, MountPath, ObjectName, Quantity, Source, Volume};

/// Where a volume's files can be, as the settings name it.
const SOURCES: [&str; 5] = ["claim", "size", "config-map", "secret", "empty-dir"];

/// All of them, by name.
pub(super) fn read(reader: &Reader) -> Result<BTreeMap<Label, Volume>, Error> {
    let mut volumes = BTreeMap::new();
    for name in reader.names(VOLUMES) {
        let name = name.as_str();
        let key = format!("{VOLUMES}.{name}");
        let Some(stated) = reader.part(&key, "a table, or false for none")? else { continue };
        let label: Label = name.parse().map_err(|_| wrong_name(&key, name, stated, Label::EXPECTED))?;
        // Each object's volume of that name is ours.
        if name == "tmp" {
            return Err(wrong_name(&key, name, stated, "another word: \"tmp\" is the volume at /tmp"));
        }
        let volume = volume(reader, &key, stated)?;
        if let Some((other, _)) = volumes.iter().find(|(_, v): &(&Label, &Volume)| v.path == volume.path) {
            let expected = format!("another path: the volume {other} is mounted there");
            return Err(reader.wrong(&format!("{key}.path"), &expected));
        }
        volumes.insert(label, volume);
    }
    Ok(volumes)
}

fn volume(reader: &Reader, key: &str, stated: &Stated) -> Result<Volume, Error> {
    let field = |name: &str| format!("{key}.{name}");
    let path: MountPath = required(
        word(reader, &field("path"), MountPath::EXPECTED)?,
        &field("path"),
        stated,
        "the path in the container at which it is mounted",
    )?;
    if path.as_str() == "/tmp" {
        let expected = "another path: /tmp can be written to already (how large it may grow: deploy.tmp-size)";
        return Err(reader.wrong(&field("path"), expected));
    }
    let source = source(reader, key, stated)?;
    // A kubelet mounts these read-only whatever is asked for.
    let is_given = matches!(source, Source::ConfigMap(_) | Source::Secret(_));
    Ok(Volume { path, read_only: is_given || reader.boolean(&field("read-only"))?, source })
}

fn source(reader: &Reader, key: &str, stated: &Stated) -> Result<Source, Error> {
    let fields = SOURCES.map(|name| format!("{key}.{name}"));
    let chosen = match reader.layers.first_of(&fields).as_slice() {
        [(index, _)] => *index,
        [] => {
            let expected = "a table with one of claim, size, config-map, secret and empty-dir";
            return Err(wrong(key, stated, expected));
        }
        [(first, _), (second, stated), ..] => {
            // An empty folder's size is its limit.
            match (SOURCES[*first], SOURCES[*second]) {
                ("size", "empty-dir") => *second,
                (first, _) => {
                    return Err(wrong(&fields[*second], stated, &format!("left out: {first} is stated as well")));
                }
            }
        }
    };
    let name = || -> Result<ObjectName, Error> {
        let field = &fields[chosen];
        required(word(reader, field, ObjectName::EXPECTED)?, field, stated, ObjectName::EXPECTED)
    };
    let size = || word::<Quantity>(reader, &format!("{key}.size"), "a quantity such as \"10Gi\"");
    if SOURCES[chosen] != "size" {
        for only in ["storage-class", "access-mode"] {
            let field = format!("{key}.{only}");
            if reader.layers.get(&field).is_some() {
                return Err(reader.wrong(&field, "left out: it is of a claim that is made, which takes a size"));
            }
        }
    }
    match SOURCES[chosen] {
        "claim" => Ok(Source::Claim(name()?)),
        "config-map" => Ok(Source::ConfigMap(name()?)),
        "secret" => Ok(Source::Secret(name()?)),
        "empty-dir" if reader.boolean(&fields[chosen])? => Ok(Source::EmptyDir { size_limit: size()? }),
        "empty-dir" => Err(reader.wrong(&fields[chosen], "true, or left out")),
        _ => Ok(Source::New {
            size: required(size()?, &fields[chosen], stated, Quantity::EXPECTED)?,
            storage_class: word(reader, &format!("{key}.storage-class"), ObjectName::EXPECTED)?,
            access_mode: access_mode(reader, &format!("{key}.access-mode"))?,
        }),
    }
}

fn access_mode(reader: &Reader, key: &str) -> Result<AccessMode, Error> {
    Ok(reader.one_of(key, &AccessMode::ALL)?.unwrap_or(AccessMode::ReadWriteOnce))
}
