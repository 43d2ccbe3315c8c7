//! Looks at Pureport and changes nothing.
//!
//! The cost of an account is three calls, roles, members and invites, and one more where consent is declared
//! (pureport contract, sections 5 to 8): the lists have no pages. API keys, where any is
//! declared, are a call more. A member's e-mail costs a call for each person.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::world::{AccountContent, Completeness, Directory, Identity, PersonSeen, Seen};
use orgform_model::{AccountId, ApiKeyId, Email, Fields, PersonId, RoleId, Value};
use orgform_provider::{ErrorKind, ProviderError};
use serde::de::DeserializeOwned;

use crate::client::Api;
use crate::convert;
use crate::learned::Learned;
use crate::semantics::{ACCEPTED, OPEN};
use crate::wire::{Account, Invite, Member, Role, User};

pub(crate) async fn directory(
    api: &Api,
    learned: &Learned,
    name: &str,
    own_keys: &BTreeSet<ApiKeyId>,
) -> Result<Seen, ProviderError> {
    let tried = "list the accounts";
    let mut accounts = BTreeMap::new();
    for account in api.read::<Vec<Account>>(&["accounts"], tried).await? {
        let id = AccountId::from(identified(account.id.as_deref(), tried)?);
        accounts.insert(id, convert::actual_account(&account));
    }
    learned.parents(accounts.iter().map(|(id, account)| (id.clone(), account.parent.clone()))).await;
    let identity = Some(Identity::Machine { name: name.to_owned(), roles: None });
    let own_keys = Some(own_keys.clone());
    Ok(Seen::Directory(Directory {
        accounts,
        below: Default::default(),
        completeness: Completeness::Complete,
        identity,
        own_keys,
    }))
}

pub(crate) async fn account(
    api: &Api,
    learned: &Learned,
    id: &AccountId,
    fields: &BTreeSet<&'static str>,
) -> Result<Seen, ProviderError> {
    let (roles, members, invites, consent) = tokio::join!(
        list::<Role>(api, id, "roles"),
        list::<Member>(api, id, "members"),
        list::<Invite>(api, id, "invites"),
        consent(api, id, fields.contains("consent")),
    );
    let mut content = AccountContent { fields: consent?, ..AccountContent::default() };
    let (roles, members, invites) = match (roles?, members?, invites?) {
        (Err(error), Err(_), Err(_)) => return Err(error),
        some => some,
    };
    content.roles_complete = completeness(&[("roles", roles.as_ref().err())]);
    content.people_complete =
        completeness(&[("members", members.as_ref().err()), ("invites", invites.as_ref().err())]);
    if let Ok(roles) = &roles {
        learned.all_roles(id, roles).await;
    }
    if let Ok(invites) = &invites {
        learned.all_invites(id, invites).await;
    }
    // Whether a list shows what is inherited is not known (sections 6 and 7): only the account's own counts.
    for role in roles.unwrap_or_default().iter().filter(|role| role.account.id() == id.as_str()) {
        let role_id = RoleId::from(identified(role.id.as_deref(), "list the roles")?);
        content.roles.insert(role_id, convert::actual_role(role));
    }
    for member in members.unwrap_or_default().iter().filter(|member| member.account.id() == id.as_str()) {
        let person = PersonId::from(identified(Some(member.user.id()), "list the members")?);
        content.members.insert(person, convert::actual_member(member));
    }
    for invite in invites.unwrap_or_default() {
        let invite_id = identified(invite.id.as_deref(), "list the invites")?;
        content.invites.push(convert::actual_invite(invite_id, &invite));
    }
    Ok(Seen::Account(content))
}

pub(crate) async fn person(api: &Api, learned: &Learned, id: &PersonId) -> Result<PersonSeen, ProviderError> {
    let answer = api.get(&["users", id.as_str()], "read the person").await?;
    Ok(match answer.status() {
        404 => PersonSeen::Gone,
        403 => PersonSeen::Unreadable { because: format!("reading the person was refused ({answer})") },
        _ => {
            let email = Email::new(&answer.success()?.json::<User>()?.email);
            learned.email(id.clone(), email.clone()).await;
            PersonSeen::Email(email)
        }
    })
}

/// One list of an account. The outer error ends the look at the account: nothing can be trusted then.
async fn list<T: DeserializeOwned>(
    api: &Api,
    id: &AccountId,
    what: &str,
) -> Result<Result<Vec<T>, ProviderError>, ProviderError> {
    match api.read(&["accounts", id.as_str(), what], &format!("list the {what}")).await {
        Err(error) if error.kind == ErrorKind::Protocol => Err(error),
        list => Ok(list),
    }
}

/// Whether the agreements are accepted, if that was asked. That they are not is a 404, a normal state
/// (section 5); that we may not know leaves the field out.
async fn consent(api: &Api, id: &AccountId, asked: bool) -> Result<Fields, ProviderError> {
    if !asked {
        return Ok(Fields::new());
    }
    let answer = api.get(&["accounts", id.as_str(), "consent"], "read the consent").await?;
    let value = match answer.status() {
        403 => return Ok(Fields::new()),
        404 => OPEN,
        _ => answer.success().map(|_| ACCEPTED)?,
    };
    Ok(Fields::from([("consent".to_owned(), Value::text(value))]))
}

fn completeness(lists: &[(&str, Option<&ProviderError>)]) -> Completeness {
    let gaps: Vec<String> = lists
        .iter()
        .filter_map(|(what, error)| error.map(|error| (what, error)))
        .map(|(what, error)| match error.kind {
            ErrorKind::Denied => format!("the list of {what} was refused ({})", error.said),
            _ => format!("the list of {what} did not come ({})", error.said),
        })
        .collect();
    if gaps.is_empty() { Completeness::Complete } else { Completeness::Partial { because: gaps.join(", ") } }
}

fn identified<'a>(id: Option<&'a str>, tried: &str) -> Result<&'a str, ProviderError> {
    id.filter(|id| !id.is_empty())
        .ok_or_else(|| ProviderError::new(ErrorKind::Protocol, tried, "answered with a thing that has no id"))
}
