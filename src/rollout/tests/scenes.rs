//! Scenes that no recording has: other managers, claims that are yet to be bound, rollouts of what was there before.
