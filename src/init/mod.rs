//! What `pydeploy init` gives a project to begin with: as text, with nothing written yet.

pub mod ci;
pub mod dockerignore;
pub mod table;
