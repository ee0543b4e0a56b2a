//! Whatever a watch does to changes, the verdict is the same; whatever objects hold, there is one.
