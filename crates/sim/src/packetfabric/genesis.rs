//! The world before anybody has done anything.

use super::world::{Customer, Key, Origin, Record, User, World};

pub(crate) const ADMIN_KEY: &str = "sim-packetfabric-admin-key-not-for-production";
pub(crate) const LOOKING_KEY: &str = "sim-packetfabric-looking-key-not-for-production";
/// The uuids of the founder's keys, which their user sees in the portal.
pub(crate) const ADMIN_KEY_ID: &str = "6f1b2a40-0c55-4d0e-9a53-2f0e7c9b1d01";
pub(crate) const LOOKING_KEY_ID: &str = "6f1b2a40-0c55-4d0e-9a53-2f0e7c9b1d02";
pub(crate) const READER_KEY: &str = "sim-packetfabric-reader-key-not-for-production";
pub(crate) const FOUNDER_PASSWORD: &str = "sim-founder-password";

/// Founds a world: one customer, an admin and a reader, an API key each.
pub(crate) fn found(seed: u64, name: &str) -> World {
    let mut world = World::default();
    world.put(Record::Origin(Origin { seed, ..Origin::default() }));
    let now = world.now();
    let customer = Customer {
        uuid: world.new_uuid(),
        name: name.to_owned(),
        acctnum: "PF-10000-1".to_owned(),
        routing_id: "PF-1RI-OQ85".to_owned(),
        searchable: true,
        created: now,
        updated: now,
        ..Customer::default()
    };
    world.put(Record::Customer(customer));
    let domain = domain(name);
    let mut person = |first: &str, group: &str, keys: &[(&str, &str)]| {
        let user = User {
            uuid: world.new_uuid(),
            login: format!("{}@{domain}", first.to_lowercase()),
            email: format!("{}@{domain}", first.to_lowercase()),
            first_name: first.to_owned(),
            last_name: name.to_owned(),
            phone: "+1 206 555 0100".to_owned(),
            timezone: "America/Los_Angeles".to_owned(),
            groups: [group.to_owned()].into(),
            password: FOUNDER_PASSWORD.to_owned(),
            disabled: false,
            mfa: false,
            deleted: false,
        };
        let uuid = user.uuid.clone();
        world.put(Record::User(user));
        for (id, token) in keys {
            world.put(Record::Key(Key {
                uuid: (*id).to_owned(),
                user: uuid.clone(),
                name: format!("{first} key"),
                token: (*token).to_owned(),
                expires: None,
            }));
        }
        uuid
    };
    let keys = [(ADMIN_KEY_ID, ADMIN_KEY), (LOOKING_KEY_ID, LOOKING_KEY)];
    let founder = person("Founder", "admin", &keys);
    person("Viewer", "read-only", &[("6f1b2a40-0c55-4d0e-9a53-2f0e7c9b1d03", READER_KEY)]);
    world.put(Record::Origin(Origin { founder, ..world.origin.clone() }));
    world.take_unsaved();
    world
}

/// The login of the founder.
pub(crate) fn founder(world: &World) -> String {
    world.users.get(&world.origin.founder).map(|user| user.login.clone()).unwrap_or_default()
}

fn domain(name: &str) -> String {
    let plain: String = name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let plain = plain.trim_matches('-');
    format!("{}.example", if plain.is_empty() { "root" } else { plain })
}
