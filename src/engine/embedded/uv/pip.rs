//! pip's configuration: the indexes that a machine is set up for, and who vouches for them, where uv itself knows of none.

use std::path::Path;

use super::process;

/// pip's settings, and uv's variables for them.
const SETTINGS: [(&str, &str); 4] = [
    ("index-url", "UV_DEFAULT_INDEX"),
    ("extra-index-url", "UV_INDEX"),
    ("trusted-host", "UV_INSECURE_HOST"),
    // A bundle of authorities, in place of all others for both.
    ("cert", "SSL_CERT_FILE"),
];
/// Variables by which uv is told of indexes.
const OWN: [&str; 4] = ["UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"];

/// Variables that give uv the indexes that pip is configured with: requirements files are written for pip, and what a
/// machine says of indexes is most often said to it. What is said to uv goes before.
pub(super) async fn indexes(python: &Path, root: &Path) -> Vec<(&'static str, String)> {
    if is_configured(root) {
        return Vec::new();
    }
    let mut command = process::command(python);
    command.args(["-m", "pip", "config", "list", "--disable-pip-version-check"]).current_dir(root);
    match process::run(&mut command, None).await {
        Ok(ended) if ended.success => {
            let mut variables = variables(&ended.answer);
            variables.retain(|(name, _)| std::env::var_os(name).is_none());
            variables
        }
        _ => Vec::new(),
    }
}

/// Whether uv is told of indexes: by variables, or by one of its own files, which may hold some.
fn is_configured(root: &Path) -> bool {
    let var = |name: &str| std::env::var_os(name);
    let home = var("XDG_CONFIG_HOME").map(Into::into).or_else(|| Some(Path::new(&var("HOME")?).join(".config")));
    let files = [home.map(|home| home.join("uv/uv.toml")), Some("/etc/uv/uv.toml".into()), Some(root.join("uv.toml"))];
    OWN.iter().chain(&["UV_CONFIG_FILE"]).any(|name| var(name).is_some())
        || files.into_iter().flatten().any(|file| file.is_file())
}

/// From what `pip config list` prints: `section.name='value'`, of which a variable goes before a command's own section,
/// and that before the global one.
fn variables(list: &str) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for (setting, variable) in SETTINGS {
        let value = [":env:.", "install.", "global."].into_iter().find_map(|section| {
            list.lines().find_map(|line| {
                let value = line.strip_prefix(section)?.strip_prefix(setting)?.strip_prefix('=')?;
                let value = value.trim().trim_matches(['\'', '"']).replace("\\n", " ");
                Some(value.split_whitespace().collect::<Vec<_>>().join(" "))
            })
        });
        found.extend(value.filter(|value| !value.is_empty()).map(|value| (variable, value)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_goes_before_a_section_before_the_global_one() {
        let list = ":env:.index-url='https://env.example/simple'\nglobal.index-url='https://global.example/simple'\n\
                    global.extra-index-url='\\nhttps://a.example\\nhttps://b.example'\nglobal.cert='/x'\n\
                    global.trusted-host='old.example'\ninstall.trusted-host='new.example'\n";
        assert_eq!(
            variables(list),
            [
                ("UV_DEFAULT_INDEX", "https://env.example/simple".to_owned()),
                ("UV_INDEX", "https://a.example https://b.example".to_owned()),
                ("UV_INSECURE_HOST", "new.example".to_owned()),
                ("SSL_CERT_FILE", "/x".to_owned()),
            ]
        );
        assert!(variables("global.index-urls='x'\n").is_empty());
    }
}
