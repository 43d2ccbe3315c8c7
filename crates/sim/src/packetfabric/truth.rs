//! The world as it is, for judges: what no call shows too.

use std::collections::BTreeSet;

use serde::Serialize;

use super::world::World;

/// All people and invites.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Users who were not deleted.
    pub users: Vec<TrueUser>,
    /// Invites that still wait for their person, in the order in which they were sent.
    pub waiting: Vec<TrueInvite>,
}

/// One user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueUser {
    /// In lower case.
    pub email: String,
    /// One, but for users from before August 2021.
    pub groups: BTreeSet<String>,
    /// Whether they can't log in.
    pub disabled: bool,
}

/// One invite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueInvite {
    /// In lower case.
    pub email: String,
    /// The group that it leads to.
    pub group: String,
}

/// Looks at everything.
pub(crate) fn of(world: &World) -> Truth {
    let users = world.live().map(|user| TrueUser {
        email: user.email.to_lowercase(),
        groups: user.groups.clone(),
        disabled: user.disabled,
    });
    let waiting = world.invites.iter().filter(|invite| invite.user_created.is_none());
    let waiting = waiting.map(|one| TrueInvite { email: one.email.to_lowercase(), group: one.group.clone() });
    Truth { users: users.collect(), waiting: waiting.collect() }
}
