//! Stories of manifests: read, validated, resolved, rendered.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what the stories share is test code too")]

mod api_keys;
mod corpus;
mod editing;
mod examples;
mod exporting;
mod properties;
mod reading;
mod renaming;
mod rendering;
mod resolving;
mod roots;
mod speed;
mod validating;
mod whole_way;
mod worlds;
