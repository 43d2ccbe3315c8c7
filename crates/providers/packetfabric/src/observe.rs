//! Looks at PacketFabric and changes nothing.
//!
//! The cost of a look is three calls, whatever the number of people: the customer, its users and its invites
//! (packetfabric contract, sections 4, 6, 7). None of the lists has pages.

use std::collections::{BTreeMap, BTreeSet};

use orgform_model::world::{
    AccountContent, ActualRole, Completeness, Directory, Identity, PersonSeen, RemovalFacts, Seen,
};
use orgform_model::{AccountId, Email, Fields, PersonId, RoleId, Value};
use orgform_provider::{ErrorKind, ProviderError};
use secrecy::ExposeSecret;

use crate::api_keys::Own;
use crate::client::{Api, Who, path_of};
use crate::convert;
use crate::semantics::SEMANTICS;
use crate::wire::{Customer, Invite, User};

/// The customer and all that is in it. At an API key's look no call waits for another; a user's waits for the log-in, so
/// that a wrong password is tried once.
pub(crate) async fn whole(api: &Api, own: &Own) -> Result<Seen, ProviderError> {
    let (directory, everybody) = match api.who() {
        Who::Key { .. } => {
            let (directory, everybody) = tokio::join!(directory(api, own), everybody(api));
            (directory?, everybody)
        }
        Who::User(_) => (directory(api, own).await?, everybody(api).await),
    };
    // Whoever needs to know why nobody was seen looks into the account.
    let id = directory.accounts.keys().next().cloned();
    let along = id.zip(everybody.ok()).map(|(id, everybody)| (id.clone(), content(&id, everybody)));
    Ok(Seen::Whole(directory, along.into_iter().collect()))
}

async fn directory(api: &Api, own: &Own) -> Result<Directory, ProviderError> {
    let customer: Customer = api.read(&["v2", "customers", "current"], "read the customer").await?;
    let id = AccountId::from(customer.customer_uuid.as_str());
    let accounts = BTreeMap::from([(id, convert::actual_account(&customer))]);
    let identity = Some(identity(api).await?);
    let completeness = Completeness::Complete;
    let own_keys = own.all.clone();
    Ok(Directory { accounts, completeness, identity, own_keys, ..Directory::default() })
}

pub(crate) async fn account(api: &Api, id: &AccountId) -> Result<Seen, ProviderError> {
    Ok(Seen::Account(content(id, everybody(api).await?)))
}

/// Who is there and who is invited. The calls don't name the customer: a credential sees one only.
struct Everybody {
    users: Vec<User>,
    invites: Vec<Invite>,
    completeness: Completeness,
}

async fn everybody(api: &Api) -> Result<Everybody, ProviderError> {
    let (users, invites) = tokio::join!(users(api, "list the users"), invites(api, "list the invites"));
    let completeness = match (&users, &invites) {
        (Err(error), Err(_)) => return Err(error.clone()),
        (Err(error), _) | (_, Err(error)) if error.kind == ErrorKind::Protocol => return Err(error.clone()),
        (Err(error), _) => partial("users", error),
        (_, Err(error)) => partial("invites", error),
        (Ok(_), Ok(_)) => Completeness::Complete,
    };
    let (users, invites) = (users.unwrap_or_default(), invites.unwrap_or_default());
    Ok(Everybody { users, invites, completeness })
}

fn content(id: &AccountId, everybody: Everybody) -> AccountContent {
    let Everybody { users, invites, completeness } = everybody;
    let mut content = AccountContent { people_complete: completeness, ..AccountContent::default() };
    for user in users {
        let person = PersonId::from(user.uuid.as_str());
        content.person_fields.insert(person.clone(), convert::person_fields(&user));
        content.members.insert(person, convert::actual_member(&user));
    }
    content.invites = invites.iter().filter_map(|one| convert::actual_invite(id, one)).collect();
    content.past_invites = invites.iter().filter_map(convert::past_invite).collect();
    content.roles = groups(&content);
    content
}

pub(crate) async fn person(api: &Api, id: &PersonId) -> Result<PersonSeen, ProviderError> {
    let user: Option<User> = api.find(&["v2", "users", id.as_str()], "read the person").await?;
    Ok(user.map_or(PersonSeen::Gone, |user| PersonSeen::Email(Email::new(&user.email))))
}

pub(crate) async fn users(api: &Api, tried: &str) -> Result<Vec<User>, ProviderError> {
    api.read(&["v2", "users"], tried).await
}

pub(crate) async fn invites(api: &Api, tried: &str) -> Result<Vec<Invite>, ProviderError> {
    api.read(&["v2", "team-invites"], tried).await
}

/// No call tells whose an API key is (section 2); a user who logged in can be read.
async fn identity(api: &Api) -> Result<Identity, ProviderError> {
    Ok(match api.who() {
        Who::Key { source } => Identity::Machine { name: format!("the API key from {source}"), roles: None },
        Who::User(login) => {
            let tried = "read ourselves";
            let path = path_of(login.expose_secret(), tried)?;
            let user: User = api.read(&path.each_ref().map(String::as_str), tried).await?;
            Identity::Person(PersonId::from(user.uuid))
        }
    })
}

/// Groups are fixed, but the set of them is open (section 5): one that we don't know is shown by its name.
fn groups(content: &AccountContent) -> BTreeMap<RoleId, ActualRole> {
    let held = content.members.values().flat_map(|member| &member.roles);
    let promised = content.invites.iter().flat_map(|invite| &invite.roles);
    let all: BTreeSet<&RoleId> = held.chain(promised).collect();
    let unknown = all.into_iter().filter(|id| SEMANTICS.roles.fixed_role(id.as_str()).is_none());
    unknown
        .map(|id| {
            let fields = Fields::from([("displayName".to_owned(), Value::text(id.as_str()))]);
            (id.clone(), ActualRole { fixed: None, fields, removal: RemovalFacts::LOCAL })
        })
        .collect()
}

fn partial(what: &str, error: &ProviderError) -> Completeness {
    let said = &error.said;
    let because = match error.kind {
        ErrorKind::Denied => format!("the list of {what} was refused ({said})"),
        _ => format!("the list of {what} did not come ({said})"),
    };
    Completeness::Partial { because }
}
