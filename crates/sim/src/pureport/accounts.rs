//! Accounts, their consent, and what the caller may do in them (pureport contract, section 5).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::access;
use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Link, Query};
use super::routes::Call;
use super::switches::AccountTags;
use super::world::{Account, Consent, Principal, Record, Role, World};
use super::{roles, view};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    parent: Option<Link>,
    tags: Option<BTreeMap<String, String>>,
    technical_contact_emails: Option<Vec<String>>,
    show_child_account_pricing: Option<bool>,
    supported_connection_groups: Option<Vec<Link>>,
    #[serde(rename = "demo")]
    _demo: Option<bool>,
    #[serde(rename = "verified")]
    _verified: Option<bool>,
    #[serde(rename = "hasChildren")]
    _has_children: Option<bool>,
    #[serde(rename = "pricingHidden")]
    _pricing_hidden: Option<bool>,
    #[serde(rename = "href")]
    _href: Option<String>,
}

impl Body {
    fn read(call: &Call) -> Result<Self, Refusal> {
        let body: Body = body::read_json(&call.headers, &call.body)?;
        body::required(body.name.as_ref(), "name")?;
        body::sized(body.name.as_deref(), "name", 1, 64)?;
        body::sized(body.description.as_deref(), "description", 0, 256)?;
        if let Some(contacts) = &body.technical_contact_emails {
            body::unique(contacts, "technicalContactEmails")?;
            if contacts.len() > 10 {
                return Err(Refusal::invalid("technicalContactEmails must have 0 to 10 items"));
            }
            contacts.iter().try_for_each(|contact| body::contact(contact))?;
        }
        Ok(body)
    }

    fn connection_groups(&self) -> Result<Option<Vec<String>>, Refusal> {
        let id = |link: &Link| {
            let is_group = |prefix: &str| prefix == "/supportedConnectionGroups";
            link.target("supportedConnectionGroups", is_group).map(str::to_owned)
        };
        let Some(links) = &self.supported_connection_groups else { return Ok(None) };
        let ids = links.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        // A title makes no other group of it (pureport contract, section 4, link comparison).
        body::unique(&ids, "supportedConnectionGroups")?;
        Ok(Some(ids))
    }
}

/// `GET /accounts`.
pub(crate) fn list(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let query = Query::read(call.query.as_deref(), &["ids", "parentId", "name", "limit"])?;
    let ids = query.all("ids");
    body::unique(ids, "ids").map_err(|refusal| Refusal::bad_request(refusal.message))?;
    let parent = query.one("parentId")?;
    let words: Vec<String> =
        query.one("name")?.unwrap_or("").split_whitespace().map(str::to_lowercase).collect();
    let limit = query.count("limit")?.unwrap_or(usize::MAX);
    let named = |account: &Account| {
        let name = account.name.to_lowercase();
        words.iter().all(|word| name.split_whitespace().any(|part| part == word))
    };
    let candidates: Vec<&Account> = if let Some(parent) = parent {
        world.children_of(parent).filter_map(|id| world.accounts.get(id)).collect()
    } else if ids.is_empty() {
        world.accounts.values().collect()
    } else {
        ids.iter().filter_map(|id| world.accounts.get(id)).collect()
    };
    let found = candidates.into_iter().filter(|account| {
        (ids.is_empty() || ids.contains(&account.id))
            && named(account)
            && access::may(world, caller, &account.id, "accounts", "read")
    });
    Ok(Answer::List(
        found.take(limit).map(|account| (account.id.clone(), view::account(world, account))).collect(),
    ))
}

/// `POST /accounts`: a child; a top-level account is made by console sign-up only.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let body = Body::read(call)?;
    let Some(parent) = &body.parent else {
        return Err(Refusal::forbidden("a top-level account is made by signing up at the console"));
    };
    let parent = parent.target("parent", |prefix| prefix == "/accounts")?.to_owned();
    if !world.accounts.contains_key(&parent) {
        return Err(Refusal::invalid_link(format!("parent: account {parent} not found")));
    }
    access::require(world, caller, &parent, "accounts", "create")?;
    let groups = body.connection_groups()?;
    let mut account = new(world, Some(parent), body.name.unwrap_or_default());
    account.description = body.description;
    account.tags = kept_tags(world, body.tags);
    account.technical_contacts = body.technical_contact_emails;
    account.show_child_pricing = body.show_child_account_pricing;
    account.connection_groups = groups.unwrap_or(account.connection_groups);
    let account = create(world, account);
    Ok(Answer::Created { location: view::account_href(&account.id), body: view::account(world, &account) })
}

/// `GET /accounts/{accountId}`.
pub(crate) fn get(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = readable(world, call, caller)?;
    Ok(Answer::Value(view::account(world, account)))
}

/// `PUT /accounts/{accountId}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let id = call.param(0);
    access::require(world, caller, id, "accounts", "update")?;
    let body = Body::read(call)?;
    same_id(body.id.as_deref(), id)?;
    let mut account = find(world, id)?.clone();
    if let Some(parent) = &body.parent {
        let parent = parent.target("parent", |prefix| prefix == "/accounts")?;
        if account.parent.as_deref() != Some(parent) {
            return Err(Refusal::not_allowed("an account can't be moved to another parent"));
        }
    }
    let groups = body.connection_groups()?;
    account.name = body.name.unwrap_or_default();
    account.description = call.omitted(world, body.description, account.description);
    account.tags = call.omitted(world, kept_tags(world, body.tags), account.tags);
    account.technical_contacts =
        call.omitted(world, body.technical_contact_emails, account.technical_contacts);
    account.show_child_pricing =
        call.omitted(world, body.show_child_account_pricing, account.show_child_pricing);
    account.connection_groups = groups.unwrap_or(account.connection_groups);
    replace(world, account.clone());
    Ok(Answer::Value(view::account(world, &account)))
}

/// `DELETE /accounts/{accountId}`.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "accounts", "delete")?;
    remove(world, call.param(0))?;
    Ok(Answer::Gone)
}

/// `GET /accounts/{accountId}/consent`: 404 while MSA and AUP are not accepted.
pub(crate) fn consent(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = readable(world, call, caller)?;
    match &account.consent {
        Some(consent) => Ok(Answer::Value(shown_consent(&account.id, consent))),
        None => Err(Refusal::not_found("consent of account", &account.id)),
    }
}

/// `POST /accounts/{accountId}/consent`.
pub(crate) fn give_consent(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let id = call.param(0);
    access::require(world, caller, id, "accounts", "update")?;
    let mut account = find(world, id)?.clone();
    if account.consent.is_some() {
        let message = format!("account {id} has accepted MSA and AUP");
        return Err(Refusal::conflict("ACCOUNT_ALREADY_CONSENTED", message));
    }
    let user = match caller {
        Principal::User(user) => user.clone(),
        Principal::Key(_) => world.origin.founder.clone(),
    };
    let consent = Consent { user, at: world.now() };
    let body = shown_consent(id, &consent);
    account.consent = Some(consent);
    replace(world, account);
    Ok(Answer::Created { location: format!("/accounts/{id}/consent"), body })
}

/// `GET /accounts/{accountId}/canVerify`.
pub(crate) fn can_verify(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    readable(world, call, caller)?;
    Ok(Answer::Value(Value::Bool(false)))
}

/// `GET /accounts/{accountId}/permissions`: the caller's own, inheritance included.
pub(crate) fn permissions(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let id = call.param(0);
    find(world, id)?;
    let effective = access::effective(world, caller, id)
        .ok_or_else(|| Refusal::forbidden(format!("no role reaches account {id}")))?;
    Ok(Answer::Value(json!(access::dense(&effective, true))))
}

/// An account with nothing set yet; it doesn't exist before [`create`].
pub(crate) fn new(world: &mut World, parent: Option<String>, name: String) -> Account {
    Account {
        id: world.new_id("ac-"),
        name,
        description: None,
        parent,
        tags: None,
        technical_contacts: None,
        show_child_pricing: None,
        connection_groups: vec!["scg-standard".to_owned()],
        consent: None,
        ports: 0,
    }
}

/// Makes the account exist, with an Admin role of its own.
pub(crate) fn create(world: &mut World, account: Account) -> Account {
    world.put(Record::Account(account.clone()));
    let admin = Role {
        id: world.new_id("role-"),
        account: account.id.clone(),
        name: roles::ADMIN.to_owned(),
        description: None,
        permissions: roles::grid(&[("all", &["all"])]),
        predefined: true,
    };
    world.put(Record::Role(admin));
    let after = view::account(world, &account);
    note(world, "ACCOUNT_CREATE", &account.id, &account.id, None, Some(after));
    account
}

/// Puts a changed account in the place of the one with its id.
pub(crate) fn replace(world: &mut World, account: Account) {
    let before = world.accounts.get(&account.id).map(|account| view::account(world, account));
    let after = view::account(world, &account);
    let id = account.id.clone();
    world.put(Record::Account(account));
    note(world, "ACCOUNT_UPDATE", &id, &id, before, Some(after));
}

/// Deletes an account with its members, invites, roles and keys; children and live ports are in the way.
pub(crate) fn remove(world: &mut World, id: &str) -> Result<(), Refusal> {
    let account = find(world, id)?.clone();
    if world.children_of(id).next().is_some() {
        let message = format!("account {} has child accounts", account.name);
        return Err(Refusal::conflict("ACCOUNT_HAS_CHILD_ACCOUNTS", message));
    }
    if account.ports > 0 {
        let message = format!("account {} has ports that are not deleted", account.name);
        return Err(Refusal::conflict("ACCOUNT_DELETE_NON_DELETED_PORT_STATE_CONFLICT", message));
    }
    let before = view::account(world, &account);
    let members = world.members_of(id).map(|member| member.user.clone());
    let members = members.map(|user| Record::MemberGone { account: id.to_owned(), user });
    let invites = world.invites_of(id).map(|invite| invite.id.clone());
    let invites = invites.map(|invite| Record::InviteGone { account: id.to_owned(), id: invite });
    let keys = world.keys_of(id).map(|key| Record::KeyGone(key.key.clone()));
    let roles = world.roles_of(id).map(|role| Record::RoleGone(role.id.clone()));
    let gone: Vec<Record> = members.chain(invites).chain(keys).chain(roles).collect();
    gone.into_iter().for_each(|record| world.put(record));
    world.put(Record::AccountGone(id.to_owned()));
    // The log of the account itself can't be read any more, so the parent's log tells of the deletion.
    let filed = account.parent.unwrap_or_else(|| id.to_owned());
    note(world, "ACCOUNT_DELETE", &filed, id, Some(before), None);
    Ok(())
}

/// Checks that people can be added here (switch `consent`).
pub(crate) fn open_for_people(world: &World, id: &str) -> Result<(), Refusal> {
    let needed = world.switches.consent == super::switches::ConsentRule::Required;
    if needed && find(world, id)?.consent.is_none() {
        let message = format!("account {id} has not accepted MSA and AUP");
        return Err(Refusal::conflict("CONSENT_REQUIRED", message));
    }
    Ok(())
}

/// The account, or 404.
pub(crate) fn find<'a>(world: &'a World, id: &str) -> Result<&'a Account, Refusal> {
    world.accounts.get(id).ok_or_else(|| Refusal::not_found("account", id))
}

/// Checks an `id` that is sent in a body against the one in the path.
pub(crate) fn same_id(sent: Option<&str>, id: &str) -> Result<(), Refusal> {
    match sent {
        Some(sent) if sent != id => Err(Refusal::invalid(format!("id {sent} is not the id in the path"))),
        _ => Ok(()),
    }
}

fn readable<'a>(world: &'a World, call: &Call, caller: &Principal) -> Result<&'a Account, Refusal> {
    access::require(world, caller, call.param(0), "accounts", "read")?;
    find(world, call.param(0))
}

fn kept_tags(world: &World, tags: Option<BTreeMap<String, String>>) -> Option<BTreeMap<String, String>> {
    tags.filter(|_| world.switches.account_tags == AccountTags::Kept)
}

fn shown_consent(account: &str, consent: &Consent) -> Value {
    json!({
        "href": format!("/accounts/{account}/consent"),
        "userId": consent.user,
        "consentAt": view::time(consent.at),
    })
}

fn note(world: &mut World, kind: &str, filed: &str, id: &str, before: Option<Value>, after: Option<Value>) {
    let title = before.as_ref().or(after.as_ref()).and_then(|account| account["name"].as_str()).unwrap_or("");
    let subject = view::link(view::account_href(id), title);
    world.note(kind, filed, "ACCOUNT", subject, before, after);
}
