//! The world before anybody has done anything.

use super::Approval;
use super::world::{Grant, Level, Origin, Record, Tenant, World};

pub(crate) const ADMIN: Approval = Approval {
    client_id: "sim-orgform-client",
    client_secret: "sim-orgform-client-secret-not-for-production",
    refresh_token: "sim-first-refresh-token-of-an-admin",
};
pub(crate) const READER: Approval = Approval {
    client_id: "sim-orgform-reader",
    client_secret: "sim-orgform-reader-secret-not-for-production",
    refresh_token: "sim-first-refresh-token-of-a-reader",
};

/// Founds a world: one enterprise, one enabled reseller account, two approvals.
pub(crate) fn found(seed: u64, name: &str) -> World {
    let mut world = World::default();
    world.put(Record::Origin(Origin { seed, ..Origin::default() }));
    let enterprise = world.new_id();
    let id = world.new_id();
    let account = Tenant {
        id: id.clone(),
        parent: enterprise.clone(),
        level: Level::Account,
        name: name.to_owned(),
        description: None,
        reference: Some(name.to_lowercase()),
        enabled: true,
        timezone: None,
        country_code: None,
        created: world.now(),
        deleted: None,
    };
    world.put(Record::Tenant(account));
    world.put(Record::Origin(Origin { enterprise, first_account: id, ..world.origin.clone() }));
    for (approval, may_write) in [(ADMIN, true), (READER, false)] {
        let grant = Grant {
            id: world.new_id(),
            client: approval.client_id.to_owned(),
            refresh_token: approval.refresh_token.to_owned(),
            may_write,
            revoked: false,
        };
        world.put(Record::Grant(grant));
    }
    world.take_unsaved();
    world
}

/// The client with this id and secret.
pub(crate) fn is_client(id: &str, secret: &str) -> bool {
    [ADMIN, READER].iter().any(|client| client.client_id == id && client.client_secret == secret)
}
