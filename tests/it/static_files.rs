//! Static files: what Django gathers is in the image, whichever engine built it.

use crate::embedded::base;
use crate::sandbox::{Container, Sandbox, docker, repository};

const SETTINGS: &str = "\
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = os.environ[\"SECRET_KEY\"]
ALLOWED_HOSTS = [\"localhost\"]
INSTALLED_APPS = [\"django.contrib.staticfiles\", \"shop\"]
MIDDLEWARE = [\"whitenoise.middleware.WhiteNoiseMiddleware\"]
ROOT_URLCONF = \"shop.urls\"
STATIC_URL = \"static/\"
STATIC_ROOT = BASE_DIR / \"gathered\"
STORAGES = {
    \"staticfiles\": {\"BACKEND\": \"whitenoise.storage.CompressedManifestStaticFilesStorage\"},
}
\"\"\"It is read from where manage.py is run.\"\"\"
GREETING = open(\"greeting.txt\").read()
";

/// A page that refers to a static file by the name that gathering gave it.
const URLS: &str = "\
from django.http import HttpResponse
from django.templatetags.static import static
from django.urls import path

urlpatterns = [path(\"\", lambda request: HttpResponse(static(\"shop/shop.css\")))]
";

fn shop() -> Sandbox {
    Sandbox::project("django")
        .file("requirements.txt", "django==5.2.1\ngunicorn==23.0.0\nwhitenoise==6.9.0\n")
        .file("shop/__init__.py", "")
        .file("shop/settings.py", SETTINGS)
        .file("shop/urls.py", URLS)
        .file("shop/static/shop/shop.css", "body { color: teal }\n")
        .file("greeting.txt", "hello\n")
}

/// Ships and starts it; every page and file is there, and nothing of what the build was told.
fn serves_its_files(args: &[&str]) {
    let to = repository("static-files");
    let sandbox = shop();
    let ship = sandbox.pydeploy(&[&["ship", "--tag", "a", "--registry", &to], args].concat());
    let document = ship.env("PYDEPLOY_PYTHON", "3.13").json();
    let reference = document["image"]["reference"].as_str().unwrap_or_else(|| panic!("{document:#}"));
    docker(&["pull", "-q", reference]);
    let inspected = docker(&["inspect", reference]);
    assert!(!inspected.contains("SECRET_KEY="), "a stand-in is kept: {inspected}");
    let container = Container::restricted(reference, &["-e", "SECRET_KEY=x", "--health-start-period", "60s"]);
    container.healthy();
    let ask = "import urllib.request as u; ask = lambda path: u.urlopen(u.Request('http://127.0.0.1:8000' + path, \
               headers={'Host': 'localhost'})).read().decode(); name = ask('/'); print(name, ask(name))";
    let said = container.exec(&["python", "-c", ask]);
    assert!(said.starts_with("/static/shop/shop.") && said.ends_with("body { color: teal }"), "{said}");
    let owner = "import os, sys; print(os.stat('/app/gathered').st_uid, os.access('/app/gathered', os.W_OK))";
    assert_eq!(container.exec(&["python", "-c", owner]), "0 False");
}

#[test]
#[ignore = "needs the bed: docker registry, and a package index"]
fn the_embedded_engine_gathers_them_in_a_sandbox() {
    serves_its_files(&["--engine", "embedded", "--base", &base()]);
}

#[test]
#[ignore = "needs the bed: docker registry, and a package index"]
fn buildkit_gathers_them_in_a_step() {
    serves_its_files(&["--engine", "buildkit", "--base", "python:3.13-slim"]);
}

#[test]
#[ignore = "needs the bed: docker registry, and a package index"]
fn an_image_of_packages_has_them_too() {
    let sandbox = shop();
    let to = sandbox.beside("layout").display().to_string();
    let args =
        ["ship", "--strategy", "minimal", "--tag", "a", "--registry", &format!("oci:{to}"), "--engine", "embedded"];
    let document = sandbox.pydeploy(&args).env("PYDEPLOY_PYTHON", "3.13").json();
    assert_eq!(document["schema"], "pydeploy.ship/1", "{document:#}");
    let layers = document["image"]["layers"].as_array().unwrap();
    assert_eq!(layers.last().unwrap()["what"], "static files", "{document:#}");
}

#[test]
#[ignore = "needs the bed: docker registry, and a package index"]
fn a_program_that_can_not_gather_them_is_told_with_what_it_said() {
    let broken = shop().file("shop/settings.py", format!("{SETTINGS}import nothere\n"));
    let base = base();
    let to = repository("static-files-broken");
    for engine in [["--engine", "embedded", "--base", &base], ["--engine", "buildkit", "--base", "python:3.13-slim"]] {
        let args = [&["ship", "--tag", "a", "--registry", &to][..], &engine].concat();
        let done = broken.pydeploy(&args).env("PYDEPLOY_PYTHON", "3.13").fails(5);
        done.says(&["python manage.py collectstatic --noinput", "No module named 'nothere'", "collect-static = false"]);
    }
    let without = broken.file("pydeploy.toml", "collect-static = false\n");
    let plan = without.pydeploy(&["plan"]).ok();
    assert!(!plan.stdout.contains("collectstatic"), "{plan}");
}
