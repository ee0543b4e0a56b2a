//! Tests of reading packages, and the packages that they are made from.
