//! Tests of composing roots.
