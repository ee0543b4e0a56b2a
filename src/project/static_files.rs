//! The static files of a Django project: gathered in one folder when the image is built, since nothing can be when it runs.
//! <https://docs.djangoproject.com/en/stable/howto/static-files/deployment/>

use std::collections::BTreeMap;

use super::Decision;
use super::django::Django;
use super::scan::syntax::{Call, Does, Expression, Statement};
use super::scan::{Module, Sources};

/// The application that has the command.
const APPLICATION: &str = "django.contrib.staticfiles";
/// The folder that they are gathered in; without it the command refuses to run.
const FOLDER: &str = "STATIC_ROOT";
/// <https://docs.djangoproject.com/en/stable/ref/settings/#secret-key>
const KEY: &str = "SECRET_KEY";

/// A command that a build runs once all files are in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStep {
    /// The command, in exec form.
    pub command: Vec<String>,
    /// What it finds in its environment, and the image does not keep: stand-ins for what is known only where it runs.
    pub env: Vec<(String, String)>,
}

/// The step that gathers them. Where it is not stated that there is one, none where the settings name no folder for them,
/// or hand them to a storage elsewhere.
pub(crate) fn gathering(
    django: &Django,
    sources: &Sources,
    gateway: Option<&Module>,
    is_stated: bool,
) -> Option<Decision<BuildStep>> {
    let ways = django.settings(sources, gateway);
    let modules: Vec<&Module> = ways.iter().flatten().copied().collect();
    let statements = || modules.iter().flat_map(|module| module.statements.iter().map(move |line| (*module, line)));
    let values = || statements().filter_map(|(_, line)| Some((line, line.does.value()?)));
    let has_application = values().any(|(_, value)| value.texts().contains(&APPLICATION));
    let is_elsewhere = statements().filter_map(|(_, line)| storage(line)).any(|class| class.starts_with("storages."));
    let mut folders =
        statements().filter(|(_, line)| line.scope.is_top()).filter_map(|(module, line)| match &line.does {
            Does::Assign { target, value } if target == FOLDER && !is_none(value) => Some(module.line(line.line)),
            _ => None,
        });
    let at = folders.next().filter(|_| has_application && !is_elsewhere);
    if at.is_none() && !is_stated {
        return None;
    }
    let command = ["python", &django.manage(), "collectstatic", "--noinput"].map(str::to_owned).to_vec();
    let mut env = BTreeMap::new();
    for (line, value) in values() {
        // Django refuses to start without a key, which Python does not know.
        let needed = matches!(&line.does, Does::Assign { target, .. } if target == KEY);
        value.walk(&mut |part| env.extend(wanted(part, needed)));
    }
    let step = BuildStep { command, env: env.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect() };
    Some(match at.filter(|_| !is_stated) {
        Some(at) => Decision::seen(step, "the settings name a folder for the static files", at),
        None => Decision::assumed(step, "stated in collect-static"),
    })
}

fn is_none(value: &Expression) -> bool {
    matches!(value, Expression::Other(parts) if parts.is_empty())
}

/// The class of the storage that a statement gives static files:
/// <https://docs.djangoproject.com/en/stable/ref/settings/#std-setting-STORAGES>
fn storage(statement: &Statement) -> Option<&str> {
    let Does::Assign { target, value } = &statement.does else { return None };
    match target.as_str() {
        "STATICFILES_STORAGE" => value.text(),
        "STORAGES" | "STORAGES[staticfiles]" => {
            let texts = value.texts();
            let from = if target == "STORAGES" { texts.iter().position(|text| *text == "staticfiles")? } else { 0 };
            let mut behind = texts[from..].iter().skip_while(|text| **text != "BACKEND");
            behind.nth(1).copied()
        }
        _ => None,
    }
}

/// A variable that must be there for an expression to have a value, and a stand-in that has its form. What is nothing
/// where it is not there may be left out, unless something is `needed`.
fn wanted(part: &Expression, needed: bool) -> Option<(&str, &'static str)> {
    match part {
        Expression::Other(parts) => match parts.as_slice() {
            [Expression::Name(of), Expression::Text(name)] if is_environment(of) && is_variable(name) => {
                Some((name, stand_in(name, "")))
            }
            _ => None,
        },
        Expression::Call(call) => {
            let name = call.argument(0, "var").and_then(Expression::text).filter(|name| is_variable(name))?;
            let (raises, cast) = reader(call)?;
            let optional = call.positional.len() > 1 || call.keyword("default").is_some();
            (!optional && (raises || needed)).then(|| (name, stand_in(name, cast)))
        }
        _ => None,
    }
}

/// For a call that reads a variable of the environment, by the standard library, django-environ, environs or
/// python-decouple: whether it fails without it, and what it makes of the text.
fn reader(call: &Call) -> Option<(bool, &str)> {
    let callee = call.callee.name()?;
    let cast = || call.keyword("cast").and_then(|keyword| keyword.value.name()).unwrap_or_default();
    match callee.rsplit_once('.') {
        None if callee == "getenv" => Some((false, "")),
        None => matches!(callee, "env" | "ENV" | "config").then(|| (true, cast())),
        Some(("os", "getenv")) => Some((false, "")),
        Some((of, "get")) if is_environment(of) => Some((false, "")),
        Some((of, cast)) => matches!(of, "env" | "ENV").then_some((true, cast)),
    }
}

fn is_environment(name: &str) -> bool {
    matches!(name, "os.environ" | "environ" | "env" | "ENV")
}

/// Names of variables are written in capitals.
fn is_variable(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(inner)
}

/// A value that has the form of what a variable is read as. Nothing connects to it: gathering files asks no database.
fn stand_in(name: &str, cast: &str) -> &'static str {
    match cast {
        "int" | "float" => "0",
        "bool" => "false",
        "json" | "dict" => "{}",
        "cache" | "cache_url" | "dj_cache_url" => "locmemcache://",
        "db" | "db_url" | "dj_db_url" => "sqlite://:memory:",
        "email" | "email_url" | "dj_email_url" => "consolemail://",
        // 32 bytes in base64: https://cryptography.io/en/latest/fernet/
        _ if name.contains("FERNET") => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        _ if name.ends_with("PORT") => "0",
        _ if name.contains("DATABASE") && name.ends_with("URL") => "sqlite://:memory:",
        _ if name.contains("REDIS") && name.ends_with("URL") => "redis://localhost:6379/0",
        _ if name.ends_with("URL") || name.ends_with("DSN") => "https://build@localhost/0",
        _ => "build",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::project::django;
    use crate::source::SourceTree;

    const APPLICATIONS: &str = "INSTALLED_APPS = ['django.contrib.admin', 'django.contrib.staticfiles']\n";

    fn step(settings: &str) -> Option<BuildStep> {
        let manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n";
        let files = [("web/manage.py", manage), ("web/shop/settings.py", settings)];
        let sources = Sources::read(&SourceTree::in_memory("p", files)).unwrap();
        gathering(&django::find(&sources).unwrap(), &sources, None, false).map(|step| step.value)
    }

    fn env(read: &str) -> Vec<(String, String)> {
        step(&format!("{APPLICATIONS}STATIC_ROOT = 'static'\n{read}\n")).unwrap().env
    }

    #[test]
    fn they_are_gathered_where_there_is_a_folder_for_them() {
        let gathered = step(&format!("{APPLICATIONS}STATIC_ROOT = BASE_DIR / 'static'\n")).unwrap();
        assert_eq!(gathered.command, ["python", "web/manage.py", "collectstatic", "--noinput"]);
        assert_eq!(gathered.env, []);
        let none = [
            APPLICATIONS.to_owned(),
            format!("{APPLICATIONS}STATIC_ROOT = None\n"),
            "INSTALLED_APPS = ['django.contrib.admin']\nSTATIC_ROOT = 'static'\n".to_owned(),
        ];
        for settings in none {
            assert_eq!(step(&settings), None, "{settings}");
        }
    }

    #[test]
    fn what_is_stored_elsewhere_is_not_sent_there_by_a_build() {
        let s3 = "storages.backends.s3boto3.S3Boto3Storage";
        let own = "whitenoise.storage.CompressedManifestStaticFilesStorage";
        for (storages, gathers) in [
            (format!("STATICFILES_STORAGE = '{s3}'"), false),
            (format!("STATICFILES_STORAGE = '{own}'"), true),
            (format!("STORAGES = {{'default': {{'BACKEND': '{s3}'}}, 'staticfiles': {{'BACKEND': '{own}'}}}}"), true),
            (format!("STORAGES = {{'default': {{'BACKEND': '{own}'}}, 'staticfiles': {{'BACKEND': '{s3}'}}}}"), false),
            (format!("STORAGES['staticfiles'] = {{'BACKEND': '{s3}'}}"), false),
        ] {
            let settings = format!("{APPLICATIONS}STATIC_ROOT = 'static'\n{storages}\n");
            assert_eq!(step(&settings).is_some(), gathers, "{storages}");
        }
    }

    #[test]
    fn what_only_a_cluster_knows_has_a_stand_in() {
        for (read, name, value) in [
            ("SECRET_KEY = os.environ['SECRET_KEY']", "SECRET_KEY", "build"),
            ("SECRET_KEY = os.environ.get('SECRET_KEY')", "SECRET_KEY", "build"),
            ("SECRET_KEY = os.getenv('SECRET_KEY')", "SECRET_KEY", "build"),
            ("SECRET_KEY = config('SECRET_KEY')", "SECRET_KEY", "build"),
            ("DEBUG = config('DEBUG', cast=bool)", "DEBUG", "false"),
            ("DATABASES = {'default': env.db('DB')}", "DB", "sqlite://:memory:"),
            ("DATABASES = {'default': {'PORT': env.int('DB_PORT')}}", "DB_PORT", "0"),
            ("DATABASES = {'default': dj.parse(os.environ['DATABASE_URL'])}", "DATABASE_URL", "sqlite://:memory:"),
            ("HOSTS = env.list('HOSTS')", "HOSTS", "build"),
        ] {
            assert_eq!(env(read), [(name.to_owned(), value.to_owned())], "{read}");
        }
        for read in [
            "SECRET_KEY = os.environ.get('SECRET_KEY', 'x')",
            "SECRET_KEY = env('SECRET_KEY', default='x')",
            "NAME = names['SECRET_KEY']",
            "NAME = config('logging.ini')",
            "os.environ['SECRET_KEY'] = 'x'",
            "if os.environ.get('RENDER'):\n    DEBUG = False",
            "DEBUG = os.getenv('DEBUG') == 'true'",
        ] {
            assert_eq!(env(read), [], "{read}");
        }
    }
}
