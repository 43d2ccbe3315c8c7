//! Manifests: read with positions, validate, resolve.
//!
//! The first three steps of the pipeline: [`read()`] (with [`write()`] all that touches files), [`validate`] (typed,
//! every finding with its place) and [`resolve`] (names become references, per provider). Knows no provider:
//! what must be known of one comes in as [`orgform_model::Semantics`]. All findings are told, not the first;
//! a declaration with an error still counts as declared and what it names is frozen.

#[cfg(feature = "crd")]
pub mod crd;
pub mod edit;
pub mod export;
pub mod kinds;
pub mod manifest;
mod names;
mod near;
mod parallel;
mod read;
mod rename;
mod render;
mod resolve;
pub mod root;
pub mod schema;
mod source;
mod span_of_time;
mod validate;
mod walk;
mod write;
mod yaml;

pub use manifest::Manifest;
pub use names::email_fault;
pub use read::{
    Document, Documents, Limits, ObjectText, is_manifest, read, read_objects, read_over, read_texts,
};
pub use rename::{Edited, NotEdited, Renaming, rename_people};
pub use render::render;
pub use resolve::{CredentialRef, CredentialSource, ProviderSettings, Resolved, SimulatorSettings, resolve};
pub use source::File;
pub use validate::{validate, validate_objects};
pub use write::write;
pub use yaml::{Entry, Node, Span, Value};

use orgform_model::Finding;

/// The `apiVersion` of all manifests.
pub const API_VERSION: &str = "orgform.dev/v1alpha1";

/// The result of a step, with what it found wrong on the way.
#[derive(Clone, Debug)]
#[must_use]
pub struct Checked<T> {
    /// The result; what has an error is left out of it or frozen in it.
    pub value: T,
    /// What is wrong, in the order of files and lines.
    pub findings: Vec<Finding>,
}
