//! A real control plane for tests: etcd, kube-apiserver and kube-controller-manager on free ports, and kubectl
//! and Helm to speak to it.
//!
//! There is no kubelet: pods are never started, everything else is as in a cluster. The programs are built by
//! `cargo xtask cluster`; where `KUBEBUILDER_ASSETS` names a folder that has one of them, that one is used. Whatever
//! becomes of the test, a keeper stops the programs and deletes their folder.

mod audit;
mod files;
mod keeper;
mod kubectl;
mod plane;
mod programs;

pub use audit::Asked;
pub use kubectl::{Kubectl, Said};
pub use plane::{ControlPlane, WAIT};
pub use programs::program;
