//! How things look in answers.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::switches::{AccountPlaces, DateDeleted};
use super::world::{Level, Tenant, User, World};

/// The time of an envelope: UTC with seven digits.
pub(crate) fn timestamp(at: Timestamp) -> String {
    format!("{at:.7}")
}

/// A date of an object: three digits and no zone.
pub(crate) fn date(at: Timestamp) -> String {
    format!("{at:.3}").trim_end_matches('Z').to_owned()
}

/// A tenant as it is read; what was just created is less (xarios contract, section 5).
pub(crate) fn tenant(world: &World, tenant: &Tenant) -> Value {
    let mut shown = created(tenant);
    if let Some(reference) = &tenant.reference {
        shown["reference"] = json!(reference);
    }
    if world.switches.account_places == AccountPlaces::Shown && tenant.level == Level::Account {
        let inherited = |own: &Option<String>, default: &str| json!(own.as_deref().unwrap_or(default));
        shown["timezone"] = inherited(&tenant.timezone, "Etc/UTC");
        shown["countryCode"] = inherited(&tenant.country_code, "US");
    }
    if let Some(at) = tenant.deleted {
        shown["dateDeleted"] = match world.switches.date_deleted {
            DateDeleted::Date => json!(date(at)),
            DateDeleted::Boolean => json!(true),
        };
    }
    shown
}

/// A tenant as its creation answers.
pub(crate) fn created(tenant: &Tenant) -> Value {
    let mut shown = json!({
        "id": tenant.id,
        "name": tenant.name,
        "enabled": tenant.enabled,
        "parentTenantId": tenant.parent,
        "dateCreated": date(tenant.created),
    });
    if let Some(description) = &tenant.description {
        shown["description"] = json!(description);
    }
    shown
}

/// A user as a list shows them: without roles.
pub(crate) fn listed(user: &User, level: Level, is_parent: bool) -> Value {
    let User { id, email, display_name, primary, .. } = user;
    let mut shown =
        json!({ "id": id, "email": email, "displayName": display_name, "primaryTenant": primary });
    if level == Level::Customer {
        shown["isParent"] = json!(is_parent);
    }
    shown
}

/// A user in one tenant, with roles.
pub(crate) fn user(user: &User, tenant: &Tenant) -> Value {
    let mut shown = listed(user, tenant.level, !user.roles.contains_key(&tenant.id));
    shown["roles"] = json!(user.roles.get(&tenant.id).cloned().unwrap_or_default());
    shown
}
