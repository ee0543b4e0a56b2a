//! A site: the distributions in an image's virtual environment.

mod direct_url;
mod distribution;
mod platform;
mod pylock;
mod record;
mod script;
mod split;
mod venv;
mod wheel;

pub use direct_url::direct_url;
pub use distribution::{Distribution, Identity};
pub use platform::{Libc, Machine, Platform, Target, UnknownMachine};
pub use pylock::{Local, Missing, Pylock, PylockError};
pub use record::{Record, Row, RowError};
pub use script::script;
pub use split::{Budget, Group, groups};
pub use venv::Venv;
pub use wheel::Wheel;
