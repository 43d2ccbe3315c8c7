//! The stories, by what they are about.

mod accounts;
mod adoption;
mod cost;
mod expiry;
mod invites;
mod keys;
mod members;
mod roles;
mod safety;
mod weather;

use super::Story;

pub(super) const ALL: &[&[Story]] = &[
    adoption::ALL,
    accounts::ALL,
    roles::ALL,
    invites::ALL,
    members::ALL,
    expiry::ALL,
    keys::ALL,
    safety::ALL,
    weather::ALL,
    cost::ALL,
];

const ADA: &str = "ada@acme.example";
const GRACE: &str = "grace@acme.example";
const LINUS: &str = "linus@acme.example";
const KEN: &str = "ken@acme.example";

/// The name of the founding account, as people see it.
const ACME: &str = "Acme";

/// Makes the list of a file's stories: each a function, and what must be so of a provider for it.
macro_rules! stories {
    ($($name:ident if $applies:expr;)+) => {
        pub(super) const ALL: &[$crate::suite::Story] = &[
            $($crate::suite::Story {
                name: stringify!($name),
                applies: $applies,
                tell: |stage| Box::pin($name(stage)),
            },)+
        ];
    };
}
use stories;

/// Invites somebody who is a stranger to the provider, and lets them join.
async fn join(stage: &mut super::Stage, email: &str, grants: &[orgform_model::Grant]) -> super::Step {
    stage.org.member(email, super::ROOT, grants);
    stage.converge().await?;
    stage.act(super::Act::Accept { email })?;
    stage.converge().await?;
    stage.holds(ACME, email, grants).await
}
