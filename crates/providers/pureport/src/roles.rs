//! Writes custom roles (pureport contract, section 6). The predefined one is never written.

use orgform_model::{AccountId, Applied, FieldChange, Fields, RoleId, Value};
use orgform_provider::{ErrorKind, ProviderError};
use serde_json::Map;

use crate::client::Api;
use crate::convert::{is_admin, role_fields, set_role_field};
use crate::fields::{Wanted, all, kept, pending, rejected, stale};
use crate::learned::Learned;
use crate::semantics::{ADMIN_TITLE, SEMANTICS};
use crate::wire::{Link, Role};

pub(crate) async fn create(
    api: &Api,
    learned: &Learned,
    owner: &AccountId,
    fields: &Fields,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let mut wanted = all(SEMANTICS.roles.fields, fields, tried)?;
    if let Some(rule) = SEMANTICS.roles.fields.iter().find(|rule| rule.name == "permissions")
        && !fields.contains_key("permissions")
    {
        // Left out, the server would choose.
        wanted.push((rule, Value::set::<String>([])));
    }
    // Named by the path too, and still required (section 13, trap 5).
    let account = Link::account(owner.as_str());
    let mut role = Role {
        id: None,
        account,
        name: String::new(),
        description: None,
        permissions: None,
        rest: Map::new(),
    };
    set(&mut role, &wanted, tried)?;
    if role.name.is_empty() {
        return Err(rejected(tried, Some("displayName"), "a role needs a name"));
    }
    not_admin(&role.name, tried)?;
    let created = api.create(&["accounts", owner.as_str(), "roles"], &role, tried).await?;
    let id = RoleId::from(created.id()?);
    learned.role(id.clone(), owner.clone()).await;
    if let Some(role) = created.object::<Role>() {
        kept(&wanted, &role_fields(&role), tried)?;
    }
    Ok(Applied::Role { id })
}

pub(crate) async fn update(
    api: &Api,
    owner: &AccountId,
    id: &RoleId,
    changes: &[FieldChange],
    tried: &str,
) -> Result<Applied, ProviderError> {
    let path = ["accounts", owner.as_str(), "roles", id.as_str()];
    let Some(mut role) = api.find::<Role>(&path, tried).await? else {
        return Err(stale(tried, "the role is not there any more"));
    };
    if is_admin(&role) {
        return Err(fixed(tried));
    }
    let wanted = pending(SEMANTICS.roles.fields, changes, &role_fields(&role), tried)?;
    if !wanted.is_empty() {
        set(&mut role, &wanted, tried)?;
        not_admin(&role.name, tried)?;
        let now = api.replace(&path, &role, tried).await?;
        kept(&wanted, &role_fields(&now), tried)?;
    }
    Ok(Applied::Role { id: id.clone() })
}

pub(crate) async fn remove(
    api: &Api,
    owner: &AccountId,
    id: &RoleId,
    tried: &str,
) -> Result<Applied, ProviderError> {
    let path = ["accounts", owner.as_str(), "roles", id.as_str()];
    let Some(role) = api.find::<Role>(&path, tried).await? else { return Ok(Applied::Gone) };
    if is_admin(&role) {
        return Err(fixed(tried));
    }
    match api.remove(&path, tried).await {
        Ok(_) => Ok(Applied::Gone),
        // A role in use is kept (section 6): somebody holds it whom the plan did not see.
        Err(error) if error.kind == ErrorKind::Stale => {
            Err(error.hint("somebody may still hold it; plan again."))
        }
        Err(error) => Err(error),
    }
}

fn fixed(tried: &str) -> ProviderError {
    rejected(tried, None, "it is Pureport's own Admin role")
        .hint("Admin can't be changed; declare a role of your own.")
}

fn not_admin(name: &str, tried: &str) -> Result<(), ProviderError> {
    if name == ADMIN_TITLE {
        return Err(rejected(tried, Some("displayName"), "Admin is the name of Pureport's own role"));
    }
    Ok(())
}

fn set(role: &mut Role, wanted: &[Wanted], tried: &str) -> Result<(), ProviderError> {
    for (rule, value) in wanted {
        if !set_role_field(role, rule.name, value.clone()) {
            return Err(rejected(
                tried,
                Some(rule.name),
                format!("its {} can't be of that shape", rule.title),
            ));
        }
    }
    Ok(())
}
