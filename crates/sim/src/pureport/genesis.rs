//! The world before anybody has done anything.

use super::world::{Consent, Key, Member, Origin, Record, Role, World};
use super::{accounts, roles, users};

pub(crate) const ADMIN_KEY: (&str, &str) =
    ("simAdminKey0000000000A", "sim-admin-secret-not-for-production-use");
pub(crate) const READER_KEY: (&str, &str) =
    ("simReaderKey000000000A", "sim-reader-secret-not-for-production-use");

/// Founds a world: one top-level account, its founder as Admin, two API keys.
pub(crate) fn found(seed: u64, root_name: &str) -> World {
    let mut world = World::default();
    world.put(Record::Origin(Origin { seed, ..Origin::default() }));
    let root = accounts::new(&mut world, None, root_name.to_owned());
    let root = accounts::create(&mut world, root);
    // A founder's address is well formed whatever the account is called, so this can't be refused.
    if let Ok(founder) = users::create(&mut world, &founder_email(root_name)) {
        world.put(Record::Origin(Origin { founder: founder.id.clone(), ..world.origin.clone() }));
        let consent = Consent { user: founder.id.clone(), at: world.now() };
        world.put(Record::Account(super::world::Account { consent: Some(consent), ..root.clone() }));
        let admin = world.roles_of(&root.id).map(|role| role.id.clone()).collect();
        world.put(Record::Member(Member { account: root.id.clone(), user: founder.id, roles: admin }));
    }
    let admin = world.roles_of(&root.id).map(|role| role.id.clone()).collect();
    let reader = Role {
        id: world.new_id("role-"),
        account: root.id.clone(),
        name: "Read only".to_owned(),
        description: None,
        permissions: roles::grid(&[("all", &["read"])]),
        predefined: false,
    };
    world.put(Record::Role(reader.clone()));
    let key = |(key, secret): (&str, &str), name: &str, roles| {
        Record::Key(Key {
            key: key.to_owned(),
            secret: secret.to_owned(),
            account: root.id.clone(),
            name: name.to_owned(),
            description: None,
            roles,
        })
    };
    world.put(key(ADMIN_KEY, "Administration", admin));
    world.put(key(READER_KEY, "Reading", [reader.id.clone()].into()));
    world.events.clear();
    world.take_unsaved();
    world
}

fn founder_email(root_name: &str) -> String {
    let domain: String = root_name
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let domain = domain.trim_matches('-');
    format!("founder@{}.example", if domain.is_empty() { "root" } else { domain })
}
