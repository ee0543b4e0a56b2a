//! The embedded engine: an image put together here, with no daemon.
