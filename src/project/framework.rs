//! The web framework that a project is written with.

use std::fmt;

/// A framework of what answers requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// `NiceGUI`.
    NiceGui,
    /// `FastAPI`.
    FastApi,
    /// Litestar.
    Litestar,
    /// Quart.
    Quart,
    /// Starlette.
    Starlette,
    /// Django.
    Django,
    /// Dash: what serves it is Flask's.
    Dash,
    /// Flask.
    Flask,
    /// Bottle.
    Bottle,
    /// Falcon.
    Falcon,
    /// Sanic.
    Sanic,
    /// The server of aiohttp.
    Aiohttp,
    /// Tornado.
    Tornado,
    /// Streamlit.
    Streamlit,
    /// Gradio.
    Gradio,
}

/// How a server calls an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interface {
    /// Asynchronously: <https://asgi.readthedocs.io>.
    Asgi,
    /// Synchronously: PEP 3333.
    Wsgi,
    /// By a server that the framework itself has.
    Own,
}

impl Framework {
    /// Every framework; those that are built on another one come before it.
    pub const ALL: [Self; 15] = [
        Self::NiceGui,
        Self::FastApi,
        Self::Litestar,
        Self::Quart,
        Self::Starlette,
        Self::Django,
        Self::Dash,
        Self::Flask,
        Self::Bottle,
        Self::Falcon,
        Self::Sanic,
        Self::Aiohttp,
        Self::Tornado,
        Self::Streamlit,
        Self::Gradio,
    ];

    /// Its name, which is also that of its package.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NiceGui => "nicegui",
            Self::FastApi => "fastapi",
            Self::Litestar => "litestar",
            Self::Quart => "quart",
            Self::Starlette => "starlette",
            Self::Django => "django",
            Self::Dash => "dash",
            Self::Flask => "flask",
            Self::Bottle => "bottle",
            Self::Falcon => "falcon",
            Self::Sanic => "sanic",
            Self::Aiohttp => "aiohttp",
            Self::Tornado => "tornado",
            Self::Streamlit => "streamlit",
            Self::Gradio => "gradio",
        }
    }

    /// How a server calls its applications. Django's can be called either way.
    pub fn interface(self) -> Interface {
        match self {
            Self::FastApi | Self::Litestar | Self::Quart | Self::Starlette => Interface::Asgi,
            Self::Django | Self::Flask | Self::Bottle | Self::Falcon => Interface::Wsgi,
            Self::Sanic
            | Self::Aiohttp
            | Self::Tornado
            | Self::Streamlit
            | Self::Gradio
            | Self::Dash
            | Self::NiceGui => Interface::Own,
        }
    }

    /// The framework that a class by its whole name makes an application of: its own, or one of a package that builds on it.
    pub(crate) fn of_class(name: &str) -> Option<Self> {
        let (package, class) = (name.split('.').next()?, name.rsplit('.').next()?);
        let own = |f: &Self| f.as_str() == package && f.constructor() == Some(class);
        // Falcon's other class is called as ASGI has it, and served by others.
        if name.starts_with("falcon.asgi.") {
            return None;
        }
        Self::ALL.into_iter().find(own).or(match (package, class) {
            ("dash", "Dash") => Some(Self::Dash),
            // The application of what is routed without one, and the name of before 3.0.
            ("bottle", "default_app") => Some(Self::Bottle),
            ("falcon", "API") => Some(Self::Falcon),
            ("apiflask", "APIFlask") | ("flask_openapi3", "OpenAPI") | ("eve", "Eve") => Some(Self::Flask),
            _ => None,
        })
    }

    /// The class whose instance is the application.
    pub(crate) fn constructor(self) -> Option<&'static str> {
        match self {
            Self::FastApi => Some("FastAPI"),
            Self::Litestar => Some("Litestar"),
            Self::Quart => Some("Quart"),
            Self::Starlette => Some("Starlette"),
            Self::Flask => Some("Flask"),
            Self::Sanic => Some("Sanic"),
            Self::Aiohttp => Some("Application"),
            Self::Bottle => Some("Bottle"),
            Self::Falcon => Some("App"),
            Self::Django | Self::Streamlit | Self::Gradio | Self::Dash | Self::NiceGui | Self::Tornado => None,
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
