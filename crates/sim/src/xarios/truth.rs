//! The world as it is, for judges: what no call shows too.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::world::World;

/// Everything that exists, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// Accounts and customers that are not flagged for deletion.
    pub tenants: BTreeMap<String, TrueTenant>,
    /// All users.
    pub users: BTreeMap<String, TrueUser>,
}

/// One account or customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueTenant {
    /// Its name.
    pub name: String,
    /// The tenant above.
    pub parent: String,
}

/// One user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrueUser {
    /// In lower case.
    pub email: String,
    /// The id of the tenant that they came to first.
    pub primary: String,
    /// Role keys by the id of the tenant.
    pub roles: BTreeMap<String, BTreeSet<String>>,
}

/// Looks at everything.
pub(crate) fn of(world: &World) -> Truth {
    let tenants = world.tenants.values().filter(|tenant| tenant.deleted.is_none()).map(|tenant| {
        (tenant.id.clone(), TrueTenant { name: tenant.name.clone(), parent: tenant.parent.clone() })
    });
    let users = world.users.values().map(|user| {
        let roles =
            user.roles.iter().map(|(tenant, roles)| (tenant.clone(), roles.iter().cloned().collect()));
        let seen = TrueUser {
            email: user.email.to_lowercase(),
            primary: user.primary.clone(),
            roles: roles.collect(),
        };
        (user.id.clone(), seen)
    });
    Truth { tenants: tenants.collect(), users: users.collect() }
}
