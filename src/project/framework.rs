//! The web framework that a project is written with.

use std::fmt;

/// A framework of what answers requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
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
    /// Flask.
    Flask,
    /// Sanic.
    Sanic,
    /// The server of aiohttp.
    Aiohttp,
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
    pub const ALL: [Self; 10] = [
        Self::FastApi,
        Self::Litestar,
        Self::Quart,
        Self::Starlette,
        Self::Django,
        Self::Flask,
        Self::Sanic,
        Self::Aiohttp,
        Self::Streamlit,
        Self::Gradio,
    ];

    /// Its name, which is also that of its package.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FastApi => "fastapi",
            Self::Litestar => "litestar",
            Self::Quart => "quart",
            Self::Starlette => "starlette",
            Self::Django => "django",
            Self::Flask => "flask",
            Self::Sanic => "sanic",
            Self::Aiohttp => "aiohttp",
            Self::Streamlit => "streamlit",
            Self::Gradio => "gradio",
        }
    }

    /// How a server calls its applications. Django's can be called either way.
    pub fn interface(self) -> Interface {
        match self {
            Self::FastApi | Self::Litestar | Self::Quart | Self::Starlette => Interface::Asgi,
            Self::Django | Self::Flask => Interface::Wsgi,
            Self::Sanic | Self::Aiohttp | Self::Streamlit | Self::Gradio => Interface::Own,
        }
    }

    /// The framework that a class by its whole name makes an application of: its own, or one of a package that builds on it.
    pub(crate) fn of_class(name: &str) -> Option<Self> {
        let (package, class) = (name.split('.').next()?, name.rsplit('.').next()?);
        let own = |f: &Self| f.as_str() == package && f.constructor() == Some(class);
        Self::ALL.into_iter().find(own).or(match (package, class) {
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
            Self::Django | Self::Streamlit | Self::Gradio => None,
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
